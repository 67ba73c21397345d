"""The signing function as Lambda runs it, with keys of both kinds that CloudFront accepts: it signs the same as
botocore, and OpenSSL verifies it."""

import base64
import datetime
import json
import subprocess
import time
import urllib.parse

import pytest
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import server as servers
from cloud import make_table
from emulator import emulated
from server import CHATTY

BUCKET, KEY_ID = "media", "K2JCJMDEHXQW5F"
OPEN, SECURE = "d111111abcdef8.cloudfront.net", "d222222abcdef8.cloudfront.net"
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
PUBLIC = serialization.PublicFormat.SubjectPublicKeyInfo
FILES = ["lecture.mp4", "a b/ä *#%.mp3", "audiofile.mp3"]


class Signing:
    """The function that signs, called by alice, who may read both spaces, and the one that sets cookies."""

    def __init__(self, invoke, cookies, key, secret: str, log):
        self.invoke, self.cookies, self.key, self.log = invoke, cookies, key, log
        self.secrets = [secret]
        """Must not appear in a log."""

    def http(self, method: str, path: str, query: str = "", body: str = "") -> dict:
        """The function's answer behind API Gateway, whose authorizer knows alice."""
        caller = {"lambda": {"user": "alice", "role": "user", "groups": ""}}
        http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test"}
        context = {
            "accountId": "123456789012", "apiId": "a", "authorizer": caller, "domainName": "a.execute-api.eu-west-1.amazonaws.com",
            "domainPrefix": "a", "http": http, "requestId": "a", "routeKey": "$default", "stage": "$default",
            "time": "09/Oct/2025:14:12:00 +0000", "timeEpoch": 1760019120003,
        }  # fmt: skip
        event = {"version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": {"host": "a"}}
        invoke = self.cookies if path == "/~/cookies" else self.invoke
        return invoke(event | {"requestContext": context, "body": body, "isBase64Encoded": False}).json()

    def task(self, name: str, **body) -> tuple[int, str]:
        answer = self.http("POST", f"/durastore/task/{name}", body=json.dumps(body))
        text = answer.get("body") or ""
        return answer["statusCode"], base64.b64decode(text).decode() if answer["isBase64Encoded"] else text

    def given(self, task: str, **body) -> str:
        status, text = self.task(task, **body)
        assert status == 200, text
        [url] = json.loads(text).values()
        self.secrets += [value for name, value in parts(url).items() if name in ("Policy", "Signature", "token")]
        return url


@pytest.fixture(scope="module")
def stores(boto):
    dynamodb, s3 = boto("dynamodb"), boto("s3")
    for table, partition, sort in [("Spaces", "space", None), ("Users", "user", None), ("ContainerIndex", "media", "page")]:
        make_table(dynamodb, table, partition, sort)
    s3.create_bucket(Bucket=BUCKET)
    for space, kind in [("open", "OPEN"), ("secure", "SECURE")]:
        streaming = {"type": {"S": kind}, "status": {"S": "on"}, "origins": {"L": [{"S": "https://example.org"}]}, "version": {"N": "0"}}
        streaming |= {"generation": {"S": "7"}, "deployed": {"BOOL": True}}
        item = {"space": {"S": space}, "created": {"N": "0"}, "properties": {"M": {}}, "state": {"S": "live"}}
        item |= {"acl": {"M": {"acl-alice": {"S": "READ"}}}, "streaming": {"M": streaming}}
        dynamodb.put_item(TableName="Spaces", Item=item)
        for name in FILES:
            s3.put_object(Bucket=BUCKET, Key=f"{space}/{name}", Body=b"media")


@pytest.fixture(scope="module", params=["ecdsa", "rsa"])
def signing(request, stores, moto, boto, root, tmp_path_factory):
    key = ec.generate_private_key(ec.SECP256R1()) if request.param == "ecdsa" else rsa.generate_private_key(65537, 2048)
    pkcs8 = key.private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret = json.dumps({"keyId": KEY_ID, "pkcs8": base64.b64encode(pkcs8).decode()})
    made = boto("secretsmanager").create_secret(Name=f"signing-{request.param}", SecretString=secret)
    trusted = {"id": {"S": KEY_ID}, "public": {"B": key.public_key().public_bytes(DER, PUBLIC)}}
    shared = {"space": {"S": "*"}, "keys": {"L": [{"M": trusted}]}, "made": {"M": {}}, "version": {"N": "1"}}
    boto("dynamodb").put_item(TableName="Spaces", Item=shared)
    variables = {"MEDIA_BUCKET": BUCKET, "INDEX_TABLE": "ContainerIndex", "SPACES_TABLE": "Spaces", "USERS_TABLE": "Users"}
    variables |= {"SIGNING_SECRET": made["ARN"], "RUST_LOG": CHATTY}
    hosts = {"OPEN_HOST": OPEN, "SECURE_HOST": SECURE}
    path = tmp_path_factory.mktemp("signing") / "log"
    with (
        path.open("wb") as log,
        emulated(servers.built(root, "signing"), moto, log, **variables, **hosts) as invoke,
        emulated(servers.built(root, "cookies"), moto, log, **variables) as cookies,
    ):
        yield Signing(invoke, cookies, key, base64.b64encode(pkcs8).decode(), path)


def parts(url: str) -> dict[str, str]:
    """The parameters of a URL, each of which occurs once."""
    pairs = [pair.split("=", 1) for pair in url.partition("?")[2].split("&") if pair]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def decoded(text: str) -> bytes:
    return base64.b64decode(text.translate(str.maketrans("-_~", "+=/")), validate=True)


def verified(folder, key, policy: bytes, signature: str) -> None:
    """OpenSSL says so."""
    (folder / "public.pem").write_bytes(key.public_key().public_bytes(PEM, PUBLIC))
    (folder / "policy").write_bytes(policy)
    (folder / "signature").write_bytes(decoded(signature))
    command = ["openssl", "dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "policy"]
    done = subprocess.run(command, cwd=folder, capture_output=True)
    assert done.stdout == b"Verified OK\n", done.stderr


# The body of the request, besides the space.
ASKED = [
    {"contentId": "lecture.mp4"},
    {"contentId": "lecture", "minutesToExpire": "1"},
    {"contentId": "a b/ä *#%.mp3", "minutesToExpire": 10080},
    {"contentId": "audiofile", "resourcePrefix": "mp3:", "ipAddress": "192.0.2.7"},
    {"contentId": "lecture.mp4", "ipAddress": "192.0.2.0/24", "minutesToExpire": 30},
]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_a_signed_url_is_that_of_botocore_and_openssl_verifies_it(signing, tmp_path, asked):
    begun = int(time.time())
    signed = signing.given("get-signed-url", spaceId="secure", **asked)
    found, url = parts(signed), signed.partition("?")[0]
    stored = next(name for name in FILES if name.startswith(asked["contentId"]))
    assert url == f"https://{SECURE}/secure~7/{urllib.parse.quote(stored)}"

    # ECDSA signatures differ each time, so botocore is given the existing one.
    botocore = CloudFrontSigner(KEY_ID, lambda policy: decoded(found["Signature"]))
    if address := asked.get("ipAddress"):
        policy = decoded(found["Policy"]).decode()
        until = json.loads(policy)["Statement"][0]["Condition"]["DateLessThan"]["AWS:EpochTime"]
        assert policy == botocore.build_policy(url, instant(until), ip_address=address)
        theirs = botocore.generate_presigned_url(url, policy=policy)
    else:
        until = int(found["Expires"])
        policy = botocore.build_policy(url, instant(until))
        theirs = botocore.generate_presigned_url(url, date_less_than=instant(until))
    assert signed == f"{theirs}&Hash-Algorithm=SHA256"
    assert 0 <= until - begun - 60 * int(asked.get("minutesToExpire", 480)) <= 60
    verified(tmp_path, signing.key, policy.encode(), found["Signature"])


def instant(seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def test_a_cookies_url_sets_cookies_that_openssl_verifies(signing, tmp_path):
    page = "https://example.org/watch?film=1"
    url = signing.given("get-signed-cookies-url", spaceId="secure", redirectUrl=page, minutesToExpire=5, ipAddress="192.0.2.7")
    query = url.removeprefix(f"https://{SECURE}/~/cookies?")
    assert query != url
    answer = signing.http("GET", "/~/cookies", query)
    assert (answer["statusCode"], answer["headers"]["location"]) == (303, page)
    cookies = dict(cookie.partition(";")[0].split("=", 1) for cookie in answer["cookies"])
    assert all(cookie.endswith("; Path=/secure~7; Secure; HttpOnly; SameSite=None") for cookie in answer["cookies"])
    assert (cookies["CloudFront-Key-Pair-Id"], cookies["CloudFront-Hash-Algorithm"]) == (KEY_ID, "SHA256")
    policy = decoded(cookies["CloudFront-Policy"])
    [statement] = json.loads(policy)["Statement"]
    assert statement["Resource"] == f"https://{SECURE}/secure~7/*"
    assert statement["Condition"]["IpAddress"] == {"AWS:SourceIp": "192.0.2.7/32"}
    verified(tmp_path, signing.key, policy, cookies["CloudFront-Signature"])
    signing.secrets += [cookies["CloudFront-Policy"], cookies["CloudFront-Signature"]]

    refused = signing.http("GET", "/~/cookies", query.replace("token=", "token=A"))
    assert (refused["statusCode"], refused["headers"]["content-type"]) == (403, "application/problem+json")


def test_a_cookies_url_leads_to_allowed_origins_and_the_server_alone(signing):
    for page, status in [
        ("https://example.org/watch", 200),
        (f"https://{SECURE}/secure~7/lecture.mp4", 200),
        ("https://a.execute-api.eu-west-1.amazonaws.com/validate", 200),
        ("https://evil.example/", 400),
        ("https://example.org.evil.example/", 400),
        ("http://example.org/watch", 400),
    ]:
        found, text = signing.task("get-signed-cookies-url", spaceId="secure", redirectUrl=page)
        assert found == status, (page, text)
        assert status == 200 or "allowedOrigins" in text
        signing.secrets += [parts(json.loads(text)["signedCookiesUrl"])["token"]] if status == 200 else []


def test_an_open_space_has_urls_without_a_signature(signing):
    for task, below in [("get-url", ""), ("get-url-hls", "/~/master.m3u8")]:
        url = signing.given(task, spaceId="open", contentId="audiofile", resourcePrefix="mp3:")
        assert url == f"https://{OPEN}/open/audiofile.mp3{below}"
    status, text = signing.task("get-signed-url", spaceId="open", contentId="lecture.mp4")
    assert status == 400 and "get-url" in text
    status, text = signing.task("get-url", spaceId="secure", contentId="lecture.mp4")
    assert status == 400 and "get-signed-url" in text


def test_what_is_no_route_or_method_is_a_problem(signing):
    for method, path, status in [("GET", "/", 404), ("POST", "/~/cookies", 405), ("GET", "/durastore/task/get-url", 405)]:
        answer = signing.http(method, path)
        assert (answer["statusCode"], answer["headers"]["content-type"]) == (status, "application/problem+json")


def test_nothing_that_opens_anything_is_logged(signing):
    signing.given("get-signed-url", spaceId="secure", contentId="lecture.mp4", ipAddress="192.0.2.7")
    log = signing.log.read_text()
    assert "get-signed-url" in log and "lecture.mp4" in log
    assert len(signing.secrets) > 1
    assert not [secret for secret in signing.secrets if secret in log]
