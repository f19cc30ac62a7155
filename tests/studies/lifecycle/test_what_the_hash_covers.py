"""The hash of an opened study covers all that people are asked and shown: whoever changes any of it gets another hash."""

import hashlib
from datetime import UTC, datetime

import pytest

from explain.models import ExplanationMap, Image, ImageSet, Network
from studies.lifecycle.fingerprint import fingerprint, is_intact, picture_hashes
from studies.lifecycle.opening import open_study
from studies.models import Arm, CheckMap, Item, Study, Trial
from tests.factories import jpeg, make_map, make_network, make_study, make_trials, stored
from tests.studies.trials.test_attention_checks import with_boxes

pytestmark = pytest.mark.django_db

PICTURES = {"0 photo": "aa", "0 0": "bb", "0 1": "cc"}


@pytest.fixture
def study():
    """As it is at the moment of its opening, when the hash is taken; nothing is frozen yet."""
    study = make_study(
        "hashed",
        items=2,
        methods=("grad-cam", "ablation-cam"),
        protocol={"analysis": {"contrasts": [["grad-cam", "ablation-cam"]]}},
    )
    make_trials(study, ["0,1", "1,0"])
    return study


def hash_of(study, pictures=PICTURES) -> str:
    return fingerprint(Study.objects.get(pk=study.pk), pictures)


OTHERWISE = {
    "comparison": "between",
    "slug": "another",
    "title": "Another title",
    "language": "de",
    "task": "rating",
    "picture": "heat",
    "responses_per_item": 9,
    "trials_per_participant": 9,
    "repeats_per_participant": 1,
    "attention_checks": 1,
    "break_every": 9,
    "practice": True,
    "questions": [{"key": "age", "text": "How old?", "kind": "number"}],
    "completion_url": "https://example.org/?cc=1",
    "seed": 99,
    "wording": {"question": "Which one?"},
    "alike_seen": [["grad-cam", "ablation-cam", 0.9]],
}


def test_every_setting_of_a_study_is_tried_here():
    assert set(OTHERWISE) == {*Study.SAME_IN_PROTOCOL, "alike_seen"}


@pytest.mark.parametrize("setting", OTHERWISE)
def test_another_setting_is_another_hash(study, setting):
    before = hash_of(study)
    Study.objects.filter(pk=study.pk).update(**{setting: OTHERWISE[setting]})
    assert hash_of(study) != before


def change_map(study):
    shown = study.items.get(index=1).item_maps.get(arm__index=1).map
    values = bytearray(shown.values)
    values[0] ^= 1
    ExplanationMap.objects.filter(pk=shown.pk).update(values=bytes(values))


def swap_arms(study):
    """The same two arms, the other way round: an answer “0” would mean the other one."""
    first, second = study.arms.order_by("index")
    names = [(arm.name, arm.method) for arm in (second, first)]
    Arm.objects.filter(pk=first.pk).update(name="for a moment")
    for arm, (name, method) in reversed(list(zip((first, second), names, strict=True))):
        Arm.objects.filter(pk=arm.pk).update(name=name, method=method)


def swap_maps(study):
    """The same maps, each under the other arm."""
    first, second = study.items.get(index=0).item_maps.order_by("arm__index")
    first.map, second.map = second.map, first.map
    first.save()
    second.save()


def swap_items(study):
    first, second = study.items.order_by("index")
    for item, index in ((first, 9), (second, 0), (first, 1)):
        Item.objects.filter(pk=item.pk).update(index=index)


def of_first(study, **fields):
    Image.objects.filter(pk=study.items.get(index=0).image_id).update(**fields)


CHANGES = {
    "the weights of a network": lambda study: Network.objects.update(weights_sha256="1" * 64),
    "an arm's name": lambda study: study.arms.filter(index=0).update(name="another"),
    "an arm's method": lambda study: study.arms.filter(index=0).update(method="another"),
    "the arms' order": swap_arms,
    "which arm a map stands for": swap_maps,
    "the title of a photo's class": lambda study: of_first(study, class_name="mallet"),
    "a photo": lambda study: of_first(study, content_sha256="2" * 64),
    "the items' order": swap_items,
    "a number in a map": change_map,
    "an order of arms": lambda study: Trial.objects.filter(order="0,1").update(order="1,0"),
    "an order about one photo": lambda study: Trial.objects.filter(item__index=0, order="0,1").delete(),
    "a rule of the analysis": lambda study: Study.objects.update(protocol={"analysis": {}}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whoever_changes_this_gets_another_hash(study, what):
    before = hash_of(study)
    CHANGES[what](study)
    assert hash_of(study) != before


def test_another_picture_is_another_hash(study):
    assert hash_of(study) != hash_of(study, {**PICTURES, "0 1": "dd"})


def test_what_happens_later_leaves_the_hash_as_it_is(study):
    """Answers, repeats, checks, trials asked again and answers brought in from elsewhere are no change of what is asked."""
    before = hash_of(study)
    item = study.items.get(index=0)
    Trial.objects.create(study=study, item=item, order="0,1")  # asked again after an answer was voided
    Trial.objects.create(study=study, item=item, order="")  # answered elsewhere
    for kind in (Trial.Kind.REPEAT, Trial.Kind.CHECK):
        Trial.objects.create(study=study, item=item, order="0,1,2", kind=kind)
    Study.objects.update(
        version=2,
        code_version="later",
        opened_at=datetime(2026, 1, 1, tzinfo=UTC),
        protocol_sha256="3" * 64,
        state=Study.State.PAUSED,
    )
    assert hash_of(study) == before


def test_a_language_that_is_spelt_out_is_hashed_only_where_it_is_not_what_every_study_had(study):
    before = hash_of(study)
    for language, same in (("en", True), ("de", False)):
        Study.objects.update(protocol={**study.protocol, "language": language})
        assert (hash_of(study) == before) == same


def test_trials_and_maps_of_another_study_are_no_part_of_it(study):
    before = hash_of(study)
    make_trials(make_study("another", networks=("other",)), ["1,0", "0,1"])
    assert hash_of(study) == before


def test_the_hash_can_be_computed_by_hand():
    """SHA-256 of one line of JSON: keys in order, no spaces, UTF-8. Studies keep theirs for good, so it never changes."""
    image_set = ImageSet.objects.create(name="one")
    image = Image.objects.create(
        image_set=image_set,
        file=stored(jpeg(1)),
        picture=stored(jpeg(1)),
        original_name="a.jpg",
        class_name="Säge",
        class_index=1,
        width=64,
        height=64,
        source_sha256="4" * 64,
        content_sha256="5" * 64,
    )
    network = make_network()
    study = Study.objects.create(slug="one", title="One", task="choice", wording={"same": "–"}, seed=3)
    item = Item.objects.create(study=study, index=0, image=image)
    for index, method in ((1, "a"), (0, "b")):
        arm = Arm.objects.create(
            study=study, index=index, name=method.upper(), network=network, method=method
        )
        shown = make_map(image, network, method)
        ExplanationMap.objects.filter(pk=shown.pk).update(values=method.encode() * 196)
        item.item_maps.create(arm=arm, map=shown)
    for order in ("1,0", "0,1"):
        Trial.objects.create(study=study, item=item, order=order)
    maps = [hashlib.sha256(method * 196).hexdigest() for method in (b"b", b"a")]
    text = (
        f'{{"arms":[[0,"B","{"0" * 64}","b"],[1,"A","{"0" * 64}","a"]],'
        f'"items":[[0,"Säge","{"5" * 64}"]],'
        f'"maps":["{maps[0]}","{maps[1]}"],'
        '"orders":[[0,"0,1"],[0,"1,0"]],'
        '"pictures":{"0 photo":"aa"},'
        '"protocol":{},'
        '"study":{"break_every":0,"completion_url":"","picture":"overlay","practice":false,"questions":[],'
        '"repeats_per_participant":0,"responses_per_item":4,"seed":3,"slug":"one","task":"choice","title":"One",'
        '"trials_per_participant":50,"wording":{"same":"–"}}}'
    )
    assert hash_of(study, {"0 photo": "aa"}) == hashlib.sha256(text.encode()).hexdigest()


# The pictures


def overwrite(file, content=b"something else"):
    with file.storage.open(file.name, "wb") as opened:
        opened.write(content)


@pytest.fixture
def opened():
    study = make_study("opened", items=4, methods=("grad-cam", "ablation-cam"), attention_checks=1)
    return open_study(study=with_boxes(study))


def test_every_picture_that_people_see_is_in_the_hash(opened):
    assert is_intact(opened)
    item = opened.items.get(index=3)
    files = [
        item.picture,
        item.item_maps.get(arm__index=1).picture,
        CheckMap.objects.filter(item__study=opened).order_by("id").last().file,
    ]
    for file in files:
        with file.open("rb") as held:
            content = held.read()
        overwrite(file)
        assert not is_intact(opened)
        overwrite(file, content)
        assert is_intact(opened)


def test_pictures_that_people_do_not_see_are_not_in_the_hash(opened):
    overwrite(opened.items.get(index=3).item_maps.get(arm__index=1).map.heat)
    assert is_intact(opened)


def test_the_checks_of_another_study_do_not_touch_the_hash(opened):
    other = make_study("other", items=4, networks=("other",), attention_checks=1)
    other = open_study(study=with_boxes(other))
    assert is_intact(opened)
    overwrite(CheckMap.objects.filter(item__study=other).first().file)
    assert is_intact(opened)
    assert not is_intact(other)


def test_each_picture_has_its_place_in_the_hash_and_whoever_waits_is_told_how_far_it_is(study):
    reports = []
    hashes = picture_hashes(study, lambda done, total: reports.append((done, total)))
    item = study.items.get(index=1)
    shown = item.item_maps.get(arm__index=0)
    assert reports == [(1, 2), (2, 2)]
    assert set(hashes) == {"0 photo", "0 0", "0 1", "1 photo", "1 0", "1 1"}
    assert hashes["1 photo"] == hashlib.sha256(item.picture.read()).hexdigest()
    assert hashes["1 0"] == hashlib.sha256(shown.picture.read()).hexdigest()
