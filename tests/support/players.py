"""Players of other makers in headless Chromium: hls.js, Shaka Player and dash.js, behind one set of functions."""

import base64
import bisect
import functools
import http.server
import pathlib
import subprocess
import threading

import counter
from waiting import becomes

SCRIPTS = {
    "/hls.js": "hls.js/dist/hls.min.js",
    "/shaka.js": "shaka-player/dist/shaka-player.compiled.js",
    "/dash.js": "dashjs/dist/legacy/umd/dash.all.min.js",
}
"""The scripts of the players, below `web/node_modules`."""

PAGE = """<!doctype html><meta charset="utf-8"><title>Players</title>
<video crossorigin="anonymous" preload="auto"></video>
<script src="/hls.js"></script><script src="/shaka.js"></script><script src="/dash.js"></script>
<script>
// They load no more ahead than they have to, so that requests can be counted.
const players = {
  "hls.js": (url, begin, failed) => {
    const player = new Hls({maxBufferLength: 1, maxMaxBufferLength: 1});
    player.on(Hls.Events.ERROR, (_, error) => error.fatal && failed(error.details));
    player.loadSource(url);
    player.attachMedia(video);
    return {
      sounds: () => player.audioTracks.map(({lang}) => lang),
      choose: language => { player.audioTrack = player.audioTracks.findIndex(({lang}) => lang === language); },
      heights: () => player.levels.map(({height}) => height),
      change: height => { player.currentLevel = player.levels.findIndex(level => level.height === height); },
      captions: () => player.subtitleTracks.map(({lang}) => lang),
      caption: chosen => {
        player.subtitleDisplay = true;
        player.subtitleTrack = player.subtitleTracks.findIndex(({lang}) => lang === chosen);
      },
      end: () => player.destroy(),
    };
  },
  shaka: (url, begin, failed) => {
    const player = new shaka.Player(), fail = error => failed(`${error.code} ${error.data}`);
    player.addEventListener("error", event => fail(event.detail));
    player.configure({streaming: {bufferingGoal: 1, rebufferingGoal: 0.5}});
    player.attach(video).then(() => player.load(url, begin)).catch(fail);
    return {
      sounds: () => player.getAudioTracks().map(({language}) => language),
      choose: chosen => player.selectAudioTrack(player.getAudioTracks().find(({language}) => language === chosen)),
      heights: () => player.getVariantTracks().map(({height}) => height),
      change: chosen => {
        player.configure({abr: {enabled: false}});
        player.selectVariantTrack(player.getVariantTracks().find(({height}) => height === chosen), true);
      },
      captions: () => player.getTextTracks().map(({language}) => language),
      caption: chosen => player.selectTextTrack(player.getTextTracks().find(({language}) => language === chosen)),
      end: () => player.destroy(),
    };
  },
  "dash.js": (url, begin, failed) => {
    const player = dashjs.MediaPlayer().create();
    const buffer = {bufferTimeDefault: 1, bufferTimeAtTopQuality: 1, bufferTimeAtTopQualityLongForm: 1, bufferToKeep: 60};
    player.updateSettings({debug: {logLevel: 0}, streaming: {buffer}});
    player.on("error", ({error}) => failed(error.message));
    player.initialize(video, url, false, begin ?? NaN);
    const tracks = () => player.getTracksFor("audio");
    return {
      sounds: () => tracks().map(({lang}) => lang),
      choose: language => player.setCurrentTrack(tracks().find(({lang}) => lang === language)),
      heights: () => player.getRepresentationsByType("video").map(({height}) => height),
      change: chosen => {
        player.updateSettings({streaming: {abr: {autoSwitchBitrate: {video: false}}}});
        const {id} = player.getRepresentationsByType("video").find(({height}) => height === chosen);
        player.setRepresentationForTypeById("video", id, true);
      },
      captions: () => player.getTracksFor("text").map(({lang}) => lang),
      caption: chosen => {
        player.enableText(true);
        player.setTextTrack(player.getTracksFor("text").findIndex(({lang}) => lang === chosen));
      },
      end: () => player.destroy(),
    };
  },
};
let video = document.querySelector("video"), player;
// A picture is shown a frame after it was decoded.
const shown = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
const event = name => new Promise(done => video.addEventListener(name, done, {once: true}));
const state = () => ({at: video.currentTime, duration: video.duration, width: video.videoWidth});
async function start(name, url, begin = null) {
  await player?.end();
  const fresh = video.cloneNode();
  video.replaceWith(fresh);
  video = fresh;
  video.muted = true;
  performance.clearResourceTimings();
  const began = performance.now();
  await Promise.race([event("loadeddata"), new Promise((_, fail) => {
    video.onerror = () => fail(video.error.message);
    player = players[name](url, begin, fail);
  })]);
  const seconds = (performance.now() - began) / 1000, requests = performance.getEntriesByType("resource").length;
  await shown();
  return {...state(), seconds, requests, sounds: player.sounds()};
}
async function seek(time) {
  const done = event("seeked");
  performance.clearResourceTimings();
  video.currentTime = time;
  await done;
  await shown();
  return {...state(), requests: performance.getEntriesByType("resource").length};
}
async function play() {
  const from = video.currentTime;
  await video.play();
  while (video.currentTime < from + 0.3) await event("timeupdate");
  video.pause();
  return state();
}
// Plays on.
async function run() {
  await video.play();
}
async function heights() {
  return player.heights();
}
// Shows pictures of this height.
async function change(height) {
  player.change(height);
}
async function choose(language) {
  player.choose(language);
}
async function captions() {
  return player.captions();
}
// Shows captions of this language.
async function caption(language) {
  player.caption(language);
}
// Plays, and keeps the frequency that is loudest in `hertz`.
async function listen() {
  video.muted = false;
  const heard = new AudioContext(), analyser = new AnalyserNode(heard, {fftSize: 8192, smoothingTimeConstant: 0});
  heard.createMediaElementSource(video).connect(analyser).connect(heard.destination);
  const levels = new Float32Array(analyser.frequencyBinCount);
  clearInterval(window.measuring);
  window.measuring = setInterval(() => {
    analyser.getFloatFrequencyData(levels);
    window.hertz = Math.round(levels.indexOf(Math.max(...levels)) * heard.sampleRate / analyser.fftSize);
  }, 50);
  await video.play();
}
</script>"""

CALL = """
const [name, ...given] = arguments, done = given.pop();
window[name](...given).then(done, error => done({error: String(error)}));
"""

SHOWN = """
const [width, height] = arguments, canvas = Object.assign(document.createElement("canvas"), {width, height});
const context = canvas.getContext("2d");
context.drawImage(video, 0, 0, width, height);
const rgba = context.getImageData(0, 0, width, height).data;
let text = "";
for (let at = 0; at < rgba.length; at += 4) text += String.fromCharCode(rgba[at + 1]);
return btoa(text);
"""


CAPTIONS = """
const shown = Array.from(video.textTracks).filter(({mode}) => mode === "showing");
return shown.flatMap(({activeCues}) => Array.from(activeCues ?? [], ({startTime, endTime, text}) => [startTime, endTime, text]));
"""


class Stage:
    """A page of another origin than the media, with all players."""

    def __init__(self, driver, root: pathlib.Path):
        scripts = {path: (root / "web/node_modules" / file).read_bytes() for path, file in SCRIPTS.items()}
        bodies = {"/": ("text/html", PAGE.encode())} | {path: ("text/javascript", script) for path, script in scripts.items()}

        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                kind, body = bodies.get(self.path, ("text/plain", b"There is nothing here."))
                self.send_response(200 if self.path in bodies else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.driver, self.serving = driver, http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=self.serving.serve_forever, daemon=True).start()
        driver.get(f"http://127.0.0.1:{self.serving.server_port}/")

    def call(self, name: str, *given) -> dict:
        """What one of the page's functions returns."""
        return self.driver.execute_async_script(CALL, name, *given)

    def shows(self, number: int | range) -> None:
        """Waits until the picture shows this number, or one of these."""
        becomes(self.number, number)

    def captions(self) -> list[list]:
        """Start, end and text of each cue that is shown now."""
        return self.driver.execute_script(CAPTIONS)

    def number(self) -> int:
        """The number that the picture shows now."""
        return counter.number(base64.b64decode(self.driver.execute_script(SHOWN, counter.WIDTH, counter.HEIGHT)))


def tags(file: bytes) -> list[bytes]:
    """The tags of an FLV file that have sound or pictures."""
    found, at = [], 13
    while at + 15 <= len(file):
        size = 15 + int.from_bytes(file[at + 1 : at + 4])
        found.append(file[at : at + size])
        at += size
    return [tag for tag in found if tag[0] != 18]


def joined(film: pathlib.Path, folder: pathlib.Path) -> bytes:
    """An FLV with the first 8 s of a film, and with the same in another size and at another rate."""
    whole = b""
    for at, (size, rate) in enumerate([("320:180", 44_100), ("480:270", 22_050)]):
        part = folder / f"{at}.flv"
        codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "50", "-c:a", "aac", "-ar", str(rate)]
        made = ["ffmpeg", "-v", "error", "-t", "8", "-i", film, "-vf", f"scale={size}:flags=neighbor", *codecs, part]
        subprocess.run(made, check=True)
        whole = whole or part.read_bytes()[:13]
        for tag in tags(part.read_bytes()):
            time = int.from_bytes(tag[7:8] + tag[4:7]) + 8000 * at
            high, low = divmod(time, 1 << 24)
            whole += tag[:4] + low.to_bytes(3) + bytes([high]) + tag[8:]
    return whole


@functools.cache
def times(path: pathlib.Path) -> list[float]:
    """When the pictures of a file are presented, in order, in seconds from the beginning of the file."""
    shown = ["-show_entries", "packet=pts_time:format=start_time", "-of", "csv=p=0"]
    done = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", *shown, path], capture_output=True, check=True)
    *pictures, start = [float(line.strip(",")) for line in done.stdout.decode().split()]
    # Transport streams begin at any time.
    return sorted(time - (start if path.suffix == ".ts" else 0) for time in pictures)


def due(path: pathlib.Path, time: float) -> int:
    """The picture that a file shows at this time."""
    return bisect.bisect_right(times(path), time) - 1
