"""CloudFront's signatures, created with independent code: OpenSSL, through `cryptography`."""

import base64
import dataclasses
import json
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

HOUR = 3600


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode().translate(str.maketrans("+=/", "-_~"))


def policy(resource: str, until: int | None = None, since: int | None = None, address: str | None = None) -> str:
    condition = {"DateLessThan": {"AWS:EpochTime": until or soon()}}
    if address:
        condition["IpAddress"] = {"AWS:SourceIp": address}
    if since is not None:
        condition["DateGreaterThan"] = {"AWS:EpochTime": since}
    return json.dumps({"Statement": [{"Resource": resource, "Condition": condition}]}, separators=(",", ":"))


def soon() -> int:
    return int(time.time()) + HOUR


@dataclasses.dataclass
class Signer:
    """A private key, and its id in CloudFront."""

    key_id: str
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

    @classmethod
    def made(cls, key_id: str) -> "Signer":
        return cls(key_id, ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def kept(cls, secret: str) -> "Signer":
        """The service's key, from its secret."""
        read = json.loads(secret)
        return cls(read["keyId"], serialization.load_der_private_key(base64.b64decode(read["pkcs8"]), None))

    def public(self) -> bytes:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.DER, form)

    def signed(self, text: str) -> str:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return encoded(self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))
        return encoded(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))

    def canned(self, resource: str, until: int | None = None) -> dict[str, str]:
        until = until or soon()
        return {"Expires": str(until)} | self.rest(policy(resource, until))

    def custom(self, resource: str, **limits) -> dict[str, str]:
        return self.of(policy(resource, **limits))

    def of(self, text: str) -> dict[str, str]:
        """The parts for this text in place of a policy."""
        return {"Policy": encoded(text.encode())} | self.rest(text)

    def rest(self, text: str) -> dict[str, str]:
        return {"Signature": self.signed(text), "Key-Pair-Id": self.key_id, "Hash-Algorithm": "SHA256"}


def query(parts: dict[str, str], before: str = "") -> str:
    """The parts as the query of a URL, after its other parameters."""
    return "&".join(([before] if before else []) + [f"{name}={value}" for name, value in parts.items()])


def cookies(parts: dict[str, str]) -> str:
    """The parts as a `Cookie` field."""
    return "; ".join(f"CloudFront-{name}={value}" for name, value in parts.items())
