"""`check_blinding` passes on an honest study and names the leak on a study with one planted."""

import hashlib
import io
import json
from io import StringIO

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from PIL import Image

from explain.models import ExplanationMap
from studies.analysis.blindness import guess_arms, unequal_positions
from studies.blinding import check_blinding, crawl
from studies.models import Event, ItemMap, Participant, Response, Trial
from studies.opening import open_study
from tests.factories import make_study

METHODS = ("grad-cam", "pixel-ablation-cam")
BYTES = 12_000


def pad(content: bytes) -> ContentFile:
    return ContentFile(content + bytes(BYTES - len(content)), "map.jpg")


class Clock:
    """Each reply takes a second, whatever else the machine is doing: `check_blinding` looks at how long they take."""

    now = 0.0

    def perf_counter(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("studies.blinding.time", clock)
    return clock


@pytest.fixture
def study(db):
    """A study whose pictures are padded to one length, as the real ones are."""
    study = make_study(items=10, methods=METHODS, responses_per_item=2)
    for shown in ExplanationMap.objects.all():
        with shown.overlay.open("rb") as file:
            content = file.read()
        shown.overlay.save("map.jpg", pad(content), save=True)
    return open_study(study=study)


def leaks(study) -> dict[str, list[str]]:
    return {check.name: check.leaks for check in check_blinding(study=study) if check.leaks}


def maps_of(study, arm):
    return [
        row.map for row in ItemMap.objects.filter(item__study=study, arm__index=arm).select_related("map")
    ]


class Headers:
    """A middleware that adds a header to every picture of the first arm, or to all."""

    name, value = "", staticmethod(lambda response: "")

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response["Content-Type"] == "image/jpeg":
            response[self.name] = self.value(response)
        return response


class ETag(Headers):
    name, value = "ETag", staticmethod(lambda response: hashlib.md5(response.content).hexdigest())


class FileName(Headers):
    name, value = "X-File", staticmethod(lambda response: "overlays/pixel-ablation-cam.jpg")


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
    found = leaks(study)["names"]
    assert any(leak.endswith("holds 'pixel-ablation-cam'") for leak in found)


def test_exif_is_a_leak(study):
    for shown in maps_of(study, 0):
        with shown.overlay.open("rb") as file:
            image = Image.open(file).copy()
        exif = Image.Exif()
        exif[0x010E] = "any description"
        out = io.BytesIO()
        image.save(out, "JPEG", exif=exif)
        shown.overlay.save("map.jpg", pad(out.getvalue()), save=True)
    assert "EXIF is present" in leaks(study)["encoding"]


def test_another_size_in_pixels_is_a_leak(study):
    shown = maps_of(study, 1)[0]
    out = io.BytesIO()
    Image.new("RGB", (63, 64)).save(out, "JPEG")
    shown.overlay.save("map.jpg", pad(out.getvalue()), save=True)
    assert any(leak.startswith("dimensions") for leak in leaks(study)["encoding"])


def test_a_size_in_bytes_that_depends_on_the_arm_is_a_leak(study):
    for shown in maps_of(study, 1):
        with shown.overlay.open("rb") as file:
            content = file.read()
        shown.overlay.save("map.jpg", ContentFile(content + bytes(500)), save=True)
    found = leaks(study)
    assert found["sizes"] == ["the maps of 10 of 10 photos differ in size"]
    assert "a classifier tells the arm" in found["guessing"][0]


def test_an_arm_whose_pictures_take_longer_is_a_leak(study, clock, monkeypatch):
    from studies import pictures

    real = pictures._map_file

    def slow(participant, trial, slot):
        clock.now += 0.01 * trial.arms[slot - 1]
        return real(participant, trial, slot)

    monkeypatch.setattr(pictures, "_map_file", slow)
    assert list(leaks(study)) == ["guessing"]


def test_arms_that_always_stand_in_the_same_place_are_a_leak(study):
    Trial.objects.update(order="0,1")
    assert "more often" in leaks(study)["orders"][0]


def test_a_map_address_that_names_something_is_a_leak(study, monkeypatch):
    from studies import pages

    real = pages._screen

    def telling(participant, token, trial):
        screen = real(participant, token, trial)
        return {**screen, "pictures": [f"{url}?arm={index}" for index, url in enumerate(screen["pictures"])]}

    monkeypatch.setattr(pages, "_screen", telling)
    assert any("address is" in leak for leak in leaks(study)["addresses"])


@pytest.mark.django_db
def test_the_command_says_what_it_looked_at_and_fails_on_a_leak(study, plant):
    out = StringIO()
    call_command("check_blinding", study.slug, json=True, stdout=out)
    answer = json.loads(out.getvalue())
    assert answer["blind"] is True
    assert len(answer["checks"]) == 7
    plant(ETag)
    with pytest.raises(CommandError) as caught:
        call_command("check_blinding", study.slug, stdout=StringIO())
    assert caught.value.returncode == 1


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
