"""A study of maps that somebody brought, set up page by page without any network."""

import numpy as np
import pytest
from django.urls import reverse

from explain.map_sets import Covers, Reading, Request, Scale, Sign, import_maps
from explain.models import ExplanationMap, ImageSet, MapSet, Network
from studies.models import Study
from tests.explain.map_sets.conftest import NAMES, cells
from tests.factories import new_image
from tests.studies.setting_up import DESIGN, WORDING, begin, browser, errors_of, save  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def sets(tmp_path):
    """Photos with two sets of arrays, and other photos with one."""
    for photos, names in (("birds", ("ours", "theirs")), ("others", ("foreign",))):
        image_set = ImageSet.objects.create(name=photos)
        for number, name in enumerate(NAMES):
            image = new_image(image_set, number, name.split("/")[0], number)
            image.original_name = name
            image.save()
        for seed, name in enumerate(names):
            folder = tmp_path / name
            for number, photo in enumerate(NAMES):
                file = folder / photo.replace(".jpg", ".npy")
                file.parent.mkdir(parents=True, exist_ok=True)
                np.save(file, cells(10 * seed + number))
            reading = Reading(Covers.PHOTO, Sign.POSITIVE, Scale.MAX)
            import_maps(Request(path=folder, images=photos, name=name, reading=reading))


def offered(page):
    return [choice.data["value"] for choice, _ in page.context["form"].brought]


@pytest.mark.django_db(transaction=True)
def test_two_sets_of_arrays_make_a_study_that_opens_without_a_network(browser, sets, tasks_run_in_place):  # noqa: F811
    study = begin(browser)
    save(browser, study, "photos", set="birds")
    networks = browser.get(reverse("setup-step", args=[study.slug, "networks"])).content.decode()
    assert "They need no network" in networks
    page = browser.get(reverse("setup-step", args=[study.slug, "methods"]))
    assert offered(page) == ["ours", "theirs"]  # those of other photos are not
    assert save(browser, study, "methods", map_sets=["ours", "theirs"]).url.endswith("/wording/")
    save(browser, study, "wording", **WORDING)
    save(browser, study, "questions")
    answer = save(browser, study, "design", **DESIGN | {"trials_per_participant": "3"})
    assert answer.status_code == 302, errors_of(answer)
    save(browser, study, "plan")
    study.refresh_from_db()
    assert study.protocol["arms"] == [{"maps": "ours"}, {"maps": "theirs"}]
    browser.post(reverse("setup-maps", args=[study.slug]))
    browser.post(reverse("study-state", args=[study.slug, "open"]))
    study.refresh_from_db()
    assert (study.state, study.trials.count(), Network.objects.count()) == (Study.State.OPEN, 9, 0)
    shown = ExplanationMap.objects.filter(itemmap__item__study=study).values_list("map_set__name", flat=True)
    assert sorted(shown) == ["ours"] * 3 + ["theirs"] * 3


def test_one_set_alone_is_too_few_and_what_was_chosen_is_kept(browser, sets):  # noqa: F811
    study = begin(browser)
    save(browser, study, "photos", set="birds")
    answer = save(browser, study, "methods", map_sets=["ours"])
    assert "methods" in errors_of(answer)
    assert answer.context["form"]["map_sets"].value() == ["ours"]


def test_beside_a_method_an_arm_keeps_its_name_and_one_that_is_not_chosen_goes(browser, sets):  # noqa: F811
    study = begin(browser)
    named = {"maps": "ours", "name": "Our method"}
    arms = [{"network": "tiny", "method": "grad-cam"}, named, {"maps": "theirs"}]
    Study.objects.filter(pk=study.pk).update(
        protocol={**study.protocol, "photos": {"set": "birds"}, "arms": arms}
    )
    save(browser, study, "methods", methods=["grad-cam"], map_sets=["ours"])
    study.refresh_from_db()
    assert study.protocol["arms"] == [{"network": "tiny", "method": "grad-cam"}, named]


def test_a_set_that_is_not_whole_is_not_offered_and_one_that_is_gone_is_said(browser, sets):  # noqa: F811
    MapSet.objects.filter(name="theirs").update(finished_at=None)
    study = begin(browser)
    save(browser, study, "photos", set="birds")
    address = reverse("setup-step", args=[study.slug, "methods"])
    assert offered(browser.get(address)) == ["ours"]
    arms = [{"maps": "ours"}, {"maps": "theirs"}]
    Study.objects.filter(pk=study.pk).update(
        protocol={**study.protocol, "photos": {"set": "birds"}, "arms": arms}
    )
    page = browser.get(address)
    assert offered(page) == ["ours", "theirs"]
    assert "There is no such set for these photos" in page.content.decode()
