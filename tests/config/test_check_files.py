"""Rows without files and files without rows are found; only old files without a row are deleted."""

import hashlib
import json
import os
import time
from io import StringIO

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from config.files import changed_files, check_files, delete_orphans
from explain.models import Image
from explain.photos import sha256_of
from studies.lifecycle.opening import open_study
from tests.factories import jpeg, make_study

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
    assert output["files"] == 2 * 2 + 2 * 3 * 3 + 2 * (1 + 3)  # photos, maps, and what the study shows
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


@pytest.fixture
def opened():
    """An opened study whose photos are what they were brought in as."""
    made = make_study(items=2)
    for image in Image.objects.all():
        Image.objects.filter(pk=image.pk).update(content_sha256=sha256_of(image.file))
    return open_study(study=made)


def overwrite(name: str, content: bytes) -> None:
    with open(default_storage.path(name), "wb") as file:
        file.write(content)


def test_a_sound_site_is_sound_to_the_byte(opened):
    assert run(with_bytes=True)["changed"] == []


def test_a_file_that_was_changed_is_named_where_bytes_are_read(opened):
    """Seven bytes in place of a picture were nothing to complain of."""
    item = opened.items.get(index=0)
    shown = item.item_maps.get(arm__index=1)
    names = [item.image.file.name, item.picture.name, shown.picture.name, shown.map.heat.name]
    for name in names[:3]:
        overwrite(name, jpeg(99))  # sealed, or brought in with a hash
    overwrite(names[3], b"7 bytes")
    assert run()["lost"] == []
    out = StringIO()
    with pytest.raises(CommandError, match="4 files are not what they were; restore them from a backup"):
        call_command("check_files", "--bytes", stdout=out)
    for name in names:
        assert f"changed: {name}" in out.getvalue()
    default_storage.delete(names[0])
    with pytest.raises(CommandError, match="1 files are lost and 3 files are not what they were"):
        call_command("check_files", "--bytes", stdout=out)


def test_a_photo_that_is_used_where_it_lies_is_compared_too(tmp_path):
    make_study(items=2)
    first, second = Image.objects.all()
    for image, content in ((first, b"one"), (second, b"two")):
        path = tmp_path / f"{image.pk}.jpg"
        path.write_bytes(content)
        Image.objects.filter(pk=image.pk).update(
            file="", source_path=path, source_sha256=hashlib.sha256(content).hexdigest()
        )
    assert list(changed_files()) == []
    (tmp_path / f"{first.pk}.jpg").write_bytes(b"other")
    (tmp_path / f"{second.pk}.jpg").unlink()
    assert list(changed_files()) == [str(tmp_path / f"{image.pk}.jpg") for image in (first, second)]
