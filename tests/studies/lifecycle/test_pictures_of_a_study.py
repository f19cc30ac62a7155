"""A study's pictures are made when it gets ready: its items, its kind, once each, hashed; and it goes on after a kill."""

import json
import time
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models.fields.files import FieldFile
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.files import check_files
from explain.cam.rendering import render
from explain.core import parallel
from explain.core.errors import BadInputError
from explain.core.parallel import in_threads
from explain.jobs.jobs import run_job
from explain.map_sources import source_of
from explain.maps import draw_pictures
from explain.models import ExplanationMap, Image, Job
from studies.lifecycle import study_pictures
from studies.lifecycle.check_maps import make_check_maps
from studies.lifecycle.fingerprint import is_intact, picture_hashes
from studies.lifecycle.opening import open_study
from studies.lifecycle.similarity import measure
from studies.lifecycle.study_pictures import is_prepared, prepare_pictures, prepared_hashes
from studies.lifecycle.transitions import change_state
from studies.models import Item, ItemMap, Study
from tests.factories import make_map, make_study

pytestmark = pytest.mark.django_db


def without_pictures(**options) -> Study:
    study = make_study(**options)
    ExplanationMap.objects.update(overlay="", masked="", heat="")
    Image.objects.update(picture="")
    return study


@pytest.fixture
def study() -> Study:
    return without_pictures(items=5, picture="masked")


def stored() -> set[str]:
    root = Path(default_storage.path(""))
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_its_items_and_its_kind_are_made_and_nothing_else(study):
    other = make_map(study.items.first().image, study.arms.first().network, "random")
    ExplanationMap.objects.filter(pk=other.pk).update(overlay="", masked="", heat="")
    before = stored()
    assert not is_prepared(study)
    reports = []
    prepare_pictures(study, lambda done, total: reports.append((done, total)))
    assert reports == [(number, 5) for number in range(1, 6)]
    assert is_prepared(study)
    assert len(stored() - before) == 5 * (1 + 3)
    assert set(ExplanationMap.objects.values_list("overlay", "heat")) == {("", "")}
    assert ExplanationMap.objects.get(pk=other.pk).masked == ""
    assert prepared_hashes(study) == picture_hashes(study)
    assert len(prepared_hashes(study)) == 20


def test_each_picture_is_its_own_map_in_the_frame(study):
    prepare_pictures(study)
    for row in ItemMap.objects.select_related("item__image", "map__network"):
        extent = source_of(row.map).extent(row.map, row.item.image)
        photo, of_map = draw_pictures(row.item.image, "masked", [(row.map, extent)], with_photo=True)
        assert row.map.masked.read() == render.encode(of_map)
        assert row.item.image.picture.read() == render.encode(photo)


@pytest.mark.parametrize("kind", ["overlay", "masked", "heat"])
def test_maps_of_one_photo_are_equally_long_where_some_are_too_long_for_the_usual_length(monkeypatch, kind):
    """The length of a picture told which arm it is of: a sharp map over a photo of grass took twice the bytes of a smooth one."""
    monkeypatch.setattr(render, "FILE_BYTES", 512)
    study = without_pictures(items=4, picture=kind, attention_checks=2)
    Image.objects.update(boxes=[[8, 8, 24, 24]])
    prepare_pictures(study)
    checks = make_check_maps(study)
    for item in study.items.all():
        assert len({getattr(row.map, kind).size for row in item.item_maps.all()}) == 1
        assert len({check.file.size for check in checks if check.item == item}) <= 1
    assert checks


def test_names_sizes_and_times_say_nothing():
    """Files of one length with names drawn by lot, written in an order that is another for each photo."""
    written = []
    save = default_storage.save

    def watched(name, content):
        written.append(save(name, content))
        return written[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study_pictures.default_storage, "save", watched)
        patch.setattr(parallel, "processors", lambda: 1)
        prepare_pictures(without_pictures(slug="many", items=40))
    assert {len(name) for name in written} == {2 + 1 + 46 + 4}
    assert {default_storage.size(name) % render.FILE_BYTES for name in written} == {0}
    arm_of = dict(ItemMap.objects.values_list("map__overlay", "arm__index"))
    by_item = (written[start : start + 4] for start in range(0, len(written), 4))
    orders = {tuple(arm_of[name] for name in part if name in arm_of) for part in by_item}
    assert len(orders) > 3


def test_it_goes_on_where_it_stopped_and_makes_nothing_twice(study, monkeypatch):
    monkeypatch.setattr(study_pictures, "SAVED_AT_ONCE", 2)

    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    before = stored()
    with pytest.raises(KeyboardInterrupt):
        prepare_pictures(study, stop)
    assert Item.objects.exclude(picture_sha256="").count() == 2
    assert len(stored() - before) == 2 * 4  # what was not saved is gone
    first = picture_hashes_there(study)
    reports = []
    prepare_pictures(study, lambda done, total: reports.append((done, total)))
    assert reports == [(3, 5), (4, 5), (5, 5)]
    assert first.items() <= prepared_hashes(study).items()
    names = stored()
    prepare_pictures(study, lambda *_: pytest.fail("there is nothing to do"))
    assert stored() == names
    assert check_files().lost == []


def picture_hashes_there(study) -> dict[str, str]:
    return {key: sha256 for key, sha256 in prepared_hashes(study).items() if sha256}


def test_pictures_that_are_there_are_hashed_and_stay(study):
    """As after an update: every picture is stored, and no row has a hash."""
    prepare_pictures(study)
    before, names = prepared_hashes(study), stored()
    for lacking in (Item.objects.filter(index=3), ItemMap.objects.filter(item__index=2, arm__index=1)):
        lacking.update(picture_sha256="")
        assert not is_prepared(study)
        prepare_pictures(study)
        assert (prepared_hashes(study), stored()) == (before, names)


def test_a_map_that_another_study_shows_keeps_its_picture(study):
    prepare_pictures(study)
    names = dict(ExplanationMap.objects.values_list("pk", "masked"))
    other = Study.objects.create(slug="other", title="Other", task="choice", picture="masked")
    arms = [
        other.arms.create(index=arm.index, name=arm.name, network=arm.network, method=arm.method)
        for arm in study.arms.all()
    ]
    for item in study.items.all():
        copy = other.items.create(index=item.index, image=item.image)
        for arm in arms:
            ItemMap.objects.create(item=copy, arm=arm, map=item.item_maps.get(arm__index=arm.index).map)
    prepare_pictures(other)
    assert dict(ExplanationMap.objects.values_list("pk", "masked")) == names
    assert prepared_hashes(other) == prepared_hashes(study)


def test_of_two_at_once_one_picture_stays_and_its_hash_is_right(study, monkeypatch):
    """Another process makes and saves everything while this one is about to save."""
    save, both = study_pictures._Preparation._save, []

    def overtaken(self, part):
        if not both:
            both.append(True)
            prepare_pictures(Study.objects.get(pk=study.pk))
        return save(self, part)

    before = stored()
    monkeypatch.setattr(study_pictures._Preparation, "_save", overtaken)
    prepare_pictures(study)
    assert len(stored() - before) == 20
    assert is_prepared(study)
    assert prepared_hashes(study) == picture_hashes(study)


def test_a_study_that_another_process_opens_meanwhile_keeps_what_was_sealed(monkeypatch):
    """Its pictures are there and lack their hashes, which both reckon: what is sealed cannot be written any more."""
    study = make_study(items=5)
    save, both = study_pictures._Preparation._save, []

    def overtaken(self, part):
        if not both:
            both.append(True)
            open_study(study=Study.objects.get(pk=study.pk), alike_seen=True)
        return save(self, part)

    monkeypatch.setattr(study_pictures._Preparation, "_save", overtaken)
    before = stored()
    prepare_pictures(study)
    assert both
    assert stored() == before
    assert is_intact(Study.objects.get())


def test_the_arms_of_a_study_that_an_older_version_opened_can_be_compared_again(monkeypatch):
    """Its pictures are there and have no hashes in rows; it is sealed, so nothing is written beside it."""
    opened = open_study(study=make_study(items=2), alike_seen=True)
    Item.objects.all().change_what_is_frozen(picture_sha256="")
    ItemMap.objects.all().change_what_is_frozen(picture_sha256="")
    monkeypatch.setattr(study_pictures._Preparation, "run", lambda self: pytest.fail("pictures are made"))
    assert len(measure(Study.objects.get(pk=opened.pk))) == 3
    assert not is_prepared(opened)


def test_a_photo_that_is_gone_is_named_and_nothing_half_made_stays(study):
    before = stored()
    last = study.items.order_by("index").last().image
    default_storage.delete(last.file.name)
    with pytest.raises(BadInputError, match=f"{last.original_name}: its file .* cannot be read"):
        prepare_pictures(study)
    assert stored() == before - {last.file.name}


def test_a_picture_that_is_lost_is_named(study):
    prepare_pictures(study)
    lost = ExplanationMap.objects.first().masked.name
    default_storage.delete(lost)
    ItemMap.objects.update(picture_sha256="")
    with pytest.raises(BadInputError, match=f"{lost}: this picture has a row and is not there; restore it"):
        prepare_pictures(study)


# Opening: what a worker has made is not read again.


def test_opening_reads_no_picture_of_a_study_that_is_prepared(study, admin_user, monkeypatch):
    prepare_pictures(study)
    measure(study)
    monkeypatch.setattr(FieldFile, "open", lambda *_: pytest.fail("a file was opened"))
    monkeypatch.setattr(default_storage._wrapped, "open", lambda *_: pytest.fail("a file was opened"))
    opened = change_state(study=study, to="open", user=admin_user)
    monkeypatch.undo()
    assert is_intact(opened)
    assert json.loads(opened.versions.defer(None).get().sealed)["pictures"] == picture_hashes(opened)


def test_a_picture_that_changed_between_is_noticed_where_it_is_sent(study):
    """It is sealed as it was made, so nobody is shown another."""
    measure(study)
    shown = ExplanationMap.objects.first().masked
    with default_storage.open(shown.name, "wb") as file:
        file.write(b"something else")
    assert not is_intact(open_study(study=study, alike_seen=True))


def test_the_page_has_a_worker_make_what_an_older_version_did_not_hash(client, admin_user, study):
    measure(study)
    ItemMap.objects.update(picture_sha256="")
    client.force_login(admin_user)
    address = reverse("study-state", args=[study.slug, "open"])
    page = client.get(address).content.decode()
    assert "Not all pictures that volunteers will see are there yet." in page
    assert "Make the pictures" in page
    client.post(address)
    assert Study.objects.get().state == "ready"
    run_job(Job.objects.get().pk)
    job = Job.objects.get()
    assert (job.state, job.done, job.total) == ("done", 5, 5)
    assert "Make the pictures" not in client.get(address).content.decode()
    client.post(address, {"alike_seen": "on"})
    assert Study.objects.get().state == "open"


def test_rows_are_read_in_few_queries_however_many_photos(study):
    prepare_pictures(study)
    with CaptureQueriesContext(connection) as queries:
        assert is_prepared(study)
        prepared_hashes(study)
    assert len(queries) == 3


# Threads.


def test_things_come_in_their_order_and_few_are_held_at_once(monkeypatch):
    monkeypatch.setattr(parallel, "processors", lambda: 3)
    taken, given = [], []

    def things():
        for number in range(50):
            taken.append(number)
            assert len(taken) - len(given) <= 3 * 2 + 2
            yield number

    for thing, result in in_threads(lambda number: number**2, things()):
        given.append(thing)
        assert result == thing**2
    assert given == list(range(50))


def test_what_fails_is_raised_and_the_rest_is_not_begun():
    begun = []

    def fail(number):
        begun.append(number)
        time.sleep(0.01)
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        list(in_threads(fail, range(1000)))
    assert len(begun) < 50
