"""Users: `reelspan user` on a data folder and on an independent DynamoDB, the first admin of both, and the authorizer
as Lambda runs it."""

import base64
import contextlib
import hashlib
import json
import os
import pty
import re
import stat
import subprocess
import termios
import time

import pytest
import requests
from samtranslator.yaml_helper import yaml_parse

import server as servers
from aws import Aws
from emulator import ACCOUNT, emulated

TABLE = "KnownUsers"
SECRET = "first-admin"


@pytest.fixture(scope="module")
def aws():
    """An AWS."""
    with Aws() as made:
        yield made


@pytest.fixture(scope="module")
def client(aws):
    """Its clients."""
    return aws.client


@pytest.fixture
def event(root):
    """An event of the repository."""
    return lambda name: json.loads((root / "events" / f"{name}.json").read_text())


@pytest.fixture(scope="module")
def table(client, root):
    """The table as the template has it."""
    properties = yaml_parse((root / "template.yaml").read_text())["Resources"]["Users"]["Properties"]
    fields = ("AttributeDefinitions", "KeySchema", "BillingMode")
    client("dynamodb").create_table(TableName=TABLE, **{field: properties[field] for field in fields})
    return client("dynamodb")


@pytest.fixture
def empty_table(table):
    for item in table.scan(TableName=TABLE)["Items"]:
        table.delete_item(TableName=TABLE, Key={"user": item["user"]})
    return table


class Users:
    """`reelspan user` with the options of a table or a folder."""

    def __init__(self, binary, *where: str, **environment: str):
        self.binary, self.where, self.environment = binary, where, environment

    def __call__(self, *arguments: str, password: str | None = None, status: int = 0) -> str:
        """Its standard output, or its standard error if it fails."""
        stdin = ["--password-stdin"] if password is not None else []
        done = subprocess.run(
            [self.binary, "user", *arguments, *stdin, *self.where],
            input=f"{password}\n" if password is not None else "",
            env={"PATH": os.environ["PATH"]} | self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == status, done.stderr
        assert not password or password not in done.stdout + done.stderr
        return (done.stderr if status else done.stdout).strip()


@pytest.fixture
def on_aws(binary, aws, empty_table):
    return Users(binary, "--table", TABLE, **ACCOUNT, AWS_ENDPOINT_URL=aws.endpoint)


@pytest.fixture
def in_folder(binary, tmp_path):
    return Users(binary, "--data", str(tmp_path / "data"))


@pytest.fixture(params=["in_folder", "on_aws"])
def users(request):
    return request.getfixturevalue(request.param)


def test_users_are_added_changed_and_removed(users):
    assert users("add", "root", "--role", "admin", password="a swordfish of one") == "added root admin"
    users("add", "alice", "--role", "owner", "--group", "staff", "--group", "film", "--group", "film", password="a swordfish of two")
    users("add", "bob", password="a swordfish: three ä")
    assert users("list").splitlines() == ["alice owner group-film group-staff", "bob user", "root admin"]

    users("set", "bob", "--role", "owner", "--group", "film")
    users("set", "alice", "--no-groups")
    assert users("list").splitlines() == ["alice owner", "bob owner group-film", "root admin"]
    users("set", "bob", "--role", "user")
    users("remove", "alice")
    assert users("list").splitlines() == ["bob user group-film", "root admin"]


@pytest.mark.parametrize(
    ("arguments", "password", "why"),
    [
        (["add", "root"], "swordfish", "there is a user root already"),
        (["add", "Root"], "swordfish", "may have a-z"),
        (["add", "public"], "swordfish", "everyone"),
        (["add", "group-film"], "swordfish", "must not begin with 'group-'"),
        (["add", "bob", "--group", "group-film"], "swordfish", "must not begin with 'group-'"),
        (["add", "bob", "--role", "root"], "swordfish", "a role is user, owner or admin"),
        (["add", "bob"], "", "must not be empty"),
        (["add", "bob"], "sword\nfish", "control characters"),
        (["add", "bob"], "s" * 1025, "at most 1024 bytes"),
        (["add", "bob", "swordfish"], None, "unexpected argument"),
        (["passwd", "bob"], "swordfish", "there is no user bob"),
        (["add", "bob"], "swordfish", "at least 15 characters"),
        (["add", "bob"], "Password-Password-2026", "common passwords"),
        (["add", "bob.builder"], "bob.builder.2026.reelspan", "the user's name"),
        (["passwd", "root"], "123456789012345", "rows of keys"),
        (["set", "bob", "--role", "user"], None, "there is no user bob"),
        (["remove", "bob"], None, "there is no user bob"),
        (["remove", "root"], None, "root is the only admin"),
        (["set", "root", "--role", "owner"], None, "root is the only admin"),
        (["passwd", "root"], None, "use --password-stdin"),
    ],
)
def test_what_is_refused_says_why_and_changes_nothing(binary, tmp_path_factory, arguments, password, why):
    folder = tmp_path_factory.getbasetemp() / "refused"
    users = Users(binary, "--data", str(folder))
    if not folder.exists():
        users("add", "root", "--role", "admin", password="a swordfish of one")
    assert why in users(*arguments, password=password, status=2)
    assert users("list") == "root admin"


def test_a_folder_that_is_not_there_is_not_made_to_say_so(in_folder, tmp_path):
    for command in (["list"], ["remove", "alice"], ["set", "alice", "--role", "user"], ["passwd", "alice"]):
        assert "does not exist" in in_folder(*command, status=2)
    assert not (tmp_path / "data").exists()


def kept(table, user: str) -> str:
    return table.get_item(TableName=TABLE, Key={"user": {"S": user}})["Item"]["password"]["S"]


def test_what_is_kept_of_a_password_is_pbkdf2(on_aws, table):
    on_aws("add", "alice", password="open sesame, says alice")
    on_aws("add", "bob", password="open sesame, says alice")
    before = kept(table, "alice")
    on_aws("passwd", "alice", password="Ä: quite a new one")
    salts = set()
    for password, phc in [
        ("open sesame, says alice", before),
        ("open sesame, says alice", kept(table, "bob")),
        ("Ä: quite a new one", kept(table, "alice")),
    ]:
        _, name, parameters, salt, key = phc.split("$")
        assert (name, parameters) == ("pbkdf2-sha256", "i=600000,l=32")
        salt, key = (base64.b64decode(text + "=" * (-len(text) % 4)) for text in (salt, key))
        assert hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 600_000, 32) == key
        salts.add(salt)
    assert {len(salt) for salt in salts} == {16} and len(salts) == 3


def test_a_table_that_is_not_there_is_a_failure(binary, aws):
    users = Users(binary, "--table", "Nobody", **ACCOUNT, AWS_ENDPOINT_URL=aws.endpoint)
    assert "ResourceNotFoundException" in users("list", status=1)
    by_environment = Users(binary, **ACCOUNT, AWS_ENDPOINT_URL=aws.endpoint, USERS_TABLE="Nobody")
    assert "ResourceNotFoundException" in by_environment("list", status=1)


def test_a_password_is_asked_for_twice_and_not_shown(binary, in_folder):
    def typed(*lines: str) -> tuple[int, str]:
        child, terminal = pty.fork()
        if child == 0:
            os.execv(binary, [str(binary), "user", "add", "alice", *in_folder.where])
        said = b""
        for line in lines:
            while not said.endswith(b": "):
                said += os.read(terminal, 1000)
            while termios.tcgetattr(terminal)[3] & termios.ECHO:
                time.sleep(0.01)
            os.write(terminal, f"{line}\n".encode())
            said += b" "
        try:
            while more := os.read(terminal, 1000):
                said += more
        except OSError:  # the terminal's other end is closed
            pass
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.decode()

    status, said = typed("swordfish and more", "swordfisch and more")
    assert status == 2 and "the two passwords differ" in said and "swordfis" not in said
    status, said = typed("swordfish and more", "swordfish and more")
    assert status == 0 and "added alice user" in said and "swordfis" not in said


ADMIN = re.compile(r"admin: user (\S+), password (\S+), which is not printed again")


def printed(server) -> list[tuple[str, str]]:
    return ADMIN.findall("\n".join(server.output))


def test_the_first_admin_s_password_is_printed_once_and_kept_for_its_owner(new_server, binary):
    new_server.start()
    [(user, password)] = printed(new_server)
    assert user == "admin" and len(password) >= 20
    file = new_server.data / "admin.json"
    assert json.loads(file.read_text()) == {"user": user, "password": password}
    for private in (file, new_server.data / "tables.sqlite"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert new_server.stop() == 0
    new_server.start()
    assert printed(new_server) == []
    assert password not in "\n".join(new_server.output)

    # While the server runs.
    users = Users(binary, "--data", str(new_server.data))
    assert users("list") == "admin admin"
    users("add", "alice", password="swordfish and more")
    users("passwd", "admin", password="swordfish and more")
    assert not file.exists(), "what it says is no longer so"
    assert users("list").splitlines() == ["admin admin", "alice user"]
    assert requests.get(f"{new_server.url}/health", timeout=10).status_code == 204
    assert new_server.stop() == 0
    new_server.start()
    assert printed(new_server) == [] and not file.exists()
    assert users("list").splitlines() == ["admin admin", "alice user"]


def test_an_admin_can_be_named(binary, tmp_path):
    running = servers.Server(binary, tmp_path / "data", admin="root:pass:word:and:more")
    users = Users(binary, "--data", str(running.data))
    for admin, expected in [
        ("root:pass:word:and:more", ["root admin"]),
        ("root:pass:word:and:more", ["root admin"]),
        ("root:another of them all", ["root admin"]),
        ("alice:swordfish and more", ["alice admin", "root admin"]),
        (None, ["alice admin", "root admin"]),
    ]:
        running.admin = admin
        running.start()
        assert printed(running) == [] and not (running.data / "admin.json").exists()
        assert not any(word in "\n".join(running.output) for word in ("pass:word", "another", "swordfish"))
        assert users("list").splitlines() == expected
        assert running.stop() == 0


@pytest.mark.parametrize(("admin", "why"), [("root", "colon"), ("Root:swordfish", "a-z"), ("root:", "empty"), ("swordfish", "colon")])
def test_an_admin_that_cannot_be_one_is_refused_without_the_password(reelspan, tmp_path, admin, why):
    said = reelspan("serve", "--data", str(tmp_path / "data"), "--admin", admin, status=2).stderr.decode()
    assert why in said and "swordfish" not in said
    assert not (tmp_path / "data").exists()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@contextlib.contextmanager
def authorizing(root, aws, log):
    """Asks the authorizer about an event's request; it has just started, and so remembers no credentials."""
    variables = {"USERS_TABLE": TABLE, "SESSIONS_TABLE": "Sessions", "ADMIN_SECRET": SECRET, "RUST_LOG": "trace"}
    with emulated(servers.built(root, "authorizer"), aws.endpoint, log, **variables) as invoke:
        yield lambda asked: invoke(asked).json()


@pytest.fixture
def authorizer(aws, root, on_aws, client, tmp_path):
    """Starts an authorizer, with `alice` in the table and `admin` in the secret; and checks that its log contains no
    secrets."""
    on_aws("add", "alice", "--role", "owner", "--group", "staff", "--group", "film", password="open sesame, says alice")
    secrets = client("secretsmanager")
    secrets.create_secret(Name=SECRET, SecretString=json.dumps({"username": "admin", "password": "first-secret"}))
    log = tmp_path / "log"
    with log.open("ab") as written:
        yield lambda: authorizing(root, aws, written)
    secrets.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
    text = log.read_text(errors="replace")
    assert "authorized" in text
    fields = [basic("alice", "open sesame, says alice"), basic("admin", "first-secret")]
    for secret in ["open sesam", "first-secret", "pbkdf2-sha256$", *(field.removeprefix("Basic ") for field in fields)]:
        assert secret not in text, f"{secret!r} is in the log"


def passed_on(user: str, role: str, groups: str = "") -> dict:
    return {"isAuthorized": True, "context": {"user": user, "role": role, "groups": groups}}


REFUSED = {"isAuthorized": True, "context": {"refused": "401", "why": "user name or password is wrong"}}


def test_the_authorizer_names_whom_it_knows_and_refuses_others(authorizer, event):
    with authorizer() as asked:
        for _ in range(2):
            assert asked(event("authorizer-right")) == passed_on("alice", "owner", "film,staff")
            assert asked(event("authorizer-wrong")) == asked(event("authorizer-unknown")) == REFUSED
            for name in ("malformed", "nobody"):
                assert asked(event(f"authorizer-{name}"))["context"]["refused"] == "401", name


def test_who_is_removed_is_out_as_soon_as_nobody_remembers(authorizer, event, on_aws):
    on_aws("add", "root", "--role", "admin", password="another one of mine")
    right = event("authorizer-right")
    for change, expected in [
        (lambda: None, passed_on("alice", "owner", "film,staff")),
        (lambda: on_aws("set", "alice", "--role", "user", "--no-groups"), passed_on("alice", "user")),
        (lambda: on_aws("passwd", "alice", password="another one of mine"), REFUSED),
        (lambda: on_aws("passwd", "alice", password="open sesame, says alice"), passed_on("alice", "user")),
        (lambda: on_aws("remove", "alice"), REFUSED),
    ]:
        change()
        with authorizer() as asked:
            assert asked(right) == expected


def test_the_admin_of_the_secret_counts_while_the_table_has_none_of_that_name(authorizer, event, on_aws):
    def by(user: str, password: str) -> dict:
        asking = event("authorizer-right")
        asking["headers"]["authorization"] = basic(user, password)
        return asking

    with authorizer() as asked:
        assert asked(by("admin", "first-secret")) == passed_on("admin", "admin")
        for wrong in (by("admin", "first-secre"), by("alice", "first-secret"), by("root", "first-secret")):
            assert asked(wrong) == REFUSED
    on_aws("add", "admin", "--role", "admin", "--group", "film", password="the second secret")
    with authorizer() as asked:
        assert asked(by("admin", "first-secret")) == REFUSED
        assert asked(by("admin", "the second secret")) == passed_on("admin", "admin", "film")
