"""Arms that cannot be told apart are measured, shown, and opened only by somebody who says that they have seen it."""

import io

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from PIL import Image as PillowImage

from explain.jobs.jobs import run_job
from explain.models import ExplanationMap, Job
from studies.lifecycle import similarity_job
from studies.lifecycle.fingerprint import is_intact
from studies.lifecycle.opening import AlikeError, open_study
from studies.lifecycle.similarity import ChangedError, correlate, is_measured, lab, measure, pairs_of
from studies.models import Arm, Event, ItemMap, Study
from tests.factories import make_study, shown

pytestmark = pytest.mark.django_db


def plain(grey: int, patch: int | None = None) -> bytes:
    """A grey PNG of 64 × 64, with one field of its 16 × 16 in another grey."""
    pixels = np.full((64, 64, 3), grey, dtype=np.uint8)
    if patch is not None:
        pixels[:4, :4] = patch
    file = io.BytesIO()
    PillowImage.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def study():
    """Three items, two arms. Their pictures differ not at all, in one field of 256, and everywhere."""
    study = make_study("twins", methods=("grad-cam", "ablation-cam"), state=Study.State.READY)
    for item, other in zip(study.items.all(), (plain(120), plain(120, 200), plain(200)), strict=True):
        first, second = item.item_maps.select_related("map").order_by("arm__index")
        values = np.arange(49, dtype="<f4")
        show(first, plain(120), values)
        show(second, other, values * 3 + 1)
    return study


def show(row: ItemMap, picture: bytes, values: np.ndarray) -> None:
    ItemMap.objects.filter(pk=row.pk).update(**shown(picture))
    ExplanationMap.objects.filter(pk=row.map_id).update(values=values.tobytes())


def test_a_pair_is_measured_by_what_can_be_noticed(study):
    (pair,) = measure(study)
    assert (pair.first, pair.second, pair.items) == ("grad-cam", "ablation-cam", 3)
    assert (pair.correlation_median, pair.correlation_least) == (1, 1)
    assert pair.alike == pytest.approx(2 / 3, abs=1e-4)
    assert (pair.closest, pair.farthest) == (0, 2)
    # L* of sRGB grey 120 and 200 is 50.43 and 80.60
    assert pair.closest_difference == 0
    assert pair.farthest_difference == pytest.approx(80.60 - 50.43, abs=0.02)
    assert pair.in_words == "grad-cam and ablation-cam look the same on 2 of 3 photos"
    assert pairs_of(Study.objects.get()) == [pair]


def test_colours_are_those_of_the_standard():
    """sRGB primaries in CIELAB (D65), as published by Lindbloom."""
    primaries = np.eye(3)
    expected = [[53.24, 80.09, 67.20], [87.73, -86.18, 83.18], [32.30, 79.19, -107.86]]
    assert lab(primaries) == pytest.approx(np.array(expected), abs=0.02)
    # Greys between are curved, and straight where they are nearly black: L* of 50 % and of 2 %, and no colour.
    greys = lab(np.full((3, 2), [0.5, 0.02]).T)
    assert greys == pytest.approx(np.array([[53.39, 0, 0], [1.4, 0, 0]]), abs=0.02)


def test_maps_of_two_sizes_are_correlated_and_constant_ones_are_not():
    coarse = np.arange(49.0).reshape(7, 7)
    fine = np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)
    assert correlate(coarse, fine) > 0.99
    assert correlate(coarse, -fine) < -0.99
    assert correlate(coarse, np.zeros((7, 7))) is None


def test_opening_asks_that_it_was_seen_and_the_hash_says_so(study):
    with pytest.raises(AlikeError, match="look the same on 2 of 3 photos") as caught:
        open_study(study=study)
    assert "--alike-seen" in caught.value.lines[-1]
    assert Study.objects.get().state == "ready"
    opened = open_study(study=study, alike_seen=True)
    assert opened.alike_seen == [["grad-cam", "ablation-cam", pytest.approx(0.6667)]]
    assert opened.events.get(kind="opened").data["seen_to_look_the_same"] == ["grad-cam and ablation-cam"]
    assert is_intact(opened)
    opened.alike_seen = []
    assert not is_intact(opened)


def test_arms_that_differ_open_without_a_word():
    opened = open_study(study=make_study("others", state=Study.State.READY))
    assert opened.alike_seen == []
    assert not any(pair.too_alike for pair in pairs_of(opened))


def test_the_command_takes_a_flag(study):
    with pytest.raises(CommandError, match="look the same on 2 of 3 photos"):
        call_command("open_study", "twins", stdout=io.StringIO())
    call_command("open_study", "twins", alike_seen=True, stdout=io.StringIO())
    assert Study.objects.get().state == "open"


@pytest.fixture
def browser(client, admin_user):
    client.force_login(admin_user)
    return client


def test_opening_waits_for_a_worker_and_says_so(study, browser):
    address = reverse("study-state", args=["twins", "open"])
    assert "is not known yet" in browser.get(address).content.decode()
    page = browser.post(address, follow=True).content.decode()
    assert "Pictures are made and the arms compared first" in page
    assert "Waiting for a worker." in page
    assert ">Open</button>" not in page
    browser.post(address)
    job = Job.objects.get()  # asked once, however often it is pressed
    assert (Study.objects.get().state, pairs_of(Study.objects.get())) == ("ready", [])
    assert browser.get(reverse("study-alike-state", args=["twins"])).json()["state"] == "pending"
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("done", 3, 3)
    assert Event.objects.get(kind="likeness measured").user.username == "admin"
    assert 'name="alike_seen"' in browser.get(address).content.decode()


def test_a_comparison_that_fails_says_why_and_is_asked_for_again(study, browser, monkeypatch):
    def broken(*_):
        raise OSError("the disk is away")

    monkeypatch.setattr(similarity_job, "measure", broken)
    address = reverse("study-alike", args=["twins"])
    browser.post(address)
    run_job(Job.objects.get().pk)
    page = browser.get(address).content.decode()
    assert "The arms could not be compared: OSError: the disk is away" in page
    browser.post(address)
    assert list(Job.objects.values_list("state", flat=True)) == ["pending", "failed"]


def test_a_comparison_of_a_study_that_was_changed_meanwhile_is_not_kept(study, browser):
    browser.post(reverse("study-alike", args=["twins"]))
    job = Job.objects.get()
    study.arms.first().delete()
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "changed" in job.error
    assert not is_measured(Study.objects.get())
    assert similarity_job.job_of(Study.objects.get()) is None


def test_arms_that_change_while_they_are_compared_are_not_measured(study):
    def change(done, _total):
        if done == 1:
            Arm.objects.create(
                study=study, index=2, name="new", network=study.arms.first().network, method="random"
            )

    with pytest.raises(ChangedError):
        measure(study, change)
    assert not is_measured(Study.objects.get())


@pytest.mark.django_db(transaction=True)
def test_the_page_takes_a_tick(study, browser, tasks_run_in_place):
    address = reverse("study-state", args=["twins", "open"])
    page = browser.post(address, follow=True).content.decode()
    assert "look the same on 2 of 3 photos" in page
    assert 'name="alike_seen"' in page
    browser.post(address, {"alike_seen": "on"})
    assert Study.objects.get().state == "open"


@pytest.mark.django_db(transaction=True)
def test_the_page_shows_the_closest_and_the_farthest_item_side_by_side(study, browser, tasks_run_in_place):
    address = reverse("study-alike", args=["twins"])
    assert "Not measured yet" in browser.get(address).content.decode()
    page = browser.post(address, follow=True).content.decode()
    assert "look the same on 2 of 3 photos" in page
    assert "median 1.00, least 1.00" in page
    assert "Where more than 50 % of a pair" in page
    shown = [study.items.get(index=index).item_maps.order_by("arm__index") for index in (0, 2)]
    addresses = [
        reverse("map-picture", args=["overlay", item_map.map_id]) for maps in shown for item_map in maps
    ]
    places = [page.index(f'src="{address}"') for address in addresses]
    assert places == sorted(places)
