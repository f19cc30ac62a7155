"""A researcher turns the pages of a study's items: what was said about each photo, and every answer by itself."""

import re

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

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
    hammer, nobodys, other = (f"hammer-{number}.jpg" for number in range(3))
    first = ["0", hammer, "hammer", "2", "0.50", "0.00", "0.50", "0.00"]
    empty = ["1", nobodys, "hammer", "0", "–", "–", "–", "–"]
    last = ["2", other, "hammer", "1", "0.00", "0.00", "1.00", "0.00"]
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
    rows = [["0", "2", "−1.50"], ["1", "2", "+1.50"], ["2", "0", "–"]]
    assert [[row[0], *row[3:]] for row in table(admin_client, "study-items", "pair")] == rows
    turned = [row[0] for row in table(admin_client, "study-items", "pair", sort="mean")]
    assert turned == ["1", "0", "2"]


def test_an_answer_says_how_long_it_took_where_that_is_known(admin_client):
    study = make_study("methods", items=1)
    for milliseconds in (1500, 0, None):
        answer(make_participant(study), 0, 1, response_ms=milliseconds)
    rows = table(admin_client, "study-item", "methods", 0)
    assert [row[4] for row in rows] == ["1.5", "0.0", "–"]
