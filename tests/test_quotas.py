"""Quotas of spaces and of their owners: set by admins alone, and held by every way in which the REST API stores."""

import concurrent.futures

import pytest
import requests

from rest import md5, password

PART = 5 << 20


def admin(rest, method: str, path: str, who: str = "root", **more) -> requests.Response:
    return requests.request(method, f"{rest.url}/admin/{path}", auth=(who, password(who)), timeout=60, **more)


def set_quota(rest, of: str, name: str, **bounds) -> None:
    answer = admin(rest, "PUT", f"quotas/{of}/{name}", json=bounds)
    assert answer.status_code == 200, answer.text


def task(rest, name: str, who: str = "founder", **body) -> requests.Response:
    return rest("POST", f"task/{name}", who, json=body)


def refused(answer: requests.Response, status: int, **bound) -> None:
    """The answer is a problem that has the bound."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert bound.items() <= answer.json()["quota"].items(), answer.json()
    assert str(bound["limit"]) in answer.json()["detail"]


def test_a_space_holds_what_its_quota_says_however_it_is_stored(rest):
    space, other = rest.space(), rest.space()
    assert rest("PUT", f"{other}/six", data=b"sixsix").status_code == 201
    assert rest("PUT", f"{space}/a", data=b"0123456789").status_code == 201
    set_quota(rest, "spaces", space, bytes=15)
    bound = {"of": f"space {space}", "unit": "bytes", "limit": 15}
    refused(rest("PUT", f"{space}/b", data=b"sixsix"), 507, **bound, used=10, added=6)
    refused(rest("PUT", f"{space}/b", headers={"x-dura-meta-copy-source": f"{other}/six"}), 507, **bound)
    refused(task(rest, "get-upload-url", spaceId=space, contentId="b", size=6), 507, **bound)
    refused(rest("PUT", f"{space}/b", data=b"more than fits at all"), 413, **bound)
    assert rest.objects(space) == {"a"}
    # What takes the place of another content counts instead of it, and what is deleted makes room.
    assert rest("PUT", f"{space}/a", data=b"fourteen bytes").status_code == 201
    refused(rest("PUT", f"{space}/b", data=b"12"), 507, **bound, used=14)
    assert rest("DELETE", f"{space}/a").status_code == 200
    assert rest("PUT", f"{space}/b", headers={"x-dura-meta-copy-source": f"{other}/six"}).status_code == 201
    set_quota(rest, "spaces", space, objects=1)
    refused(rest("PUT", f"{space}/c", data=b""), 507, unit="objects", limit=1, used=1, added=1)
    # Reading, properties and what adds nothing go on; without bounds the quota is off.
    assert rest("PUT", f"{space}/b", data=b"twenty bytes, or more").status_code == 201
    set_quota(rest, "spaces", space)
    assert rest("PUT", f"{space}/c", data=b"c").status_code == 201


def test_an_upload_in_parts_is_held_against_the_quota_at_its_beginning_and_at_its_end(rest):
    space, body = rest.space(), bytes(PART) + b"end"
    asked = {"spaceId": space, "contentId": "long.bin", "size": len(body), "partSize": PART}
    set_quota(rest, "spaces", space, bytes=PART)
    refused(task(rest, "get-upload-url", **asked), 413, unit="bytes", limit=PART)
    set_quota(rest, "spaces", space, bytes=len(body))
    upload = task(rest, "get-upload-url", **asked).json()
    parts, sent = [], 0
    for part in upload["parts"]:
        answer = requests.put(part["url"], data=body[sent : sent + part["size"]], timeout=60)
        assert answer.status_code == 200, answer.text
        parts.append({"partNumber": part["partNumber"], "etag": answer.headers["ETag"]})
        sent += part["size"]
    complete = {"spaceId": space, "contentId": "long.bin", "uploadId": upload["uploadId"], "parts": parts}
    # Another content came first.
    assert rest("PUT", f"{space}/other", data=b"x").status_code == 201
    refused(task(rest, "complete-upload", **complete), 507, unit="bytes", limit=len(body), used=1, added=len(body))
    again = {name: asked[name] for name in ("spaceId", "contentId", "size", "partSize")} | {"uploadId": upload["uploadId"]}
    refused(task(rest, "get-upload-parts", **again), 507, unit="bytes", limit=len(body))
    assert rest("DELETE", f"{space}/other").status_code == 200
    assert task(rest, "complete-upload", **complete).status_code == 200
    assert rest.objects(space) == {"long.bin"}


def test_all_spaces_of_an_owner_share_a_quota(rest):
    one, two = f"maker-one-{rest.kind}", f"maker-two-{rest.kind}"
    for space in (one, two):
        assert rest("PUT", space, "maker").status_code == 201
    assert rest("PUT", f"{one}/a", "maker", data=b"0123456789").status_code == 201
    set_quota(rest, "users", "maker", bytes=12, objects=2)
    try:
        refused(rest("PUT", f"{two}/b", "maker", data=b"123"), 507, of="the spaces of maker", limit=12, used=10)
        # Whoever stores it; spaces of others are not affected.
        refused(rest("PUT", f"{two}/b", "root", data=b"123"), 507, of="the spaces of maker", limit=12)
        assert rest("PUT", f"{rest.space()}/b", data=b"0123456789").status_code == 201
        assert rest("PUT", f"{two}/b", "maker", data=b"12").status_code == 201
        refused(rest("PUT", f"{two}/c", "maker", data=b""), 507, unit="objects", limit=2, used=2)
        quotas = admin(rest, "GET", "quotas").json()
        assert {"name": "maker", "quota": {"bytes": 12, "objects": 2}} in quotas["users"]
    finally:
        set_quota(rest, "users", "maker")
    assert "maker" not in [user["name"] for user in admin(rest, "GET", "quotas").json()["users"]]
    assert rest("PUT", f"{two}/c", "maker", data=b"0123456789").status_code == 201


def test_contents_that_are_stored_at_the_same_time_count_before_they_are_stored(served):
    space = served.space()
    set_quota(served, "spaces", space, objects=5, bytes=1000)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        stored = list(pool.map(lambda number: served("PUT", f"{space}/{number}", data=b"x" * 10).status_code, range(12)))
    assert sorted(stored) == [201] * 5 + [507] * 7
    # A body of unknown length is stopped when it exceeds what there is room for.
    set_quota(served, "spaces", space, bytes=1000)
    refused(served("PUT", f"{space}/unknown", data=iter([b"y" * 500, b"y" * 500])), 507, unit="bytes", limit=1000, used=50)
    assert "unknown" not in served.objects(space)
    assert served("PUT", f"{space}/unknown", data=iter([b"y" * 500, b"y" * 450])).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "quotas", None),
        ("PUT", "quotas/spaces/films", {"bytes": 1}),
        ("PUT", "quotas/users/founder", {}),
        ("GET", "usage/films", None),
        ("GET", "report", None),
    ],
)
def test_only_admins_see_and_set_quotas_usage_and_the_report(rest, method, path, body):
    more = {} if body is None else {"json": body}
    assert admin(rest, method, path, "founder", **more).status_code == 403
    assert requests.request(method, f"{rest.url}/admin/{path}", timeout=60, **more).status_code == 401


def test_a_quota_has_whole_bounds_and_is_of_what_there_is(rest):
    for body in ({"bytes": -1}, {"bytes": 1.5}, {"bytes": "many"}, {"gigabytes": 1}, {"objects": 1 << 64}, []):
        assert admin(rest, "PUT", f"quotas/spaces/{rest.space()}", json=body).status_code == 400, body
    assert admin(rest, "PUT", "quotas/spaces/no-such-space", json={"bytes": 1}).status_code == 404
    assert admin(rest, "PUT", "quotas/users/No One", json={"bytes": 1}).status_code == 400
    assert admin(rest, "GET", "usage/no-such-space").status_code == 404


def test_usage_is_counted_by_format_and_by_the_state_of_the_indexes(rest, samples):
    space, video = rest.space(), (samples / "counter.mp4").read_bytes()
    assert rest("PUT", f"{space}/a.txt", data=b"hello").status_code == 201
    assert rest("PUT", f"{space}/counter.mp4", data=video, headers={"Content-MD5": md5(video)}).status_code == 201
    used = admin(rest, "GET", f"usage/{space}").json()
    assert (used["bytes"], used["objects"], used["owner"], used["more"]) == (len(video) + 5, 2, "founder", False)
    assert sum(status["objects"] for status in used["statuses"].values()) == 2
    assert admin(rest, "GET", f"usage/{space}", params={"marker": "a.txt"}).json()["objects"] == 1


def test_the_report_says_what_is_in_order_and_what_to_do_about_the_rest(rest):
    answer = admin(rest, "GET", "report").json()
    findings = {finding["what"]: finding for finding in answer["findings"]}
    assert list(findings) == ["admins", "index", "streaming"]
    assert "remedy" not in findings["admins"]
    assert answer["sound"] == all("remedy" not in finding for finding in findings.values())
