"""Finished pictures come in by the browser and by a program, and the set-up offers them as an arm."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image as PillowImage

from explain.map_sets import Fit, Laying, Request, import_maps
from explain.models import Job, MapSet
from studies.access.used_by_studies import _named
from studies.setup.forms.base import MethodsForm
from tests.blindsight.test_client import owner, site  # noqa: F401
from tests.explain.map_sets.conftest import NAMES, birds  # noqa: F401
from tests.explain.map_sets.test_bring_pictures_in import noise

pytestmark = pytest.mark.django_db(transaction=True)
SAID = {"images": "birds", "name": "panels", "fit": "whole"}


@pytest.fixture
def browser(client, researcher, tasks_run_in_place):
    client.force_login(researcher)
    return client


def packed(*, size=(64, 64)) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number, name in enumerate(NAMES):
            file = io.BytesIO()
            noise(number, size).save(file, "PNG")
            archive.writestr(name.replace(".jpg", ".png"), file.getvalue())
    return content.getvalue()


def send(browser, content=None, file_name="panels.zip", **changes):
    file = SimpleUploadedFile(file_name, content or packed())
    return browser.post(reverse("picture-set-new"), {**SAID, **changes, "file": file}, follow=True)


def test_they_are_shown_then_added(browser, birds, researcher):  # noqa: F811
    page = send(browser, packed(size=(64, 32))).content.decode()
    assert "Add 3 pictures of birds as panels?" in page
    assert "64 × 32" in page
    assert "3 of 3 pictures are not square and have white beside them" in page
    assert "--" not in page.partition("note warn")[2].partition("</div>")[0]
    assert not MapSet.objects.exists()
    job = Job.objects.get()
    picture = browser.get(reverse("job-picture", args=[job.pk]))
    with PillowImage.open(io.BytesIO(picture.getvalue())) as shown:
        assert shown.size == (976, 648)
    page = browser.post(reverse("job-answer", args=[job.pk]), {"add": "1"}, follow=True).content.decode()
    assert "3 pictures in panels" in page
    assert "pictures = &quot;panels&quot;" in page or 'pictures = "panels"' in page
    map_set = MapSet.objects.get()
    assert (map_set.created_by, map_set.maps.count(), map_set.fit) == (researcher, 3, "whole")
    assert "pictures:panels" in browser.get(reverse("image-set", args=["birds"])).content.decode()
    kept = browser.get(reverse("map-picture", args=["heat", map_set.maps.first().pk]))
    assert kept["Content-Type"] == "image/webp"


def test_or_sent_away_to_the_page_they_came_from(browser, birds):  # noqa: F811
    send(browser)
    page = browser.post(reverse("job-answer", args=[Job.objects.get().pk]), {"cancel": "1"}, follow=True)
    assert page.redirect_chain[-1][0] == reverse("picture-set-new")
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fit": ""}, "Choose one: it changes what people see."),
        ({"images": "emus"}, "Select a valid choice"),
        ({"file_name": "panels.rar"}, "panels.rar: give a ZIP of pictures."),
    ],
)
def test_a_form_that_is_not_whole_is_shown_again(browser, birds, changes, words):  # noqa: F811
    assert words in send(browser, **changes).content.decode()
    assert not Job.objects.exists()


def test_a_program_brings_them_in(site, birds, tmp_path):  # noqa: F811
    (tmp_path / "panels.zip").write_bytes(packed(size=(64, 32)))
    told = site.bring_pictures(tmp_path / "panels.zip", photos="birds", name="panels")
    assert (told["maps"], told["name"]) == (3, "panels")
    assert any("are not square" in remark for remark in told["remarks"])


def test_the_set_up_offers_them_and_names_the_arm_by_its_own_key(birds, tmp_path):  # noqa: F811
    (tmp_path / "panels.zip").write_bytes(packed())
    map_set = import_maps(
        Request(path=tmp_path / "panels.zip", images="birds", name="panels", reading=Laying(Fit.WHOLE))
    ).map_set
    source = {"task": "choice", "photos": {"set": "birds"}, "arms": [{"maps": "old"}]}
    form = MethodsForm({"map_sets": ["old", "panels"]}, source=source, map_sets=[map_set])
    assert "Finished pictures: the whole picture is shown" in form.brought[0][1]
    assert form.is_valid()
    form.write(source, form.cleaned_data)
    assert source["arms"] == [{"maps": "old"}, {"pictures": "panels"}]
    assert _named(source).map_set_names == {"old", "panels"}
