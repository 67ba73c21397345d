"""The audit trail: one line for each act, with caller, address, time and outcome, and without secrets."""

import base64
import json
import re
import stat
import subprocess

import pytest
import requests

import server as servers

ADMIN = "admin", "an admin's own secret"
USER = "alice", "alice's own long secret"
HOSTILE = 'a"}\n{"target":"audit","act":"forged"}'


@pytest.fixture(scope="module")
def served(binary, samples, tmp_path_factory):
    running = servers.Server(binary, tmp_path_factory.mktemp("audit") / "data", admin=":".join(ADMIN)).start()
    yield running
    assert running.stop() == 0


def trail(running: servers.Server, name: str = "audit") -> list[dict]:
    path = running.data / f"{name}.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return [json.loads(line) for line in path.read_text().splitlines()]


def rest(running: servers.Server, method: str, path: str, auth=ADMIN, **more) -> requests.Response:
    return requests.request(method, f"{running.url}/durastore/{path}", auth=auth, timeout=30, **more)


def test_every_act_is_one_line_that_says_who_did_what_and_what_came_of_it(served, samples):
    file = (samples / "tone.m4a").read_bytes()
    secure = {"spaceId": "films", "secure": True}
    signed = {"spaceId": "films", "contentId": "a b.m4a", "ipAddress": "192.0.2.0/24"}
    acts = [
        ("PUT", "films", {}, "create-space", "done", None, {}),
        ("PUT", "films/a%20b.m4a", {"data": file}, "store-content", "done", "a b.m4a", {}),
        ("POST", "films/a%20b.m4a", {"headers": {"x-dura-meta-tag": "x"}}, "set-properties", "done", "a b.m4a", {}),
        ("POST", "acl/films", {"headers": {"x-dura-meta-acl-bob": "READ"}}, "set-acl", "done", None, {"acl": "acl-bob: READ"}),
        ("POST", "task/enable-streaming", {"json": secure}, "enable-streaming", "done", None, {"type": "SECURE"}),
        ("POST", "task/get-signed-url", {"json": signed}, "get-signed-url", "done", "a b.m4a", {"for": "192.0.2.0/24"}),
        ("POST", "task/get-signed-cookies-url", {"json": {"spaceId": "films"}}, "get-signed-cookies-url", "done", None, {}),
        ("DELETE", "films/nosuch", {}, "delete-content", "refused", "nosuch", {}),
        ("DELETE", "films/a%20b.m4a", {}, "delete-content", "done", "a b.m4a", {}),
        ("DELETE", "films", {}, "delete-space", "done", None, {}),
    ]
    before = len(trail(served)) if (served.data / "audit.jsonl").exists() else 0
    answers = [rest(served, method, path, **more) for method, path, more, *_ in acts]
    for method in ("GET", "HEAD"):
        rest(served, method, "spaces")
    lines = trail(served)[before:]
    assert len(lines) == len(acts), lines
    for line, answer, (_, _, _, act, outcome, content, detail) in zip(lines, answers, acts, strict=True):
        told = {name: line.get(name) for name in ("target", "act", "outcome", "status", "user", "address", "space", "content")}
        assert told == {
            "target": "audit", "act": act, "outcome": outcome, "status": answer.status_code, "user": "admin", "address": "127.0.0.1",
            "space": "films", "content": content,
        }, answer.text  # fmt: skip
        assert line["time"].endswith("Z") and line["request_id"] and detail.items() <= line.get("detail", {}).items()
    # What was signed and until when, but not the signature or the token.
    for line, answer in ((lines[5], answers[5].json()["signedUrl"]), (lines[6], answers[6].json()["signedCookiesUrl"])):
        signed = line["detail"]["signed"]
        # The URL of the cookies is the same for all spaces; what they open is said.
        is_said = signed == answer.partition("?")[0] or re.fullmatch(r"http://[\w.:]+/stream/films~\w+/\*", signed)
        assert is_said and line["detail"]["until"].endswith("Z")
        secret = answer.partition("token=")[2] or answer.partition("Signature=")[2].partition("&")[0]
        assert secret and secret not in json.dumps(lines)
    assert ADMIN[1] not in json.dumps(lines)


def test_a_refused_sign_in_is_written_down_with_its_name_and_without_its_password(served):
    # A name ends at the first colon.
    names = ["admin", "nobody", HOSTILE.replace("\n", " ").partition(":")[0]]
    for name, password in zip(names, ("a wrong password", "a wrong password", "x"), strict=True):
        assert rest(served, "DELETE", "films", auth=(name, password)).status_code == 401
    lines = trail(served, "audit-refused")
    assert [(line["act"], line["outcome"], line["status"], line["name"], line["address"]) for line in lines[-3:]] == [
        ("sign-in", "refused", 401, name, "127.0.0.1") for name in names
    ]
    assert "a wrong password" not in json.dumps(lines) and all("user" not in line for line in lines)


def test_hostile_names_forge_no_line(served):
    before = len(trail(served, "audit-refused"))
    for path in ("%0A%7B%22target%22%3A%22audit%22%7D", f"films/{requests.utils.quote(HOSTILE, safe='')}", "task/%0Aforged"):
        for method in ("PUT", "POST", "DELETE"):
            rest(served, method, path, auth=None)
    credentials = base64.b64encode(f"{HOSTILE}:x".encode()).decode()
    requests.put(f"{served.url}/durastore/films", headers={"Authorization": f"Basic {credentials}"}, timeout=30)
    lines = trail(served, "audit-refused")
    assert len(lines) > before and not any(line["act"] == "forged" or "target" not in line for line in lines)


def test_a_flood_of_guesses_is_no_flood_of_lines(served):
    before = len(trail(served, "audit-refused"))
    statuses = [rest(served, "GET", "spaces", auth=("flooded", f"guess {number}")).status_code for number in range(60)]
    assert statuses.count(429) > 40, statuses
    written = len(trail(served, "audit-refused")) - before
    assert 6 <= written <= 2 * statuses.count(401), (written, statuses)


def test_what_the_command_line_does_to_users_is_in_the_trail_beside_the_server(served):
    def user(*arguments: str, password: str = "") -> int:
        command = [str(served.binary), "user", *arguments, "--data", str(served.data)]
        return subprocess.run(command, input=password, text=True, capture_output=True, timeout=60).returncode

    assert user("add", USER[0], "--role", "owner", "--password-stdin", password=USER[1]) == 0
    assert user("add", USER[0], "--password-stdin", password=USER[1]) == 2
    assert user("passwd", USER[0], "--password-stdin", password=USER[1] + "!") == 0
    assert user("list") == 0
    assert user("remove", USER[0]) == 0
    lines = [line for line in trail(served) if line.get("detail", {}).get("by") == "the command line"]
    assert [(line["act"], line["outcome"], line["detail"]["of"]) for line in lines] == [
        ("add-user", "done", "alice"),
        ("add-user", "refused", "alice"),
        ("change-password", "done", "alice"),
        ("remove-user", "done", "alice"),
    ]
    assert all(line["user"].startswith("account ") for line in lines) and USER[1] not in json.dumps(lines)


def test_the_trail_goes_where_it_is_told(binary, tmp_path):
    for where in ("stdout", "off"):
        running = servers.Server(binary, tmp_path / where, admin=":".join(ADMIN), options=("--audit", where)).start()
        assert rest(running, "PUT", "films").status_code == 201
        assert running.stop() == 0
        assert not (tmp_path / where / "audit.jsonl").exists()
        lines = [json.loads(line) for line in running.output if line.startswith("{")]
        assert [line["act"] for line in lines] == (["create-space"] if where == "stdout" else [])
