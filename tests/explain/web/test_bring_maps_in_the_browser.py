"""Maps come in by the browser: three photos under their maps are shown before anything is stored."""

import io
import zipfile

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image as PillowImage

from explain.models import ExplanationMap, ImageSet, Job, MapSet
from tests.explain.map_sets.conftest import NAMES, birds, cells  # noqa: F401
from tests.factories import make_network, make_study

pytestmark = pytest.mark.django_db(transaction=True)
SAID = {"images": "birds", "name": "ours", "covers": "photo", "sign": "positive", "scale": "max"}


@pytest.fixture
def browser(client, researcher, tasks_run_in_place):
    client.force_login(researcher)
    return client


def packed(**changes):
    arrays = {name: cells(number) for number, name in enumerate(NAMES)} | changes
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, array in arrays.items():
            file = io.BytesIO()
            np.save(file, array)
            archive.writestr(name.replace(".jpg", ".npy"), file.getvalue())
    return content.getvalue()


def send(browser, content=None, file_name="maps.zip", **changes):
    file = SimpleUploadedFile(file_name, packed() if content is None else content)
    data = {key: value for key, value in {**SAID, **changes}.items() if value}
    return browser.post(reverse("map-set-new"), {**data, "file": file}, follow=True)


def answer(browser, what):
    return browser.post(reverse("job-answer", args=[Job.objects.get().pk]), {what: "1"}, follow=True)


def test_they_are_shown_then_added(browser, birds, researcher):  # noqa: F811
    page = send(browser).content.decode()
    assert "Add 3 maps of birds as ours?" in page
    assert "7 × 7" in page
    assert not MapSet.objects.exists()
    job = Job.objects.get()
    picture = browser.get(reverse("job-picture", args=[job.pk]))
    with PillowImage.open(io.BytesIO(picture.getvalue())) as shown:
        assert shown.size == (976, 648)
    page = answer(browser, "add").content.decode()
    assert "3 maps in ours" in page
    map_set = MapSet.objects.get()
    assert (map_set.created_by, map_set.maps.count(), map_set.covers) == (researcher, 3, "photo")
    assert "maps:ours" in browser.get(reverse("image-set", args=["birds"])).content.decode()


def test_or_sent_away(browser, birds):  # noqa: F811
    send(browser)
    page = answer(browser, "cancel")
    assert page.redirect_chain[-1][0] == reverse("map-set-new")
    assert "nothing was added" in page.content.decode()
    assert not MapSet.objects.exists()
    assert not ExplanationMap.objects.exists()
    assert not Job.objects.exists()


def test_what_is_wrong_is_named_all_at_once_without_words_of_the_command_line(browser, birds):  # noqa: F811
    bad = packed(
        **{NAMES[0]: np.full((7, 7), np.nan, "f4"), NAMES[1]: np.zeros((7, 7), "f4"), "emu.jpg": cells()}
    )
    page = send(browser, bad).content.decode()
    assert "Upload failed" in page
    for words in (
        "hammer/1.npy: NaN or infinity",
        "or keep such maps</li>",
        "emu.npy: of no photo of the set",
    ):
        assert words in page
    assert "--" not in page.partition("errorlist")[2].partition("</ul>")[0]
    assert not MapSet.objects.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"covers": ""}, "Choose one: it changes what people see."),
        ({"sign": ""}, "Choose one: it changes what people see."),
        ({"covers": "crop"}, "Say which network’s crop they cover."),
        ({"name": "my maps"}, "Letters a–z, digits, - and _ only"),
        ({"images": "emus"}, "Select a valid choice"),
        ({"file_name": "maps.rar"}, "maps.rar: give a ZIP of arrays, or one file of many"),
    ],
)
def test_a_form_that_is_not_whole_is_shown_again(browser, birds, changes, words):  # noqa: F811
    make_network("tiny")
    assert words in send(browser, **changes).content.decode()
    assert not Job.objects.exists()


def test_missing_and_constant_maps_may_be_let_in(browser, birds):  # noqa: F811
    bad = packed(**{NAMES[1]: np.zeros((7, 7), "f4")})
    assert "Add 3 maps" in send(browser, bad, allow=["constant"]).content.decode()


def test_photos_of_other_peoples_studies_are_not_offered(client, birds):  # noqa: F811
    make_study("theirs")
    stranger = User.objects.create_user("stranger", is_staff=True)
    client.force_login(stranger)
    page = client.get(reverse("map-set-new")).content.decode()
    assert "birds" in page
    assert "photos-of-theirs" not in page
    assert ImageSet.objects.filter(name="photos-of-theirs").exists()
    assert "Select a valid choice" in send(client, images="photos-of-theirs").content.decode()


def test_it_is_for_staff(client, birds):  # noqa: F811
    client.force_login(User.objects.create_user("somebody"))
    assert client.get(reverse("map-set-new")).status_code == 403
