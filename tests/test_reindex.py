"""`reelspan reindex`: after missed events, and with older indexes."""

import contextlib
import shutil
import sqlite3
import subprocess
import time

import pytest
import requests

from answers import wait_for
from cloud import make_table
from emulator import ACCOUNT

MEDIA, TABLE = "lost-media", "ContainerIndex"
JSON = {"Accept": "application/json"}
SAMPLES = ["counter.mp4", "counter.webm", "tone.m4a"]


@pytest.fixture
def run(binary):
    def run(*arguments, status: int = 0, **environment: str) -> subprocess.CompletedProcess:
        done = subprocess.run([binary, *arguments], capture_output=True, text=True, timeout=120, env=environment)
        assert done.returncode == status, (done.stdout, done.stderr)
        return done

    return run


@pytest.fixture
def deployment(moto, boto, samples):
    """Three files and a text whose events were lost; and the options for them."""
    s3, dynamodb = boto("s3"), boto("dynamodb")
    s3.create_bucket(Bucket=MEDIA)
    make_table(dynamodb, TABLE, "media", "page")
    for name in SAMPLES:
        s3.put_object(Bucket=MEDIA, Key=f"lost/sub/{name}", Body=(samples / name).read_bytes())
    s3.put_object(Bucket=MEDIA, Key="lost/a b+ä.txt", Body=b"no media")
    yield ACCOUNT | {"AWS_ENDPOINT_URL": moto, "MEDIA_BUCKET": MEDIA}
    for key in s3.list_objects_v2(Bucket=MEDIA)["Contents"]:
        s3.delete_object(Bucket=MEDIA, Key=key["Key"])
    s3.delete_bucket(Bucket=MEDIA)
    dynamodb.delete_table(TableName=TABLE)


def heads(boto) -> dict[str, dict]:
    items = boto("dynamodb").scan(TableName=TABLE)["Items"]
    return {item["media"]["S"]: item for item in items if item["page"]["S"] == "HEAD"}


def summary(done: subprocess.CompletedProcess) -> str:
    return done.stdout.strip().splitlines()[-1]


def test_missed_events_are_made_up_for(boto, deployment, run):
    done = run("reindex", "lost", **deployment)
    assert summary(done) == "lost: 4 objects, 0 right, 0 listed, 3 indexed, 1 cannot be indexed, 0 indexes of nothing removed, 0 failed"
    assert "lost/a b+ä.txt: " in done.stderr
    assert {name for name, head in heads(boto).items() if head["status"]["S"] == "indexed"} == {f"lost/sub/{name}" for name in SAMPLES}
    # Right indexes are left alone, and so are files that cannot be indexed.
    assert summary(run("reindex", "lost", **deployment)).startswith("lost: 4 objects, 4 right, 0 listed, 0 indexed, 0 cannot")
    assert summary(run("reindex", "lost", "--all", **deployment)).startswith("lost: 4 objects, 0 right, 0 listed, 3 indexed, 1 cannot")


def test_only_what_differs_is_indexed(boto, deployment, run, samples):
    run("reindex", "lost", **deployment)
    dynamodb, s3 = boto("dynamodb"), boto("s3")
    # Of an older format; overwritten; deleted.
    key = {"media": {"S": "lost/sub/counter.mp4"}, "page": {"S": "HEAD"}}
    dynamodb.update_item(TableName=TABLE, Key=key, UpdateExpression="SET #f = :f", ExpressionAttributeNames={"#f": "format"},
                         ExpressionAttributeValues={":f": {"N": "1"}})  # fmt: skip
    s3.put_object(Bucket=MEDIA, Key="lost/sub/counter.webm", Body=(samples / "counter.mkv").read_bytes())
    s3.delete_object(Bucket=MEDIA, Key="lost/sub/tone.m4a")
    s3.delete_object(Bucket=MEDIA, Key="lost/a b+ä.txt")

    assert summary(run("reindex", "lost", "sub/counter.m", **deployment)) == (
        "lost: 1 objects, 0 right, 0 listed, 1 indexed, 0 cannot be indexed, 0 indexes of nothing removed, 0 failed"
    )
    assert summary(run("reindex", "lost", "--jobs", "1", **deployment)) == (
        "lost: 2 objects, 1 right, 0 listed, 1 indexed, 0 cannot be indexed, 2 indexes of nothing removed, 0 failed"
    )
    found = heads(boto)
    assert set(found) == {"lost/sub/counter.mp4", "lost/sub/counter.webm"}
    assert found["lost/sub/counter.mp4"]["format"]["N"] != "1"
    for name in found:
        assert found[name]["etag"]["S"] == s3.head_object(Bucket=MEDIA, Key=name)["ETag"]
    pages = {item["media"]["S"] for item in dynamodb.scan(TableName=TABLE)["Items"]}
    assert pages == set(found)


def test_a_content_that_only_lacks_its_entry_is_listed_and_not_read(boto, deployment, run):
    run("reindex", "lost", **deployment)
    dynamodb, s3 = boto("dynamodb"), boto("s3")

    def entries() -> dict[str, str]:
        query = {"IndexName": "Contents", "KeyConditionExpression": "#s = :s", "ExpressionAttributeNames": {"#s": "space"}}
        found = dynamodb.query(TableName=TABLE, **query, ExpressionAttributeValues={":s": {"S": "lost"}})["Items"]
        return {item["content"]["S"]: item["status"]["S"] for item in found}

    everything = {"a b+ä.txt": "refused"} | {f"sub/{name}": "ready" for name in SAMPLES}
    assert entries() == everything and list(entries()) == sorted(everything)
    key = {"media": {"S": "lost/sub/tone.m4a"}, "page": {"S": "CONTENT"}}
    for name in ("sub/tone.m4a", "sub/counter.mp4", "a b+ä.txt"):
        dynamodb.delete_item(TableName=TABLE, Key=key | {"media": {"S": f"lost/{name}"}})
    before = heads(boto)
    summed = summary(run("reindex", "lost", **deployment))
    assert summed == "lost: 4 objects, 1 right, 3 listed, 0 indexed, 0 cannot be indexed, 0 indexes of nothing removed, 0 failed"
    assert (entries(), heads(boto)) == (everything, before)
    # An entry whose object is gone.
    s3.delete_object(Bucket=MEDIA, Key="lost/sub/tone.m4a")
    dynamodb.delete_item(TableName=TABLE, Key=key | {"page": {"S": "HEAD"}})
    assert summary(run("reindex", "lost", **deployment)).startswith("lost: 3 objects, 3 right, 0 listed, 0 indexed")
    assert "sub/tone.m4a" not in entries()


def test_what_is_not_there_is_told(deployment, run):
    assert "nothing of that name" in run("reindex", "nosuch", status=2, **deployment).stderr
    assert (
        "--bucket"
        in run("reindex", "lost", status=2, **{name: value for name, value in deployment.items() if name != "MEDIA_BUCKET"}).stderr
    )
    assert "does not exist" in run("reindex", "lost", "--data", "/nosuch", status=2).stderr
    failed = run("reindex", "lost", status=1, **deployment | {"MEDIA_BUCKET": "nosuch"})
    assert "the bucket" in failed.stderr


def test_a_data_folder_is_reindexed_while_it_is_served_and_while_it_is_not(new_server, samples, run, tmp_path):
    (tmp_path / "other").mkdir()
    shutil.copy(samples / "counter.mp4", tmp_path / "other")
    new_server.imports = {"demo": samples / "formats", "other": tmp_path / "other"}
    new_server.start()
    url = f"{new_server.media('counter.mp4', 'other')}?t=2,4"
    before = wait_for(url, 200)

    data = ["--data", str(new_server.data)]
    done = run("reindex", "other", *data)
    assert summary(done).startswith("other: 1 objects, 1 right, 0 listed, 0 indexed")
    done = run("reindex", "demo", *data)
    assert " 0 failed" in summary(done) and " 0 indexed" in summary(done)
    done = run("reindex", "other", "--all", *data)
    assert summary(done).startswith("other: 1 objects, 0 right, 0 listed, 1 indexed")
    after = requests.get(url, timeout=10)
    assert (after.status_code, after.content, after.headers["ETag"]) == (200, before.content, before.headers["ETag"])

    assert new_server.stop() == 0
    done = run("reindex", "other", "--all", *data)
    assert summary(done).startswith("other: 1 objects, 0 right, 0 listed, 1 indexed")
    # An earlier version of the program had no lists; the next start makes them.
    with contextlib.closing(sqlite3.connect(new_server.data / "tables.sqlite")) as tables, tables:
        assert tables.execute("DELETE FROM item WHERE sort = 'CONTENT'").rowcount > 1
        tables.execute("PRAGMA user_version = 0")
    new_server.start()
    assert requests.get(f"{new_server.media('counter.mp4', 'other')}?t=2,4", timeout=10).content == before.content
    deadline = time.monotonic() + 10
    while not (found := requests.get(f"{new_server.url}/durastore/other", headers=JSON, timeout=10).json()["contents"]):
        assert time.monotonic() < deadline
    assert [(one["id"], one["index"]["status"]) for one in found] == [("counter.mp4", "ready")]
