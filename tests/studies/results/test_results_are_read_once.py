"""The results page reads the answers once and makes each draw once, whatever it shows."""

import re

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from studies.analysis import resampling
from studies.analysis.inference import sensitivity
from studies.models import Event, Response, Study
from studies.results import answers
from tests import by_sql
from tests.factories import make_study
from tests.studies.filled import answer, fill, make_participant, reading_costs

pytestmark = pytest.mark.django_db

# Who is logged in (2), the study, people, answers, arms, items, classes, groups, progress (2).
PAGE = 12
RULES = {"missed_checks": 2, "failed_practice": True, "median_ms": 1, "position_share": 0.99}


def rich(task):
    """A study with all that a results page can show: looks, rules, checks, repeats, versions, classes, groups, people who
    withdrew, answers that were imported, simulated or taken out."""
    names = ("grad-cam", "ablation-cam") if task == "choice" else ("grad-cam",)
    plan = {"looks": {"after": [0.5, 1.0]}, "exclusions": RULES}
    if task == "choice":
        plan["analysis"] = {"contrasts": [["grad-cam", "ablation-cam"]]}
    study = make_study(
        task,
        task=task,
        items=4,
        methods=names,
        networks=("n",) if task == "choice" else ("n", "m"),
        protocol=plan,
        version=2,
        attention_checks=2,
        practice=True,
        responses_per_item=4,
    )
    people = fill(study, [[0, 1, 1, 0], [1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 0], [0, 1, 0, 1]])
    fill(study, [[0, 0, 1, 1]], simulated=True)
    for person in people[:3]:
        answer(person, 0, 1, kind="check", status="aside", version=2)
        answer(person, 1, 0, kind="repeat", status="aside")
        Event.objects.create(
            study=study, participant=person, kind="practice", data={"number": 0, "right": True}
        )
    answer(people[0], 1, 1, status="void", kind="check")
    by_sql.change(people[1].responses.all(), version=2)
    study.participants.filter(pk=people[3].pk).update(state="withdrawn")
    study.participants.filter(pk=people[4].pk).update(external={"imported": "elsewhere"})
    make_participant(study, label="another group")
    image = study.items.get(index=0).image
    image.class_name = "dam"
    image.save()
    return study


@pytest.fixture
def look(client, admin_user):
    client.force_login(admin_user)

    def queries(study, **asked):
        with CaptureQueriesContext(connection) as captured:
            page = client.get(reverse("study-results", args=[study.slug]), asked)
        assert page.status_code == 200
        return [query["sql"] for query in captured.captured_queries]

    return queries


def readings(queries):
    """The queries that fetch answers one by one; progress counts them in the database."""
    return [sql for sql in queries if re.search(r'"studies_response"\."(choice|rating)"', sql)]


@pytest.mark.parametrize("task", ["choice", "rating"])
@pytest.mark.parametrize(
    "asked",
    [{"who": "real"}, {"who": "all"}, {"who": "all", "class": "dam"}, {"who": "real", "version": "2"}],
)
def test_answers_are_read_once_whatever_is_shown(task, asked, look):
    plain = make_study("plain", task=task, methods=("a", "b"), networks=("x",), items=3)
    fill(plain, [[0, 1, 1], [1, 1, 0]])
    few, many = look(plain, who="all"), look(rich(task), **asked)
    assert len(readings(few)) == len(readings(many)) == 1
    assert len(few) == PAGE + reading_costs()
    assert len(many) == PAGE + reading_costs() + 1  # and who failed the practice


def test_asking_for_nobody_in_particular_adds_a_question_or_two_and_reads_no_more(look):
    study = make_study("mine", items=3)
    fill(study, [[0, 1, 1], [1, 1, 0]])
    assert len(look(study)) == PAGE + 1 + reading_costs()
    study.participants.update(simulated=True)
    by_sql.change(Response.objects.all(), simulated=True)
    queries = look(study)
    assert len(queries) == PAGE + 2 + reading_costs()
    assert len(readings(queries)) == 1


def test_an_answer_by_somebody_who_comes_while_it_is_read_has_its_person(monkeypatch):
    study = make_study("mine", items=3)
    fill(study, [[0, 1, 1]])
    read = answers.columns

    def meanwhile(*args):
        fill(study, [[2, 2, 2]])
        return read(*args)

    monkeypatch.setattr(answers, "columns", meanwhile)
    assert answers.answers(study, "real").participants.tolist() == [1, 1, 1, 2, 2, 2]


@pytest.fixture
def drawn(monkeypatch):
    """What is drawn: of how many units, how often, by which seed and stream; and what labels are exchanged."""
    draws_made = []
    real_counts, real_flips = resampling.Draws._made, sensitivity._flip_signs

    def counts(draws):
        draws_made.append(("draws", draws.units, draws.draws, draws.seed, draws.stream))
        return real_counts(draws)

    def flips(values, test, draws, seed):
        draws_made.append((test, np.asarray(values).tobytes(), draws, seed))
        return real_flips(values, test, draws, seed)

    monkeypatch.setattr(resampling.Draws, "_made", counts)
    monkeypatch.setattr(sensitivity, "_flip_signs", flips)
    return draws_made


@pytest.mark.parametrize("task", ["choice", "rating"])
@pytest.mark.parametrize("exclusions", [{}, {"median_ms": 1}])
def test_nothing_is_drawn_twice_for_one_page(task, exclusions, look, drawn):
    study = rich(task)
    study.participants.update(
        external={}
    )  # answers whose place is not known are other answers, with draws of their own
    protocol = study.protocol | {"exclusions": exclusions}
    by_sql.change(Study.objects.filter(pk=study.pk), protocol=protocol, state="closed")
    look(study, who="all")
    assert drawn or task == "rating"  # where nothing needs to be drawn
    assert len(drawn) == len(set(drawn))
