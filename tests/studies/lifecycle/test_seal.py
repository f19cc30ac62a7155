"""Whoever changes an opened study behind the program's back is told of at the top of everything about its answers."""

import json

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from explain.core.array_files import pack
from explain.maps import move_arrays
from explain.models import ExplanationMap, Image, ImageSet, Network
from studies.lifecycle import seal as seal_module
from studies.lifecycle.fingerprint import picture_hashes
from studies.lifecycle.opening import open_study
from studies.lifecycle.readiness import create_study
from studies.lifecycle.revisions import revise, reworded
from studies.lifecycle.seal import BrokenSeal, Change, broken_seal, pictures_now
from studies.lifecycle.seal_words import in_words, line_of
from studies.models import Arm, Item, ItemMap, ProtocolVersion, Study, Trial
from studies.protocol.schema import check_protocol
from tests import by_sql
from tests.factories import CONSENT, make_image, make_map, make_network, make_study
from tests.studies.filled import fill
from tests.studies.trials.test_attention_checks import with_boxes

from .test_versions_of_a_protocol import SOURCE

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened():
    study = make_study("sealed", items=4, methods=("grad-cam", "ablation-cam"), attention_checks=1, seed=7)
    study = open_study(study=with_boxes(study), alike_seen=True)
    fill(study, [[0, 1, -1, 0], [1, 1, 0, 0]])
    return study


def of(study) -> Study:
    """As another request reads it."""
    return Study.objects.get(pk=study.pk)


def changes(study, **options) -> list[tuple]:
    broken = broken_seal(of(study), **options)
    return [(c.part, c.key, c.before, c.now) for c in broken.changes] if broken else []


def sql(statement: str, *values) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


# What differs


def test_a_study_that_nobody_touched_is_whole(opened):
    assert broken_seal(of(opened)) is broken_seal(of(opened), with_pictures=True) is None


def test_what_was_never_opened_has_no_seal_to_break(db):
    study = make_study("draft")
    by_sql.change(Study.objects.all(), seed=99)
    assert broken_seal(of(study)) is None
    by_sql.change(Study.objects.all(), state="open")  # by hand: nothing was sealed
    assert broken_seal(of(study)) is None


SQL = {
    "a setting": (
        lambda s: sql("UPDATE studies_study SET seed = 999"),
        [("study", "seed", 7, 999)],
    ),
    "a word": (
        lambda s: by_sql.change(Study.objects.all(), wording={**s.wording, "question": "Which?"}),
        [("study", "wording.question", "Which map best matches the {class}?", "Which?")],
    ),
    "a rule": (
        lambda s: by_sql.change(Study.objects.all(), protocol={"consent": CONSENT, "analysis": {"hide": 1}}),
        [("protocol", "analysis.hide", None, 1)],
    ),
    "an arm": (
        lambda s: by_sql.change(Arm.objects.filter(index=1), name="mine", method="hirescam"),
        [
            ("arms", "arm 1 name", "ablation-cam", "mine"),
            ("arms", "arm 1 method", "ablation-cam", "hirescam"),
        ],
    ),
    "weights": (
        lambda s: Network.objects.update(weights_sha256="1" * 64),
        [("arms", f"arm {index} weights", "0" * 64, "1" * 64) for index in (0, 1)],
    ),
    "a class": (
        lambda s: Image.objects.filter(pk=s.items.get(index=2).image_id).update(class_name="mallet"),
        [("items", "item 2 class", "hammer", "mallet")],
    ),
    "an order": (
        lambda s: by_sql.change(Trial.objects.filter(item__index=0, kind="main", order="0,1"), order="1,0"),
        [("orders", "item 0", "0,1", None)],
    ),
    "the version": (
        lambda s: by_sql.change(Study.objects.all(), version=2),
        [("seal", "version", 1, 2)],
    ),
    "the hash": (
        lambda s: by_sql.change(Study.objects.all(), protocol_sha256=""),
        [("seal", "protocol_sha256", "the hash", "")],
    ),
    "the version's protocol": (
        lambda s: by_sql.change(
            ProtocolVersion.objects.all(), protocol={"consent": CONSENT, "slug": "other"}
        ),
        [("version", "slug", "other", None)],
    ),
}


@pytest.mark.parametrize("what", SQL)
def test_what_was_changed_by_sql_is_named(opened, what):
    change, differs = SQL[what]
    change(opened)
    named = [
        (*row[:2], "the hash" if row[2] == opened.protocol_sha256 else row[2], row[3])
        for row in changes(opened)
    ]
    assert named == [tuple(row) for row in differs]
    assert broken_seal(of(opened)).version == 1


def test_a_part_that_nothing_compares_still_breaks_the_seal(opened, monkeypatch):
    """Predictions were in the hash and were not compared: a truth that was changed was told to nobody."""
    whole = seal_module.seal
    monkeypatch.setattr(
        seal_module, "seal", lambda *args: (whole(*args)[0], whole(*args)[1][:-1] + ',"something new":[1]}')
    )
    assert [change[:2] for change in changes(opened)] == [("seal", "what is asked")]


def test_a_changed_map_is_named_by_item_and_arm(opened):
    shown = opened.items.get(index=3).item_maps.get(arm__index=1).map
    ExplanationMap.objects.filter(pk=shown.pk).update(values=b"\0" * 196)
    assert [row[:2] for row in changes(opened)] == [("maps", "item 3 arm 1")]


def large_map(study) -> ExplanationMap:
    """The map of the study's item 3 and arm 1, larger than a row holds, as older versions kept it there."""
    shown = study.items.get(index=3).item_maps.get(arm__index=1).map
    cells = np.random.default_rng(3).random((40, 50), np.float32)
    fields = {"values": cells.tobytes(), "height": 40, "width": 50}
    ExplanationMap.objects.filter(pk=shown.pk).update(**fields)
    return ExplanationMap.objects.get(pk=shown.pk)


@pytest.fixture
def opened_with_a_large_map():
    study = make_study(items=4, seed=7)
    large_map(study)
    return open_study(study=study)


def test_a_seal_is_whole_after_its_maps_have_moved_into_files(opened_with_a_large_map):
    """Opened under an older version; nothing of it is another because its arrays lie elsewhere."""
    assert move_arrays() == 1
    assert changes(opened_with_a_large_map, with_pictures=True) == []


def test_a_large_map_whose_row_or_file_was_changed_is_named(opened_with_a_large_map):
    study = opened_with_a_large_map
    move_arrays()
    row = study.items.get(index=3).item_maps.get(arm__index=1).map
    overwrite(row.array_file, pack(np.zeros((40, 50), "<f4")))
    assert changes(study) == []
    assert [change[:2] for change in changes(study, with_pictures=True)] == [("maps", "item 3 arm 1")]
    ExplanationMap.objects.filter(pk=row.pk).update(array_sha256="0" * 64)
    assert [change[:2] for change in changes(study)] == [("maps", "item 3 arm 1")]


def test_rows_that_are_gone_are_named(opened):
    item = opened.items.get(index=3)
    for rows in (
        ItemMap.objects.filter(item=item),
        item.check_maps.all(),
        item.trials.filter(responses=None),
    ):
        by_sql.remove(rows)
    by_sql.change(Trial.objects.filter(item=item), item=opened.items.get(index=2), participant=None)
    by_sql.remove(Item.objects.filter(pk=item.pk))
    assert ("items", "item 3 class", "hammer", None) in changes(opened)
    assert ("orders", "item 3", "0,1", None) in changes(opened)


def test_a_seal_without_its_record_is_broken(opened):
    by_sql.remove(ProtocolVersion.objects.all())
    assert changes(opened) == [("seal", "version", opened.protocol_sha256, None)]


@pytest.mark.parametrize("sealed", ["", "no JSON", "{}"])
def test_a_sealed_text_that_is_not_the_one_that_was_hashed_is_not_believed(opened, sealed):
    by_sql.change(ProtocolVersion.objects.all(), sealed=sealed)
    assert [row[:2] for row in changes(opened)] == ([("seal", "sealed text")] if sealed else [])


def test_the_sealed_text_is_what_the_hash_is_of(opened):
    version = opened.versions.get()
    assert json.loads(version.sealed)["pictures"] == picture_hashes(opened)
    assert json.loads(version.sealed)["study"]["seed"] == 7


def test_versions_are_read_without_their_sealed_text(opened):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        list(opened.versions.all())
        list(ProtocolVersion.objects.all())
    assert not any('"sealed"' in query["sql"] for query in queries)


def overwrite(file, content=b"something else"):
    with file.storage.open(file.name, "wb") as stored:
        stored.write(content)


def test_pictures_are_read_only_where_that_is_asked_for(opened):
    item = opened.items.get(index=3)
    overwrite(item.picture)
    default_storage.delete(item.item_maps.get(arm__index=1).picture.name)
    check = opened.items.exclude(check_maps=None).first()
    overwrite(check.check_maps.get(place=0).file)
    assert changes(opened) == []
    differing = {row[1]: bool(row[3]) for row in changes(opened, with_pictures=True)}
    assert differing == {"item 3 photo": True, "item 3 arm 1": False, f"item {check.index} check 0": True}


def test_maps_are_not_asked_for_one_by_one(opened):
    """SQLite refuses a condition of a thousand terms, and a study of 334 photos and three arms has more maps."""
    for read in (picture_hashes, pictures_now):
        with CaptureQueriesContext(connection) as queries:
            read(of(opened))
        assert not any(" OR " in query["sql"] for query in queries)


def test_the_same_row_is_looked_at_once(opened, django_assert_num_queries):
    study = of(opened)
    broken_seal(study)
    with django_assert_num_queries(0):
        broken_seal(study)


def test_queries_do_not_grow_with_the_study(opened, django_assert_num_queries):
    larger = open_study(study=make_study("larger", items=9, networks=("other",)), alike_seen=True)
    for study in (of(opened), of(larger)):
        with django_assert_num_queries(7):
            broken_seal(study)


def from_protocol() -> Study:
    """A study as a protocol makes it, opened."""
    image_set, network = ImageSet.objects.create(name="birds"), make_network()
    for number in range(6):
        image = make_image(image_set, number, ("hen", "robin")[number % 2], 8 + 7 * (number % 2))
        for method in ("grad-cam", "ablation-cam"):
            make_map(image, network, method)
    network.class_names[8], network.class_names[15] = "hen", "robin"
    network.save()
    return open_study(study=create_study(protocol=check_protocol(SOURCE)), alike_seen=True)


def test_a_new_version_is_sealed_anew_and_the_last_one_is_looked_at():
    study = from_protocol()
    study.state = "paused"
    study.save()
    wording = {**study.wording, "question": "Which is better?"}
    revise(study=study, source=reworded(study, wording=wording), why="clearer")
    assert changes(study) == []
    by_sql.change(Study.objects.all(), wording={"question": "Another?"})
    assert broken_seal(of(study)).version == 2


# A study that was opened before the sealed text was kept


@pytest.fixture
def earlier():
    study = from_protocol()
    by_sql.change(ProtocolVersion.objects.all(), sealed="")
    return study


def test_an_earlier_study_is_compared_by_its_settings_and_protocol(earlier):
    assert changes(earlier) == []
    sql("UPDATE studies_study SET seed = 999")
    assert changes(earlier) == [("study", "seed", 3, 999)]
    by_sql.change(Study.objects.all(), seed=3, protocol={**earlier.protocol, "title": "Another"})
    assert changes(earlier) == [("version", "title", "A “small” study", "Another")]


def test_an_earlier_study_is_compared_in_full_by_reading_its_pictures(earlier):
    assert changes(earlier, with_pictures=True) == []
    by_sql.change(Arm.objects.filter(index=0), name="mine")
    assert [row[:2] for row in changes(earlier, with_pictures=True)] == [
        ("seal", "arms, items, maps, pictures or orders")
    ]


# In which words


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (Change("study", "title", "One", "Two"), "setting title: was “One”, is “Two”"),
        (Change("study", "practice", False, True), "setting practice: was false, is true"),
        (Change("protocol", "design.seed", 1, None), "protocol, design.seed: 1 is gone"),
        (Change("protocol", "design.seed", None, 1), "protocol, design.seed: 1 is new"),
        (Change("arms", "arm 0 name", "a" * 70, "b"), f"arm 0 name: was “{'a' * 59}…”, is “b”"),
        (Change("maps", "item 3 arm 1", "1" * 64, "2" * 64), "the map of item 3 arm 1 has other values"),
        (Change("maps", "item 3 arm 1", "1" * 64, None), "the map of item 3 arm 1 is gone"),
        (Change("maps", "item 9 arm 1", None, "2" * 64), "the map of item 9 arm 1 is new"),
        (Change("pictures", "item 3 photo", "1" * 64, ""), "the picture of item 3 photo is gone"),
        (Change("orders", "item 3", "0,1", None), "order of arms on item 3: “0,1” is gone"),
        (Change("seal", "version", 1, 3), "seal, version: was 1, is 3"),
    ],
)
def test_each_change_is_a_line(change, line):
    assert line_of(change) == line


def test_of_very_many_changes_ten_are_shown_and_the_others_counted():
    many = tuple(Change("items", f"item {number} class", "a", "b") for number in range(2500))
    words = in_words(BrokenSeal("large", 2, many))
    assert "2,500 things differ from what was opened as version 2" in words.headline
    assert len(words.lines) == 11
    assert words.lines[-1] == "… and 2,490 more"
    assert len(BrokenSeal("large", 2, many).as_json()["differs"]) == 100
    assert BrokenSeal("large", 2, many).as_json()["changes"] == 2500
