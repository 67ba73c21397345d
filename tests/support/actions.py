"""The IAM action that a request to AWS needs, and its resource, to check the policies in template.yaml. Operations are
found in botocore's models of the services, so that services added later are covered."""

import functools
import json
import re
import urllib.parse
from typing import NamedTuple

import botocore.loaders

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"


class Request(NamedTuple):
    """A request to AWS, with the fields that identify the operation."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def credential(self) -> list[str]:
        """Access key, date, region, service, and `aws4_request`, from the header field or the presigned URL."""
        field = re.search(r"Credential=([^,]+)", self.headers.get("authorization", ""))
        scope = (field[1] if field else self.query.get("X-Amz-Credential", "/////")).split("/")
        # SigV4A signs for several regions, and names none.
        return scope if len(scope) != 4 else [*scope[:2], "*", *scope[2:]]


class Need(NamedTuple):
    """An action, and the ARN of its resource."""

    action: str
    resource: str


# Operations whose names differ from the actions' (Service Authorization Reference, "Actions, resources, and condition
# keys for Amazon S3"): several share one name, and a copy needs two.
S3 = {
    "CompleteMultipartUpload": ["PutObject"],
    "CopyObject": ["PutObject"],
    "CreateMultipartUpload": ["PutObject"],
    "DeleteObjects": ["DeleteObject"],
    "HeadBucket": ["ListBucket"],
    "HeadObject": ["GetObject"],
    "ListMultipartUploads": ["ListBucketMultipartUploads"],
    "ListObjects": ["ListBucket"],
    "ListObjectsV2": ["ListBucket"],
    "ListParts": ["ListMultipartUploadParts"],
    "UploadPart": ["PutObject"],
    "UploadPartCopy": ["PutObject"],
}
LAMBDA = {"Invoke": ["InvokeFunction"]}
# The resources for which CloudFront allows actions (Service Authorization Reference, "… for Amazon CloudFront").
CLOUDFRONT = {
    "Distribution": "distribution",
    "Invalidation": "distribution",
}
# A transaction needs the actions of its items.
TRANSACTION = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem", "Get": "GetItem"}


def needs(request: Request, status: int) -> list[Need]:
    """What a request needs, given the status of its answer."""
    service = request.credential[3]
    if target := request.headers.get("x-amz-target"):
        return list(_of_json(service, target.rpartition(".")[2], json.loads(request.body)))
    operation = operation_of(service, request)
    if service == "s3":
        return list(_of_s3(operation, request, status))
    if service == "lambda":
        name = urllib.parse.unquote(request.path).split("/")[3]
        resource = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}"
        return [Need(f"lambda:{action}", resource) for action in LAMBDA.get(operation, [operation])]
    if service == "cloudfront":
        return list(_of_cloudfront(operation, request))
    if service == "cloudfront-keyvaluestore":
        return [Need(f"{service}:{operation}", urllib.parse.unquote(request.path.split("/")[2]))]
    return [Need(f"{service}:{operation}", "*")]


def _of_cloudfront(operation: str, request: Request):
    found = re.fullmatch(r"[A-Z][a-z]+?(" + "|".join(CLOUDFRONT) + r")(Config)?", operation)
    if not found or operation.startswith("List"):
        yield Need(f"cloudfront:{operation}", "*")
        return
    name = urllib.parse.unquote(request.path).split("/")[3]
    yield Need(f"cloudfront:{operation}", f"arn:aws:cloudfront::{ACCOUNT_ID}:{CLOUDFRONT[found[1]]}/{name}")


def _of_json(service: str, operation: str, body: dict):
    if service == "dynamodb":
        table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/"
        if operation.startswith("Transact"):
            for item in body["TransactItems"]:
                for kind, what in item.items():
                    yield Need(f"dynamodb:{TRANSACTION[kind]}", table + what["TableName"])
            return
        index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
        for name in body.get("RequestItems", [body.get("TableName")]):
            yield Need(f"dynamodb:{operation}", f"{table}{name}{index}")
    else:
        # By its ARN, or by the field that names the resource.
        names = [body[name] for name in ("SecretId", "KeyId", "Name", "QueueUrl", "TopicArn") if name in body]
        yield Need(f"{service}:{operation}", names[0] if names else "*")


def _of_s3(operation: str, request: Request, status: int):
    bucket, _, key = urllib.parse.unquote(request.path).lstrip("/").partition("/")
    bucket = f"arn:aws:s3:::{bucket}"
    resource = f"{bucket}/{key}" if key else bucket
    actions = S3.get(operation, [operation])
    if operation == "DeleteObjects":
        resource = f"{bucket}/*"
    for action in actions:
        yield Need(f"s3:{action}", resource)
    if "CopySource" in REQUIRED["s3"].get(operation, []):
        source = urllib.parse.unquote(request.headers["x-amz-copy-source"]).lstrip("/")
        yield Need("s3:GetObject", f"arn:aws:s3:::{source}")
    if status == 404 and "s3:GetObject" in [f"s3:{action}" for action in actions]:
        # Without the right to list the bucket, S3 answers 403 for missing objects.
        yield Need("s3:ListBucket", bucket)


REQUIRED = {"s3": {"CopyObject": ["CopySource"], "UploadPartCopy": ["CopySource"]}}


def operation_of(service: str, request: Request) -> str:
    """The operation of a REST service that matches most parts of the request."""
    found = [
        (said, name)
        for name, method, path, said_by in operations(service)
        if method == request.method and path.fullmatch(request.path) and (said := said_by(request)) is not None
    ]
    assert found, f"{service} has no operation for {request.method} {request.path} {request.query}"
    return max(found)[1]


@functools.cache
def operations(service: str) -> list:
    """Each operation's name, method, path, and a function that counts how many parts of a request only that operation
    has; `None` if a required part is missing."""
    model = botocore.loaders.Loader().load_service_model(service, "service-2")
    return [_operation(model, name, made) for name, made in model["operations"].items()]


def _operation(model: dict, name: str, made: dict) -> tuple:
    path, _, query = made["http"]["requestUri"].partition("?")
    literal = urllib.parse.parse_qsl(query, keep_blank_values=True)
    pattern = re.escape(path).replace(r"\{", "{").replace(r"\}", "}").replace(r"\+}", "+}")
    pattern = re.sub(r"\{[^}]+\+\}", "(.+)", pattern)
    pattern = re.sub(r"\{[^}]+\}", "([^/]+)", pattern)
    shape = model["shapes"][made["input"]["shape"]] if "input" in made else {}
    members = [shape["members"][member] for member in shape.get("required", [])]
    named = {place: [m["locationName"] for m in members if m.get("location") == place] for place in ("querystring", "header")}

    def said_by(request: Request) -> int | None:
        there = all(request.query.get(key) == value for key, value in literal)
        there = there and all(key in request.query for key in named["querystring"])
        there = there and all(field.lower() in request.headers for field in named["header"])
        return len(literal) + sum(map(len, named.values())) if there else None

    return name, made["http"]["method"], re.compile(pattern + "/?"), said_by
