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
from collections.abc import Callable
from typing import NamedTuple

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import emulator
import server as servers
from stack import SECRET, Answer, Stack

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
            assert pages(stack, key) > {"HEAD"}, key

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


def no_films(stack: Stack) -> None:
    """There is no space `films`, and nothing in it."""
    stack.self_invocations()
    s3, prefix = stack.client("s3"), {"Bucket": stack.bucket, "Prefix": "films/"}
    for item in s3.list_objects_v2(**prefix).get("Contents", []):
        s3.delete_object(Bucket=stack.bucket, Key=item["Key"])
    for upload in s3.list_multipart_uploads(**prefix).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=stack.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    stack.client("dynamodb").delete_item(TableName=stack.template.ref("Spaces"), Key={"space": {"S": "films"}})


def streams(space: str, kind: str) -> Before:
    """A space that alice may read streams openly (`OPEN`) or securely (`SECURE`)."""
    return lambda stack: stack.streams(space, kind, host=VIEWED, reader="alice")


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


def no_key(stack: Stack) -> None:
    """There is no signing key, and no record of the resources that all distributions share, though they exist."""
    stack.client("dynamodb").delete_item(TableName=stack.template.ref("Spaces"), Key={"space": {"S": "*"}})
    secret = stack.environment("StreamingApi")["SIGNING_SECRET"]
    stack.client("secretsmanager").put_secret_value(SecretId=secret, SecretString="{}")


def newest(stack: Stack) -> dict:
    """The distribution of the space `films`."""
    item = stack.client("dynamodb").get_item(TableName=stack.template.ref("Spaces"), Key={"space": {"S": "films"}})["Item"]
    return stack.client("cloudfront").get_distribution(Id=item["streaming"]["M"]["distribution"]["S"])


def distributed(secure: bool) -> Holds:
    """The distribution, read back from CloudFront, has every field that the space `films` wants."""

    def holds(stack: Stack, _: Answer) -> None:
        config = newest(stack)["Distribution"]["DistributionConfig"]
        settings = stack.environment("StreamingApi")
        host = lambda name: re.sub(r"^https://|/$", "", settings[name])  # noqa: E731
        origins = {origin["Id"]: (origin["DomainName"], origin.get("OriginPath", "")) for origin in config["Origins"]["Items"]}
        media, default = (settings["MEDIA_DOMAIN"], "/films"), config["DefaultCacheBehavior"]
        assert origins == {"media": media, "fragments": (host("FRAGMENTS_URL"), "/media/films"), "cookies": (host("COOKIES_URL"), "")}
        assert all(origin["OriginAccessControlId"] for origin in config["Origins"]["Items"])
        assert (config["Enabled"], config["HttpVersion"], config["IsIPV6Enabled"]) == (True, "http2and3", not secure)
        assert config["PriceClass"] == settings["PRICE_CLASS"]
        assert (default["TargetOriginId"], default["ViewerProtocolPolicy"], default["Compress"]) == ("media", "https-only", False)
        assert sorted(default["AllowedMethods"]["Items"]) == ["GET", "HEAD", "OPTIONS"]
        assert all(default[f"{policy}PolicyId"] for policy in ("Cache", "OriginRequest", "ResponseHeaders"))
        [function] = default["FunctionAssociations"]["Items"]
        assert function["EventType"] == "viewer-request"
        trusted = default["TrustedKeyGroups"]
        assert (trusted["Enabled"], len(trusted.get("Items", []))) == (secure, int(secure))
        [cookies] = config["CacheBehaviors"]["Items"]
        assert (cookies["PathPattern"], cookies["TargetOriginId"], cookies["TrustedKeyGroups"]["Enabled"]) == ("/cookies", "cookies", False)

    return holds


def at_edges(stack: Stack) -> None:
    """CloudFront has brought the distribution to all edges."""
    while newest(stack)["Distribution"]["Status"] != "Deployed":
        pass


def disabled(stack: Stack) -> None:
    """The state after an earlier invocation: the next need not wait."""
    found = newest(stack)
    config = found["Distribution"]["DistributionConfig"] | {"Enabled": False}
    stack.client("cloudfront").update_distribution(Id=found["Distribution"]["Id"], IfMatch=found["ETag"], DistributionConfig=config)
    stack.self_invocations()


def not_noted(stack: Stack) -> None:
    """The process that created the distribution of `films` died before it was recorded."""
    stack.client("dynamodb").update_item(
        TableName=stack.template.ref("Spaces"),
        Key={"space": {"S": "films"}},
        UpdateExpression="REMOVE streaming.distribution, streaming.host",
    )


def taken_away(stack: Stack) -> None:
    """The distribution of `films` is deleted once a function is told to continue."""

    def wait() -> None:
        while stack.aws.invocations.get(timeout=60).event != stack.event("streaming-tend"):
            pass
        not_streamed(stack)

    stack.self_invocations()
    threading.Thread(target=wait, daemon=True).start()


def forgotten(*paths: str) -> Holds:
    """The edges of `films` are told to drop these."""

    def holds(stack: Stack, _: Answer) -> None:
        cloudfront, id = stack.client("cloudfront"), newest(stack)["Distribution"]["Id"]
        [made] = cloudfront.list_invalidations(DistributionId=id)["InvalidationList"]["Items"]
        batch = cloudfront.get_invalidation(DistributionId=id, Id=made["Id"])["Invalidation"]["InvalidationBatch"]
        assert set(batch["Paths"]["Items"]) == set(paths)

    return holds


def half_uploaded(stack: Stack) -> None:
    """A multipart upload to `films` has begun."""
    stack.client("s3").create_multipart_upload(Bucket=stack.bucket, Key="films/large.mp4")


FILMS = [alice, no_films, "rest-create-space"]
SHARED = [*FILMS, "rest-share-space"]
STORED = [*SHARED, "rest-store"]
# The streaming host, and the name of the key that signs for it.
VIEWED, KEY_ID = "d111111abcdef8.cloudfront.net", "K2JCJMDEHXQW5F"
HELLO_URL = f"https://{VIEWED}/a%20b/hello.txt"
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
    Row("s3-no-media", "Indexer", [text_uploaded], not_indexed("demo/notes.txt", "HEAD")),
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
    Row("http-validate", "Fragments", [media], http(200, content_type="application/json")),
    Row("http-validate-page", "Fragments", [media], http(200, re.compile("<html"), content_type=re.compile("text/html.*"))),
    Row("http-validate-preflight", "Fragments", [], http(200, b"", access_control_allow_origin="*")),
    Row("http-health", "Fragments", [], http(204, b"")),
    # Media, behind the function URL
    Row("url-original", "FragmentsStream", [media], both(http(200), the("counter.mp4"))),
    Row("url-head", "FragmentsStream", [media], http(200, b"", x_media_fragment=CUT)),
    Row("url-time", "FragmentsStream", [media], http(200, x_media_fragment=CUT)),
    Row("url-range-time", "FragmentsStream", [media], http(206, content_range_mapping=PART)),
    Row("url-encoded-path", "FragmentsStream", [media], http(200, x_media_fragment=re.compile("t=npt:2,4&track=.*"))),
    Row("url-missing", "FragmentsStream", [media], http(404, content_type="application/problem+json")),
    # The authorizer
    Row("authorizer-right", "Authorizer", [alice], passes_on(user="alice", role="owner", groups="curators")),
    Row("authorizer-first-admin", "Authorizer", [alice], passes_on(user=SECRET["username"], role="admin", groups="")),
    Row("authorizer-wrong", "Authorizer", [alice], passes_on(refused="401", why="user name or password is wrong")),
    Row("authorizer-unknown", "Authorizer", [alice], passes_on(refused="401", why="user name or password is wrong")),
    Row("authorizer-malformed", "Authorizer", [alice], passes_on(refused="401", why="the Authorization field is not of the Basic scheme")),
    Row("authorizer-nobody", "Authorizer", [alice], passes_on(refused="401", why="there are no credentials")),
    # The REST API
    Row("rest-stores", "SpacesApi", [], http(200, re.compile("storeProviderType|storageProviderAccounts"), content_type=re.compile(".*/xml.*"))),
    Row("rest-spaces", "SpacesApi", FILMS, http(200, re.compile('<space id="films"/>'))),
    Row("rest-tasks", "SpacesApi", [], http(200, re.compile("get-upload-url"))),
    Row("rest-create-space", "SpacesApi", [no_films], http(201, location=...)),
    Row("rest-refused", "SpacesApi", [no_films], both(http(401, "user name or password is wrong\n", www_authenticate=CHALLENGE), no_space)),
    Row("rest-share-space", "SpacesApi", FILMS, http(200, "Space films ACLs updated successfully")),
    Row("rest-acl", "SpacesApi", SHARED, http(200, b"", x_dura_meta_acl_group_public="READ", x_dura_meta_acl_group_curators="WRITE")),
    Row("rest-space-properties", "SpacesApi", STORED, http(200, b"", x_dura_meta_space_count="1")),
    Row("rest-store", "SpacesApi", SHARED, both(http(201, content_md5=MD5), objects("a b/hello.txt"))),
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
    Row("rest-large", "SpacesApi", FILMS, http(307, location=re.compile("http.*X-Amz-Signature=.*"))),
    Row("rest-upload-url", "SpacesApi", FILMS, http(200, re.compile("X-Amz-Signature="))),
    Row("rest-delete", "SpacesApi", STORED, both(http(200, "Content a b/hello.txt deleted successfully"), objects())),
    Row("rest-delete-space", "SpacesApi", STORED, both(http(200, "Space films deleted successfully"), invokes("space-delete"))),
    Row("space-delete", "SpacesApi", [*STORED, half_uploaded, "rest-delete-space"], both(says(None), objects())),
    # Signing
    Row("signing-url", "SigningApi", [*STORED, streams("films", "OPEN")], http(200, json.dumps({"streamUrl": HELLO_URL}, separators=(",", ":")))),
    Row("signing-url-hls", "SigningApi", [*STORED, streams("films", "OPEN")], http(200, re.compile(HELLO_URL))),
    Row("signing-signed-url", "SigningApi", [*STORED, streams("films", "SECURE"), signing_key], http(200, re.compile(rf"{HELLO_URL}\?Policy=[\w~-]+{SIGNED}"))),
    Row("signing-excerpt", "SigningApi", [media, streams("demo", "SECURE"), signing_key], http(200, re.compile(rf"/counter\.mp4\?t=12\.48,20&track=audio&Expires=\d+{SIGNED}"))),
    Row("signing-signed-cookies-url", "SigningApi", [*STORED, streams("films", "SECURE"), signing_key], http(200, re.compile(rf"https://{VIEWED}/cookies\?token=[\w~-]+\.{KEY_ID}\.[\w~-]+"))),
    Row("signing-cookies", "SigningApi", [signing_key], http(403, re.compile("signature"), content_type="application/problem+json", set_cookie=None)),
    # Streaming: moto's CloudFront has finished by the second look.
    Row("streaming-enable", "StreamingApi", [*FILMS, not_streamed], both(http(200, re.compile("cloudfront.net")), invokes("streaming-tend"), distributed(secure=False))),
    Row("streaming-disable", "StreamingApi", [*FILMS, not_streamed, "streaming-enable"], both(http(200, re.compile("is off")), invokes("streaming-tend"))),
    Row("streaming-changed", "StreamingApi", [*FILMS, not_streamed, "streaming-enable"], both(says(None), forgotten("/a%20b/hello.txt*"))),
    Row("streaming-gone", "StreamingApi", [*FILMS, not_streamed, "streaming-enable"], both(says(None), forgotten("/a%20b/hello.txt*", "/Lecture%20%233*"))),
    Row("streaming-enable-secure", "StreamingApi", [*FILMS, not_streamed, no_key], both(http(200, re.compile("cloudfront.net")), invokes("streaming-tend"), distributed(secure=True))),
    Row("streaming-rotate", "StreamingApi", FILMS, http(200, re.compile("signs now"))),
    Row("streaming-delete", "StreamingApi", [*FILMS, not_streamed, "streaming-enable"], both(http(200, re.compile("is deleted")), invokes("streaming-tend"))),
    Row("streaming-enable-hls", "StreamingApi", [*FILMS, not_streamed], http(200, re.compile("cloudfront.net"))),
    Row("streaming-disable-hls", "StreamingApi", [*FILMS, not_streamed, "streaming-enable"], http(200, re.compile("is off"))),
    Row("streaming-delete-hls", "StreamingApi", [*FILMS, not_streamed, "streaming-enable"], http(200, re.compile("is deleted"))),
    Row("streaming-tend", "StreamingApi", [*FILMS, not_streamed, "streaming-enable", at_edges, "streaming-delete", disabled], says(None)),
]  # fmt: skip

# Events for exceptional situations.
IN_NEED = [
    Row("streaming-tend", "StreamingApi", [*FILMS, not_streamed, "streaming-enable", at_edges, disabled, not_noted, "streaming-delete"], says(None)),
    Row("space-delete", "SpacesApi", [*STORED, not_streamed, "streaming-enable", "rest-delete-space", taken_away], both(says(None), objects(), no_space)),
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
