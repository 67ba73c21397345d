"""`reelspan doctor`: a deployment that is in order, and then with one fault after another, each of which gets its
line."""

import http.client
import http.server
import subprocess
import threading

import pytest

from actions import REGION
from cloud import make_table, open_space, put_past

BUCKET, INDEXER = "doctored-media", "doctored-indexer"
TABLES = {
    "DoctoredIndex": ("media", "page"),
    "DoctoredSpaces": ("space", None),
    "DoctoredUsers": ("user", None),
    "DoctoredSessions": ("user", "session"),
}
EVENTS = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]


def notify(s3, events=EVENTS, function=INDEXER, **more) -> None:
    configuration = {"LambdaFunctionArn": f"arn:aws:lambda:{REGION}:123456789012:function:{function}", "Events": events} | more
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET,
        NotificationConfiguration={"LambdaFunctionConfigurations": [configuration] if events else []},
        SkipDestinationValidation=True,
    )


def block(s3, public_policy: bool = True) -> None:
    s3.put_public_access_block(
        Bucket=BUCKET,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": public_policy, "RestrictPublicBuckets": True
        },
    )  # fmt: skip


def expire(dynamodb, enabled: bool = True, attribute: str = "expires") -> None:
    specification = {"Enabled": enabled, "AttributeName": attribute}
    dynamodb.update_time_to_live(TableName="DoctoredSessions", TimeToLiveSpecification=specification)


def items_of(name: str, etag: str, form: str) -> list[dict]:
    """The head of an indexed content, and its entry in lists."""
    item = {"media": {"S": f"films/{name}"}, "page": {"S": "HEAD"}, "etag": {"S": etag}, "format": {"N": form}}
    listed = {"page": {"S": "CONTENT"}, "space": {"S": "films"}, "content": {"S": name}, "status": {"S": "ready"}}
    return [item, item | listed]


def put_head(dynamodb, name: str, etag: str, form: str) -> None:
    for item in items_of(name, etag, form):
        dynamodb.put_item(TableName="DoctoredIndex", Item=item)


def fill(dynamodb, names: list[str], form: str) -> None:
    """Stores contents past S3's API, and their items in batches."""
    items = [item for name in names for item in items_of(name, put_past(BUCKET, f"films/{name}"), form)]
    for start in range(0, len(items), 25):
        puts = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        dynamodb.batch_write_item(RequestItems={"DoctoredIndex": puts})


@pytest.fixture(scope="module")
def form(root) -> str:
    """The current index format."""
    text = (root / "engine" / "src" / "index" / "mod.rs").read_text()
    return text.split("pub const FORMAT: u32 = ")[1].split(";")[0]


@pytest.fixture
def deployment(boto, form, health):
    """A deployment in order, and the options for it; it is removed at the end."""
    s3, dynamodb, sqs = boto("s3"), boto("dynamodb"), boto("sqs")
    s3.create_bucket(Bucket=BUCKET)
    block(s3)
    encrypted = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration=encrypted)
    notify(s3)
    for name, keys in TABLES.items():
        make_table(dynamodb, name, *keys)
    expire(dynamodb)
    space = {"space": {"S": "films"}, "created": {"N": "0"}, "acl": {"M": {}}, "properties": {"M": {}}, "state": {"S": "live"}}
    dynamodb.put_item(TableName="DoctoredSpaces", Item=space)
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        etag = s3.put_object(Bucket=BUCKET, Key=f"films/{name}", Body=name.encode())["ETag"]
        put_head(dynamodb, name, etag, form)
    queue = sqs.create_queue(QueueName="NotIndexed")["QueueUrl"]
    url = f"http://127.0.0.1:{health.server_port}"
    options = ["--bucket", BUCKET, "--table", "DoctoredIndex", "--spaces-table", "DoctoredSpaces", "--users-table", "DoctoredUsers",
               "--sessions-table", "DoctoredSessions", "--indexer", INDEXER, "--queue", queue, "--url", url]  # fmt: skip
    yield options
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": item["Key"]} for item in page.get("Contents", [])]})
    s3.delete_bucket(Bucket=BUCKET)
    for name in dynamodb.list_tables()["TableNames"]:
        if name in TABLES:
            dynamodb.delete_table(TableName=name)
    sqs.delete_queue(QueueUrl=queue)


@pytest.fixture
def health():
    """A server of /health, whose status can be set."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self.send_response(self.server.status if self.path == "/health" else 404)
            self.end_headers()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.status = 204
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def doctor(moto, binary):
    account = {"AWS_ENDPOINT_URL": moto, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
               "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"}  # fmt: skip

    def run(options, status: int, **environment: str) -> list[str]:
        variables = {name: value for name, value in (account | environment).items() if value}
        done = subprocess.run([binary, "doctor", *options], capture_output=True, text=True, timeout=120, env=variables)
        assert done.returncode == status, (done.stdout, done.stderr)
        return done.stdout.splitlines()

    return run


def test_a_deployment_in_order_is_said_to_be(deployment, doctor):
    lines = doctor(deployment, 0)
    assert all(line.startswith("ok     ") for line in lines), lines
    looked = {line.removeprefix("ok     ").split(":")[0].split(" ")[0] for line in lines}
    assert looked == {"credentials", "clock", "bucket", "public", "encryption", "events", "table", "index", "streaming", "queue", "health"}
    assert {"ok     index: right for all of 3 checked contents", "ok     streaming: 0 spaces stream"} < set(lines)


def test_every_content_of_a_space_of_many_is_looked_at_or_some_that_are_drawn(boto, deployment, doctor, form):
    """More contents than S3 lists at a time; the last of them has no index."""
    s3, dynamodb = boto("s3"), boto("dynamodb")
    fill(dynamodb, [f"many/{number:04}.mp4" for number in range(1000)], form)
    s3.put_object(Bucket=BUCKET, Key="films/z.mp4", Body=b"x")
    [wrong] = [line for line in doctor([*deployment, "--all"], 1) if not line.startswith("ok     ")]
    assert wrong.startswith("wrong  index: wrong for 1 of 1004 checked contents: films/z.mp4 has no index; ")
    assert wrong in doctor([*deployment, "--sample", "1004"], 1)
    dynamodb.delete_table(TableName="DoctoredIndex")
    make_table(dynamodb, "DoctoredIndex", "media", "page")
    [line] = [line for line in doctor([*deployment, "--sample", "7"], 1) if " index: " in line]
    assert line.startswith("wrong  index: wrong for 7 of 7 checked contents, drawn from 1004: films/")


def faults() -> dict:
    """Faults of a deployment, and the expected finding: the thing, what is wrong, what to do."""

    def no_bucket(boto, options, **_):
        options[1] = "nosuch"

    def open_bucket(boto, **_):
        block(boto("s3"), public_policy=False)

    def unblocked(boto, **_):
        boto("s3").delete_public_access_block(Bucket=BUCKET)

    def plain(boto, **_):
        boto("s3").delete_bucket_encryption(Bucket=BUCKET)

    def deaf(boto, **_):
        notify(boto("s3"), events=[])

    def half_deaf(boto, **_):
        notify(boto("s3"), events=EVENTS[:1])

    def another(boto, **_):
        notify(boto("s3"), function="somebody-else")

    def filtered(boto, **_):
        notify(boto("s3"), Filter={"Key": {"FilterRules": [{"Name": "suffix", "Value": ".mp4"}]}})

    def no_table(boto, **_):
        boto("dynamodb").delete_table(TableName="DoctoredUsers")

    def no_sessions(boto, **_):
        boto("dynamodb").delete_table(TableName="DoctoredSessions")

    def lasting_sessions(boto, **_):
        expire(boto("dynamodb"), enabled=False)

    def other_expiry(boto, **_):
        expire(boto("dynamodb"), attribute="begun")

    def other_keys(boto, **_):
        boto("dynamodb").delete_table(TableName="DoctoredIndex")
        make_table(boto("dynamodb"), "DoctoredIndex", "media", None)

    def missing(boto, **_):
        key = {"media": {"S": "films/b.mp4"}, "page": {"S": "HEAD"}}
        boto("dynamodb").delete_item(TableName="DoctoredIndex", Key=key)

    def old(boto, form, **_):
        put_head(boto("dynamodb"), "b.mp4", '"another"', form)

    def old_format(boto, **_):
        etag = boto("s3").head_object(Bucket=BUCKET, Key="films/b.mp4")["ETag"]
        put_head(boto("dynamodb"), "b.mp4", etag, "1")

    def unlisted(boto, **_):
        key = {"media": {"S": "films/b.mp4"}, "page": {"S": "CONTENT"}}
        boto("dynamodb").delete_item(TableName="DoctoredIndex", Key=key)

    def without_lists(boto, form, **_):
        delete = {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "Contents"}}]}
        boto("dynamodb").update_table(TableName="DoctoredIndex", **delete)

    def not_told(boto, **_):
        open_space(boto("dynamodb"), "DoctoredSpaces", "films")
        told = {"TableName": "DoctoredSpaces", "Key": {"space": {"S": "films"}}}
        no = {":no": {"BOOL": False}}
        boto("dynamodb").update_item(**told, UpdateExpression="SET streaming.deployed = :no", ExpressionAttributeValues=no)

    def no_key(boto, **_):
        open_space(boto("dynamodb"), "DoctoredSpaces", "films")
        told = {"TableName": "DoctoredSpaces", "Key": {"space": {"S": "films"}}, "ExpressionAttributeNames": {"#type": "type"}}
        secure = {":secure": {"S": "SECURE"}}
        boto("dynamodb").update_item(**told, UpdateExpression="SET streaming.#type = :secure", ExpressionAttributeValues=secure)

    def queued(boto, options, **_):
        for number in range(2):
            boto("sqs").send_message(QueueUrl=options[options.index("--queue") + 1], MessageBody=str(number))

    def no_queue(boto, options, **_):
        options[options.index("--queue") + 1] += "-not"

    def ill(health, **_):
        health.status = 502

    def silent(options, **_):
        options[-1] = "http://127.0.0.1:1"

    def no_url(options, **_):
        options[-1] = "media.example.org"

    def both_spaces(boto, form, **_):
        missing(boto)
        songs = {"space": {"S": "songs"}, "created": {"N": "0"}, "acl": {"M": {}}, "properties": {"M": {}}, "state": {"S": "live"}}
        boto("dynamodb").put_item(TableName="DoctoredSpaces", Item=songs)
        boto("s3").put_object(Bucket=BUCKET, Key="songs/a.mp3", Body=b"x")

    return {
        no_bucket: ("bucket nosuch", "it does not exist", "--bucket"),
        open_bucket: ("public access", "it is not fully blocked", "put-public-access-block"),
        unblocked: ("public access", "not blocked", "put-public-access-block"),
        plain: ("encryption", "it is off", "put-bucket-encryption"),
        deaf: ("events", "s3:ObjectCreated:* does not reach doctored-indexer", "deploy"),
        half_deaf: ("events", "s3:ObjectRemoved:* does not reach doctored-indexer", "deploy"),
        another: ("events", "s3:ObjectCreated:* does not reach doctored-indexer", "deploy"),
        filtered: ("events", "only some reach doctored-indexer", "filter"),
        no_table: ("table DoctoredUsers", "it does not exist", "--users-table"),
        no_sessions: ("table DoctoredSessions", "it does not exist", "--sessions-table"),
        lasting_sessions: ("table DoctoredSessions", "its time to live is off", "update-time-to-live"),
        other_expiry: ("table DoctoredSessions", "items expire by begun, not by expires", "update-time-to-live"),
        other_keys: ("table DoctoredIndex", "its key is media, not media and page", "--table"),
        missing: ("index", "wrong for 1 of 3 checked contents: films/b.mp4 has no index", "reelspan reindex films"),
        old: ("index", "wrong for 1 of 3 checked contents: films/b.mp4 has the index of another version", "reelspan reindex films"),
        old_format: (
            "index",
            "wrong for 1 of 3 checked contents: films/b.mp4 has an index of another format",
            "reelspan reindex films",
        ),
        unlisted: (
            "index",
            "wrong for 1 of 3 checked contents: films/b.mp4 is not in the list of its space",
            "reelspan reindex films",
        ),
        without_lists: ("table DoctoredIndex", "it lacks the secondary index Contents", "reindex"),
        not_told: ("streaming", "the edges have not been told of films", "enable-streaming"),
        no_key: ("streaming", "films streams securely, and no key signs", "deploy"),
        queued: ("queue NotIndexed", "2 events failed three times", "reindex"),
        no_queue: ("queue NotIndexed-not", "", "--queue"),
        ill: ("health", "it answers 502", "log"),
        silent: ("health", "no answer", "--url"),
        no_url: ("health", "not an http or https URL", "--url"),
        both_spaces: ("index", "wrong for 2 of 4 checked contents", "reelspan reindex films, reelspan reindex songs"),
    }


@pytest.mark.parametrize(("plant", "said"), faults().items(), ids=lambda it: getattr(it, "__name__", ""))
def test_what_is_wrong_is_said_with_what_to_do(deployment, doctor, boto, form, health, plant, said):
    what, found, remedy = said
    plant(boto=boto, options=deployment, form=form, health=health)
    lines = doctor(deployment, 1)
    [wrong] = [line for line in lines if not line.startswith("ok     ")]
    assert wrong.startswith(f"wrong  {what}"), wrong
    assert found in wrong and remedy in wrong.rpartition("; ")[2], wrong


def test_without_credentials_nothing_else_is_said(deployment, doctor):
    [line] = doctor(deployment, 1, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert line.startswith("wrong  credentials: none found; set AWS_PROFILE")
    [line] = doctor(deployment, 1, AWS_REGION="")
    assert line.startswith("wrong  credentials: no region is named; set AWS_REGION")


@pytest.fixture
def elsewhen(moto):
    """AWS with a clock that is an hour ahead."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            upstream = http.client.HTTPConnection(moto.removeprefix("http://"), timeout=30)
            upstream.request(self.command, self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            content = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("date", "connection", "content-length", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Date", "Fri, 01 Jan 2100 00:00:00 GMT")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_clock_that_is_off_is_noticed(deployment, doctor, elsewhen):
    [wrong] = [line for line in doctor(deployment, 1, AWS_ENDPOINT_URL=elsewhen) if not line.startswith("ok     ")]
    assert wrong.startswith("wrong  clock: ") and "behind AWS's" in wrong and "set this machine's clock" in wrong


def test_a_data_folder_is_looked_at_while_it_is_served_and_while_it_is_not(server, doctor, new_server, samples):
    options = ["--data", str(server.data), "--url", server.url]
    lines = doctor(options, 0)
    assert len(lines) == 8 and all(line.startswith("ok     ") for line in lines), lines

    new_server.imports = {"demo": samples}
    new_server.start()
    assert new_server.stop() == 0
    assert all(line.startswith("ok     ") for line in doctor(["--data", str(new_server.data)], 0))


def test_what_cannot_be_looked_at_is_told(doctor, tmp_path):
    assert doctor([], 2) == []
    assert doctor(["--data", str(tmp_path / "nosuch")], 2) == []
