"""The functions as Lambda runs them: their programs under the runtime emulator that ships with SAM, with moto as an
independent AWS, and with the tables, the environment and the events of this repository."""

import base64
import json
import pathlib
import re
import urllib.parse

import pytest
import requests

import emulator
import runtime_api
import server as servers
from invocations import ROWS, media, pages, put, run, run_all
from stack import HOSTS, Answer, Stack

MEDIA = [row.event for row in ROWS if row.event.startswith("http-")]
# Events that the server does not have, or answers differently.
NOT_OF_THE_SERVER = ["http-encoded-path", "http-health", "http-hour", "http-playlist"]
SAME = {
    "accept-ranges",
    "access-control-allow-headers",
    "access-control-allow-origin",
    "cache-control",
    "content-length",
    "content-range",
    "content-range-mapping",
    "content-type",
    "location",
    "range-redirect",
    "vary",
    "x-media-fragment",
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.event)
def test_every_event_is_answered_as_the_table_says(stack, row):
    run(stack, row)


def test_every_file_is_in_the_table_once_and_in_the_readme_with_how_to_invoke_it(root):
    events = sorted(path.stem for path in (root / "events").glob("*.json"))
    assert sorted(row.event for row in ROWS) == events
    lines = re.findall(
        r"^\| `sam local invoke (\w+) -e events/([\w-]+)\.json` \| .+ \|$", (root / "events" / "README.md").read_text(), re.M
    )
    assert sorted(lines) == sorted((row.function, row.event) for row in ROWS)


def test_every_route_and_every_function_has_an_event(stack):
    events = {(row.function, stack.event(row.event).get("routeKey")) for row in ROWS if row.function != "Authorizer"}
    for name, function in stack.template.functions.items():
        assert name in {row.function for row in ROWS}
        routes = [made["Properties"] for made in function.get("Events", {}).values() if made["Type"] == "HttpApi"]
        for route in routes:
            assert (name, f"{route['Method']} {route['Path']}") in events


@pytest.fixture
def answered(stack):
    """The answer of a function to an event, once the media exist."""

    def invoke(function: str, event: dict | str) -> Answer:
        media(stack)
        return stack.invoke(function, stack.event(event) if isinstance(event, str) else event)

    return invoke


def said(headers) -> dict[str, str]:
    """The header fields of an answer, without those of its transport and how long edges keep it."""
    return {name.lower(): value.replace(", s-maxage=86400", "") for name, value in headers.items() if name.lower() in SAME}


@pytest.mark.parametrize("function", ["Fragments", "FragmentsStream"])
@pytest.mark.parametrize("name", [name for name in MEDIA if name not in NOT_OF_THE_SERVER])
def test_what_lambda_says_is_what_a_server_says(stack, server, answered, name, function):
    if (function, name) == ("FragmentsStream", "http-range-redirect"):
        pytest.skip("CloudFront removes the signature, so there are no redirects")
    if function == "FragmentsStream" and name.startswith("http-validate"):
        pytest.skip("CloudFront asks for media only")
    event = stack.event(name)
    answer = answered(function, at_edge(event) if function == "FragmentsStream" else event)
    if status := answer.said.get("headers", {}).get("x-reelspan-status"):
        assert answer.status == 200
        answer.status = int(status)
    headers = {field: value for field, value in event["headers"].items() if field not in ("host", "accept-encoding")}
    url = server.url + event["rawPath"] + (f"?{event['rawQueryString']}" if event["rawQueryString"] else "")
    method = event["requestContext"]["http"]["method"]
    there = requests.request(method, url, headers=headers, timeout=30, allow_redirects=False)
    assert (answer.status, answer.body) == (there.status_code, there.content)
    if function == "FragmentsStream" and "content-type" not in there.headers:
        # The runtime declares an unknown type for a streamed answer without a media type.
        assert not answer.body and answer.headers.pop("content-type") == "application/octet-stream"
    assert said(answer.headers) == said(there.headers)


@pytest.mark.parametrize("name", [row.event.removeprefix("url-") for row in ROWS if row.event.startswith("url-")])
def test_a_function_url_and_an_http_api_lead_to_the_same(answered, name):
    url, api = answered("FragmentsStream", f"url-{name}"), answered("Fragments", f"http-{name}")
    assert (int(url.headers.get("x-reelspan-status", url.status)), url.body) == (api.status, api.body)
    assert said(url.headers) == said(api.headers)


def at_edge(event: dict) -> dict:
    """The event of a function URL for a request at the open host, as the edge rewrites it."""

    def escaped(text: str, safe: str) -> str:
        return urllib.parse.quote(text, safe=f"{safe}-._").replace("~", "%7E").replace("%", "~")

    event = json.loads(json.dumps(event))
    event["rawPath"] = escaped(event["rawPath"], "/")
    if query := event["rawQueryString"]:
        event["rawQueryString"] = f"q={escaped(query, '')}"
    event["headers"]["x-reelspan-kind"] = "open"
    if re.match("t:|track=|id=|include-setup", event["headers"].get("range", "")):
        event["headers"]["x-reelspan-range"] = event["headers"].pop("range")
    return event


def put_event(stack: Stack, key: str, name: str = "s3-put", sequencer: str = "0068E7C2B4B1C2D3E5") -> dict:
    event = stack.event(name)
    event["Records"][0]["s3"]["object"] = {"key": key, "sequencer": sequencer}
    return event


def request_of(stack: Stack, key: str, name: str) -> dict:
    event = stack.event(name)
    event["rawPath"] = event["requestContext"]["http"]["path"] = f"/media/{key}"
    return event


def test_a_buffered_answer_that_is_too_large_is_a_shorter_part_or_had_where_its_space_streams(stack, samples):
    stack.streams("large")
    body = (samples / "counter.mp4").read_bytes() + (7_000_008).to_bytes(4) + b"free" + bytes(7_000_000)
    put(stack, "large/large.mp4", body)
    assert stack.invoke("Indexer", put_event(stack, "large/large.mp4")).said is None

    whole = request_of(stack, "large/large.mp4", "http-original")
    redirected = stack.invoke("Fragments", whole)
    assert (redirected.status, redirected.headers["location"]) == (307, f"https://{HOSTS['OpenDistribution']}/large/large.mp4")
    # Behind CloudFront there is nowhere else.
    behind = request_of(stack, "large/large.mp4", "buffered-range") | {"rawQueryString": ""}
    for function, event in (("Fragments", whole), ("FragmentsBuffered", behind)):
        event["headers"].pop("range", None)
        assert stack.invoke(function, event).status == (307 if function == "Fragments" else 413)
        event["headers"]["range"] = "bytes=0-"
        parts = [stack.invoke(function, event)]
    [part] = parts
    assert part.status == 206
    assert 1_000_000 < len(part.body) < len(body)
    assert part.body == body[: len(part.body)]
    assert part.headers["content-range"] == f"bytes 0-{len(part.body) - 1}/{len(body)}"


def test_media_of_the_api_is_redirected_to_the_streaming_host_if_that_answers_alike(stack, answered):
    answered("Fragments", "http-original")
    program = servers.built(stack.root, stack.template.program("Fragments"))
    with emulator.running(program, stack.environment("Fragments") | {"REELSPAN_ANSWER": "redirected"}) as invoke:
        for event, elsewhere in [
            ("http-original", "/demo/counter.mp4"),
            ("http-time", "/demo/counter.mp4?t=12.48,20"),
            ("http-range-bytes", "/demo/counter.mp4"),
        ]:
            answer = Answer(invoke(stack.event(event)).content)
            there = f"https://{HOSTS['OpenDistribution']}{elsewhere}"
            assert (answer.status, answer.headers["location"], answer.headers["cache-control"]) == (307, there, "no-store")
        for event in ("http-cookies", "http-range-redirect", "http-missing"):
            answer = Answer(invoke(stack.event(event)).content)
            assert HOSTS["OpenDistribution"] not in answer.headers.get("location", ""), event
        page = stack.event("http-time")
        page["headers"]["origin"] = "https://library.example"
        assert Answer(invoke(page).content).status == 200


@pytest.fixture(scope="module")
def streamed(stack):
    """Invokes the streaming function, and reads its answer while it arrives."""
    program = servers.built(stack.root, stack.template.program("FragmentsStream"))
    with runtime_api.streaming(program, stack.environment("FragmentsStream")) as invoke:
        yield invoke


def test_a_streamed_answer_comes_in_lambda_s_own_form_and_may_be_of_any_size(stack, streamed, samples):
    stack.streams("large")
    padding = 20_000_000
    body = (samples / "counter.mp4").read_bytes() + (padding + 8).to_bytes(4) + b"free" + bytes(padding)
    put(stack, "large/streamed.mp4", body)
    assert stack.invoke("Indexer", put_event(stack, "large/streamed.mp4")).said is None
    said = streamed(request_of(stack, "large/streamed.mp4", "url-original"))
    assert (said.mode, said.prelude["statusCode"], said.trailers) == ("streaming", 200, {})
    assert said.body == body and int(said.prelude["headers"]["content-length"]) == len(body)
    # It began before it was complete.
    assert len(said.chunks) > 10 and said.chunks[0][0] < said.chunks[-1][0]


@pytest.mark.parametrize("name", [row.event for row in ROWS if row.function == "FragmentsStream"])
def test_what_is_streamed_is_what_the_emulator_gathers(stack, streamed, answered, name):
    there, said = answered("FragmentsStream", name), streamed(stack.event(name))
    assert (said.prelude["statusCode"], said.body) == (there.status, there.body)
    assert said.prelude["headers"] == there.headers


def test_a_small_answer_is_not_held_back(stack, streamed, answered):
    """A connection that waits until the head is acknowledged before it sends more waits for 40 ms."""
    answered("FragmentsStream", "url-time")
    for name in ("url-time", "url-missing"):
        answers = [streamed(stack.event(name)) for _ in range(5)]
        assert min(said.chunks[-1][0] - said.head for said in answers) < 0.02, name


def test_a_body_that_breaks_off_is_told_to_lambda_and_has_no_wrong_byte(stack, streamed, answered):
    whole = answered("FragmentsStream", "url-original").body
    stack.aws.breaks_at = len(whole) - 10
    try:
        said = streamed(stack.event("url-original"))
    finally:
        stack.aws.breaks_at = None
    assert said.prelude["statusCode"] == 200 and said.body == whole[:-10]
    assert said.trailers["lambda-runtime-function-error-type"] == "Reelspan.BrokenOff"
    why = json.loads(base64.b64decode(said.trailers["lambda-runtime-function-error-body"]))
    assert why["errorType"] == "Reelspan.BrokenOff"
    assert streamed(stack.event("url-original")).body == whole


def test_events_may_come_twice_and_late(stack, samples):
    put(stack, "late/counter.mp4", (samples / "counter.mp4").read_bytes())
    event = put_event(stack, "late/counter.mp4")
    assert stack.invoke("Indexer", event).said is None
    before = pages(stack, "late/counter.mp4")
    assert "HEAD" in before and len(before) > 1
    # The object exists, so an event of its deletion is either old or wrong.
    for again in (event, event, put_event(stack, "late/counter.mp4", "s3-delete", "0068E7C2A0B1C2D3E4")):
        assert stack.invoke("Indexer", again).said is None
    assert pages(stack, "late/counter.mp4") == before


def test_a_file_that_is_longer_than_an_invocation_takes_several(stack, samples):
    stack.streams("late")
    stack.self_invocations()
    put(stack, "late/long.ts", (samples / "formats" / "h264.ts").read_bytes() * 64)
    event, count = put_event(stack, "late/long.ts"), 1
    assert stack.invoke("Indexer", event).said is None
    while invocations := stack.self_invocations():
        assert "HEAD" not in pages(stack, "late/long.ts")
        [invocation] = invocations
        assert stack.invoke("Indexer", invocation.event).said is None
        count += 1
    found = pages(stack, "late/long.ts")
    assert count > 2 and "HEAD" in found and not any(page.startswith("CHECK") for page in found)
    # The event to continue may come twice, and late.
    assert stack.invoke("Indexer", invocation.event).said is None
    assert (stack.self_invocations(), pages(stack, "late/long.ts")) == ([], found)
    assert stack.invoke("Fragments", request_of(stack, "late/long.ts", "http-time")).status == 200


def test_a_deleted_object_leaves_nothing(stack, samples):
    stack.streams("late")
    put(stack, "late/gone.mp4", (samples / "counter.mp4").read_bytes())
    stack.invoke("Indexer", put_event(stack, "late/gone.mp4"))
    request = request_of(stack, "late/gone.mp4", "http-time")
    assert stack.invoke("Fragments", request).status == 200
    stack.client("s3").delete_object(Bucket=stack.bucket, Key="late/gone.mp4")
    stack.invoke("Indexer", put_event(stack, "late/gone.mp4", "s3-delete", "0068E7C2B4B1C2D3E6"))
    assert pages(stack, "late/gone.mp4") == set()
    assert stack.invoke("Fragments", request).status == 404


def somebodys() -> list:
    """The rows of routes that have an authorizer."""
    events = pathlib.Path(__file__).resolve().parent.parent / "events"
    return [row for row in ROWS if "authorizer" in json.loads((events / f"{row.event}.json").read_text()).get("requestContext", {})]


@pytest.mark.parametrize("row", somebodys(), ids=lambda row: row.event)
def test_whom_the_authorizer_refuses_gets_nothing_of_any_route_and_is_asked_for_credentials(stack, row):
    """API Gateway lets every request through, as the authorizer says: the functions themselves refuse."""
    asked = stack.event(row.event)
    asked["headers"]["authorization"] = stack.event("authorizer-right")["headers"]["authorization"]
    for context, status in [
        ({"refused": "401", "why": "user name or password is wrong"}, 401),
        ({"refused": "503", "why": "the users cannot be read"}, 503),
        ({"user": "admin", "role": "admin", "groups": "", "refused": ""}, 401),
    ]:
        asked["requestContext"]["authorizer"]["lambda"] = context
        before = len(stack.aws.calls)
        answer = stack.invoke(row.function, asked)
        assert (answer.status, "www-authenticate" in answer.headers) == (status, status == 401)
        assert len(stack.aws.calls) == before


@pytest.mark.parametrize("context", [None, {}, {"user": "admin", "role": "admin"}], ids=str)
def test_who_has_no_name_in_the_context_is_nobody(stack, context):
    asked = stack.event("rest-create-space")
    asked["headers"]["authorization"] = "Basic bm9ib2R5Og=="
    asked["requestContext"]["authorizer"]["lambda"] = context
    assert stack.invoke("SpacesApi", asked).status == 401


def test_the_gateway_asks_for_credentials_whatever_is_missing(invoked):
    for path, method in [("spaces", "GET"), ("no-such-space", "PUT"), ("acl/no-such-space", "HEAD")]:
        for who in (None, ("founder", "wrong")):
            answer = requests.request(method, f"{invoked.url}/durastore/{path}", auth=who, timeout=60)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Basic ")
    assert invoked("GET", "spaces").status_code == 200


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        (None, None, "does not stream"),
        ("OPEN", "off", "is off"),
        ("SECURE", "on", "signed URLs and signed cookies only"),
    ],
)
def test_a_space_that_may_not_be_streamed_tells_nothing_of_what_it_has(stack, kind, status, reason):
    """To callers without access, existing and missing contents look the same."""
    name = f"closed-{kind}-{status}".lower() if kind else "nosuch"
    if kind:
        stack.streams(name, kind, status)
    put(stack, f"{name}/there.mp4", b"x")
    answers = [stack.invoke("Fragments", request_of(stack, f"{name}/{content}", "http-time")) for content in ("there.mp4", "missing.mp4")]
    for answer in answers:
        assert answer.status == 403
        assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/problem+json", "no-store")
        assert reason in json.loads(answer.body)["detail"]
    assert answers[0].body == answers[1].body


def test_behind_cloudfront_the_signature_was_looked_at_and_a_space_that_is_off_stays_so(stack, samples):
    stack.streams("secure", "SECURE")
    put(stack, "secure/counter.mp4", (samples / "counter.mp4").read_bytes())
    assert stack.invoke("Indexer", put_event(stack, "secure/counter.mp4")).said is None
    request = request_of(stack, "secure/counter.mp4", "url-time")
    # Only the secure distribution gets something of a secure space, and its viewers cannot say which one it is.
    for kind, status in (("open", 403), ("", 403), ("secure", 200)):
        request["headers"]["x-reelspan-kind"] = kind
        assert stack.invoke("FragmentsStream", request).status == status
    assert stack.invoke("Fragments", request_of(stack, "secure/counter.mp4", "http-time")).status == 403
    request["rawQueryString"], request["queryStringParameters"] = "", {}
    request["headers"]["x-reelspan-range"] = "t:npt=10-20"
    answer = stack.invoke("FragmentsStream", request)
    assert (answer.status, answer.headers["x-reelspan-status"]) == (200, "206")
    assert "t:npt 8.0-20.0" in answer.headers["content-range-mapping"]
    stack.streams("secure", "SECURE", "off")
    # A GET believes what the function knows of the space for five seconds; a HEAD looks, and then the function knows better.
    for method in ("HEAD", "GET"):
        request["requestContext"]["http"]["method"] = method
        assert stack.invoke("FragmentsStream", request).status == 403, method


@pytest.fixture(scope="module")
def written(stack) -> dict[frozenset, set[str]]:
    """The metrics that the functions write, by their dimensions, while all events are answered."""
    run_all(stack)
    found = {}
    for log in stack.logs.glob("*.log"):
        for line in log.read_text(errors="replace").splitlines():
            if not line.startswith("{") or "CloudWatchMetrics" not in line:
                continue
            figures = json.loads(line)
            [directive] = figures["_aws"]["CloudWatchMetrics"]
            assert directive["Namespace"] == "Reelspan"
            for names in directive["Dimensions"]:
                dimensions = frozenset((name, figures[name]) for name in names)
                found.setdefault(dimensions, set()).update(metric["Name"] for metric in directive["Metrics"])
    return found


def test_what_alarms_and_the_dashboard_look_at_is_written(stack, written):
    looked = set()
    for name, alarm in stack.template.of_type("AWS::CloudWatch::Alarm").items():
        for metric in (query["MetricStat"]["Metric"] for query in alarm["Properties"]["Metrics"] if "MetricStat" in query):
            if metric["Namespace"] == "Reelspan":
                dimensions = frozenset((it["Name"], stack.template.value(it["Value"])) for it in metric["Dimensions"])
                assert metric["MetricName"] in written[dimensions], name
                looked.add(metric["MetricName"])
    assert looked == {"BrokenOff", "FailedSignIns", "Failures", "IndexingLag", "RefusedSignatures", "ServerErrors"}
    [dashboard] = stack.template.of_type("AWS::CloudWatch::Dashboard").values()
    for widget in json.loads(stack.template.value(dashboard["Properties"]["DashboardBody"]))["widgets"]:
        for namespace, name, *pairs in widget["properties"]["metrics"]:
            pairs = [part for part in pairs if isinstance(part, str)]
            assert namespace == "Reelspan" and name in written[frozenset(zip(pairs[::2], pairs[1::2], strict=False))], (name, pairs)


def test_what_is_written_is_documented(stack, written):
    """With all its dimensions; and so are the alarms, and how many metrics they use."""
    text = (stack.root / "docs" / "operations.md").read_text()
    table = text.partition("## Metrics")[2].partition("\n## ")[0]
    documented = [re.findall(r"`(\w+)`", row.split(" | ")[0]) for row in re.findall(r"^\| .*`.* \|$", table, re.M)]
    assert {name for names in documented for name in names} == {name for names in written.values() for name in names}
    kinds = {value for dimensions in written for name, value in dimensions if name == "Kind"}
    assert kinds <= set(re.findall(r"`(\w+)`", text)), kinds

    deploy = (stack.root / "docs" / "deploy.md").read_text()
    alarms = stack.template.of_type("AWS::CloudWatch::Alarm")
    assert set(re.findall(r"^\| `(\w+)` \| ", deploy.partition("| alarm |")[2].partition("\n\n")[0], re.M)) == set(alarms)
    metrics = sum("MetricStat" in query for alarm in alarms.values() for query in alarm["Properties"]["Metrics"])
    assert f"| alarms of {metrics} metrics |" in deploy
