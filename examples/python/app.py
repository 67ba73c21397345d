"""A site that shows talks of a secure space. Its visitors get addresses that work for some minutes, and never the password.

REELSPAN=https://media.example.org REELSPAN_USER=site REELSPAN_PASSWORD=… flask --app app run
"""

import os

import flask
import requests

REELSPAN, SPACE, MINUTES = os.environ["REELSPAN"], os.environ.get("REELSPAN_SPACE", "lectures"), 10

app = flask.Flask(__name__)
rest = requests.Session()
rest.auth = os.environ["REELSPAN_USER"], os.environ["REELSPAN_PASSWORD"]

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ talk }}</title>
<script type="module" src="{{ reelspan }}/player/reelspan-player.js"></script>
<main>
<h1>{{ talk }}</h1>
<reelspan-player controls content-title="{{ talk }}" renew="{{ url_for('addresses', talk=talk) }}"></reelspan-player>
</main>
</html>
"""


@app.before_request
def check_visitor():
    """The place for the site's own rule: who has signed in, and which talks they may see."""


@app.get("/talks/<path:talk>")
def page(talk: str):
    return flask.render_template_string(PAGE, talk=talk, reelspan=REELSPAN)


@app.get("/addresses/<path:talk>")
def addresses(talk: str):
    """The player asks for these when it begins, and again before they expire."""
    asked = {"spaceId": SPACE, "contentId": talk, "form": "player", "minutesToExpire": MINUTES}
    answer = rest.post(f"{REELSPAN}/durastore/task/get-signed-url", json=asked, timeout=10)
    if answer.status_code != 200:
        flask.abort(404 if answer.status_code == 404 else 502)
    return answer.json(), {"Cache-Control": "no-store"}
