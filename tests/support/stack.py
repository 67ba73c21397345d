"""The SAM application on one machine: the tables, buckets and secrets of template.yaml on moto, and its functions under
the runtime emulator, each with the environment from the template, and with its own identity for AWS."""

import base64
import collections
import contextlib
import json
import pathlib
import queue
import re
import threading

from samtranslator.yaml_helper import yaml_parse

import emulator
import server as servers
from actions import ACCOUNT_ID, REGION
from aws import Aws, Invocation

NAME = "reelspan"
PSEUDO = {
    "AWS::StackName": NAME,
    "AWS::AccountId": ACCOUNT_ID,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NoValue": "",
}
# The ARNs of the services' resources.
ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{{}}",
    "AWS::Serverless::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{{}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{{}}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:{{}}",
    "AWS::CloudFront::KeyValueStore": f"arn:aws:cloudfront::{ACCOUNT_ID}:key-value-store/{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:{{}}:*",
}
# The hosts of the distributions.
HOSTS = {"OpenDistribution": "d111111abcdef8.cloudfront.net", "SecureDistribution": "d222222abcdef8.cloudfront.net"}
# The value of generated secrets.
SECRET = {"username": "admin", "password": "the first secret"}


class Template:
    """template.yaml, with the values of its references."""

    def __init__(self, root: pathlib.Path, **parameters: str):
        made = yaml_parse((root / "template.yaml").read_text())
        self.globals, self.resources, self.outputs = made["Globals"]["Function"], made["Resources"], made["Outputs"]
        self.conditions, self.mappings = made.get("Conditions", {}), made.get("Mappings", {})
        defaults = {name: str(what.get("Default", "")) for name, what in made["Parameters"].items()}
        self.names = PSEUDO | defaults | parameters

    def of_type(self, kind: str) -> dict[str, dict]:
        return {name: made for name, made in self.resources.items() if made["Type"] == kind}

    @property
    def functions(self) -> dict[str, dict]:
        return {name: made["Properties"] for name, made in self.of_type("AWS::Serverless::Function").items()}

    def program(self, function: str) -> str:
        return self.resources[function]["Metadata"]["BuildProperties"]["Binary"]

    def value(self, node):
        """The value of a part of the template."""
        match node:
            case {"Ref": name}:
                return self.ref(name)
            case {"Fn::GetAtt": [name, attribute]} | {"Fn::GetAtt": (name, attribute)}:
                return self.attribute(name, attribute)
            case {"Fn::GetAtt": str(both)}:
                return self.attribute(*both.split(".", 1))
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{([^}]+)\}", lambda found: self.sub(found[1]), text)
            case {"Fn::If": [condition, yes, no]}:
                return self.value(yes if self.holds(self.conditions[condition]) else no)
            case {"Fn::FindInMap": [name, first, second]}:
                return self.mappings[name][first][second]
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self.value(parts))
            case dict():
                return {name: self.value(inner) for name, inner in node.items()}
            case list():
                return [self.value(inner) for inner in node]
            case _:
                return node

    def holds(self, condition) -> bool:
        match condition:
            case {"Fn::Not": [inner]}:
                return not self.holds(inner)
            case {"Fn::Equals": [one, other]}:
                return str(self.value(one)) == str(self.value(other))
            case {"Condition": name}:
                return self.holds(self.conditions[name])
            case {"Fn::And": inner}:
                return all(map(self.holds, inner))
            case {"Fn::Or": inner}:
                return any(map(self.holds, inner))
        raise ValueError(condition)

    def sub(self, name: str) -> str:
        resource, dot, attribute = name.partition(".")
        return self.attribute(resource, attribute) if dot else self.ref(name)

    def ref(self, name: str) -> str:
        if name in self.names:
            return self.names[name]
        made = self.resources.get(name, {})
        if made.get("Type") == "AWS::DynamoDB::Table":
            # The name that CloudFormation gives a resource without one; other tests have tables in the same moto.
            return f"{NAME}-{name}"
        given = made.get("Properties", {})
        named = next((given[key] for key in ("BucketName", "TableName", "QueueName", "LogGroupName") if key in given), name)
        return self.value(named)

    def attribute(self, name: str, attribute: str) -> str:
        if attribute == "DomainName" and name in HOSTS:
            return HOSTS[name]
        pattern = ARNS.get(self.resources.get(name, {}).get("Type", ""))
        return pattern.format(self.ref(name)) if attribute == "Arn" and pattern else f"{name}.{attribute}"


class Answer:
    """The answer of a function: parsed as API Gateway and function URLs do if it is HTTP."""

    def __init__(self, content: bytes):
        prelude, streamed, body = content.partition(bytes(8))
        self.said = json.loads(prelude) if prelude else None
        self.status = self.said.get("statusCode") if isinstance(self.said, dict) else None
        if self.status is None:
            return
        self.headers = {name.lower(): value for name, value in self.said.get("headers", {}).items()}
        self.cookies = self.said.get("cookies", [])
        if streamed:
            self.body = body
        else:
            body = self.said.get("body") or ""
            self.body = base64.b64decode(body) if self.said.get("isBase64Encoded") else body.encode()


class Stack(contextlib.ExitStack):
    """`with Stack(root) as stack`: the whole application. Functions start at their first invocation."""

    def __init__(self, root: pathlib.Path, logs: pathlib.Path, **parameters: str):
        super().__init__()
        self.root, self.logs = root, logs
        self.template = Template(root, **parameters)
        self.functions = {}
        self.done = set()
        self.lock = threading.Lock()
        self.locks: dict[str, threading.Lock] = collections.defaultdict(threading.Lock)

    def __enter__(self) -> "Stack":
        super().__enter__()
        self.aws = self.enter_context(Aws())
        for name in self.template.of_type("AWS::S3::Bucket"):
            self.aws.client("s3").create_bucket(Bucket=self.template.ref(name))
        for name, made in self.template.of_type("AWS::DynamoDB::Table").items():
            fields = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
            given = {field: made["Properties"][field] for field in fields if field in made["Properties"]}
            self.aws.client("dynamodb").create_table(TableName=self.template.ref(name), **given)
        for name in self.template.of_type("AWS::SecretsManager::Secret"):
            secret = self.aws.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(SECRET))
            self.template.names[name] = secret["ARN"]
        origins = {
            "Quantity": 1,
            "Items": [{"Id": "media", "DomainName": "media.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}],
        }
        for name in self.template.of_type("AWS::CloudFront::Distribution"):
            behaviour = {"TargetOriginId": "media", "ViewerProtocolPolicy": "https-only"}
            config = {"CallerReference": name, "Origins": origins, "DefaultCacheBehavior": behaviour, "Comment": name, "Enabled": True}
            made = self.aws.client("cloudfront").create_distribution(DistributionConfig=config)
            self.template.names[name] = made["Distribution"]["Id"]
        return self

    @property
    def bucket(self) -> str:
        return self.template.ref("MediaBucket")

    def client(self, service: str):
        return self.aws.client(service)

    def environment(self, function: str) -> dict[str, str]:
        """The function's environment."""
        properties = self.template.functions[function]
        variables = [made.get("Environment", {}).get("Variables", {}) for made in (self.template.globals, properties)]
        own = {
            # An invocation of the indexer lasts fifteen minutes; here the number of bytes ends it.
            "REELSPAN_INDEX_BYTES": "1000000",
            "AWS_ACCESS_KEY_ID": function,
            "AWS_ENDPOINT_URL": self.aws.endpoint,
            "AWS_ENDPOINT_URL_CLOUDFRONT_KEYVALUESTORE": self.aws.edges_endpoint,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(properties["MemorySize"]),
            "AWS_LAMBDA_FUNCTION_NAME": function,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(properties["Timeout"]),
        }
        return {name: str(value) for name, value in self.template.value(variables[0] | variables[1]).items()} | emulator.ACCOUNT | own

    def invoke(self, function: str, event) -> Answer:
        """One at a time of each function, as the emulator requires."""
        with self.lock:
            lock = self.locks[function]
        with lock:
            with self.lock:
                if function not in self.functions:
                    log = self.enter_context((self.logs / f"{function}.log").open("ab"))
                    program = servers.built(self.root, self.template.program(function))
                    self.functions[function] = self.enter_context(emulator.running(program, self.environment(function), log))
                invoke = self.functions[function]
            return Answer(invoke(event).content)

    def restart(self, function: str) -> None:
        """Starts another process for the function; the old one ends with the stack."""
        with self.lock:
            self.functions.pop(function, None)

    def streams(self, space: str, kind: str = "OPEN", status: str = "on", reader: str = "") -> None:
        """Makes a space stream, creating it if necessary, so that `reader` may read it."""
        streaming = {"type": {"S": kind}, "status": {"S": status}, "origins": {"L": []}, "version": {"N": "0"}, "generation": {"S": "0"}}
        streaming |= {"deployed": {"BOOL": True}}
        acl = {f"acl-{reader}": {"S": "READ"}} if reader else {}
        self.client("dynamodb").update_item(
            TableName=self.template.ref("Spaces"),
            Key={"space": {"S": space}},
            UpdateExpression="SET streaming = :streaming, #state = :live, created = if_not_exists(created, :zero), "
            "acl = if_not_exists(acl, :acl), properties = if_not_exists(properties, :none)",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={
                ":streaming": {"M": streaming},
                ":live": {"S": "live"},
                ":none": {"M": {}},
                ":zero": {"N": "0"},
                ":acl": {"M": acl},
            },  # fmt: skip
        )

    def trusts(self, key_id: str, public: bytes) -> None:
        """Makes a key trusted, in addition to others, and the one that signs."""
        table, shared = self.template.ref("Spaces"), {"space": {"S": "*"}}
        found = self.client("dynamodb").get_item(TableName=table, Key=shared).get("Item", {})
        others = [key for key in found.get("keys", {"L": []})["L"] if key["M"]["id"]["S"] != key_id]
        keys = [{"M": {"id": {"S": key_id}, "public": {"B": public}}}, *others]
        item = shared | {"keys": {"L": keys}, "made": {"M": {}}, "version": {"N": "1"}}
        self.client("dynamodb").put_item(TableName=table, Item=item)

    def event(self, name: str) -> dict:
        event = json.loads((self.root / "events" / f"{name}.json").read_text())
        if "ResponseURL" in event:
            event["ResponseURL"] = f"{self.aws.endpoint}/cloudformation/{event['RequestId']}"
        return event

    def self_invocations(self) -> list[Invocation]:
        """The asynchronous invocations since the last call."""
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self.aws.invocations.get_nowait())
        return found
