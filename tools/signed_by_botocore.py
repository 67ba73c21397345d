"""Writes `tests/cloudfront/signed_by_botocore.json`: the results of botocore's CloudFrontSigner for a table of inputs,
with an RSA key, whose signatures are always the same. The key is only for this.

    python tools/signed_by_botocore.py
"""

import base64
import datetime
import itertools
import json
import pathlib

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

FILE = pathlib.Path(__file__).resolve().parent.parent / "tests" / "cloudfront" / "signed_by_botocore.json"
KEY_ID = "K2JCJMDEHXQW5F"

URLS = [
    "https://d111111abcdef8.cloudfront.net/lecture.mp4",
    "https://d111111abcdef8.cloudfront.net/lecture.mp4?t=620,655",
    "https://d111111abcdef8.cloudfront.net/lecture.mp4?t=620,655&track=audio&id=chapter%202",
    "https://d111111abcdef8.cloudfront.net/%C3%A4%20%2A/%22quoted%22%20%2523.webm",
    "http://127.0.0.1:8080/stream/films/a.mp3",
]
UNTIL = [1459879151, 4102444800]
SINCE = [None, 1459870000]
ADDRESSES = [None, "192.0.2.7", "192.0.2.0/24"]


def key() -> rsa.RSAPrivateKey:
    """The key in the file, so that its signatures do not change."""
    if FILE.exists():
        return serialization.load_der_private_key(base64.b64decode(json.loads(FILE.read_text())["pkcs8"]), None)
    return rsa.generate_private_key(65537, 2048)


def instant(seconds: int | None) -> datetime.datetime | None:
    return None if seconds is None else datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def main() -> None:
    private = key()
    signer = CloudFrontSigner(KEY_ID, lambda message: private.sign(message, padding.PKCS1v15(), hashes.SHA256()))
    cases = []
    for url, until, since, address in itertools.product(URLS, UNTIL, SINCE, ADDRESSES):
        policy = signer.build_policy(url, instant(until), instant(since), address)
        if since is None and address is None:
            signed = signer.generate_presigned_url(url, date_less_than=instant(until))
        else:
            signed = signer.generate_presigned_url(url, policy=policy)
        cases.append({"url": url, "until": until, "since": since, "address": address, "policy": policy, "signed": signed})
    wildcard = "https://d111111abcdef8.cloudfront.net/*"
    policy = signer.build_policy(wildcard, instant(UNTIL[0]))
    signed = signer.generate_presigned_url(URLS[0], policy=policy)
    cases.append(
        {"url": URLS[0], "resource": wildcard, "until": UNTIL[0], "since": None, "address": None, "policy": policy, "signed": signed}
    )
    pkcs8 = private.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    made = {"keyId": KEY_ID, "pkcs8": base64.b64encode(pkcs8).decode(), "public": public.decode(), "cases": cases}
    FILE.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
