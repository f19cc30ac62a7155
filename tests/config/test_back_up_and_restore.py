"""A backup holds every row and file while the site runs, and comes back whole or not at all."""

import gzip
import json
from io import StringIO

import numpy as np
import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from config import rows
from config.backup import file_names
from explain.maps import keep_array
from explain.models import ExplanationMap, Image
from studies.lifecycle.fingerprint import fingerprint, picture_hashes
from studies.lifecycle.opening import open_study
from studies.models import Event, Response, Study
from tests.factories import make_study
from tests.studies.filled import fill

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("other_databases")]


def run(*args, **options):
    out = StringIO()
    call_command(*args, stdout=out, json=True, **options)
    return json.loads(out.getvalue())


def everything() -> dict[str, list]:
    return {model._meta.label: list(rows.read(model, "default")) for model in rows.site_models()}


def empty_the_site():
    """As after `migrate` on a new database."""
    with transaction.atomic(), connection.cursor() as cursor:
        for model in rows.site_models():
            if model._meta.label_lower not in rows.BY_MIGRATE:
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")


@pytest.fixture
def study(admin_user):
    study = make_study(items=4)
    open_study(study=study, user=admin_user)
    study.refresh_from_db()
    fill(study, [[0, 1, 2, -1], [2, 2, 0, 1]])
    return study


def test_everything_comes_back_as_it_was(study, tmp_path, settings):
    before, pictures = everything(), [image.picture.read() for image in Image.objects.order_by("pk")]
    asked = fingerprint(study, picture_hashes(study))
    output = run("backup", to=tmp_path / "backup")
    assert output["rows"]["studies.response"] == 8
    assert output["files"] == len(set(file_names()))
    empty_the_site()
    settings.MEDIA_ROOT = tmp_path / "new media"
    run("restore", tmp_path / "backup")
    assert everything() == before
    assert [image.picture.read() for image in Image.objects.order_by("pk")] == pictures
    assert fingerprint(Study.objects.get(), picture_hashes(Study.objects.get())) == asked
    later = Event.objects.create(study=Study.objects.get(), kind="note")
    assert later.pk > max(row[0] for row in before["studies.Event"])


def test_large_maps_come_back_from_their_files(study, tmp_path, settings):
    row = ExplanationMap.objects.first()
    cells = np.random.default_rng(0).random((60, 80), np.float32)
    keep_array(row, cells)
    row.save()
    run("backup", to=tmp_path / "backup")
    empty_the_site()
    settings.MEDIA_ROOT = tmp_path / "new media"
    run("restore", tmp_path / "backup")
    assert ExplanationMap.objects.get(pk=row.pk).array().tobytes() == cells.tobytes()


def test_time_stamps_and_ids_keep_their_last_digit(study, tmp_path):
    before = Response.objects.values_list("pk", "created_at", "answer_id").order_by("pk")
    before = list(before)
    assert any(row[1].microsecond % 1000 for row in before)
    run("backup", to=tmp_path)
    empty_the_site()
    run("restore", tmp_path)
    assert list(Response.objects.values_list("pk", "created_at", "answer_id").order_by("pk")) == before


def test_a_second_backup_copies_only_new_files_and_replaces_the_rows(study, tmp_path):
    run("backup", to=tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "files").rglob("*.*")}
    make_study("second", networks=("other",))
    output = run("backup", to=tmp_path)
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert len(list((tmp_path / "files").rglob("*.*"))) == output["files"] > len(stamps)
    assert len(list(tmp_path.glob("rows-*"))) == 1
    assert output["rows"]["studies.study"] == 2


def test_a_site_with_rows_is_not_written_over(study, tmp_path):
    run("backup", to=tmp_path)
    before = everything()
    with pytest.raises(CommandError, match="already has rows") as caught:
        run("restore", tmp_path)
    assert caught.value.returncode == 2
    assert everything() == before


@pytest.mark.parametrize("what", ["rows", "file"])
def test_a_damaged_backup_is_refused_before_anything_is_written(study, tmp_path, what):
    run("backup", to=tmp_path)
    empty_the_site()
    if what == "rows":
        (path,) = tmp_path.glob("rows-*/studies.response.jsonl.gz")
        lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
        path.write_bytes(gzip.compress(b"".join(lines[1:])))
    else:
        path = next((tmp_path / "files").rglob("*.jpg"))
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CommandError, match="is missing or damaged; nothing was restored"):
        run("restore", tmp_path)
    assert not Study.objects.exists()


def test_a_folder_without_a_manifest_is_no_backup(db, tmp_path):
    with pytest.raises(CommandError, match=r"holds no manifest\.json"):
        run("restore", tmp_path)


def test_a_file_that_is_not_there_is_named_and_the_rest_is_kept(study, tmp_path):
    lost = Image.objects.first().picture.name
    default_storage.delete(lost)
    with pytest.raises(CommandError, match="1 files have a row but are not there") as caught:
        run("backup", to=tmp_path)
    assert lost in str(caught.value)
    assert (tmp_path / "manifest.json").exists()


def test_answers_can_be_written_while_a_backup_reads(study, tmp_path):
    """Inside the snapshot nothing new is seen, and nobody waits for it."""
    with rows.snapshot() as alias:
        first = rows.count(Event, alias)
        if connection.vendor == "sqlite":  # PostgreSQL's snapshot is this connection's own transaction
            Event.objects.create(study=study, kind="note")
        assert rows.count(Event, alias) == first


def test_content_types_keep_their_numbers(study, tmp_path):
    """What points to a content type by its number points to the same one afterwards."""
    run("backup", to=tmp_path)
    before = dict(ContentType.objects.values_list("pk", "model"))
    empty_the_site()
    ContentType.objects.filter(model="study").update(model="shifted")
    run("restore", tmp_path)
    assert dict(ContentType.objects.values_list("pk", "model")) == before
