"""`check_blinding` passes on an honest study and names the leak on a study with one planted."""

import hashlib
import io
import json
import re
import uuid
from io import StringIO

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from PIL import Image

from explain.cam.rendering import encoding
from explain.core.errors import BadInputError
from explain.models import Network
from studies.analysis.blindness import guess_arms, unequal_positions
from studies.lifecycle.opening import open_study
from studies.models import Event, ItemMap, Participant, Response, Study, Trial
from studies.participation.picture_addresses import Picture, seal
from studies.simulation import blinding_audit
from studies.simulation.blinding_audit import check_blinding, crawl
from tests import by_sql
from tests.factories import BYTES, make_participant, make_study
from tests.studies.blinding import Clock, show

METHODS = ("grad-cam", "pixel-ablation-cam")


@pytest.fixture(autouse=True)
def sealed_as_they_are(monkeypatch):
    """Pictures here are changed after the opening, to see what the check finds of pictures that were sealed so."""
    with monkeypatch.context() as patch:
        patch.setattr("studies.participation.sealed_pictures._sealed", lambda *_: {})
        yield patch


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("studies.simulation.blinding_audit.time", clock)
    return clock


@pytest.fixture
def study(db):
    return open_study(study=make_study(items=10, methods=METHODS, responses_per_item=2))


def leaks(study) -> dict[str, list[str]]:
    return {check.name: check.leaks for check in check_blinding(study=study) if check.leaks}


def maps_of(study, arm):
    return list(ItemMap.objects.filter(item__study=study, arm__index=arm).select_related("map"))


class Headers:
    """A middleware that adds a header to every picture of the first arm, or to all."""

    name, value = "", staticmethod(lambda response: "")

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response["Content-Type"] == "image/webp":
            response[self.name] = self.value(response)
        return response


class ETag(Headers):
    name, value = "ETag", staticmethod(lambda response: hashlib.md5(response.content).hexdigest())


class FileName(Headers):
    name, value = "X-File", staticmethod(lambda response: "overlays/pixel-ablation-cam.webp")


class Sum(Headers):
    name, value = "X-Sum", staticmethod(lambda response: str(sum(response.content)))


@pytest.fixture
def plant(settings):
    def plant(middleware):
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.{middleware.__name__}"]

    return plant


def test_an_honest_study_passes(study):
    assert leaks(study) == {}


def test_it_looks_at_every_map_of_some_whole_sessions(study):
    session = crawl(study)
    assert {(shown.item, shown.arm) for shown in session.shown} == {
        (item.pk, arm) for item in study.items.all() for arm in (0, 1)
    }
    assert session.replies[-1].address.endswith("/thanks/")
    # What the page sends answers to is read too, once a trial.
    asked = [reply for reply in session.replies if reply.address.endswith("/answers/")]
    assert len(asked) == 2 * 10
    assert {reply.headers["content-type"] for reply in asked} == {"application/json"}


def test_it_leaves_no_trace_even_of_a_study_that_has_been_answered(study):
    trial = study.trials.first()
    before = list(Trial.objects.values())
    assert leaks(study) == {}
    assert list(Trial.objects.values()) == before
    assert not Participant.objects.exists()
    assert not Response.objects.exists()
    assert set(Event.objects.values_list("kind", flat=True)) == {"opened"}
    assert trial.state == "open"


def test_an_etag_is_a_leak(study, plant):
    plant(ETag)
    assert any("has etag" in leak for leak in leaks(study)["headers"])


def test_a_file_name_is_a_leak(study, plant):
    plant(FileName)
    leaked = leaks(study)["names"]
    assert any(leak.endswith("holds 'pixel-ablation-cam'") for leak in leaked)


def test_exif_is_a_leak(study):
    for shown in maps_of(study, 0):
        with shown.picture.open("rb") as file:
            image = Image.open(file).copy()
        exif = Image.Exif()
        exif[0x010E] = "any description"
        out = io.BytesIO()
        image.save(out, "WEBP", exif=exif)
        show(shown, out.getvalue())
    assert "EXIF is present" in leaks(study)["encoding"]


@pytest.fixture
def small(db, monkeypatch):
    """Two photos, and few draws for the classifier: quick, for what other parts of the check find."""
    monkeypatch.setattr(blinding_audit, "DRAWS", 19)
    return open_study(study=make_study(items=2, methods=METHODS, responses_per_item=2), alike_seen=True)


def save_as(mode, **options):
    """A function that gives a black picture in some encoding."""

    def encode(size):
        out = io.BytesIO()
        Image.new(mode, size).save(out, **{"format": "WEBP", **options})
        return out.getvalue()

    return encode


@pytest.mark.parametrize(
    ("trait", "encode"),
    [
        ("format", save_as("RGB", format="PNG")),
        ("mode", save_as("L", format="JPEG")),
        ("quantisation", save_as("RGB", format="JPEG")),
        ("chunks", save_as("RGB")),
        ("metadata", save_as("RGB", icc_profile=b"made by no one")),
    ],
)
def test_an_encoding_that_depends_on_the_arm_is_a_leak(small, trait, encode):
    """A file can tell its arm by its format, its colours, how it is compressed, or a comment that nobody sees."""
    for shown in maps_of(small, 0):
        show(shown, encode((64, 64)))
    assert f"{trait}: 2 kinds" in leaks(small)["encoding"]


def test_exif_in_every_picture_is_a_leak_too(small):
    """It is the same for all arms, and yet it may say with what the pictures were made."""
    exif = Image.Exif()
    exif[0x010E] = "any description"
    for shown in ItemMap.objects.all():
        show(shown, save_as("RGB", exif=exif)((64, 64)))
    assert leaks(small)["encoding"] == ["EXIF is present"]


def test_a_header_that_differs_between_pictures_is_a_leak(small, plant):
    plant(Sum)
    assert "x-sum differs between pictures" in leaks(small)["headers"]


def test_a_page_that_names_what_made_a_map_or_a_file_of_it_is_a_leak(small):
    """Here the question names all of them, in capitals. A network's name may be as short as four letters."""
    arm = small.arms.select_related("network").get(index=1)
    shown = maps_of(small, 1)[0]
    Network.objects.update(name="vitb", load="torchvision:squeezy", weights_sha256="a1" * 32)
    files = [shown.picture, shown.map.overlay, shown.map.masked, shown.map.heat]
    words = [
        *(arm.name, "vitb", "features", "torchvision:squeezy", "a1" * 32, shown.map.parameters_hash),
        *(file.name for file in files),
        *(file.name.rsplit("/", 1)[-1].rsplit(".", 1)[0] for file in files),
        hashlib.sha256(shown.picture.read()).hexdigest(),
        small.protocol_sha256,
    ]
    by_sql.change(
        Study.objects.all(), wording={**small.wording, "question": ", ".join(map(str.upper, words))}
    )
    leaked = leaks(Study.objects.get())["names"]
    for word in words:
        assert any(leak.endswith(f"holds {word.upper()!r}") for leak in leaked), word
    assert not any(re.search(r"/p/[\w-]{20}", leak) for leak in leaked)  # nobody's link is told


def test_attention_checks_and_repeats_stand_in_orders_of_their_own(small):
    item = small.items.first()
    for number in range(1, 21):
        person = make_participant(small, number)
        for kind in ("repeat", "check"):
            Trial.objects.create(
                study=small, item=item, order="0,1", kind=kind, participant=person, state="answered"
            )
    assert "orders" not in leaks(small)


def test_answers_brought_in_from_elsewhere_have_no_order_and_are_looked_past(small):
    Trial.objects.create(study=small, item=small.items.first(), order="", state="answered")
    assert leaks(small) == {}
    fresh = make_study("fresh", networks=("other",), items=1)
    Trial.objects.create(study=fresh, item=fresh.items.first(), order="", state="answered")
    with pytest.raises(BadInputError, match="fresh: has no trials yet"):
        check_blinding(study=fresh)


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_a_study_that_is_not_open_is_crawled_all_the_same_and_stays_as_it_is(small, state):
    questions = [{"key": "age", "text": "How old?", "kind": "number", "required": True, "eligible": [18, 99]}]
    by_sql.change(Study.objects.all(), state=state, break_every=1, questions=questions)
    person = make_participant(small)
    trial = small.trials.first()
    Trial.objects.filter(pk=trial.pk).update(state="answered", participant=person, position=1)
    Response.objects.create(answer_id=uuid.uuid4(), trial=trial, participant=person, choice=0)
    session = crawl(Study.objects.get())
    assert len({(shown.item, shown.arm) for shown in session.shown}) == 4
    assert Response.objects.get().status == "counted"
    now = Study.objects.get()
    assert (now.state, now.break_every, now.questions) == (state, 1, questions)


def test_another_size_in_pixels_is_a_leak(study):
    shown = maps_of(study, 1)[0]
    out = io.BytesIO()
    Image.new("RGB", (63, 64)).save(out, "WEBP")
    show(shown, out.getvalue())
    assert any(leak.startswith("dimensions") for leak in leaks(study)["encoding"])


def test_a_picture_that_is_not_what_was_sealed_is_named(small, sealed_as_they_are):
    """Volunteers get a sentence in its place, and so does the check: it says which picture, and goes on."""
    sealed_as_they_are.undo()
    shown = maps_of(small, 1)[0]
    with open(shown.picture.path, "ab") as file:
        file.write(b"more")
    findings = leaks(small)["encoding"]  # one for each place where it stood
    assert findings
    assert all("is no picture: A picture could not be loaded" in finding for finding in findings)


def test_a_size_in_bytes_that_depends_on_the_arm_is_a_leak(study):
    for shown in maps_of(study, 1):
        show(shown, encoding.filled(shown.picture.read(), BYTES + 500))
    leaked = leaks(study)
    assert leaked["sizes"] == ["the maps of 10 of 10 photos differ in size"]
    assert "a classifier tells the arm" in leaked["guessing"][0]


def test_a_photo_or_a_check_of_another_length_than_the_maps_is_a_leak(study):
    """All pictures of a study have one length: a check's own told what it is."""
    photo = study.items.first()
    show(photo, encoding.filled(photo.picture.read(), BYTES + 1000))
    assert leaks(study) == {"sizes": ["pictures have 2 sizes"]}


def test_an_arm_whose_pictures_take_longer_is_a_leak(study, clock, monkeypatch):
    from studies.participation import picture_views

    real = picture_views.content_of
    names = {row.picture.name for row in maps_of(study, 1)}

    def slow(picture):
        clock.now += 0.01 * (picture.name in names)
        return real(picture)

    monkeypatch.setattr(picture_views, "content_of", slow)
    assert list(leaks(study)) == ["guessing"]


def test_arms_that_always_stand_in_the_same_place_are_a_leak(study):
    by_sql.change(Trial.objects.all(), order="0,1")
    assert "more often" in leaks(study)["orders"][0]


def telling(monkeypatch, address):
    """Have pictures addressed by a function of the picture and its seal."""
    from studies.participation import seats

    def seal_trial(_participant, _position, pictures):
        return tuple(address(picture, seal(picture)) for picture in pictures)

    monkeypatch.setattr(seats, "seal_trial", seal_trial)


def test_a_map_address_that_names_something_is_a_leak(small, monkeypatch):
    telling(monkeypatch, lambda picture, sealed: f"{sealed}?of={picture.name[:2]}")
    assert any("address is" in leak for leak in leaks(small)["addresses"])


def test_an_address_that_comes_twice_is_a_leak(small, monkeypatch):
    """It would say that two pictures are the same one: of one photo, or by one arm whose maps are all alike."""
    kept = {}
    telling(monkeypatch, lambda picture, sealed: kept.setdefault(picture.name, sealed))
    assert leaks(small)["addresses"] == ["6 addresses of pictures came more than once"]


def test_an_address_that_is_longer_for_an_arm_is_a_leak(small):
    """Names that are not those of random_name take more room in an address."""
    for shown in maps_of(small, 1):
        name = default_storage.save(f"maps/{'by-hand-' * 5}.webp", ContentFile(shown.picture.read()))
        by_sql.change(ItemMap.objects.filter(pk=shown.pk), picture=name)
    assert leaks(small)["addresses"] == ["addresses of pictures have 2 lengths: 137, 180"]


def test_an_address_that_looks_like_its_arm_is_a_leak(study, monkeypatch):
    names = {row.picture.name for row in maps_of(study, 1)}
    telling(monkeypatch, lambda picture, sealed: "ab"[picture.name in names] + sealed[1:])
    monkeypatch.setattr("studies.participation.picture_views.opened", lambda _: Picture(min(names)))
    assert [leak for leak in leaks(study)["guessing"] if "by address" in leak]


@pytest.mark.django_db
def test_the_command_says_what_it_looked_at_and_fails_on_a_leak(study, plant):
    out = StringIO()
    call_command("check_blinding", study.slug, json=True, stdout=out)
    answer = json.loads(out.getvalue())
    assert answer["blind"] is True
    assert len(answer["checks"]) == 8
    plant(ETag)
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("check_blinding", study.slug, stdout=out)
    assert caught.value.returncode == 1
    assert {line.split()[-1] for line in out.getvalue().splitlines() if line.startswith("headers")} == {
        "LEAK"
    }
    assert "blind" in out.getvalue()


@pytest.mark.django_db
def test_a_draft_cannot_be_checked():
    with pytest.raises(CommandError, match="open it first") as caught:
        call_command("check_blinding", make_study().slug)
    assert caught.value.returncode == 2


def test_a_classifier_on_noise_stays_at_chance():
    random = np.random.default_rng(0)
    arms, items = np.tile([0, 1, 2], 40), np.repeat(np.arange(40), 3)
    ps = [guess_arms(random.normal(size=(120, 3)), arms, items, draws=99, seed=seed).p for seed in range(40)]
    assert np.mean(np.array(ps) <= 0.05) <= 0.15
    assert np.mean(ps) > 0.35


def test_a_classifier_finds_one_telling_feature_among_noise():
    random = np.random.default_rng(0)
    arms, items = np.tile([0, 1, 2], 40), np.repeat(np.arange(40), 3)
    features = np.column_stack([random.normal(size=(120, 2)), arms * 1000.0])
    guess = guess_arms(features, arms, items, draws=199, seed=1)
    assert guess.accuracy > 0.9
    assert guess.p == 1 / 200
    assert abs(guess.chance - 1 / 3) < 0.05


def test_positions_by_hand():
    assert unequal_positions([[0, 1], [1, 0]] * 10) == 1.0
    # Cells 15/5/5/15 against 10 each: chi-squared 4 · 25/10 = 10 with one degree of freedom, p = 0.00157.
    assert unequal_positions([[0, 1]] * 15 + [[1, 0]] * 5) == pytest.approx(0.00157, abs=1e-5)
