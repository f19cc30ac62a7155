"""Rows without files and files without rows are found; only old files without a row are deleted."""

import json
import os
import time
from io import StringIO

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from config.files import check_files, delete_orphans
from explain.models import Image
from tests.factories import make_study

pytestmark = pytest.mark.django_db


def run(**options):
    out = StringIO()
    call_command("check_files", json=True, stdout=out, **options)
    return json.loads(out.getvalue())


def leave_a_file(name: str, hours_old: float) -> str:
    name = default_storage.save(name, ContentFile(b"left"))
    then = time.time() - 3600 * hours_old
    os.utime(default_storage.path(name), (then, then))
    return name


def test_a_whole_site_has_nothing_to_find():
    make_study(items=2)
    output = run()
    assert output["files"] == 2 * 2 + 2 * 3 * 3
    assert (output["lost"], output["orphans"]) == ([], [])


def test_an_empty_site_is_no_error():
    assert run() == {"files": 0, "lost": [], "orphans": [], "deleted": 0}


def test_files_without_a_row_are_deleted_unless_young():
    make_study(items=1)
    old, young = leave_a_file("ab/old.jpg", 2), leave_a_file("ab/young.jpg", 0.5)
    assert run()["orphans"] == [old]
    assert default_storage.exists(old)
    assert run(delete=True)["deleted"] == 1
    assert not default_storage.exists(old)
    assert default_storage.exists(young)
    assert run()["lost"] == []


def test_a_file_that_a_row_points_to_by_now_is_not_deleted():
    """A slow storage is listed for minutes; what was found first may belong to somebody when it comes to deleting."""
    make_study(items=1)
    old, taken = leave_a_file("ab/old.jpg", 2), leave_a_file("ab/taken.jpg", 2)
    leftovers = check_files()
    assert leftovers.orphans == [old, taken]
    Image.objects.update(picture=taken)
    assert delete_orphans(leftovers) == 1
    assert default_storage.exists(taken)
    assert not default_storage.exists(old)


def test_a_row_without_its_file_is_named():
    make_study(items=1)
    image = Image.objects.get()
    default_storage.delete(image.picture.name)
    out = StringIO()
    with pytest.raises(CommandError, match="1 files are lost") as caught:
        call_command("check_files", stdout=out)
    assert caught.value.returncode == 1
    assert f"not there: {image.picture.name}" in out.getvalue()
