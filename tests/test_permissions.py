"""Each function has exactly the permissions that it needs: it uses every action that template.yaml grants it, on those
resources, and no other. Observed, not derived: moto records each function's calls while it is invoked with every event
of the table. The linked code would say less, because all functions link the whole of `store`."""

import fnmatch
import json
import urllib.parse

import pytest

from actions import ACCOUNT_ID, REGION, Request, needs
from invocations import IN_NEED, ROWS, key_made, prepare, run, run_all, signing_key

# What Lambda itself does in a function's name, so that the function makes no such call.
BY_LAMBDA = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:SendMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


# Calls that need an event which is made at the moment.


def cookies_set(stack) -> None:
    """Sets cookies: the token for them has a signature that is valid for minutes."""
    [row] = [row for row in ROWS if row.event == "signing-signed-cookies-url"]
    prepare(stack, row)
    url = json.loads(stack.invoke(row.function, stack.event(row.event)).body)["signedCookiesUrl"]
    asked = stack.event("cookies-refused") | {"rawQueryString": url.partition("?")[2]}
    stack.restart("Cookies")
    answer = stack.invoke("Cookies", asked)
    assert (answer.status, len(answer.cookies)) == (303, 4), answer.said


def key_replaced(stack) -> None:
    """Replaces a key that the edges trust: the next one signs once the distribution is deployed with it."""
    stack.done -= {key_made, signing_key}
    key_made(stack)
    # The event of the table revokes the key before; this one keeps it.
    answer = stack.invoke("StreamingApi", stack.event("streaming-rotate") | {"body": "{}", "isBase64Encoded": False})
    assert answer.status == 200, answer.said
    stack.done -= {key_made}


@pytest.fixture(scope="module")
def needed(stack) -> dict[str, set[tuple[str, str]]]:
    """By function, its calls and their resources."""
    run_all(stack)
    for row in IN_NEED:
        run(stack, row)
    cookies_set(stack)
    key_replaced(stack)
    found = {name: set() for name in stack.template.functions}
    for call in stack.aws.calls:
        found[call.who] |= set(call.needs)
    return found


def granted(template, function: str) -> set[tuple[str, str]]:
    """The actions that the template allows a function, and their resources."""
    properties = template.functions[function]
    role = properties.get("Role")
    documents = list(properties.get("Policies", []))
    if role:
        [name] = [name for name in template.of_type("AWS::IAM::Role") if template.value(role) == template.attribute(name, "Arn")]
        documents += [policy["PolicyDocument"] for policy in template.resources[name]["Properties"]["Policies"]]
    for made in template.of_type("AWS::IAM::Policy").values():
        if {"Ref": f"{function}Role"} in made["Properties"]["Roles"]:
            documents.append(made["Properties"]["PolicyDocument"])
    return {
        (action, resource)
        for document in documents
        for statement in document["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(template.value(statement["Resource"]))
        if statement["Effect"] == "Allow" and action not in BY_LAMBDA
    }


def listed(one_or_many) -> list[str]:
    return one_or_many if isinstance(one_or_many, list) else [one_or_many]


def allows(grant: tuple[str, str], need: tuple[str, str]) -> bool:
    return grant[0] == need[0] and (grant[1] == "*" or fnmatch.fnmatchcase(need[1], grant[1]))


def test_no_function_lacks_a_permission(stack, needed):
    missing = {}
    for function, called in needed.items():
        grants = granted(stack.template, function)
        missing[function] = {need for need in called if not any(allows(grant, need) for grant in grants)}
    assert not any(missing.values()), {name: sorted(lacking) for name, lacking in missing.items() if lacking}


def test_no_function_has_a_permission_to_spare(stack, needed):
    spare = {}
    for function in needed:
        # Functions that share a role share its needs.
        role = stack.template.functions[function].get("Role")
        called = {
            need
            for other, theirs in needed.items()
            if other == function or (role and stack.template.functions[other].get("Role") == role)
            for need in theirs
        }
        grants = granted(stack.template, function)
        spare[function] = {grant for grant in grants if not any(allows(grant, need) for need in called)}
    assert not any(spare.values()), "\n".join(f"{name} {grant}" for name, grants in spare.items() for grant in sorted(grants))


def test_what_is_taken_away_or_given_is_noticed(stack, needed):
    for function, called in needed.items():
        grants = granted(stack.template, function)
        for grant in grants:
            others = grants - {grant}
            taken = [need for need in called if not any(allows(other, need) for other in others)]
            shared = stack.template.functions[function].get("Role")
            assert taken or shared, f"{function} can do without {grant}"
        for more in ("s3:GetObjectTagging", "dynamodb:DeleteTable"):
            assert not any(allows((more, "*"), need) for need in called)


DISTRIBUTION = f"arn:aws:cloudfront::{ACCOUNT_ID}:distribution"
OBJECT, BUCKET = "arn:aws:s3:::media/films/a b.mp4", "arn:aws:s3:::media"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/Spaces"


@pytest.mark.parametrize(
    ("service", "asked", "more", "expected"),
    [
        ("s3", "GET /media/films/a%20b.mp4", {"range": "bytes=0-9"}, {("s3:GetObject", OBJECT)}),
        ("s3", "HEAD /media/films/a%20b.mp4", {"status": 404}, {("s3:GetObject", OBJECT), ("s3:ListBucket", BUCKET)}),
        ("s3", "GET /media?list-type=2&prefix=films/", {}, {("s3:ListBucket", BUCKET)}),
        ("s3", "GET /media?uploads&prefix=films/", {}, {("s3:ListBucketMultipartUploads", BUCKET)}),
        ("s3", "PUT /media/films/a%20b.mp4", {}, {("s3:PutObject", OBJECT)}),
        ("s3", "PUT /media/films/a%20b.mp4?partNumber=1&uploadId=u", {}, {("s3:PutObject", OBJECT)}),
        ("s3", "PUT /media/films/a%20b.mp4", {"x-amz-copy-source": "media/x"}, {("s3:PutObject", OBJECT), ("s3:GetObject", f"{BUCKET}/x")}),
        ("s3", "PUT /media/films/a%20b.mp4?tagging", {}, {("s3:PutObjectTagging", OBJECT)}),
        ("s3", "DELETE /media/films/a%20b.mp4?uploadId=u", {}, {("s3:AbortMultipartUpload", OBJECT)}),
        ("s3", "GET /media/films/a%20b.mp4?uploadId=u", {}, {("s3:ListMultipartUploadParts", OBJECT)}),
        ("s3", "DELETE /media/films/a%20b.mp4", {}, {("s3:DeleteObject", OBJECT)}),
        ("s3", "POST /media?delete", {}, {("s3:DeleteObject", f"{BUCKET}/*")}),
        ("dynamodb", "POST /", {"x-amz-target": "DynamoDB_20120810.GetItem", "body": {"TableName": "Spaces"}}, {("dynamodb:GetItem", TABLE)}),
        ("dynamodb", "POST /", {"x-amz-target": "DynamoDB_20120810.BatchGetItem", "body": {"RequestItems": {"Spaces": {}}}}, {("dynamodb:BatchGetItem", TABLE)}),
        ("dynamodb", "POST /", {"x-amz-target": "DynamoDB_20120810.TransactWriteItems", "body": {"TransactItems": [{"Put": {"TableName": "Spaces"}}, {"ConditionCheck": {"TableName": "Spaces"}}]}}, {("dynamodb:PutItem", TABLE), ("dynamodb:ConditionCheckItem", TABLE)}),
        ("dynamodb", "POST /", {"x-amz-target": "DynamoDB_20120810.Query", "body": {"TableName": "Spaces", "IndexName": "Contents"}}, {("dynamodb:Query", f"{TABLE}/index/Contents")}),
        ("secretsmanager", "POST /", {"x-amz-target": "secretsmanager.GetSecretValue", "body": {"SecretId": "arn:s"}}, {("secretsmanager:GetSecretValue", "arn:s")}),
        ("cloudfront", "GET /2020-05-31/distribution/E1/config", {}, {("cloudfront:GetDistributionConfig", f"{DISTRIBUTION}/E1")}),
        ("cloudfront", "GET /2020-05-31/distribution", {}, {("cloudfront:ListDistributions", "*")}),
        ("lambda", "POST /2015-03-31/functions/SpacesApi/invocations", {}, {("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:SpacesApi")}),
    ],
)  # fmt: skip
def test_a_request_is_known_by_what_it_needs(service, asked, more, expected):
    method, _, target = asked.partition(" ")
    path, _, query = target.partition("?")
    status, body = more.pop("status", 200), json.dumps(more.pop("body", {})).encode()
    headers = more | {
        "authorization": f"AWS4-HMAC-SHA256 Credential=SpacesApi/20251009/{REGION}/{service}/aws4_request, SignedHeaders=host"
    }
    request = Request(method, path, dict(urllib.parse.parse_qsl(query, keep_blank_values=True)), headers, body)
    assert set(needs(request, status)) == expected
