"""Every chart and table of the pages of results is taken by the links beneath it, by those who may see the page."""

import io
import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from html import unescape
from itertools import count

import pytest
from django.http import Http404
from django.urls import resolve, reverse
from PIL import Image

from studies.access.permissions import Role, give_role
from studies.figures import shown_on
from studies.models import Study
from studies.trial_types import trial_types
from tests import by_sql
from tests.factories import make_study
from tests.studies.figures.test_forms import check_latex
from tests.studies.filled import fill
from tests.studies.trial_types.test_contract_results import answered

pytestmark = pytest.mark.django_db
ENDINGS = {"chart": ["csv", "png", "svg"], "table": ["csv", "md", "tex"]}
PAGES = ("study-results", "study-results-people", "study-report-figures")


def links_of(client, name, slug, query=""):
    """A page's links to files, as whole addresses, and its HTML."""
    address = reverse(name, args=[slug])
    html = client.get(address + query).text
    return [address + unescape(link) for link in re.findall(r'href="(take/[^"]*)"', html)], html


@pytest.fixture
def study():
    study = make_study("blind", items=3)
    fill(study, [[0, 0, 1], [0, 2, -1], [0, 1, -1]], simulated=True)
    fill(study, [[2, 2, 2], [2, 1, 2]])
    return study


@pytest.mark.parametrize("kind", trial_types(), ids=lambda kind: kind.name)
def test_everything_that_a_page_shows_is_taken_in_every_form_whatever_the_trial_type(kind, admin_client):
    """Each is taken in one form, in turn: what the forms are like does not depend on what is in them (test_forms.py)."""
    study, turn = answered(kind), count(trial_types().index(kind))
    for page in PAGES:
        links, html = links_of(admin_client, page, study.slug)
        taken = {}
        offered = defaultdict(list)
        for link in links:
            name, ending = re.search(r"take/([^.]*)\.([a-z]*)\?", link).groups()
            taken.setdefault(name, set()).add(ending)
            offered[name].append((ending, link))
        for each in offered.values():
            ending, link = each[next(turn) % len(each)]
            check(ending, admin_client.get(link))
        assert page != "study-results" or {name.split("-")[0] for name in taken} == {"chart", "table"}
        assert {name: sorted(endings) for name, endings in taken.items()} == {
            name: ENDINGS[name.split("-")[0]] for name in taken
        }
        if page != "study-report-figures":
            assert list(taken) == [one.name for one in shown_on(html)]


def check(ending, response):
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith('attachment; filename="told-real-')
    if ending == "svg":
        assert ET.fromstring(response.content).get("width") in ("85mm", "174mm")
    elif ending == "png":
        assert Image.open(io.BytesIO(response.content)).width in (1004, 2055)
    elif ending == "tex":
        check_latex(response.text.translate({ord(sign): "x" for sign in response.text if ord(sign) > 126}))
    else:
        assert len(response.text.splitlines()) >= 2


def test_files_say_study_part_and_what_they_are_and_whose_answers(study, admin_client):
    address = reverse("study-results-take", args=["blind", "table-scores", "tex"])
    simulated = admin_client.get(f"{address}?who=simulated&width=174")
    assert 'filename="blind-simulated-table-scores-174mm.tex"' in simulated["Content-Disposition"]
    assert "simulated answers" in simulated.text
    assert r"\begin{table*}" in simulated.text
    real = admin_client.get(f"{address}?who=real&class=hammer")
    assert 'filename="blind-real-class-hammer-table-scores-85mm.tex"' in real["Content-Disposition"]
    assert "class ``hammer'' only" in real.text
    assert "simulated" not in real.text
    svg = reverse("study-results-take", args=["blind", "chart-score-of-each-arm", "svg"])
    assert ">Simulated answers.<" in admin_client.get(f"{svg}?who=simulated").text
    assert "imulated" not in admin_client.get(f"{svg}?who=real").text


def test_a_file_has_the_page_s_numbers_of_the_part_that_is_asked_for(study, admin_client):
    links, html = links_of(admin_client, "study-results", "blind", "?who=simulated")
    assert all("who=simulated" in link for link in links)
    address = next(link for link in links if "table-scores.csv" in link)
    rows = admin_client.get(address).text.splitlines()
    grad = next(row for row in rows if row.startswith("grad-cam")).split(",")
    assert f'<td class="number">{grad[1]}</td>' in html
    other = admin_client.get(address.replace("who=simulated", "who=real")).text
    assert other != admin_client.get(address).text
    data = admin_client.get(next(link for link in links if "chart-score-of-each-arm.csv" in link)).text
    assert data.startswith("arm,score,low,high,share\n")
    assert "\nsame," in data


@pytest.mark.parametrize("page", ["study-results", "study-results-people", "study-humans", "study-report"])
def test_hidden_results_stay_hidden(study, admin_client, page):
    hidden = {"analysis": {"hide_running_results": True}}
    by_sql.change(Study.objects.filter(pk=study.pk), protocol=hidden, state=Study.State.OPEN)
    names = ["table-scores", "table-by-participant", "table-arms", "chart-score-of-each-arm"]
    for name in names:
        response = admin_client.get(reverse(f"{page}-take", args=["blind", name, "csv"]))
        assert response.status_code == 403
        assert "grad-cam" not in response.text
    assert admin_client.get(reverse("study-report-figures", args=["blind"])).status_code == 403


def test_they_are_for_those_who_may_look(study, client, researcher, stranger):
    give_role(study=study, person=researcher, role=Role.VIEWER)
    for page, name in (
        ("study-results", "table-scores"),
        ("study-results-people", "table-by-participant"),
        ("study-report", "table-arms"),
    ):
        address = reverse(f"{page}-take", args=["blind", name, "csv"])
        client.logout()
        assert client.get(address).status_code == 302
        client.force_login(stranger)
        assert client.get(address).status_code in (403, 404)
        client.force_login(researcher)
        assert client.get(address).status_code == 200
        assert client.post(address).status_code in (403, 405)


@pytest.mark.parametrize(
    ("name", "ending", "query", "said"),
    [
        ("table-nothing", "csv", "", "This page shows no table-nothing now."),
        ("table-scores", "svg", "", "A table comes as csv, tex, md, not as svg."),
        ("table-scores", "tex", "?width=90", "width=90: not one of 85, 174 (millimetres)"),
        ("table-scores", "tex", "?who=us", "who=us: not one of"),
    ],
)
def test_what_there_is_not_is_said(study, rf, admin_user, name, ending, query, said):
    address = reverse("study-results-take", args=["blind", name, ending])
    request = rf.get(address + query)
    request.user = admin_user
    match = resolve(address)
    with pytest.raises(Http404, match=re.escape(said)):
        match.func(request, **match.kwargs)
