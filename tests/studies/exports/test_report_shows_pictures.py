"""The report shows what people looked at: a trial, and the photos about which they agreed and differed most."""

import base64
import doctest
import io

import numpy as np
import pytest
from bs4 import BeautifulSoup
from django.core.files.storage import default_storage
from PIL import Image as PillowImage

from explain.cam.rendering import render
from explain.map_sources import source_of
from explain.models import Image, Network
from studies.exports import contents, report_pictures
from studies.exports.report import report_html
from tests.factories import make_study
from tests.studies.filled import answer, fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def told():
    """Photo 1: all alike; photo 0: all differ; photo 2: two of three alike. The first trial shows photo 2, as 2, 0, 1."""
    study = make_study("told", items=3, wording={"question": "Which fits the {class}?", "same": "alike"})
    people = fill(study, [[], [], []])
    for person, said in zip(people, ((0, 0, 0), (1, 0, 0), (2, 0, 1)), strict=True):
        for item in (2, 0, 1):
            value = {0: said[0], 1: said[1], 2: said[2]}[item]
            answer(person, item, value, order="2,0,1")
    return study


def page_of(study):
    return BeautifulSoup(report_html(study), "html.parser")


def picture_in(tag):
    head, data = tag["src"].split(",", 1)
    assert head == "data:image/jpeg;base64"
    return PillowImage.open(io.BytesIO(base64.b64decode(data)))


def shows(tag, field):
    """Whether a picture of the report is this stored one, made smaller."""
    with field.open("rb") as opened:
        stored = PillowImage.open(opened).convert("RGB").resize((report_pictures.SIDE,) * 2)
    apart = np.asarray(stored, float) - np.asarray(picture_in(tag), float)
    return abs(apart).mean() < 20  # seeded noise: two different ones are some 85 apart


def test_a_trial_is_shown_as_it_was_with_its_question_and_no_name(told):
    seen = page_of(told).select_one(".trial-seen")
    item = told.items.get(index=2)
    assert "Which fits the hammer?" in seen.text
    assert "the answer “alike”" in seen.text
    assert shows(seen.select_one(".photo"), item.picture)
    maps = [item.item_maps.get(arm__index=arm) for arm in (2, 0, 1)]
    drawn = seen.select(".maps img")
    assert [[shows(tag, row.picture) for row in maps] for tag in drawn] == np.eye(3, dtype=bool).tolist()
    assert [span.text for span in seen.select(".maps span")] == ["A", "B", "C"]
    assert not any(arm.name in str(seen) for arm in told.arms.all())


def test_the_photos_that_divide_people_stand_with_all_their_maps_and_figures(told):
    page = page_of(told)
    rows = [
        [heading.text, *(row.select_one("figcaption a")["href"] for row in _rows_below(heading))]
        for heading in page.select("h3")
        if heading.text.startswith("People ")
    ]
    assert rows == [
        ["People differed most", "#item-0", "#item-2"],
        ["People agreed most", "#item-1"],
    ]
    first = page.select_one(".photo-row")
    assert [span.text for span in first.select("span")] == ["photo", *(arm.name for arm in told.arms.all())]
    item = told.items.get(index=0)
    fields = [item.picture, *(row.picture for row in item.item_maps.order_by("arm__index"))]
    assert all(shows(tag, field) for tag, field in zip(first.select("img"), fields, strict=True))
    words = " ".join(first.figcaption.text.split())
    assert "in 3 answers. grad-cam 0.33 · ablation-cam 0.33 · pixel-ablation-cam 0.33 · same 0.00" in words


def _rows_below(heading):
    for tag in heading.find_next_siblings():
        if tag.name == "h3" or tag.name == "h2":
            return
        if "photo-row" in tag.get("class", []):
            yield tag


def test_what_a_map_leaves_is_where_it_reaches_a_part_of_its_maximum(told):
    one, *others = page_of(told).select(".seen[class*=arms]")
    assert len(others) == 1
    assert [head.text for head in one.select(".head")] == [arm.name for arm in told.arms.all()]
    assert [part.text.split()[0] for part in one.select(".part")] == ["10%", "30%", "50%"]
    kept = [int(span.text.rstrip("%")) for span in one.select("span") if span.text != "photo"]
    item_map = told.items.get(index=0).item_maps.get(arm__index=2)
    image = item_map.item.image
    side = report_pictures.SIDE
    frame = render.frame_box(image.width, image.height)
    placed = render.place(
        item_map.map.array(), source_of(item_map.map).extent(item_map.map, image), frame, side
    )
    assert kept[2::3] == [round(100 * float((placed >= part).mean())) for part in (0.1, 0.3, 0.5)]
    left = np.asarray(picture_in(one.select("img")[9]), float).sum(axis=2) > 90
    assert (left == (placed >= 0.5)).mean() > 0.8  # a JPEG of noise, and of black


def test_a_photo_that_is_gone_leaves_the_figure_out(told):
    for image in Image.objects.all():
        default_storage.delete(image.file.name)
    page = page_of(told)
    assert not page.select(".seen[class*=arms]")
    assert len(page.select(".photo-row img")) == 12


def test_a_picture_that_is_not_the_one_that_was_shown_is_left_out_and_that_is_said(told):
    item = told.items.get(index=0)
    shown, gone = item.item_maps.order_by("arm__index")[:2]
    with default_storage.open(shown.picture.name, "wb") as file:
        file.write(item.picture.open("rb").read())
    default_storage.delete(gone.picture.name)
    first = page_of(told).select_one(".photo-row")
    assert len(first.select("img")) == 2
    assert [tag.text for tag in first.select(".gone")] == ["not in storage as it was shown"] * 2


def test_every_section_is_in_the_contents_and_can_be_reached(told):
    page = page_of(told)
    links = {link["href"][1:]: link.text for link in page.select(".contents a")}
    headings = {heading["id"]: " ".join(heading.text.split()) for heading in page.select("h2")}
    assert links == headings
    assert len(page.select("h2")) == len(headings) >= 8
    assert all(page.find_all(id=name) and len(page.find_all(id=name)) == 1 for name in headings)
    assert doctest.testmod(contents).failed == 0


def test_without_trials_or_answers_there_are_no_pictures():
    html = report_html(make_study("bare"))
    assert "<img" not in html
    assert "What people looked at" not in html


def test_random_weights_stay_said_in_red(told):
    def said():
        return len(page_of(told).select("table[data-name=arms] .tag.bad"))

    assert said() == 3
    Network.objects.update(weights="IMAGENET1K_V1")
    assert said() == 0
