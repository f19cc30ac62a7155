"""Published designs: each begins as a study that can be opened, and the page and docs/gallery.md say the same of it."""

import re
import tomllib

import pytest
from django.conf import settings
from django.urls import reverse

from docs.gallery_page import PAGE, page
from explain.models import Image, ImageSet, Job, Network
from studies.models import Study
from studies.protocol import check_protocol
from studies.setup.drafts import PACKAGED
from studies.setup.gallery_views import begun
from studies.setup.published_designs import DESIGNS
from studies.setup.sketch import sketch
from tests.factories import make_image, make_network

pytestmark = pytest.mark.django_db
ADDRESS = "/studies/new/designs/"


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.protocol)
def test_each_begins_as_a_study_that_could_be_opened(design):
    source = begun(design)
    protocol = check_protocol(source)
    assert protocol.photo_set == "samples"
    assert {arm.keys["network"] for arm in protocol.arms if "network" in arm.keys} <= set(PACKAGED)
    assert "consent" not in source  # the example's names nobody
    assert source["design"]["seed"] != design.source()["design"]["seed"]
    assert "Example" not in str(source)


def test_every_protocol_that_ships_for_the_samples_is_among_them_or_named():
    """Somebody who looks for the design of a paper finds it."""
    said = " ".join(design.ours for design in DESIGNS)
    for path in sorted((settings.BASE_DIR / "docs/protocols").glob("*.toml")):
        assert path.stem in {design.protocol for design in DESIGNS} or path.name in said, path.name


def test_the_documentation_is_made_of_the_same_list():
    assert PAGE.read_text("utf-8") == page(), "run: PYTHONPATH=. python docs/gallery_page.py"


def test_the_page_shows_each_with_its_question_and_its_file(browser):
    html = browser.get(ADDRESS).content.decode()
    assert re.findall(r'<li id="([\w-]+)">', html) == [design.protocol for design in DESIGNS]
    assert html.count('class="sketch"') == len(DESIGNS)
    assert "at least" not in html  # nobody knows how many photos there will be before they are here
    assert reverse("setup-gallery") == ADDRESS
    assert ADDRESS in browser.get(reverse("setup-new")).content.decode()


@pytest.fixture
def samples():
    """The sample set and the packaged networks, as far as the gallery asks for them."""
    image_set = ImageSet.objects.create(name="samples")
    for number in range(4):
        make_image(image_set, number)
    for name in PACKAGED:
        make_network(name)


def test_with_the_samples_here_it_goes_to_the_last_step_and_says_what_it_takes(browser, samples, researcher):
    assert "at least" in browser.get(ADDRESS).content.decode()
    answer = browser.post(ADDRESS, {"design": "hive-agreement"})
    study = Study.objects.get()
    assert answer.url == reverse("setup-step", args=["hive-agreement", "check"])
    assert (study.slug, study.task, study.state) == ("hive-agreement", "verify", "draft")
    assert list(study.researchers.all()) == [researcher]
    browser.post(ADDRESS, {"design": "hive-agreement"})
    assert set(Study.objects.values_list("slug", flat=True)) == {"hive-agreement", "hive-agreement-2"}
    assert not Job.objects.exists()


def test_without_them_they_are_brought_here_first(browser, monkeypatch):
    monkeypatch.setattr("explain.tasks.send_job", lambda *_: None)
    browser.post(ADDRESS, {"design": "pairs"})
    job = Job.objects.get()
    assert job.arguments == {"samples": True, "set": "samples", "networks": PACKAGED}
    assert job.back == reverse("setup-step", args=["pairs", "check"])
    assert not Image.objects.exists()
    assert not Network.objects.exists()


def test_what_is_no_design_begins_nothing(browser):
    assert browser.post(ADDRESS, {"design": "../../settings"}).url == ADDRESS
    assert not Study.objects.exists()


def test_a_sketch_has_a_box_for_everything_and_takes_no_text_for_markup():
    drawn = sketch(3, ("A", "<b>"))
    assert drawn.count("<rect") == 1 + 3 + 2
    assert "&lt;b&gt;" in drawn
    assert sketch(0, ("A",)).count('class="map"') == 4


def test_protocols_are_files_that_anybody_can_read():
    assert all(tomllib.loads(design.text())["slug"] == design.protocol for design in DESIGNS)
