"""Pictures in an S3-compatible service: a real HTTP server, and the same pages as with a folder."""

import json
import re
import subprocess
import sys
import time
from io import StringIO

import boto3
import httpx
import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from config.files import changed_files
from explain.maps import move_arrays
from explain.models import ExplanationMap, Image
from studies.lifecycle.opening import open_study
from studies.models import Invitation, Item
from studies.trials.allocation import claim_trials
from tests.config.test_behind_nginx import free_port
from tests.factories import make_participant, make_study
from tests.studies.pictures import addresses, ask

pytestmark = pytest.mark.django_db

KEYS = {"aws_access_key_id": "someone", "aws_secret_access_key": "secret", "region_name": "us-east-1"}


@pytest.fixture(scope="module")
def server():
    """The address of an S3 server of this test's own."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.get(address)
            break
        except httpx.HTTPError:
            time.sleep(0.1)
    yield address
    process.terminate()
    process.wait(timeout=10)


@pytest.fixture
def bucket(server, settings):
    client = boto3.client("s3", endpoint_url=server, **KEYS)
    client.create_bucket(Bucket="pictures")
    options = {
        "bucket_name": "pictures",
        "endpoint_url": server,
        "region_name": KEYS["region_name"],
        "access_key": KEYS["aws_access_key_id"],
        "secret_key": KEYS["aws_secret_access_key"],
        "default_acl": None,
        "file_overwrite": False,
    }
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options},
    }
    yield client
    for entry in client.list_objects_v2(Bucket="pictures").get("Contents", []):
        client.delete_object(Bucket="pictures", Key=entry["Key"])
    client.delete_bucket(Bucket="pictures")


def keys(bucket) -> set[str]:
    return {entry["Key"] for entry in bucket.list_objects_v2(Bucket="pictures").get("Contents", [])}


def test_a_volunteer_gets_pictures_from_the_site_and_nothing_of_the_bucket(client, bucket, server):
    study = open_study(study=make_study(items=3))
    _, token = Invitation.issue(study)
    begun = client.post(reverse("join", args=[token]), {"consent": "on"})
    own = re.search(r"/p/([\w-]+)/", begun.headers["Location"])[1]
    claim_trials(participant=study.participants.get(), count=1)
    answers = [ask(client, own, 1, slot) for slot in range(4)]
    assert all(answer.content.startswith(b"RIFF") for answer in answers)
    assert [dict(answer.headers) | {"Content-Length": ""} for answer in answers] == [
        dict(answers[0].headers) | {"Content-Length": ""}
    ] * 4
    assert not any(server in str(answer.headers) for answer in answers)


def test_names_in_the_bucket_say_nothing(bucket):
    make_study(items=2)
    assert all(re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{46}\.(jpg|webp)", key) for key in keys(bucket))


def test_files_and_rows_are_compared_there_too(bucket):
    make_study(items=1)
    lost = Image.objects.get().picture.name
    bucket.delete_object(Bucket="pictures", Key=lost)
    out = StringIO()
    with pytest.raises(CommandError, match="1 files are lost"):
        call_command("check_files", json=True, stdout=out)
    assert json.loads(out.getvalue())["lost"] == [lost]


def test_large_maps_lie_in_the_bucket(bucket):
    make_study(items=1)
    row = ExplanationMap.objects.first()
    cells = np.random.default_rng(0).random((60, 80), np.float32)
    ExplanationMap.objects.filter(pk=row.pk).update(values=cells.tobytes(), height=60, width=80)
    assert move_arrays() == 1
    row = ExplanationMap.objects.get(pk=row.pk)
    assert row.array().tobytes() == cells.tobytes()
    assert row.array_file.name in keys(bucket)
    bucket.put_object(Bucket="pictures", Key=row.array_file.name, Body=b"7 bytes")
    assert row.array_file.name in changed_files()


def test_a_picture_that_was_changed_in_the_bucket_is_not_shown(client, bucket):
    study = open_study(study=make_study(items=1))
    make_participant(study)
    claim_trials(participant=study.participants.get(), count=1)
    address = addresses(client, "token-1-of-demo")[1][0]
    assert client.get(address).status_code == 200
    name = Item.objects.get().picture.name
    bucket.put_object(Bucket="pictures", Key=name, Body=b"7 bytes")
    assert client.get(address).status_code == 503
    assert name in changed_files()
    bucket.delete_object(Bucket="pictures", Key=name)
    assert client.get(address).status_code == 503
    assert client.get("/readyz").json()["storage"] == "ok"
