"""The document at `/openapi.json` has the routes of the programs and of the template, and the server answers as it says."""

import os
import pathlib
import re
import subprocess
import sys

import pytest
import requests
from samtranslator.yaml_helper import yaml_parse

import server as servers

METHODS = {"get", "head", "post", "put", "delete"}
WHERE = "x-reelspan-where"
ADMIN = ("root", "the admin's own secret")
EXAMPLES = int(os.environ.get("REELSPAN_EXAMPLES", "4"))
"""How many requests are made up for each operation."""

CRATES = {"fragments": "", "web": "", "accounts": "", "spaces": "/durastore", "streaming": "/durastore", "signing": "/durastore"}
"""Where `local/src/serve/functions.rs` puts the routes of a function."""

ELSEWHERE = {("/durastore/~/cookies", "get"): ("/stream/~/cookies", "get")}
"""The routes of the streaming hosts, which are below `/stream` on one machine."""

CONFIGURATION = """
hooks = "{hooks}"

[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "501", "503"]
"""
"""503 is documented, with Retry-After; 501 is what oEmbed 1.0 §2.3.4 wants for a format that a server does not have."""


def called(text: str) -> str:
    """What stands between the parenthesis at the start of a text and its partner."""
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[:at]
    raise AssertionError(text)


def routes(root: pathlib.Path) -> set[tuple[str, str]]:
    """The paths and methods of the `.route` calls of all functions."""
    found = set()
    for crate, prefix in CRATES.items():
        for file in (root / "functions" / crate / "src").rglob("*.rs"):
            code = "" if file.name == "tests.rs" else file.read_text().split("#[cfg(test)]")[0]
            for call in (called(code[match.end() - 1 :]) for match in re.finditer(r"\.route\(", code)):
                path = re.search(r'"([^"]+)"', call)[1].replace("{*", "{")
                methods = re.findall(r"(?<![\w:])(get|head|post|put|delete|any)\(", call)
                assert methods, f"{file}: {call}"
                found |= {(prefix + path, method) for method in methods}
    return found


def tasks(root: pathlib.Path) -> set[str]:
    """The names of all tasks."""
    code = (root / "functions" / "rest" / "src" / "task.rs").read_text()
    return set(re.findall(r'"([a-z-]+)"', re.search(r"TASKS: [^=]*= \[(.*?)\]", code, re.DOTALL)[1]))


@pytest.fixture(scope="module")
def document(server) -> dict:
    response = requests.get(f"{server.url}/openapi.json", timeout=30)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    return response.json()


@pytest.fixture(scope="module")
def operations(document) -> dict[tuple[str, str], dict]:
    return {(path, method): item[method] for path, item in document["paths"].items() for method in METHODS & item.keys()}


def test_the_document_has_every_route_and_no_other(root, operations):
    built = {ELSEWHERE.get(route, route) for route in routes(root)}
    by_name = ("/durastore/task/{name}", "post")
    built = built - {by_name} | {(f"/durastore/task/{task}", "post") for task in tasks(root)}
    # The streaming hosts are one route of one machine, and two distributions on AWS.
    built |= {("/stream/{space}/{content}", "get")}
    # axum answers HEAD wherever it answers GET.
    documented = {route for route in operations if route[1] != "head" or (route[0], "get") not in built or route in built}
    assert documented == built


def test_the_template_has_every_documented_route_of_aws(root, document, operations):
    template = yaml_parse((root / "template.yaml").read_text())["Resources"]
    events = [event for made in template.values() for event in made["Properties"].get("Events", {}).values() if event["Type"] == "HttpApi"]
    routed = {(event["Properties"]["Path"].replace("+}", "}"), event["Properties"]["Method"].lower()) for event in events}
    by_name = ("/durastore/task/{name}", "post")
    assert by_name in routed
    documented = {route for route in operations if document["paths"][route[0]].get(WHERE) != "one machine"}
    # Tasks without a route of their own go to the function of spaces.
    documented = {by_name if route not in routed and route[0].startswith("/durastore/task/") else route for route in documented}
    assert documented == {route for route in routed if route[1] != "options"}


def test_the_routes_are_closed_where_the_document_says_so(root, document, operations):
    template = yaml_parse((root / "template.yaml").read_text())["Resources"]
    for made in template.values():
        for event in made["Properties"].get("Events", {}).values():
            if event["Type"] == "HttpApi" and event["Properties"].get("Auth"):
                route = (event["Properties"]["Path"].replace("+}", "}"), event["Properties"]["Method"].lower())
                security = operations.get(route, {}).get("security", document["security"])
                assert security and {} not in security, route


def test_the_server_names_the_documented_methods(server, document):
    for path, item in document["paths"].items():
        if path.startswith("/stream/"):
            continue
        filled = path.replace("{space}", "films").replace("{content}", "a.txt").replace("{name}", "reader")
        response = requests.patch(server.url + filled, timeout=30, allow_redirects=False)
        allowed = {method.strip().lower() for method in response.headers.get("allow", "").split(",")}
        expected = METHODS & item.keys()
        assert (response.status_code, allowed - {"head"}) == (405, expected - {"head"}), path


@pytest.fixture(scope="module")
def own(binary, samples, tmp_path_factory):
    """A server with an admin and a space that requests may change."""
    data = tmp_path_factory.mktemp("openapi") / "data"
    running = servers.Server(binary, data, admin=":".join(ADMIN)).start()
    video = (samples / "counter.mp4").read_bytes()
    for path, content in (("films", None), ("scratch", None), ("films/counter.mp4", video), ("scratch/a b/ä.txt", b"hello\n")):
        assert requests.put(f"{running.url}/durastore/{path}", data=content, auth=ADMIN, timeout=30).status_code == 201
    assert requests.post(f"{running.url}/durastore/task/enable-streaming", json={"spaceId": "films"}, auth=ADMIN, timeout=30).ok
    yield running
    assert running.stop() == 0, "\n".join(running.output)


def test_the_server_answers_as_the_document_says(own, root, tmp_path):
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION.format(hooks=root / "tests" / "support" / "openapi_hooks.py"))
    program = pathlib.Path(sys.executable).parent / "schemathesis"
    command = [program, "--config-file", configuration, "run", f"{own.url}/openapi.json", "--auth", ":".join(ADMIN)]
    command += ["--phases", "fuzzing", "--checks", checks, "--max-examples", str(EXAMPLES), "--seed", "1"]
    command += ["--suppress-health-check", "all", "--max-redirects", "0", "--warnings", "off", "--workers", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=3600)
    assert done.returncode == 0, done.stdout + done.stderr
