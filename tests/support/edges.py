"""What moto 5.2 lacks of the edges: two operations of CloudFront's key groups, and a KeyValueStore, which refuses a change that
does not name its current version (*CloudFront API Reference*, `UpdateKeys`). Importing this is enough for the first."""

import json
import urllib.parse

from moto.cloudfront import models, responses
from moto.core.responses import ActionResult

# The bytes of keys and values (Quotas on key value stores).
LARGEST = 5 << 20

Responses = responses.CloudFrontResponse


def update_key_group(self):
    group = self.backend.get_key_group(self._get_param("Id"))
    group.items = self._get_param("KeyGroupConfig.Items", [])
    group.etag = models.random_id(length=14)
    return ActionResult({"KeyGroup": group, "ETag": group.etag})


def delete_key_group(self):
    self.backend.key_groups.pop(self._get_param("Id"))
    return ActionResult({})


Responses.update_key_group, Responses.delete_key_group = update_key_group, delete_key_group


class KeyValueStore:
    """A KeyValueStore of CloudFront."""

    def __init__(self):
        self.values: dict[str, str] = {}
        self.version = 0

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], dict]:
        """Status, header fields and body of the answer to a request."""
        key = urllib.parse.unquote(path.partition("/keys")[2].lstrip("/"))
        facts = {"ItemCount": len(self.values), "TotalSizeInBytes": sum(len(name + value) for name, value in self.values.items())}
        tag = {"ETag": f"KV{self.version}"}
        match method:
            case "GET" if not path.partition("/keys")[1]:
                return 200, tag, facts | {"KvsARN": urllib.parse.unquote(path.split("/")[2]), "Created": 0, "Status": "READY"}
            case "GET" if not key:
                return 200, {}, {"Items": [{"Key": name, "Value": value} for name, value in sorted(self.values.items())]}
            case "GET" if key in self.values:
                return 200, {}, facts | {"Key": key, "Value": self.values[key]}
            case "GET":
                return 404, {"x-amzn-ErrorType": "ResourceNotFoundException"}, {"Message": "Key was not found."}
            case "POST" if headers["if-match"] != tag["ETag"]:
                return 409, {"x-amzn-ErrorType": "ConflictException"}, {"Message": "Pre-Condition failed."}
            case "POST" if self.size(json.loads(body)) > LARGEST:
                return 402, {"x-amzn-ErrorType": "ServiceQuotaExceededException"}, {"Message": "Store size limit exceeded."}
            case "POST":
                asked = json.loads(body)
                for item in asked.get("Deletes", []):
                    self.values.pop(item["Key"], None)
                self.values |= {item["Key"]: item["Value"] for item in asked.get("Puts", [])}
                self.version += 1
                return 200, {"ETag": f"KV{self.version}"}, facts
        raise ValueError(f"{method} {path}")

    def size(self, changes: dict) -> int:
        """How many bytes the store would have after these changes."""
        left = self.values.keys() - {item["Key"] for item in changes.get("Deletes", [])}
        values = {name: self.values[name] for name in left} | {item["Key"]: item["Value"] for item in changes.get("Puts", [])}
        return sum(len(name) + len(value) for name, value in values.items())
