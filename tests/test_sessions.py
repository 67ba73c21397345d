"""Sessions of browsers, and users over HTTP, by request."""

import json
import time

import pytest
import requests

import server as servers
from gateway import DOMAIN
from rest import password

ADMIN = ("root", "the admin's own secret")


def api(server, method: str, path: str, who=ADMIN, **more) -> requests.Response:
    return requests.request(method, f"{server.url}{path}", auth=who, timeout=30, **more)


@pytest.fixture(scope="module")
def served(binary, tmp_path_factory):
    running = servers.Server(binary, tmp_path_factory.mktemp("sessions") / "data", admin=":".join(ADMIN)).start()
    yield running
    assert running.stop() == 0, "\n".join(running.output)


def signed_in(server, who=ADMIN) -> requests.Session:
    session = requests.Session()
    session.headers["Origin"] = server.url
    answer = session.post(f"{server.url}/session", json={"name": who[0], "password": who[1]}, timeout=30)
    assert answer.status_code == 200, answer.text
    field = answer.headers["Set-Cookie"]
    assert "HttpOnly" in field and "SameSite=Strict" in field and who[1] not in answer.text
    session.headers["X-Reelspan-CSRF"] = answer.json()["csrf"]
    return session


def test_a_session_is_a_cookie_that_only_this_servers_pages_may_use(served):
    session = signed_in(served)
    assert session.get(f"{served.url}/session", timeout=30).json()["role"] == "admin"
    assert session.put(f"{served.url}/durastore/by-session", timeout=30).status_code == 201
    for fields in ({"Origin": "https://evil.example"}, {"Origin": None}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        answer = session.put(f"{served.url}/durastore/by-another", headers=fields, timeout=30)
        assert answer.status_code in (401, 403), fields
    unknown = {"Cookie": "reelspan-session=x", "Sec-Fetch-Mode": "cors"}
    for path in ("/users", "/durastore/spaces"):
        answer = requests.get(f"{served.url}{path}", headers=unknown, timeout=30)
        # A browser would ask for a password by itself.
        assert answer.status_code == 401 and "Basic" not in answer.headers["WWW-Authenticate"], path


def test_a_session_changes_nothing_without_its_token_against_csrf(served):
    session, other = signed_in(served), signed_in(served)
    own = session.headers.pop("X-Reelspan-CSRF")
    assert session.get(f"{served.url}/session", timeout=30).json()["csrf"] == own != other.headers["X-Reelspan-CSRF"]
    assert api(served, "PUT", "/durastore/by-token").status_code == 201
    changes = [
        ("PUT", "/durastore/another-by-token", {}),
        ("DELETE", "/durastore/by-token", {}),
        ("POST", "/durastore/acl/by-token", {"headers": {"x-dura-meta-acl-group-public": "READ"}}),
        ("PUT", "/durastore/by-token/a.txt", {"data": b"a"}),
        ("POST", "/durastore/task/enable-streaming", {"json": {"spaceId": "by-token"}}),
        ("PUT", "/users/by-token", {"json": {"role": "admin", "password": "what an attacker chose"}}),
        ("DELETE", "/session", {}),
        ("DELETE", "/session?everywhere=true", {}),
    ]
    token = session.cookies["reelspan-session"]
    for sent in (None, "", token, other.headers["X-Reelspan-CSRF"], own[:-1], f"{own}, {own}"):
        for method, path, more in changes:
            headers = more.get("headers", {}) | ({} if sent is None else {"X-Reelspan-CSRF": sent})
            answer = session.request(method, f"{served.url}{path}", timeout=30, **more | {"headers": headers})
            assert answer.status_code == 403 and "X-Reelspan-CSRF" in answer.json()["detail"], (method, path, sent)
    # Nothing has changed; reading, programs and a new sign-in do not need it.
    assert "acl-group-public" not in str(api(served, "HEAD", "/durastore/acl/by-token").headers)
    assert session.get(f"{served.url}/durastore/by-token/a.txt", timeout=30).status_code == 404
    assert "by-token" not in [one["name"] for one in session.get(f"{served.url}/users", timeout=30).json()["users"]]
    assert api(served, "DELETE", "/durastore/by-token", headers={"Cookie": f"reelspan-session={token}"}).status_code == 200
    again = session.post(f"{served.url}/session", json={"name": ADMIN[0], "password": ADMIN[1]}, timeout=30)
    assert again.status_code == 200 and again.json()["csrf"] != own


def test_a_session_is_new_with_each_sign_in_and_ends_when_it_is_told_to(served):
    one, two = signed_in(served), signed_in(served)
    fixed = requests.Session()
    fixed.headers["Origin"] = served.url
    known = one.cookies["reelspan-session"]
    answer = fixed.post(
        f"{served.url}/session", json={"name": ADMIN[0], "password": ADMIN[1]}, headers={"Cookie": f"reelspan-session={known}"}, timeout=30
    )
    assert answer.cookies["reelspan-session"] != known
    assert one.get(f"{served.url}/session", timeout=30).status_code == 401
    assert two.delete(f"{served.url}/session?everywhere=true", timeout=30).status_code == 204
    kept = {"Cookie": f"reelspan-session={answer.cookies['reelspan-session']}"}
    assert requests.get(f"{served.url}/session", headers=kept, timeout=30).status_code == 401


def test_another_password_ends_the_sessions_of_its_user(served):
    user = ("changing", "the first secret of it")
    body = {"role": "user", "groups": [], "password": user[1]}
    assert api(served, "PUT", "/users/changing", json=body).status_code == 201
    session = signed_in(served, user)
    assert session.get(f"{served.url}/session", timeout=30).status_code == 200
    assert api(served, "PUT", "/users/changing", json={**body, "password": "another secret of it"}).status_code == 200
    assert session.get(f"{served.url}/session", timeout=30).status_code == 401
    # The authenticator remembers the old password for a minute, but begins no session with it.
    old = requests.post(f"{served.url}/session", json={"name": user[0], "password": user[1]}, timeout=30)
    assert old.status_code == 401


def test_guesses_at_the_sign_in_page_are_limited(served):
    statuses = []
    for attempt in range(9):
        guess = {"name": "guessed", "password": f"guess {attempt}"}
        statuses.append(requests.post(f"{served.url}/session", json=guess, timeout=30).status_code)
    assert statuses[0] == 401 and 429 in statuses, statuses


def test_what_changes_accounts_is_in_the_audit_trail_without_a_password(served):
    session = signed_in(served)
    session.delete(f"{served.url}/session", timeout=30)
    time.sleep(0.2)
    lines = [json.loads(line) for line in (served.data / "audit.jsonl").read_text().splitlines()]
    acts = {line["act"] for line in lines}
    assert {"sign-in", "sign-out", "create-space"} <= acts
    assert ADMIN[1] not in (served.data / "audit.jsonl").read_text()


def test_only_admins_manage_users_and_there_is_always_one(served):
    user = ("member", "the member's own secret")
    put = {"role": "user", "groups": ["staff", "film", "staff"], "password": user[1]}
    for wrong in ({**put, "password": "short"}, {**put, "groups": ["Not a name"]}, {"role": "user", "groups": []}):
        assert api(served, "PUT", "/users/member", json=wrong).status_code == 400, wrong
    assert api(served, "PUT", "/users/member", json=put, headers={"If-Match": "*"}).status_code == 404
    assert api(served, "PUT", "/users/member", json=put).status_code == 201
    assert api(served, "PUT", "/users/member", json=put, headers={"If-None-Match": "*"}).status_code == 409
    assert api(served, "GET", "/session", user).json() == {"name": "member", "role": "user", "groups": ["film", "staff"]}
    for method, path, more in (("GET", "/users", {}), ("PUT", "/users/member", {"json": {"role": "admin"}}), ("DELETE", "/users/root", {})):
        assert api(served, method, path, user, **more).status_code == 403, (method, path)
        assert api(served, method, path, None, **more).status_code == 401, (method, path)
    assert "member" in [one["name"] for one in api(served, "GET", "/users").json()["users"]]
    assert "secret" not in api(served, "GET", "/users").text and "pbkdf2" not in api(served, "GET", "/users").text
    assert api(served, "DELETE", "/users/root").status_code == 409
    assert api(served, "PUT", "/users/root", json={"role": "user"}).status_code == 409
    assert [api(served, "DELETE", "/users/member").status_code for _ in range(2)] == [204, 404]


def test_on_lambda_a_session_is_known_to_every_function_and_ends_in_all_of_them(invoked):
    """Sign-in, authorizer, and the functions that authenticate callers themselves share the table of sessions."""
    session, url, own = requests.Session(), invoked.url, f"https://{DOMAIN}"
    session.headers["Origin"] = own
    answer = session.post(f"{url}/session", json={"name": "founder", "password": password("founder")}, timeout=60)
    assert answer.status_code == 200, answer.text
    # The cookie is for TLS alone, which the gateway of this test does not speak.
    session.headers["Cookie"] = answer.headers["Set-Cookie"].partition(";")[0]
    csrf = {"X-Reelspan-CSRF": answer.json()["csrf"]}
    assert session.put(f"{url}/durastore/by-session", timeout=60).status_code == 403
    assert session.put(f"{url}/durastore/by-session", headers=csrf, timeout=60).status_code == 201
    assert session.put(f"{url}/durastore/by-session", headers=csrf | {"Origin": "https://evil.example"}, timeout=60).status_code == 403
    fetched = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}
    for path in ("/durastore/spaces", "/durastore/by-session", "/session"):
        assert session.get(f"{url}{path}", headers=fetched, timeout=60).status_code == 200, path
    assert session.get(f"{url}/users", headers=fetched, timeout=60).status_code == 403
    assert session.get(f"{url}/session", timeout=60).json()["csrf"] == csrf["X-Reelspan-CSRF"]
    assert session.delete(f"{url}/session?everywhere=true", headers=csrf, timeout=60).status_code == 204
    for path in ("/durastore/spaces", "/durastore/by-session", "/session", "/users"):
        answer = session.get(f"{url}{path}", headers=fetched, timeout=60)
        # A browser would ask for a password by itself.
        assert answer.status_code == 401 and "Basic" not in answer.headers["WWW-Authenticate"], path


def test_on_lambda_guesses_at_the_sign_in_page_are_limited_in_all_instances(invoked, stack):
    statuses = []
    # The wait grows with each guess: the first are over before a slow machine asks again.
    while statuses[-1:] != [429] and len(statuses) < 12:
        guess = {"name": "guessed-on-lambda", "password": f"guess {len(statuses)}"}
        answer = requests.post(f"{invoked.url}/session", json=guess, timeout=60)
        statuses.append(answer.status_code)
        # The next guess reaches an instance that knows nothing in its memory.
        if len(statuses) % 3 == 0:
            stack.restart("Accounts")
    assert statuses[0] == 401 and statuses[-1] == 429 and "Retry-After" in answer.headers, statuses
