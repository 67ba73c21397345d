"""Completes moto's CloudFront: the operations that moto 5.2 lacks, from botocore's model of the service as in moto, and
distributions that are read back completely, of which moto keeps only a part. Importing this is enough."""

import datetime

from moto.cloudfront import models, responses, urls
from moto.cloudfront.exceptions import CloudFrontException
from moto.core.responses import ActionResult

Responses, Backend = responses.CloudFrontResponse, models.CloudFrontBackend
BASE = "{0}/2020-05-31"
# Policies: their path, and the name of their list.
POLICIES = {
    "CachePolicy": ("cache-policy", "cache_policies", "CachePolicyList"),
    "OriginRequestPolicy": ("origin-request-policy", "origin_request_policies", "OriginRequestPolicyList"),
    "ResponseHeadersPolicy": ("response-headers-policy", "response_headers_policies", "ResponseHeadersPolicyList"),
}


class Whole(dict):
    """A configuration, as it was written."""

    def __getattr__(self, name: str):
        try:
            return self["CallerReference" if name == "caller_reference" else name]
        except KeyError:
            raise AttributeError(name) from None


def snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")


def policies(kind: str, path: str, plural: str, listed: str) -> None:
    def kept(self) -> dict:
        return self.backend.__dict__.setdefault(f"whole_{plural}", {})

    def create(self):
        config = self._get_param(f"{kind}Config")
        if any(made[f"{kind}Config"]["Name"] == config["Name"] for made in kept(self).values()):
            raise CloudFrontException(f"{kind}AlreadyExists", "There is one of that name.")
        made = {"Id": models.random_id(), "LastModifiedTime": datetime.datetime.now(datetime.UTC), f"{kind}Config": config}
        kept(self)[made["Id"]] = made
        return ActionResult({kind: made, "ETag": models.random_id(), "Location": f"https://cloudfront.amazonaws.com/{path}/{made['Id']}"})

    def get(self):
        return ActionResult({kind: kept(self)[self._get_param("Id")], "ETag": models.random_id()})

    def lists(self):
        items = [{"Type": "custom", kind: made} for made in kept(self).values()]
        return ActionResult({listed: {"MaxItems": 100, "Quantity": len(items), "Items": items or None}})

    setattr(Responses, f"create_{snake(kind)}", create)
    setattr(Responses, f"get_{snake(kind)}", get)
    setattr(Responses, f"list_{plural}", lists)
    urls.url_paths[f"{BASE}/{path}$"] = Responses.dispatch
    urls.url_paths[f"{BASE}/{path}/(?P<policy_id>[^/]+)$"] = Responses.dispatch


def publish_function(self):
    function = self.backend.describe_function(self._get_param("Name"))
    function.stage, function.status = "LIVE", "UNASSOCIATED"
    return ActionResult({"FunctionSummary": function.function_summary})


def update_key_group(self):
    group = self.backend.get_key_group(self._get_param("Id"))
    group.items = self._get_param("KeyGroupConfig.Items", [])
    group.etag = models.random_id(length=14)
    return ActionResult({"KeyGroup": group, "ETag": group.etag})


for kind, (path, plural, listed) in POLICIES.items():
    policies(kind, path, plural, listed)
models.DistributionConfig = Whole
Responses.publish_function, Responses.update_key_group = publish_function, update_key_group
urls.url_paths[f"{BASE}/function/(?P<function_name>[^/]+)/publish$"] = Responses.dispatch
