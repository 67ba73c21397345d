"""The console as it is served, and that its users may do no more than it offers."""

import subprocess

import pytest
import requests

import server as servers

ADMIN, READER = ("root", "the admin's own secret"), ("reader", "the reader's own secret")


def api(server, method: str, path: str, who=ADMIN, **more) -> requests.Response:
    return requests.request(method, f"{server.url}{path}", auth=who, timeout=30, **more)


@pytest.fixture(scope="module")
def served(binary, tmp_path_factory):
    data = tmp_path_factory.mktemp("console") / "data"
    running = servers.Server(binary, data, admin=":".join(ADMIN)).start()
    command = [binary, "user", "add", READER[0], "--role", "user", "--password-stdin", "--data", data]
    subprocess.run(command, input=READER[1], text=True, capture_output=True, check=True, timeout=60)
    yield running
    assert running.stop() == 0, "\n".join(running.output)


def test_who_may_read_is_refused_everything_else(served):
    api(served, "PUT", "/durastore/shared")
    api(served, "PUT", "/durastore/shared/a.txt", data=b"hello", headers={"Content-Type": "text/plain"})
    api(served, "POST", "/durastore/acl/shared", headers={"x-dura-meta-acl-reader": "READ"})
    assert api(served, "GET", "/durastore/shared/a.txt", READER).text == "hello"
    for method, path, more in (
        ("PUT", "/durastore/another", {}),
        ("PUT", "/durastore/shared/b.txt", {"data": b"b"}),
        ("DELETE", "/durastore/shared/a.txt", {}),
        ("POST", "/durastore/acl/shared", {"headers": {"x-dura-meta-acl-reader": "WRITE"}}),
        ("POST", "/durastore/task/enable-streaming", {"json": {"spaceId": "shared"}}),
        ("DELETE", "/durastore/shared", {}),
        ("GET", "/users", {}),
        ("PUT", "/users/reader", {"json": {"role": "admin", "groups": []}}),
        ("DELETE", "/users/root", {}),
    ):
        assert api(served, method, path, READER, **more).status_code == 403, (method, path)


def test_the_server_leads_to_the_console_under_a_strict_policy(served):
    for path in ("/", "/console"):
        answer = requests.get(f"{served.url}{path}", allow_redirects=False, timeout=30)
        assert answer.status_code in (303, 307, 308) and answer.headers["Location"] == "/console/", path
    answer = requests.get(f"{served.url}/console/", timeout=30)
    policy = answer.headers["Content-Security-Policy"]
    assert "," not in policy
    assert answer.status_code == 200 and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "http" not in answer.text.replace("http-equiv", "")
