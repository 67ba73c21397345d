"""Every file of events/ with its function, its preconditions, and the expected answer and effects. A new function adds
its rows here and its lines in events/README.md, and nothing elsewhere."""

import base64
import hashlib
import io
import json
import re
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from moto.secretsmanager.models import secretsmanager_backends

import emulator
import server as servers
from actions import ACCOUNT_ID, REGION
from stack import HOSTS, SECRET, Answer, Stack

Before = Callable[[Stack], None]
Holds = Callable[[Stack, Answer], None]


class Row(NamedTuple):
    """An event of events/, by the name of its file."""

    event: str
    function: str
    """The function's name in template.yaml."""
    before: list[Before | str]
    """Preconditions: functions that establish a state, or events, whose rows run first."""
    holds: Holds


# Expectations.


def http(status: int, body: bytes | str | re.Pattern | None = None, **fields) -> Holds:
    """An answer of HTTP. A field may be `...` for any value, or `None` for missing."""

    def holds(_: Stack, answer: Answer) -> None:
        assert answer.status == status, answer.said
        for name, value in fields.items():
            found = answer.headers.get(name.replace("_", "-"))
            if value is ... or value is None:
                assert (found is None) == (value is None), name
            elif isinstance(value, re.Pattern):
                assert value.fullmatch(found), f"{name}: {found}"
            else:
                assert found == value, name
        if isinstance(body, re.Pattern):
            assert body.search(answer.body.decode()), answer.body
        elif body is not None:
            assert answer.body == (body.encode() if isinstance(body, str) else body)

    return holds


def built(page: Holds) -> Holds:
    """This, if `make web` came before the functions were built; otherwise 501."""

    def holds(stack: Stack, answer: Answer) -> None:
        (http(501) if answer.status == 501 else page)(stack, answer)

    return holds


def says(said) -> Holds:
    """An answer that is not HTTP."""

    def holds(_: Stack, answer: Answer) -> None:
        assert answer.said == said

    return holds


def passes_on(**said: str) -> Holds:
    """The authorizer lets the request through with this context."""
    return says({"isAuthorized": True, "context": said})


def both(*all_of: Holds) -> Holds:
    def holds(stack: Stack, answer: Answer) -> None:
        for one in all_of:
            one(stack, answer)

    return holds


def pages(stack: Stack, media: str) -> set[str]:
    items = stack.client("dynamodb").scan(TableName=stack.template.ref("ContainerIndex"), ProjectionExpression="media, page")
    return {item["page"]["S"] for item in items["Items"] if item["media"]["S"] == media}


def indexed(*media: str) -> Holds:
    """These have an index with pages."""

    def holds(stack: Stack, answer: Answer) -> None:
        assert answer.said is None
        for key in media:
            assert pages(stack, key) > {"CONTENT", "HEAD"}, key

    return holds


def not_indexed(media: str, *left: str) -> Holds:
    """There is nothing of the index, or only this."""

    def holds(stack: Stack, answer: Answer) -> None:
        assert answer.said is None
        assert pages(stack, media) == set(left)

    return holds


def begun(media: str) -> Holds:
    """There is a checkpoint, and no index yet."""

    def holds(stack: Stack, answer: Answer) -> None:
        assert answer.said is None
        assert "CHECK000" in pages(stack, media) and "HEAD" not in pages(stack, media)

    return holds


def objects(*left: str) -> Holds:
    """The objects in the space `films`."""

    def holds(stack: Stack, _: Answer) -> None:
        found = stack.client("s3").list_objects_v2(Bucket=stack.bucket, Prefix="films/").get("Contents", [])
        assert {item["Key"].removeprefix("films/") for item in found} == set(left)

    return holds


def no_space(stack: Stack, _: Answer) -> None:
    """There is no space `films`."""
    spaces = stack.client("dynamodb").scan(TableName=stack.template.ref("Spaces"))["Items"]
    assert "films" not in {item["space"]["S"] for item in spaces}


def invokes(event: str) -> Holds:
    """The function invoked itself with the content of this file."""

    def holds(stack: Stack, _: Answer) -> None:
        assert stack.event(event) in [invocation.event for invocation in stack.self_invocations()]

    return holds


def the(sample: str, start: int = 0, end: int | None = None) -> Holds:
    """The body is these bytes of a sample."""

    def holds(stack: Stack, answer: Answer) -> None:
        assert answer.body == (stack.root / "samples" / sample).read_bytes()[start:end]

    return holds


# Preconditions.


def put(stack: Stack, key: str, body: bytes) -> None:
    stack.client("s3").put_object(Bucket=stack.bucket, Key=key, Body=body)


def sample(stack: Stack, name: str) -> bytes:
    return (stack.root / "samples" / name).read_bytes()


def uploaded(key: str) -> Before:
    return lambda stack: put(stack, key, sample(stack, "counter.mp4"))


def long_uploaded(stack: Stack) -> None:
    """Two megabytes, of which an invocation reads one; nothing has been read yet."""
    put(stack, "demo/long.ts", sample(stack, "formats/h264.ts") * 32)
    stack.self_invocations()
    key = {"media": {"S": "demo/long.ts"}, "page": {"S": "CHECK000"}}
    stack.client("dynamodb").delete_item(TableName=stack.template.ref("ContainerIndex"), Key=key)


def text_uploaded(stack: Stack) -> None:
    put(stack, "demo/notes.txt", b"no media at all, ")


def captions_uploaded(stack: Stack) -> None:
    put(stack, "demo/counter.en.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\none\n")


def captioned(stem: str) -> Holds:
    """It is known which captions are beside the contents of this stem."""

    def holds(stack: Stack, answer: Answer) -> None:
        assert answer.said is None
        assert "CAPTIONS" in pages(stack, stem)

    return holds


def copied(stack: Stack) -> None:
    uploaded("demo/counter.mp4")(stack)
    source = {"Bucket": stack.bucket, "Key": "demo/counter.mp4"}
    stack.client("s3").copy_object(Bucket=stack.bucket, Key="demo/copy.mp4", CopySource=source)


def uploaded_in_parts(stack: Stack) -> None:
    """The sample, and an empty box after it that makes it long enough for two parts."""
    s3, key = stack.client("s3"), {"Bucket": stack.bucket, "Key": "demo/parts.mp4"}
    body = sample(stack, "counter.mp4") + struct.pack(">I4s", 5 << 20, b"free").ljust(5 << 20, b"\0")
    upload = key | {"UploadId": s3.create_multipart_upload(**key)["UploadId"]}
    parts = []
    for number in (1, 2):
        part = body[(number - 1) * (5 << 20) :][: 5 << 20]
        tag = s3.upload_part(**upload, PartNumber=number, Body=part)["ETag"]
        parts.append({"PartNumber": number, "ETag": tag})
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})


def deleted(key: str) -> Before:
    """A content that existed and was indexed, and is now deleted."""

    def before(stack: Stack) -> None:
        stack.done.discard(media)
        uploaded(key)(stack)
        index(stack, key)
        stack.client("s3").delete_object(Bucket=stack.bucket, Key=key)

    return before


def index(stack: Stack, key: str) -> None:
    event = stack.event("s3-put")
    event["Records"][0]["s3"]["object"] |= {"key": key, "sequencer": "0068E7C29FB1C2D3E4"}
    assert stack.invoke("Indexer", event).said is None


LECTURE = "Lecture #3: ä+b, 100%.mp4"


def hour() -> bytes:
    """An hour of sound in few bytes: WAV with 100 samples of one byte a second."""
    body = io.BytesIO()
    body.write(struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + 360_000, b"WAVE", b"fmt ", 16, 1, 1, 100, 100, 1, 8, b"data", 360_000))
    body.write(hashlib.shake_128(b"an hour").digest(360_000))
    return body.getvalue()


def media(stack: Stack) -> None:
    """The indexed files of the requests for media; once."""
    # Other rows may have stopped its streaming.
    stack.streams("demo", reader="alice")
    if media not in stack.done:
        stack.done.add(media)
        for name in ("counter.mp4", "counter.webm", "chapters.mkv", "two-audio.mp4"):
            put(stack, f"demo/{name}", sample(stack, name))
            index(stack, f"demo/{name}")
        put(stack, f"demo/{LECTURE}", sample(stack, "counter.mp4"))
        assert stack.invoke("Indexer", stack.event("s3-encoded-key")).said is None
        put(stack, "demo/hour.wav", hour())
        index(stack, "demo/hour.wav")


def alice(stack: Stack) -> None:
    """Alice, with the password `open sesame, says alice`; once."""
    if alice not in stack.done:
        stack.done.add(alice)
        command = [servers.built(stack.root, "reelspan"), "user", "add", "alice", "--role", "owner", "--group", "curators"]
        command += ["--password-stdin", "--table", stack.template.ref("Users")]
        environment = emulator.ACCOUNT | {"AWS_ENDPOINT_URL": stack.aws.endpoint}
        subprocess.run(command, input="open sesame, says alice", env=environment, text=True, capture_output=True, check=True, timeout=60)


# The token of a session of alice; the events that change something have its token against forgery.
TOKEN = "x3Qm0Zk7w2Vb9tYp5rLs8nHd1cFg6jKa4eUiOqWzXvM.alice"


def signed_in(stack: Stack) -> None:
    """Alice is signed in with a browser, whose last request was ten minutes ago."""
    alice(stack)
    dynamodb, now = stack.client("dynamodb"), int(time.time())
    user = dynamodb.get_item(TableName=stack.template.ref("Users"), Key={"user": {"S": "alice"}})["Item"]
    digest = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in (("session", TOKEN), ("password", user["password"]["S"]))}
    numbers = {"begun": now - 900, "used": now - 600, "expires": now + 6600}
    item = {"user": {"S": "alice"}} | {name: {"S": text} for name, text in digest.items()}
    dynamodb.put_item(TableName=stack.template.ref("Sessions"), Item=item | {name: {"N": str(value)} for name, value in numbers.items()})


def not_guessed(stack: Stack) -> None:
    """No sign-in has failed before, and no user is signed in."""
    table, dynamodb = stack.template.ref("Sessions"), stack.client("dynamodb")
    for item in dynamodb.scan(TableName=table)["Items"]:
        dynamodb.delete_item(TableName=table, Key={name: item[name] for name in ("user", "session")})


def sessions(count: int) -> Holds:
    """Alice has this many sessions."""

    def holds(stack: Stack, _: Answer) -> None:
        items = stack.client("dynamodb").scan(TableName=stack.template.ref("Sessions"))["Items"]
        assert sum(item["user"]["S"] == "alice" for item in items) == count

    return holds


def begun_session(stack: Stack, answer: Answer) -> None:
    """The cookie is for this server's own pages alone, and over TLS."""
    assert answer.status == 200 and json.loads(answer.body)["role"] == "owner", answer.said
    [cookie] = answer.cookies
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict; Secure")
    assert "open sesame" not in str(answer.said)


def admins(*names: str) -> Before:
    """These are admins."""

    def before(stack: Stack) -> None:
        alice(stack)
        table, dynamodb = stack.template.ref("Users"), stack.client("dynamodb")
        user = dynamodb.get_item(TableName=table, Key={"user": {"S": "alice"}})["Item"]
        for name in names:
            dynamodb.put_item(TableName=table, Item=user | {"user": {"S": name}, "role": {"S": "admin"}})

    return before


def no_user(name: str) -> Before:
    """There is no user of this name."""
    return lambda stack: stack.client("dynamodb").delete_item(TableName=stack.template.ref("Users"), Key={"user": {"S": name}})


def quota(name: str, **bounds: int) -> Before:
    """The spaces of a user, or `films`, have this quota."""
    bounds = {"M": {unit: {"N": str(bound)} for unit, bound in bounds.items()}}

    def before(stack: Stack) -> None:
        table, dynamodb = stack.template.ref("Spaces"), stack.client("dynamodb")
        if name == "films":
            dynamodb.update_item(
                TableName=table,
                Key={"space": {"S": name}},
                UpdateExpression="SET quota = :quota",
                ExpressionAttributeValues={":quota": bounds},
            )
        elif bounds["M"]:
            dynamodb.put_item(TableName=table, Item={"space": {"S": f"quota of {name}"}, "quota": bounds})
        else:
            dynamodb.delete_item(TableName=table, Key={"space": {"S": f"quota of {name}"}})
        stack.restart("SpacesApi")

    return before


def no_films(stack: Stack) -> None:
    """There is no space `films`, and nothing in it."""
    stack.self_invocations()
    s3, prefix = stack.client("s3"), {"Bucket": stack.bucket, "Prefix": "films/"}
    for item in s3.list_objects_v2(**prefix).get("Contents", []):
        s3.delete_object(Bucket=stack.bucket, Key=item["Key"])
    for upload in s3.list_multipart_uploads(**prefix).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=stack.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    dynamodb, index = stack.client("dynamodb"), stack.template.ref("ContainerIndex")
    dynamodb.delete_item(TableName=stack.template.ref("Spaces"), Key={"space": {"S": "films"}})
    # Here no event of the bucket takes the contents out of the list.
    for item in dynamodb.scan(TableName=index, ProjectionExpression="media, page")["Items"]:
        if item["media"]["S"].startswith("films/") and item["page"]["S"] == "CONTENT":
            dynamodb.delete_item(TableName=index, Key=item)


def streams(space: str, kind: str) -> Before:
    """A space that alice may read streams openly (`OPEN`) or securely (`SECURE`)."""
    return lambda stack: stack.streams(space, kind, reader="alice")


def signing_key(stack: Stack) -> None:
    """There is a signing key; once."""
    if signing_key in stack.done:
        return
    stack.done.add(signing_key)
    key = ec.generate_private_key(ec.SECP256R1())
    der, plain = serialization.Encoding.DER, serialization.NoEncryption()
    pkcs8 = base64.b64encode(key.private_bytes(der, serialization.PrivateFormat.PKCS8, plain)).decode()
    public = key.public_key().public_bytes(der, serialization.PublicFormat.SubjectPublicKeyInfo)
    secret = stack.environment("SigningApi")["SIGNING_SECRET"]
    stack.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=json.dumps({"keyId": KEY_ID, "pkcs8": pkcs8}))
    stack.trusts(KEY_ID, public)


def not_streamed(stack: Stack) -> None:
    """The space `films` does not stream."""
    stack.client("dynamodb").update_item(
        TableName=stack.template.ref("Spaces"), Key={"space": {"S": "films"}}, UpdateExpression="REMOVE streaming"
    )
    stack.self_invocations()


def key_made(stack: Stack) -> None:
    """The stack has been created: there is a signing key; once."""
    if key_made not in stack.done:
        stack.done.add(key_made)
        stack.client("dynamodb").delete_item(TableName=stack.template.ref("Spaces"), Key={"space": {"S": "*"}})
        secret = stack.environment("StreamingApi")["SIGNING_SECRET"]
        stack.client("secretsmanager").put_secret_value(SecretId=secret, SecretString="{}")
        # As new: no write to it has been made before.
        kept = secretsmanager_backends[ACCOUNT_ID][REGION].secrets[secret]
        kept.versions = {kept.default_version_id: kept.versions[kept.default_version_id]}
        cloudfront = stack.client("cloudfront")
        for group in cloudfront.list_key_groups()["KeyGroupList"].get("Items", []):
            of = group["KeyGroup"]["Id"]
            cloudfront.delete_key_group(Id=of, IfMatch=cloudfront.get_key_group(Id=of)["ETag"])
        assert stack.invoke("SigningKeys", stack.event("signing-keys-create")).said is None


def answered(status: str, **data) -> Holds:
    """CloudFormation has got this answer."""

    def holds(stack: Stack, answer: Answer) -> None:
        assert answer.said is None
        told = stack.aws.told[stack.event("signing-keys-create")["RequestId"]]
        assert (told["Status"], told["PhysicalResourceId"]) == (status, "signing-keys"), told
        assert told["Data"].keys() == data.keys()
        groups = stack.client("cloudfront").list_key_groups()["KeyGroupList"].get("Items", [])
        assert [group["KeyGroup"]["Id"] for group in groups] == list(told["Data"].values())

    return holds


def entry(stack: Stack) -> dict | None:
    """What the edges know of the space `films`."""
    value = stack.aws.edges.values.get("films")
    return json.loads(value) if value else None


def at_edges(kind: str | None) -> Holds:
    """The edges know that `films` streams to these, or know nothing of it."""

    def holds(stack: Stack, _: Answer) -> None:
        found = entry(stack)
        assert (found["kind"] if found else None) == kind, found

    return holds


def lost(stack: Stack) -> None:
    """The edges have lost `films`, and know another space that does not stream."""
    del stack.aws.edges.values["films"]
    stack.aws.edges.values["songs"] = '{"kind":"open","generation":"0","origins":[]}'
    stack.aws.edges.version += 1


def ended(stack: Stack) -> None:
    """The streaming of `films` ends once the streaming function is told to end it."""

    def wait() -> None:
        while stack.aws.invocations.get(timeout=60).event != stack.event("streaming-end"):
            pass
        not_streamed(stack)

    stack.self_invocations()
    threading.Thread(target=wait, daemon=True).start()


def forgotten(distribution: str, *paths: str) -> Holds:
    """The edges are told to forget these."""

    def holds(stack: Stack, answer: Answer) -> None:
        assert answer.said == {"batchItemFailures": []}
        cloudfront, id = stack.client("cloudfront"), stack.template.ref(distribution)
        found = [
            set(cloudfront.get_invalidation(DistributionId=id, Id=made["Id"])["Invalidation"]["InvalidationBatch"]["Paths"]["Items"])
            for made in cloudfront.list_invalidations(DistributionId=id)["InvalidationList"]["Items"]
        ]
        assert set(paths) in found, found

    return holds


def half_uploaded(stack: Stack) -> None:
    """A multipart upload to `films` has begun."""
    stack.client("s3").create_multipart_upload(Bucket=stack.bucket, Key="films/large.mp4")


FILMS = [alice, no_films, "rest-create-space"]
SHARED = [*FILMS, "rest-share-space"]
STORED = [*SHARED, "rest-store"]
# The hosts, the beginning of URLs of `films` there, and the name of the key that signs.
OPEN_HOST, SECURE_HOST, KEY_ID = HOSTS["OpenDistribution"], HOSTS["SecureDistribution"], "K2JCJMDEHXQW5F"
OPEN_URL, SECURE_URL = f"https://{OPEN_HOST}/films/a%20b/hello.txt", f"https://{SECURE_HOST}/films~0/a%20b/hello.txt"
SIGNED = rf"&Signature=[\w~-]+&Key-Pair-Id={KEY_ID}&Hash-Algorithm=SHA256"
CHALLENGE = re.compile('Basic realm="[^"]+".*')
HELLO = b"hello\n"
MD5 = hashlib.md5(HELLO).hexdigest()
PART = re.compile(r"\{ t:npt 8\.007-20\.007/0-40\.008 \} = \{ bytes 49527-126187/269628 \}")
CUT = re.compile(r"t=npt:12\.48,20.*")

ROWS = [
    # S3
    Row("s3-put", "Indexer", [uploaded("demo/counter.mp4")], indexed("demo/counter.mp4")),
    Row("s3-copy", "Indexer", [copied], indexed("demo/copy.mp4")),
    Row("s3-multipart", "Indexer", [uploaded_in_parts], indexed("demo/parts.mp4")),
    Row("s3-post", "Indexer", [uploaded("demo/form.mp4")], indexed("demo/form.mp4")),
    Row("s3-encoded-key", "Indexer", [uploaded(f"demo/{LECTURE}")], indexed(f"demo/{LECTURE}")),
    Row("s3-no-media", "Indexer", [text_uploaded], not_indexed("demo/notes.txt", "CONTENT", "HEAD")),
    Row("s3-captions", "Indexer", [captions_uploaded], both(captioned("demo/counter"), not_indexed("demo/counter.en.vtt", "CONTENT", "HEAD"))),
    Row("s3-several", "Indexer", [deleted("demo/gone.mp4"), uploaded("demo/counter.mp4")], both(indexed("demo/counter.mp4"), not_indexed("demo/gone.mp4"))),
    Row("s3-delete", "Indexer", [deleted("demo/counter.mp4")], not_indexed("demo/counter.mp4")),
    Row("s3-delete-marker", "Indexer", [deleted("demo/marked.mp4")], not_indexed("demo/marked.mp4")),
    Row("indexer-go-on", "Indexer", [long_uploaded], both(begun("demo/long.ts"), invokes("indexer-go-on"))),
    Row("s3-test", "Indexer", [], says(None)),
    # Media, behind the HTTP API
    Row("http-original", "Fragments", [media], both(http(200, content_type="video/mp4", accept_ranges="bytes, t, track, id"), the("counter.mp4"))),
    Row("http-head", "Fragments", [media], http(200, b"", content_length=..., x_media_fragment=CUT)),
    Row("http-time", "Fragments", [media], http(200, content_type="video/mp4", x_media_fragment=CUT)),
    Row("http-smpte", "Fragments", [media], http(200, x_media_fragment=CUT)),
    Row("http-clock", "Fragments", [media], http(200, x_media_fragment=...)),
    Row("http-track", "Fragments", [media], http(200, content_type="audio/mp4", x_media_fragment=re.compile(".*track=.*"))),
    Row("http-tracks", "Fragments", [media], http(200, x_media_fragment=re.compile("t=npt:2,4&track=.*&track=.*"))),
    Row("http-time-track", "Fragments", [media], http(200, content_type="audio/mp4", x_media_fragment=CUT)),
    Row("http-chapter", "Fragments", [media], http(200, content_type="video/x-matroska", x_media_fragment=...)),
    Row("http-region", "Fragments", [media], both(http(200, x_media_fragment=None), the("counter.mp4"))),
    Row("http-hour", "Fragments", [media], http(200, content_type="audio/wav", x_media_fragment="t=npt:10,3480")),
    Row("http-encoded-path", "Fragments", [media], http(200, x_media_fragment=re.compile("t=npt:2,4&track=.*"))),
    Row("http-cookies", "Fragments", [media], http(200, x_media_fragment=CUT, set_cookie=None)),
    Row("http-range-bytes", "Fragments", [media], both(http(206, content_range=...), the("counter.mp4", 0, 65536))),
    Row("http-range-several", "Fragments", [media], http(206, content_type=re.compile("multipart/byteranges; boundary=.*"))),
    Row("http-range-time", "Fragments", [media], http(206, content_range_mapping=PART)),
    Row("http-range-smpte", "Fragments", [media], http(206, content_range_mapping=re.compile(r"\{ t:smpte-25 .* \}"))),
    Row("http-range-clock", "Fragments", [media], http(206, content_range_mapping=re.compile(r"\{ t:clock .* \}"))),
    Row("http-range-track", "Fragments", [media], http(206, content_range_mapping=re.compile(r"\{ t:npt .*;track audio \} = .*"))),
    Row("http-range-chapter", "Fragments", [media], http(206, content_range_mapping=re.compile(r"\{ .*id .*chapter-2.* \}"))),
    Row("http-range-setup", "Fragments", [media], http(206, content_range_mapping=re.compile(".*;include-setup.*"))),
    Row("http-range-redirect", "Fragments", [media], http(307, b"", location=..., range_redirect=re.compile(r"bytes \d+-.*"))),
    Row("http-time-range-bytes", "Fragments", [media], http(206, content_range="bytes 0-47981/47982")),
    Row("http-time-range-time", "Fragments", [media], http(206, content_range_mapping=re.compile(r"\{ t:npt .* \}"))),
    Row("http-range-behind-end", "Fragments", [media], http(416, re.compile("40.0"), content_range=re.compile(r"bytes \*/\d+"))),
    Row("http-behind-end", "Fragments", [media], http(404, re.compile("40"), content_type="application/problem+json")),
    Row("http-missing", "Fragments", [media], http(404, content_type="application/problem+json")),
    Row("http-not-modified", "Fragments", [media], http(304, b"", etag=...)),
    Row("http-preflight", "Fragments", [], http(200, b"", access_control_allow_origin="*", access_control_allow_headers=re.compile(".*range.*"))),
    Row("http-playlist", "Fragments", [media], http(200, re.compile('"src":"https://d111111abcdef8.cloudfront.net/demo/counter.mp4"'), content_type="application/json")),
    Row("http-validate", "Fragments", [media], http(200, content_type="application/json")),
    Row("http-validate-page", "Fragments", [media], http(200, re.compile("<html"), content_type=re.compile("text/html.*"))),
    Row("http-validate-preflight", "Fragments", [], http(200, b"", access_control_allow_origin="*")),
    # The player's pages
    Row("web-player", "Web", [media], built(http(200, re.compile('property="og:title" content="counter.mp4"'), content_security_policy=re.compile(".*script-src 'self'.*")))),
    Row("web-player-without-slash", "Web", [], http(308, location="/player/?src=%2Fmedia%2Fdemo%2Fcounter.mp4%23t%3D10%2C20")),
    Row("web-root", "Web", [], http(303, location="/console/")),
    Row("web-console-without-slash", "Web", [], http(303, location="/console/")),
    Row("web-console", "Web", [], built(http(200, re.compile("<script"), content_security_policy=re.compile(r".*connect-src 'self' .*https://reelspan-media-123456789012\.s3\.us-east-1\.amazonaws\.com.*frame-ancestors 'none'"), cache_control="no-cache"))),
    Row("web-console-missing", "Web", [], built(http(404, content_type="application/problem+json"))),
    Row("web-script", "Web", [], built(http(200, content_type=re.compile("text/javascript.*"), access_control_allow_origin="*", etag=...))),
    Row("web-oembed", "Web", [media], http(200, re.compile('"height":180.*"title":"counter.mp4".*"width":320'), content_type="application/json")),
    Row("web-oembed-missing", "Web", [media], http(404, content_type="application/problem+json")),
    Row("web-openapi", "Web", [], http(200, re.compile('"openapi":"3.1.1"'), content_type="application/json", access_control_allow_origin="*")),
    Row("http-health", "Fragments", [], http(204, b"")),
    # Media, behind the function URL
    Row("url-original", "FragmentsStream", [media], both(http(200), the("counter.mp4"))),
    Row("url-time", "FragmentsStream", [media], http(200, x_media_fragment=CUT)),
    Row("url-range-time", "FragmentsStream", [media], http(200, content_range_mapping=PART, x_reelspan_status="206")),
    Row("url-encoded-path", "FragmentsStream", [media], http(200, x_media_fragment=re.compile("t=npt:2,4&track=.*"))),
    Row("url-missing", "FragmentsStream", [media], http(404, content_type="application/problem+json")),
    Row("buffered-head", "FragmentsBuffered", [media], http(200, b"", content_length=..., x_media_fragment=CUT)),
    Row("buffered-range", "FragmentsBuffered", [media], http(206, content_range=re.compile(r"bytes 0-999/\d+"))),
    # The authorizer
    Row("authorizer-right", "Authorizer", [alice], passes_on(user="alice", role="owner", groups="curators")),
    Row("authorizer-first-admin", "Authorizer", [alice], passes_on(user=SECRET["username"], role="admin", groups="")),
    Row("authorizer-wrong", "Authorizer", [alice], passes_on(refused="401", why="user name or password is wrong")),
    Row("authorizer-unknown", "Authorizer", [alice], passes_on(refused="401", why="user name or password is wrong")),
    Row("authorizer-malformed", "Authorizer", [alice], passes_on(refused="401", why="the Authorization field is not of the Basic scheme")),
    Row("authorizer-nobody", "Authorizer", [alice], passes_on(refused="401", why="there are no credentials")),
    Row("authorizer-session", "Authorizer", [signed_in], passes_on(user="alice", role="owner", groups="curators")),
    Row("authorizer-session-forged", "Authorizer", [signed_in], passes_on(refused="403", why="the field X-Reelspan-CSRF does not have the token of this session, which GET /session says")),
    # Sessions and users
    Row("accounts-sign-in", "Accounts", [alice, not_guessed], both(begun_session, sessions(1))),
    Row("accounts-sign-in-wrong", "Accounts", [alice, not_guessed], both(http(401, www_authenticate=re.compile("Session .*"), content_type="application/problem+json"), sessions(0))),
    Row("accounts-session", "Accounts", [signed_in], http(200, re.compile('"csrf":"[^"]+","groups":\\["curators"\\],"name":"alice"'))),
    Row("accounts-sign-out", "Accounts", [signed_in], both(http(204, b""), sessions(0))),
    Row("accounts-users", "Accounts", [alice], http(200, re.compile('"name":"alice"'))),
    Row("accounts-put-user", "Accounts", [no_user("bob")], http(201, re.compile('"name":"bob"'))),
    Row("accounts-remove-user", "Accounts", [admins("carol", "dave")], http(204, b"")),
    # Administration
    Row("admin-put-space-quota", "Accounts", FILMS, http(200, re.compile('"objects":100000'))),
    Row("admin-put-user-quota", "Accounts", [alice], http(200, re.compile('"bytes":20000000000000'))),
    Row("admin-clear-user-quota", "Accounts", ["admin-put-user-quota"], http(200, re.compile('"bytes":null,"objects":null'))),
    Row("admin-quotas", "Accounts", [*FILMS, "admin-put-space-quota", quota("alice", objects=7)], both(http(200, re.compile('"id":"films","owner":"alice".*"name":"alice"')), lambda stack, _: quota("alice")(stack))),
    Row("admin-usage", "Accounts", STORED, http(200, re.compile('"objects":1,"owner":"alice"'))),
    Row("admin-report", "Accounts", STORED, http(200, re.compile('"what":"admins".*"what":"index".*"what":"streaming"'))),
    # The REST API
    Row("rest-stores", "SpacesApi", [], http(200, re.compile("storeProviderType|storageProviderAccounts"), content_type=re.compile(".*/xml.*"))),
    Row("rest-spaces", "SpacesApi", FILMS, http(200, re.compile('<space id="films"/>'))),
    Row("rest-tasks", "SpacesApi", [], http(200, re.compile("get-upload-url"))),
    Row("rest-create-space", "SpacesApi", [no_films], http(201, location=...)),
    Row("rest-refused", "SpacesApi", [no_films], both(http(401, "user name or password is wrong\n", www_authenticate=CHALLENGE), no_space)),
    Row("rest-share-space", "SpacesApi", FILMS, http(200, "Space films ACLs updated successfully")),
    Row("rest-acl", "SpacesApi", SHARED, http(200, b"", x_dura_meta_acl_group_public="READ", x_dura_meta_acl_group_curators="WRITE")),
    Row("rest-note-space", "SpacesApi", FILMS, http(200, "Space films updated successfully")),
    Row("rest-space-properties", "SpacesApi", STORED, http(200, b"", x_dura_meta_space_count="1")),
    Row("rest-store", "SpacesApi", SHARED, both(http(201, content_md5=MD5), objects("a b/hello.txt"))),
    Row("rest-store-full", "SpacesApi", [*SHARED, quota("films", objects=0)], both(http(413, re.compile('"limit":0.*"unit":"objects"'), content_type="application/problem+json"), objects())),
    Row("rest-store-binary", "SpacesApi", FILMS, http(201, content_md5=hashlib.md5(bytes(range(256))).hexdigest())),
    Row("rest-store-text", "SpacesApi", FILMS, http(201, content_md5=hashlib.md5("grüße, 你".encode()).hexdigest())),
    Row("rest-copy", "SpacesApi", STORED, both(http(201, content_md5=MD5), objects("a b/hello.txt", "copy.txt"))),
    Row("rest-get", "SpacesApi", STORED, http(200, HELLO, content_type="text/plain", x_dura_meta_color="green")),
    Row("rest-get-by-whom", "SpacesApi", STORED, http(200, HELLO)),
    Row("rest-get-unknown", "SpacesApi", STORED, http(401, www_authenticate=CHALLENGE)),
    Row("rest-get-binary", "SpacesApi", [*FILMS, "rest-store-binary"], http(206, bytes(range(128, 256)), content_range="bytes 128-255/256")),
    Row("rest-head", "SpacesApi", STORED, http(200, b"", content_md5=MD5, content_length="6")),
    Row("rest-note", "SpacesApi", STORED, http(200, "Content a b/hello.txt updated successfully")),
    Row("rest-list", "SpacesApi", STORED, http(200, '<space id="films"><item>a b/hello.txt</item></space>')),
    Row("rest-list-json", "SpacesApi", STORED, http(200, re.compile(r'"id":"a b/hello.txt","index":\{"status":"waiting"\},"md5":"' + MD5), content_type="application/json")),
    Row("rest-list-by-session", "SpacesApi", [*FILMS, signed_in], http(200, re.compile('"contents":'), content_type="application/json")),
    Row("rest-large", "SpacesApi", FILMS, http(307, location=re.compile("http.*X-Amz-Signature=.*"))),
    Row("rest-upload-url", "SpacesApi", FILMS, http(200, re.compile("X-Amz-Signature="))),
    Row("rest-upload-parts", "SpacesApi", FILMS, http(404, re.compile("there is no upload"))),
    Row("rest-abort-upload", "SpacesApi", FILMS, http(200, re.compile("The upload of content lecture.mp4 is aborted"))),
    Row("rest-delete", "SpacesApi", STORED, both(http(200, "Content a b/hello.txt deleted successfully"), objects())),
    Row("rest-delete-space", "SpacesApi", STORED, both(http(200, "Space films deleted successfully"), invokes("space-delete"))),
    Row("space-delete", "SpacesApi", [*STORED, half_uploaded, "rest-delete-space"], both(says(None), objects())),
    # Signing
    Row("signing-url", "SigningApi", [*STORED, streams("films", "OPEN")], http(200, json.dumps({"streamUrl": OPEN_URL}, separators=(",", ":")))),
    Row("signing-url-hls", "SigningApi", [*STORED, streams("films", "OPEN")], http(200, re.compile(OPEN_URL))),
    Row("signing-signed-url", "SigningApi", [*STORED, streams("films", "SECURE"), signing_key], http(200, re.compile(rf"{SECURE_URL}\?Policy=[\w~-]+{SIGNED}"))),
    Row("signing-excerpt", "SigningApi", [media, streams("demo", "SECURE"), signing_key], http(200, re.compile(rf"/counter\.mp4\?t=12\.48,20&track=audio&Expires=\d+{SIGNED}"))),
    Row("signing-signed-cookies-url", "SigningApi", [*STORED, streams("films", "SECURE"), signing_key], http(200, re.compile(rf"https://{SECURE_HOST}/~/cookies\?token=[\w~-]+\.{KEY_ID}\.[\w~-]+"))),
    Row("cookies-refused", "Cookies", [signing_key], http(403, re.compile("signature"), content_type="application/problem+json", set_cookie=None)),
    # Streaming
    Row("signing-keys-create", "SigningKeys", [key_made], answered("SUCCESS", KeyGroup=...)),
    Row("signing-keys-update", "SigningKeys", [key_made], answered("SUCCESS", KeyGroup=...)),
    Row("streaming-enable", "StreamingApi", [*FILMS, not_streamed], both(http(200, re.compile(f"{OPEN_HOST}/films")), at_edges("open"))),
    Row("streaming-disable", "StreamingApi", [*FILMS, not_streamed, "streaming-enable"], both(http(200, re.compile("is off")), at_edges(None))),
    Row("streaming-enable-secure", "StreamingApi", [*FILMS, not_streamed], both(http(200, re.compile(f"{SECURE_HOST}/films~")), at_edges("secure"))),
    Row("streaming-rotate", "StreamingApi", [key_made], http(200, re.compile("sign"))),
    Row("streaming-delete", "StreamingApi", [*FILMS, not_streamed, "streaming-enable"], both(http(200, re.compile("is deleted")), at_edges(None))),
    Row("streaming-enable-hls", "StreamingApi", [*FILMS, not_streamed], http(200, re.compile(OPEN_HOST))),
    Row("streaming-disable-hls", "StreamingApi", [*FILMS, not_streamed, "streaming-enable"], http(200, re.compile("is off"))),
    Row("streaming-delete-hls", "StreamingApi", [*FILMS, not_streamed, "streaming-enable"], http(200, re.compile("is deleted"))),
    Row("streaming-end", "StreamingApi", [*FILMS, not_streamed, "streaming-enable", "rest-delete-space"], both(says(None), at_edges(None))),
    Row("streaming-reconcile", "StreamingApi", [*FILMS, not_streamed, "streaming-enable", lost], both(says(None), at_edges("open"))),
    Row("forget-replaced", "Forget", [*FILMS, streams("films", "OPEN")], forgotten("OpenDistribution", "/films/a%20b/hello.txt*", "/films/a~20b/hello.txt*")),
    Row("forget-captions", "Forget", [*FILMS, streams("films", "OPEN")], forgotten("OpenDistribution", "/films/a%20b/hello*", "/films/a~20b/hello*")),
    Row("forget-removed", "Forget", [*FILMS, streams("films", "SECURE")], forgotten("SecureDistribution", "/films~0/a%20b/hello.txt*", "/films/a%20b/hello.txt*", "/films/a~20b/hello.txt*", "/films~0/Lecture%20%233*", "/films/Lecture%20%233%2C%20%C3%A4%2Bb.mp4*", "/films/Lecture~20~233~2C~20~C3~A4~2Bb.mp4*")),
    Row("signing-keys-delete", "SigningKeys", [key_made], answered("SUCCESS")),
]  # fmt: skip

# Events for exceptional situations.
IN_NEED = [
    Row("space-delete", "SpacesApi", [*STORED, not_streamed, "streaming-enable", "rest-delete-space", ended], both(says(None), objects(), no_space)),
]  # fmt: skip

FUNCTIONS = {row.event: row.function for row in ROWS}


def prepare(stack: Stack, row: Row) -> None:
    """Establishes the preconditions."""
    for before in row.before:
        if isinstance(before, str):
            answer = stack.invoke(FUNCTIONS[before], stack.event(before))
            assert answer.status in (200, 201), answer.said
        else:
            before(stack)


def run(stack: Stack, row: Row) -> None:
    """Invokes the function with the row's event, and checks the result."""
    prepare(stack, row)
    answer = stack.invoke(row.function, stack.event(row.event))
    assert not isinstance(answer.said, dict) or "errorMessage" not in answer.said, answer.said
    row.holds(stack, answer)
    stack.done.add(row.event)


def run_all(stack: Stack) -> None:
    """Ensures that every row has been run."""
    for row in ROWS:
        if row.event not in stack.done:
            run(stack, row)
