"""What the results of every trial type must do, tried on each one that is registered: a new one gets all of it for nothing."""

import json
import math
from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest
from bs4 import BeautifulSoup
from django.core.management import call_command
from django.template.loader import get_template
from django.urls import reverse

from studies.analysis.agreement import krippendorff_alpha_of
from studies.analysis.answers import SAME
from studies.api.serializers import SCORES
from studies.exports.report import report_html
from studies.models import Study
from studies.results import AnswerSelection, analyse_further, scores_json, summary_of
from studies.results.answers import Reading, totals
from studies.results.by_item import item_rows
from studies.trial_types import trial_types
from studies.trials.allocation import claim_trials
from tests.factories import make_participant
from tests.studies.taking_part import answer, held_by, open_study
from tests.studies.trial_types.contract import ARMS, buttons_of, folder_of, shown_by

pytestmark = pytest.mark.django_db
PEOPLE, ITEMS = 4, 6
EVERYONE = AnswerSelection("real")


@pytest.fixture(params=trial_types(), ids=lambda kind: kind.name)
def kind(request):
    return request.param


def opened(kind, **fields) -> Study:
    usual = {"task": kind.name, "methods": ARMS, "items": ITEMS, "responses_per_item": PEOPLE, "seed": 5}
    return open_study("told", **{**usual, **fields})


def answered(kind, **fields) -> Study:
    """A study in which people have pressed every button, in turn."""
    study = opened(kind, **fields)
    buttons = cycle(buttons_of(kind))
    for number in range(1, PEOPLE + 1):
        person = make_participant(study, number)
        claim_trials(participant=person, count=ITEMS)
        for trial in held_by(person):
            answer(person, trial.position, next(buttons))
    return study


def leaves(data):
    """Every value in nested lists and dicts."""
    for value in data.values() if isinstance(data, dict) else data:
        if isinstance(value, dict | list | tuple):
            yield from leaves(value)
        else:
            yield value


def test_without_answers_it_says_so_everywhere_and_computes_nothing(kind, admin_client):
    study = opened(kind)
    summary = summary_of(study)
    assert (summary.responses, summary.items, summary.headline) == (0, 0, "No answers yet.")
    assert analyse_further(Reading(study, EVERYONE), summary) is None
    assert totals(study, "real") is None
    json.dumps(scores_json(study, EVERYONE), allow_nan=False)
    assert "Nothing to score yet" in admin_client.get(reverse("study-results", args=[study.slug])).text
    assert "No answers are counted yet" in report_html(study)


def test_its_finding_is_the_same_on_every_way_out(kind, admin_client, capsys):
    study = answered(kind)
    headline = summary_of(study).headline
    assert headline.endswith(".")
    page = admin_client.get(reverse("study-results", args=[study.slug])).text
    for html in (page, report_html(study)):
        title = BeautifulSoup(html, "html.parser").find("h1").text
        assert " ".join(title.split()) == " ".join(headline.split())
        # places on screen stand there where they say something
        assert ("screen-positions" in html) == bool(kind.results.place_help)
    call_command("scores", study.slug)
    assert headline in capsys.readouterr().out
    data = scores_json(study, EVERYONE)
    assert data["headline"] == headline
    assert all(math.isfinite(value) for value in leaves(data) if isinstance(value, float))
    assert admin_client.get(reverse("study-results-json", args=[study.slug])).json() == json.loads(
        json.dumps(data)
    )


def test_its_answers_are_all_counted_and_twice_the_same(kind):
    study = answered(kind)
    summary = summary_of(study)
    assert (summary.responses, summary.participants, summary.items) == (PEOPLE * ITEMS, PEOPLE, ITEMS)
    assert sum(summary.positions.values()) == PEOPLE * ITEMS
    assert sum(summary.outcome.spread.values()) in (0, PEOPLE * ITEMS)
    assert summary_of(study) == summary


def test_the_schema_of_the_api_has_each_of_its_keys(kind):
    data = scores_json(answered(kind), EVERYONE)
    described = SCORES.serializers[kind.name]().fields
    assert {*data} - {*described} <= {"seal", "class", "group"}
    needed = {name for name, field in described.items() if field.required}
    assert needed <= {*data}


def test_its_table_and_its_chart_have_a_name_for_those_who_cannot_see_them(kind, admin_client):
    study = answered(kind)
    page = BeautifulSoup(admin_client.get(reverse("study-results", args=[study.slug])).text, "html.parser")
    assert page.select("figure svg[role=img] title")
    for table in page.select("table"):
        assert table.caption, table
        assert table.caption.text.strip()
    for template in (summary_of(study).outcome.template, kind.results.methods_template):
        assert template.startswith(f"{folder_of(kind)}report/")
        get_template(template)
    assert kind.results.recomputed_by in report_html(study)


def test_each_item_has_its_figures_under_their_names(kind, admin_client):
    study = answered(kind)
    reading = Reading(study, EVERYONE)
    columns, rows = kind.results.item_columns(reading.arms), kind.results.item_figures(reading.answers)
    assert len(rows) == ITEMS
    assert {len(row) for row in rows} == {len(columns)}
    page = BeautifulSoup(admin_client.get(reverse("study-items", args=[study.slug])).text, "html.parser")
    shown = [[cell.text for cell in row.select("td.number")][2:] for row in page.select("tbody tr")]
    assert shown == [[kind.results.item_figure_in_words(figure) for figure in row] for row in rows]
    # how much people differ about the items is what agreement about the whole is made of
    answers, judged = reading.answers, kind.results.judged(reading.answers)
    weight = np.bincount(answers.units.item[judged.units.with_same_item > 1], minlength=ITEMS)
    alpha = krippendorff_alpha_of(judged, kind.results.scale).alpha
    differ = np.array([row.disagreement or 0.0 for row in item_rows(reading)])
    assert 1 - weight @ differ / weight.sum() == pytest.approx(alpha)
    for column in columns:
        sorted_by = admin_client.get(reverse("study-items", args=[study.slug]), {"sort": column})
        assert sorted_by.status_code == 200


def test_whoever_presses_one_button_only_favours_one_place_or_none(kind):
    places = kind.results.places_to_favour(shown_by(kind))
    for value in buttons_of(kind):
        favoured = kind.results.favoured(np.array([value]))
        assert favoured.tolist()[0] in (SAME, *range(places))


def test_what_a_reviewer_asks_next_holds_for_it(kind):
    study = answered(kind)
    further = analyse_further(Reading(study, EVERYONE))
    assert further is not None
    assert further.agreement.answers == PEOPLE * ITEMS
    assert further.contrasts or further.tests
    for other in further.methods:
        assert len(other.intervals) == len(further.methods_columns)
    assert bool(further.methods) == bool(further.methods_of)


def test_a_planned_look_judges_what_was_declared_or_the_mean(kind):
    study = answered(kind)
    reading = Reading(study, EVERYONE)
    declared = ((0, 1),) if kind.asked.declares_contrasts else ()
    verdicts = kind.results.verdicts(reading.answers, replace(reading.compared, declared=declared), 0.95)
    assert len(verdicts) == 1
    for verdict in verdicts:
        assert verdict.of
        assert math.isfinite(verdict.estimate)
        assert not verdict.found or verdict.p <= 0.05


def test_whether_figures_of_maps_can_be_held_against_it_is_the_same_everywhere(kind, admin_client):
    study = answered(kind)
    link = reverse("study-humans", args=[study.slug])
    there = kind.results.gives_shares
    assert (link in admin_client.get(reverse("study-results", args=[study.slug])).text) == there
    assert ("humans" in scores_json(study, EVERYONE)) == there
    assert ("gives no arm a share" in admin_client.get(link).text) != there
