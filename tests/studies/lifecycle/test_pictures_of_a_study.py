"""A study's pictures are made when it gets ready: its items, its kind, once each, of one length, hashed; and it goes on after a kill."""

import io
import json
import time
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models.fields.files import FieldFile
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image as PillowImage

from config.files import check_files
from explain.cam.rendering import encoding
from explain.core import parallel
from explain.core.errors import BadInputError
from explain.core.parallel import in_threads
from explain.jobs.jobs import run_job
from explain.map_sources import source_of
from explain.maps import draw_pictures
from explain.models import ExplanationMap, Image, Job
from studies.lifecycle import study_pictures
from studies.lifecycle.fingerprint import is_intact, picture_hashes
from studies.lifecycle.opening import open_study
from studies.lifecycle.similarity import measure
from studies.lifecycle.study_pictures import (
    is_prepared,
    length_of_pictures,
    lengthen_pictures,
    prepare_pictures,
    prepared_hashes,
)
from studies.lifecycle.transitions import change_state, take_apart
from studies.models import CheckMap, Item, ItemMap, Study
from tests.factories import make_study, without_pictures

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    return without_pictures(make_study(items=5, picture="masked"))


def stored() -> set[str]:
    root = Path(default_storage.path(""))
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def rows_of(study) -> list[Item | ItemMap]:
    maps = ItemMap.objects.filter(item__study=study).select_related("item__image", "map__network")
    return [*study.items.select_related("image"), *maps.order_by("pk")]


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(PillowImage.open(io.BytesIO(content)))


def test_its_items_and_its_kind_are_made_and_nothing_else(study):
    before, maps = stored(), list(ExplanationMap.objects.values_list("overlay", "masked", "heat"))
    assert not is_prepared(study)
    reports = []
    prepare_pictures(study, lambda done, total: reports.append((done, total)))
    assert reports == [(number, 5) for number in range(1, 6)]
    assert is_prepared(study)
    assert len(stored() - before) == 5 * (1 + 3)
    assert list(ExplanationMap.objects.values_list("overlay", "masked", "heat")) == maps
    assert prepared_hashes(study) == picture_hashes(study)
    assert len(prepared_hashes(study)) == 20


def test_each_picture_is_its_own_map_in_the_frame_and_all_have_the_length_of_the_longest(study):
    prepare_pictures(study)
    lengths, needs = set(), []
    for item in study.items.all():
        rows = list(item.item_maps.select_related("map__network").order_by("arm__index"))
        maps = [(row.map, source_of(row.map).extent(row.map, item.image)) for row in rows]
        files = encoding.encode_alike(draw_pictures(item.image, "masked", maps, with_photo=True))
        for row, file in zip([item, *rows], files, strict=True):
            content = row.picture.read()
            np.testing.assert_array_equal(pixels(content), pixels(file))
            lengths.add(len(content))
            needs.append(encoding.needed(file))
    assert lengths == {encoding.common_length(needs)}
    assert len(set(needs)) > 10


@pytest.mark.parametrize("kind", ["overlay", "heat"])
def test_checks_and_pictures_have_one_length_whichever_is_longer(kind):
    """The length of a picture told what it is: a check, a photo, or by a sharp map an arm."""
    study = without_pictures(make_study(items=4, picture=kind, attention_checks=2))
    Image.objects.update(boxes=[[8, 8, 24, 24]])
    study = open_study(study=study, alike_seen=True)
    checks = CheckMap.objects.filter(item__study=study)
    assert checks
    assert len({*(row.picture.size for row in rows_of(study)), *(check.file.size for check in checks)}) == 1
    assert is_intact(study)


def test_checks_that_need_more_lengthen_all_that_was_there(study):
    prepare_pictures(study)
    before, length, names = prepared_hashes(study), length_of_pictures(study), stored()
    shown = {row: pixels(row.picture.read()) for row in rows_of(study)}
    lengthen_pictures(study, length + 3000)
    assert {row.picture.size for row in rows_of(study)} == {length + 3000}
    assert len(stored()) == len(names)
    assert not set(before.values()) & set(prepared_hashes(study).values())
    assert prepared_hashes(study) == picture_hashes(study)
    for row in rows_of(study):
        np.testing.assert_array_equal(pixels(row.picture.read()), shown[row])


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
        study = without_pictures(make_study("many", items=12))
        drawing = study_pictures._Drawing(study, [item.pk for item in study.items.all()], lambda *_: None)
        drawing.run()
        drawn, written = written, []
        prepare_pictures(study)
    assert {len(name) for name in [*drawn, *written]} == {2 + 1 + 46 + 5}
    assert len({default_storage.size(name) for name in written}) == 1
    kept = dict(ItemMap.objects.values_list("picture", "arm__index"))
    assert set(kept) < set(written)
    arms = [kept[name] for name in written if name in kept]
    assert len({tuple(arms[start : start + 3]) for start in range(0, len(arms), 3)}) > 3
    assert not any(default_storage.exists(name) for name in drawn)


def test_the_pictures_of_one_photo_are_drawn_in_any_order(monkeypatch):
    kept = []
    files = study_pictures._Files(Study())
    monkeypatch.setattr(files, "stored", lambda content: kept.append(content) or content.decode())
    contents = [b"0", b"1", b"2", b"3"]
    orders = set()
    for _ in range(40):
        assert study_pictures._in_any_order(files, contents) == ["0", "1", "2", "3"]
        orders.add(tuple(kept))
        kept.clear()
    assert len(orders) > 8


def test_it_goes_on_where_it_stopped_and_makes_nothing_twice(study, monkeypatch):
    monkeypatch.setattr(study_pictures, "SAVED_AT_ONCE", 2)

    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    before = stored()
    with pytest.raises(KeyboardInterrupt):
        prepare_pictures(study, stop)
    assert Item.objects.exclude(picture="").count() == 2
    assert len(stored() - before) == 2 * 4  # what was not saved is gone
    reports = []
    prepare_pictures(study, lambda done, total: reports.append((done, total)))
    assert reports == [(3, 5), (4, 5), (5, 5)]
    names = stored()
    prepare_pictures(study, lambda *_: pytest.fail("there is nothing to do"))
    assert stored() == names
    assert check_files().lost == []


def test_stopped_while_it_fills_up_it_comes_to_the_same_length(study, monkeypatch):
    monkeypatch.setattr(study_pictures, "SAVED_AT_ONCE", 1)
    save, calls = study_pictures._Filling._save, []

    def stop(self, part):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(len(part))
        return save(self, part)

    before = stored()
    with monkeypatch.context() as patch:
        patch.setattr(study_pictures._Filling, "_save", stop)
        with pytest.raises(KeyboardInterrupt):
            prepare_pictures(study)
    done = {key: sha256 for key, sha256 in prepared_hashes(study).items() if sha256}
    assert len(done) == 8
    assert not is_prepared(study)
    assert len(stored() - before) == 20
    prepare_pictures(study)
    assert done.items() <= prepared_hashes(study).items()
    assert len({row.picture.size for row in rows_of(study)}) == 1


def test_each_study_has_pictures_of_its_own(study, django_capture_on_commit_callbacks):
    """Maps of a study of before are JPEGs of another length: beside new ones they would tell their arms."""
    prepare_pictures(study)
    names = stored()
    other = Study.objects.create(slug="other", title="Other", task="choice", picture="masked")
    arms = [
        other.arms.create(index=arm.index, name=arm.name, network=arm.network, method=arm.method)
        for arm in study.arms.all()
    ]
    for item in study.items.all()[:2]:
        copy = other.items.create(index=item.index, image=item.image)
        for arm in arms:
            ItemMap.objects.create(item=copy, arm=arm, map=item.item_maps.get(arm__index=arm.index).map)
    prepare_pictures(other)
    assert len(stored() - names) == 8
    assert names < stored()
    with django_capture_on_commit_callbacks(execute=True):
        take_apart(other)  # a draft again; the study that shows the same maps keeps its own
    assert stored() == names


def test_of_two_at_once_one_picture_stays_and_its_hash_is_right(study, monkeypatch):
    """Another process makes and saves everything while this one is about to save."""
    save, both = study_pictures._Drawing._save, []

    def overtaken(self, part):
        if not both:
            both.append(True)
            prepare_pictures(Study.objects.get(pk=study.pk))
        return save(self, part)

    before = stored()
    monkeypatch.setattr(study_pictures._Drawing, "_save", overtaken)
    prepare_pictures(study)
    assert len(stored() - before) == 20
    assert is_prepared(study)
    assert prepared_hashes(study) == picture_hashes(study)


@pytest.mark.parametrize("step", ["_Drawing", "_Filling"])
def test_a_study_that_another_process_opens_meanwhile_keeps_what_was_sealed(study, monkeypatch, step):
    """What is sealed cannot be written any more."""
    kind = getattr(study_pictures, step)
    save, both = kind._save, []

    def overtaken(self, part):
        if not both:
            both.append(True)
            open_study(study=Study.objects.get(pk=study.pk), alike_seen=True)
        return save(self, part)

    if step == "_Filling":  # somebody else's checks need more, and these do not
        prepare_pictures(study)
    monkeypatch.setattr(kind, "_save", overtaken)
    lengthen_pictures(study, 60_000) if step == "_Filling" else prepare_pictures(study)
    assert both
    assert {row.picture.name for row in rows_of(study)} <= stored()
    assert check_files().lost == []
    assert is_intact(Study.objects.get())


def test_the_arms_of_a_study_that_an_older_version_opened_can_be_compared_again(monkeypatch):
    """Its pictures are there and have no hashes in rows; it is sealed, so nothing is written beside it."""
    opened = open_study(study=make_study(items=2), alike_seen=True)
    Item.objects.all().change_what_is_frozen(picture_sha256="")
    ItemMap.objects.all().change_what_is_frozen(picture_sha256="")
    monkeypatch.setattr(study_pictures._Drawing, "run", lambda self: pytest.fail("pictures are made"))
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
    lost = ItemMap.objects.first().picture.name
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
    shown = ItemMap.objects.first().picture
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
