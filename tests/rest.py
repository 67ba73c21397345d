"""The REST API, twice: of `reelspan serve`, and of the `spaces` function as Lambda runs it behind API Gateway, with S3 and DynamoDB
of moto, which knows nothing of Reelspan. Whatever a test says of `rest` holds of both."""

import hashlib
import os
import subprocess
import uuid
import xml.etree.ElementTree

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer
from samtranslator.yaml_helper import yaml_parse

import server as servers
from gateway import Gateway
from emulator import ACCOUNT, REGION, emulated

BUCKET = "reelspan-rest"
TABLES = {"SPACES_TABLE": "RestSpaces", "USERS_TABLE": "RestUsers", "INDEX_TABLE": "RestIndex"}
LOGICAL = {"SPACES_TABLE": "Spaces", "USERS_TABLE": "Users", "INDEX_TABLE": "ContainerIndex"}

# Everybody who asks: a role, and groups.
PEOPLE = {
    "root": ("admin", []),
    "founder": ("owner", []),
    "maker": ("owner", []),
    "reader": ("user", []),
    "writer": ("user", []),
    "member": ("user", ["students"]),
    "curator": ("user", ["students", "curators"]),
    "stranger": ("user", []),
}


def password(name: str) -> str:
    return f"{name}'s own secret"


class Rest:
    """One of the two, and what is needed to look behind it."""

    def __init__(self, kind: str, url: str, s3, bucket: str):
        self.kind, self.url, self.s3, self.bucket = kind, url, s3, bucket
        self.session = requests.Session()
        self.session.trust_env = False

    def __call__(self, method: str, path: str, who: str | None = "founder", **more) -> requests.Response:
        """A request to a path that is sent as it is written."""
        auth = (who, password(who)) if who else None
        request = requests.Request(method, self.url, auth=auth, **more)
        prepared = self.session.prepare_request(request)
        query = prepared.url.partition("?")[2]
        prepared.url = f"{self.url}/durastore/{path}" + (f"?{query}" if query else "")
        return self.session.send(prepared, allow_redirects=False, timeout=60)

    def space(self, **acl: str) -> str:
        """A new space of the founder's."""
        name = f"space-{uuid.uuid4().hex[:12]}"
        assert self("PUT", name).status_code == 201
        if acl:
            headers = {f"x-dura-meta-acl-{whom.replace('_', '-')}": right for whom, right in acl.items()}
            assert self("POST", f"acl/{name}", headers=headers).status_code == 200
        return name

    def items(self, path: str, **more) -> list[str]:
        answer = self("GET", path, **more)
        assert answer.status_code == 200, answer.text
        return [item.text for item in xml.etree.ElementTree.fromstring(answer.content)]

    def objects(self, space: str) -> set[str]:
        """What the bucket has of a space."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{space}/").get("Contents", [])
        return {item["Key"].removeprefix(f"{space}/") for item in found}


def add_people(binary, *where: str, **environment: str) -> None:
    for name, (role, groups) in PEOPLE.items():
        command = [binary, "user", "add", name, "--role", role, "--password-stdin", *where]
        command += [part for group in groups for part in ("--group", group)]
        environ = {"PATH": os.environ["PATH"]} | environment
        subprocess.run(command, input=password(name), env=environ, text=True, capture_output=True, check=True, timeout=60)


@pytest.fixture(scope="session")
def served(binary, tmp_path_factory):
    running = servers.Server(binary, tmp_path_factory.mktemp("rest") / "data").start()
    add_people(binary, "--data", str(running.data))
    yield Rest("serve", running.url, running.s3(), "media")
    assert running.stop() == 0, "\n".join(running.output)


@pytest.fixture(scope="session")
def invoked(binary, root):
    serving = ThreadedMotoServer("127.0.0.1", 0)
    serving.start()
    aws = "http://{}:{}".format(*serving.get_host_and_port())

    def client(service: str):
        return boto3.client(
            service, endpoint_url=aws, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
        )

    template = yaml_parse((root / "template.yaml").read_text())["Resources"]
    client("s3").create_bucket(Bucket=BUCKET)
    for variable, name in TABLES.items():
        table = template[LOGICAL[variable]]["Properties"]
        fields = ("AttributeDefinitions", "KeySchema", "BillingMode")
        client("dynamodb").create_table(TableName=name, **{field: table[field] for field in fields})
    add_people(binary, "--table", TABLES["USERS_TABLE"], **ACCOUNT, AWS_ENDPOINT_URL=aws)
    gateway = Gateway()
    variables = TABLES | {"MEDIA_BUCKET": BUCKET, "AWS_ENDPOINT_URL_LAMBDA": gateway.url}
    with emulated(servers.built(root, "spaces"), aws, **variables) as gateway.invoke:
        made = Rest("lambda", gateway.url, client("s3"), BUCKET)
        made.invoke = gateway.invoked_directly
        yield made
        gateway.stop()
    serving.stop()


@pytest.fixture(params=["served", "invoked"])
def rest(request) -> Rest:
    return request.getfixturevalue(request.param)


def md5(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()


def plain(answer: requests.Response, status: int) -> str:
    """The text of a plain answer."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/plain"), answer.text
    return answer.text


def curl(*arguments: str) -> str:
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", *arguments], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()
