"""From an upload by any S3 client to the fragment, and through restarts; and why a server refuses to start."""

import hashlib
import io
import signal
import socket
import subprocess
import threading

import boto3.s3.transfer
import pytest
import requests

import media
from answers import wait_for
from server import BUCKET


def test_an_upload_is_cut_within_two_seconds_then_overwritten_then_deleted(server, s3, samples, tmp_path):
    url = f"{server.media('lecture.mp4', 'chain')}?t=2,4"
    assert requests.get(url, timeout=10).status_code == 404

    s3.put_object(Bucket=BUCKET, Key="chain/lecture.mp4", Body=(samples / "counter.mp4").read_bytes())
    first = wait_for(url, 200)
    (tmp_path / "cut.mp4").write_bytes(first.content)
    assert media.pictures(tmp_path / "cut.mp4") == list(range(50, 100))

    s3.put_object(Bucket=BUCKET, Key="chain/lecture.mp4", Body=(samples / "counter.webm").read_bytes())
    second = wait_for(url, 200, **{"Content-Type": "video/webm"})
    assert second.headers["ETag"] != first.headers["ETag"]

    s3.delete_object(Bucket=BUCKET, Key="chain/lecture.mp4")
    wait_for(url, 404)


def test_wrong_bytes_are_never_given_while_a_file_is_overwritten(server, s3, samples):
    """While two files alternate under one name, every answer is a complete cut of one of them."""
    files = [(samples / name).read_bytes() for name in ("counter.mp4", "counter-open-gop.mp4")]
    url, right = f"{server.media('turns.mp4', 'chain')}?t=2,4", set()
    for file in files:
        s3.put_object(Bucket=BUCKET, Key="chain/turns.mp4", Body=file)
        tag = s3.head_object(Bucket=BUCKET, Key="chain/turns.mp4")["ETag"]
        wait_for(server.media("turns.mp4", "chain"), 200, ETag=tag)
        right.add(hashlib.md5(wait_for(url, 200).content).digest())
    assert len(right) == 2

    done = threading.Event()

    def take_turns():
        for turn in range(30):
            s3.put_object(Bucket=BUCKET, Key="chain/turns.mp4", Body=files[turn % 2])
        done.set()

    thread = threading.Thread(target=take_turns)
    thread.start()
    seen = set()
    while not done.is_set():
        answer = requests.get(url, timeout=10)
        seen.add(answer.status_code)
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 200:
            assert hashlib.md5(answer.content).digest() in right
        else:
            assert int(answer.headers["Retry-After"]) > 0
    thread.join()
    assert 200 in seen
    wait_for(url, 200)


def test_every_way_to_put_an_object_is_followed(server, s3, samples):
    source = (samples / "counter.mp4").read_bytes()

    s3.copy_object(Bucket=BUCKET, Key="chain/copy.mp4", CopySource={"Bucket": BUCKET, "Key": "demo/counter.mp4"})
    assert wait_for(f"{server.media('copy.mp4', 'chain')}?t=2,4", 200).content

    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="chain/parts.mp4")["UploadId"]
    padding = b"\0\0\0\0free" + bytes(0)  # A last box that reaches to the end of the file.
    parts = []
    body = source + padding + bytes(6 * 1024 * 1024)
    for number, at in enumerate(range(0, len(body), 5 * 1024 * 1024), 1):
        part = s3.upload_part(
            Bucket=BUCKET, Key="chain/parts.mp4", UploadId=upload, PartNumber=number, Body=body[at : at + 5 * 1024 * 1024]
        )
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    s3.complete_multipart_upload(Bucket=BUCKET, Key="chain/parts.mp4", UploadId=upload, MultipartUpload={"Parts": parts})
    cut = wait_for(f"{server.media('parts.mp4', 'chain')}?t=2,4", 200)
    assert cut.content == requests.get(f"{server.media('counter.mp4')}?t=2,4", timeout=10).content

    config = boto3.s3.transfer.TransferConfig(multipart_threshold=5 * 1024 * 1024)
    s3.upload_fileobj(io.BytesIO(source), BUCKET, "chain/managed ä+.mp4", Config=config)
    assert wait_for(f"{server.url}/media/chain/managed%20%C3%A4%2B.mp4?t=2,4", 200).content == cut.content

    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "chain/copy.mp4"}, {"Key": "chain/parts.mp4"}]})
    wait_for(server.media("copy.mp4", "chain"), 404)
    wait_for(server.media("parts.mp4", "chain"), 404)


def test_what_is_no_media_is_served_whole_and_says_why_it_is_not_cut(server, s3):
    s3.put_object(Bucket=BUCKET, Key="chain/notes.txt", Body=b"no media at all", ContentType="text/plain")
    whole = wait_for(server.media("notes.txt", "chain"), 200)
    assert whole.content == b"no media at all"
    refused = requests.get(f"{server.media('notes.txt', 'chain')}?t=1,2", timeout=10)
    assert refused.status_code == 415
    assert "not a media file" in refused.json()["detail"]


@pytest.mark.parametrize("how", ["interrupt", "terminate", "kill"])
def test_what_is_stored_outlives_the_server(new_server, samples, tmp_path, how):
    empty = tmp_path / "empty"
    empty.mkdir()
    new_server.imports = {"demo": samples, "other": empty}
    new_server.start()
    new_server.s3().put_object(Bucket=BUCKET, Key="other/tone.m4a", Body=(samples / "tone.m4a").read_bytes())
    before = wait_for(f"{new_server.media('tone.m4a', 'other')}?t=1,3", 200)
    keys = new_server.environment()["AWS_ACCESS_KEY_ID"]
    if how == "kill":
        new_server.kill()
    else:
        assert new_server.stop(signal.SIGINT if how == "interrupt" else signal.SIGTERM) == 0

    new_server.start()
    after = requests.get(f"{new_server.media('tone.m4a', 'other')}?t=1,3", timeout=10)
    assert (after.content, after.headers["ETag"]) == (before.content, before.headers["ETag"])
    assert new_server.environment()["AWS_ACCESS_KEY_ID"] == keys
    assert any(" 0 uploaded" in line for line in new_server.output), new_server.output


@pytest.fixture
def refusal(binary, tmp_path):
    """Starts a server that must not start, and returns its last output."""

    def run(*arguments, data=None) -> str:
        command = [binary, "serve", "--listen", "127.0.0.1:0", "--s3-listen", "127.0.0.1:0"]
        command += ["--data", data or tmp_path / "data", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        assert done.returncode == 2, done
        assert len(done.stderr.splitlines()) == 1, done.stderr
        return done.stderr

    return run


def test_a_port_in_use_is_one_clear_line(binary, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for option, other in (("--listen", "--s3-listen"), ("--s3-listen", "--listen")):
            command = [binary, "serve", option, f"127.0.0.1:{port}", other, "127.0.0.1:0", "--data", tmp_path / "data"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=20)
            assert done.returncode == 2
            assert len(done.stderr.splitlines()) == 1
            assert str(port) in done.stderr and option in done.stderr


def test_a_folder_that_is_not_there_is_one_clear_line(refusal, tmp_path):
    assert "nosuch" in refusal("--import", f"demo={tmp_path / 'nosuch'}")
    assert "nosuch" in refusal(data=tmp_path / "nosuch" / "data")


def test_a_data_folder_of_a_newer_format_is_one_clear_line(refusal, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "FORMAT").write_text("999\n")
    assert "newer" in refusal()


def test_a_data_folder_in_use_is_one_clear_line(refusal, server):
    assert "another process" in refusal(data=server.data)
