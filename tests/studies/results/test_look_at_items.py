"""A researcher turns the pages of a study's items: what was said about each photo, and every answer by itself."""

import re

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from explain.models import Image
from studies.results.by_item import ItemRow, extremes_of
from tests.factories import make_study
from tests.studies.filled import answer, fill, make_participant

pytestmark = pytest.mark.django_db


def table(client, name, *args, **query) -> list[list[str]]:
    """The cells of each row of the page's table of items, or of answers."""
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200
    rows = BeautifulSoup(response.content, "html.parser").select("tbody tr")
    if name == "study-item":
        rows = [row for row in rows if row.get("id", "").startswith("answer-")]
    return [[re.sub(r"\s+", " ", cell.get_text()).strip() for cell in row.select("th, td")] for row in rows]


def test_each_photo_has_its_shares_and_one_without_answers_comes_last(admin_client):
    study = make_study("methods", items=3)
    fill(study, [[0], [2]])
    answer(make_participant(study), 2, 2)
    hammer, nobodys, other = (f"hammer-{number}.jpghammer" for number in range(3))
    first = ["0", "", hammer, "2", "1.00", "0.50", "0.00", "0.50", "0.00"]
    empty = ["1", "", nobodys, "0", "–", "–", "–", "–", "–"]
    last = ["2", "", other, "1", "–", "0.00", "0.00", "1.00", "0.00"]
    assert table(admin_client, "study-items", "methods") == [first, empty, last]
    for sort, rows in {
        "answers": [first, last, empty],
        "grad-cam": [first, last, empty],
        "pixel-ablation-cam": [last, first, empty],
        "no-such-column": [first, empty, last],
    }.items():
        assert table(admin_client, "study-items", "methods", sort=sort) == rows, sort


def test_each_photo_has_its_mean_rating_whatever_was_said(admin_client):
    study = make_study("pair", task="rating", items=3, methods=("m",), networks=("a", "b"))
    fill(study, [[-2, 2], [-1, 1]])
    rows = [["0", "2", "0.30", "−1.50"], ["1", "2", "0.30", "+1.50"], ["2", "0", "–", "–"]]
    assert [[row[0], *row[3:]] for row in table(admin_client, "study-items", "pair")] == rows
    turned = [row[0] for row in table(admin_client, "study-items", "pair", sort="mean")]
    assert turned == ["1", "0", "2"]


@pytest.fixture
def three_classes():
    study = make_study("classes", items=4)
    for number, name in enumerate(("dam", "dam", "rule", "lemon")):
        Image.objects.filter(item__study=study, item__index=number).update(class_name=name)
    # all say the same of photo 1, two of photo 0, nobody of photo 2, and one person spoke of photo 3
    fill(study, [[0, 1], [0, 1], [2, 1], [1, 1]])
    answer(make_participant(study), 3, 2)
    return study


def test_photos_are_sorted_by_how_much_people_differ_and_shown_by_class(three_classes, admin_client):
    def numbers(**query):
        return [row[0] for row in table(admin_client, "study-items", "classes", **query)]

    assert numbers(sort="disagreement") == ["0", "1", "2", "3"]
    assert numbers(sort="agreement") == ["1", "0", "2", "3"]
    assert numbers(**{"class": "dam", "sort": "agreement"}) == ["1", "0"]
    assert numbers(**{"class": "rule"}) == ["2"]
    empty = admin_client.get(reverse("study-items", args=["classes"]), {"class": "bee"}).text
    assert "The study has no photo of the class “bee”." in empty


def test_each_photo_stands_beside_its_own_maps_and_many_arms_have_none(
    three_classes, admin_client, monkeypatch
):
    def pictures():
        html = admin_client.get(reverse("study-items", args=["classes"])).text
        rows = BeautifulSoup(html, "html.parser").select("tbody tr")
        return [[picture["src"] for picture in row.select("img")] for row in rows]

    items = three_classes.items.order_by("index").prefetch_related("item_maps")
    photos = [[reverse("photo-picture", args=[item.image_id])] for item in items]
    maps = [
        [
            reverse("map-picture", args=["overlay", row.map_id])
            for row in item.item_maps.order_by("arm__index")
        ]
        for item in items
    ]
    assert pictures() == [photo + of_it for photo, of_it in zip(photos, maps, strict=True)]
    monkeypatch.setattr("studies.results.item_views.MAPS_A_ROW", 2)
    assert pictures() == photos


def test_queries_do_not_grow_with_photos(admin_client, django_assert_max_num_queries):
    fill(make_study("many", items=12), [[0] * 12, [1] * 12])
    with django_assert_max_num_queries(17):
        assert len(table(admin_client, "study-items", "many")) == 12


def test_photos_at_either_end_are_never_the_same_and_ties_go_by_number():
    def row(index, far, answers=2):
        return ItemRow(index, "", "", "", answers, (), (), far)

    def ends(*rows, most=3):
        found = extremes_of(list(rows), most)
        return [[one.index for one in end] for end in (found.agreed, found.disagreed)]

    assert ends(row(0, 0.0), row(1, 0.0), row(2, 0.0), row(3, 1.2), row(4, None)) == [[0, 1, 2], [3]]
    assert ends(row(0, 1.0), row(1, 0.2), row(2, 1.0, answers=5), row(3, 0.1), most=1) == [[3], [2]]
    assert ends(row(0, 0.5), row(1, 0.5)) == ends(row(0, None)) == ends() == [[], []]


def test_an_answer_says_how_long_it_took_where_that_is_known(admin_client):
    study = make_study("methods", items=1)
    for milliseconds in (1500, 0, None):
        answer(make_participant(study), 0, 1, response_ms=milliseconds)
    rows = table(admin_client, "study-item", "methods", 0)
    assert [row[4] for row in rows] == ["1.5", "0.0", "–"]
