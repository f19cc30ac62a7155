"""Does a finding rest on a few people or on some classes? Every figure beside one that leaves people out by hand."""

import itertools

import numpy as np
import pytest
from django.urls import reverse

from studies.analysis.influence import by_person
from studies.analysis.intervals import choice_intervals
from studies.analysis.table import Ratings
from studies.models import Invitation, Response, Study
from studies.results.answers import Reading
from studies.results.as_json import scores_json
from studies.results.breakdown import break_down
from studies.results.part import AnswerSelection
from tests import by_sql
from tests.factories import make_study
from tests.studies.filled import fill


def mean_by_hand(rows, per):
    """The mean of (person, item, value) rows in which every item, person or answer counts once."""
    if not rows:
        return np.nan
    key = {"items": 1, "people": 0}.get(per)
    if key is None:
        return np.mean([row[2] for row in rows])
    groups = itertools.groupby(sorted(rows, key=lambda row: row[key]), key=lambda row: row[key])
    return np.mean([np.mean([row[2] for row in group]) for _, group in groups])


@pytest.mark.parametrize("per", ["items", "people", "answers"])
@pytest.mark.parametrize("seed", range(5))
def test_each_person_alone_and_everybody_else_are_means_of_their_answers(per, seed):
    rng = np.random.default_rng(seed)
    n, people, items = rng.integers(1, 40), rng.integers(1, 6), rng.integers(1, 8)
    rows = list(
        zip(
            rng.integers(0, people, n).tolist(),
            rng.integers(0, items, n).tolist(),  # somebody may have answered about an item twice
            rng.integers(-2, 3, n).tolist(),
            strict=True,
        )
    )
    table = Ratings.of([row[1] for row in rows], [row[0] for row in rows], [row[2] for row in rows])
    own, without = by_person(table.units, table.values.astype(float), per)
    for place, person in enumerate(table.units.person_names.tolist()):
        mine = [row for row in rows if row[0] == person]
        others = [row for row in rows if row[0] != person]
        assert own[place] == pytest.approx(mean_by_hand(mine, per))
        assert without[place] == pytest.approx(mean_by_hand(others, per), nan_ok=True)


CHOICES = [[0, 0, 0, 1], [0, 0, -1, 1], [1, 1, 1, 1]]


@pytest.fixture
def study(db):
    """Three people about four photos of two classes; the third pulls the other way."""
    study = make_study("methods", items=4, seed=3)
    for index, item in enumerate(study.items.order_by("index")):
        item.image.class_name = "hammer" if index < 3 else "dam"
        item.image.save()
    fill(study, CHOICES)
    return study


def breakdown(study):
    return break_down(Reading(study, AnswerSelection("real")))


def test_the_effect_is_that_of_the_two_leading_arms_by_person_and_without_them(study):
    found = breakdown(study)
    assert found.effect.name.startswith(study.arms.get(index=1).name)  # chosen six times, the first arm five
    says = np.array([[{0: -1, 1: 1}.get(choice, 0) for choice in row] for row in CHOICES], float)
    assert {row.number: row.estimate for row in found.people} == pytest.approx(
        {number + 1: says[number].mean() for number in range(3)}
    )
    assert {row.number: row.without for row in found.people} == pytest.approx(
        {number + 1: np.delete(says, number, axis=0).mean() for number in range(3)}
    )
    assert [row.estimate for row in found.people] == sorted(row.estimate for row in found.people)
    assert found.whole.estimate == pytest.approx(says.mean())
    assert found.without_one == pytest.approx((-0.375, 0.375))


def test_a_declared_contrast_is_the_effect(study):
    names = [study.arms.get(index=index).name for index in (0, 2)]
    study.protocol = {**study.protocol, "analysis": {"contrasts": [names]}}
    assert breakdown(study).effect.name == " − ".join(names)


def test_the_effect_with_planned_looks_is_the_declared_contrast(study):
    names = [study.arms.get(index=index).name for index in (0, 2)]
    looks = {"after": [0.5, 1.0]}
    study.protocol = {**study.protocol, "analysis": {"contrasts": [names]}, "looks": looks}
    assert breakdown(study).effect.name == " − ".join(names)


def test_each_class_has_the_interval_of_its_own_answers(study):
    rows = {row.class_name: row for row in breakdown(study).classes}
    assert list(rows) == ["dam", "hammer"]
    assert (rows["hammer"].items, rows["hammer"].answers) == (3, 9)
    items, people = zip(*itertools.product(range(3), range(3)), strict=True)
    values = [CHOICES[person][item] for item, person in zip(items, people, strict=True)]
    expected = choice_intervals(items, people, values, arms=3).differences[0, 1] / 3
    assert rows["hammer"].found.interval == pytest.approx((-expected[1], -expected[0]))
    assert rows["dam"].found.interval is None  # one photo says nothing of others


def test_ratings_are_broken_down_by_what_the_protocol_judges(db):
    study = make_study("networks", items=2, task="rating", methods=("grad-cam",), networks=("a", "b"))
    fill(study, [[2, 2], [-1, 0]])
    found = breakdown(study)
    assert {row.number: (row.estimate, row.without) for row in found.people} == {
        1: (2.0, -0.5),
        2: (-0.5, 2.0),
    }


def test_of_one_person_nothing_is_left_out(db):
    study = make_study("methods", items=2)
    fill(study, [[0, 0]])
    found = breakdown(study)
    assert [row.without for row in found.people] == [None]
    assert found.without_one is None


def test_scores_json_has_what_the_page_shows(study):
    data = scores_json(study, AnswerSelection("real"))["breakdown"]
    found = breakdown(study)
    assert [row["participant"] for row in data["people"]] == [1, 2, 3]
    assert {row["participant"]: row["without"] for row in data["people"]} == {
        row.number: row.without for row in found.people
    }
    assert data["classes"][1]["interval"] == list(found.classes[1].found.interval)
    assert data["interval"] == list(found.whole.interval)


def test_there_is_nothing_to_break_down_without_answers(db):
    study = make_study("methods", items=2)
    assert breakdown(study) is None
    assert scores_json(study, AnswerSelection("real"))["breakdown"] is None


def test_the_page_and_the_report_draw_everybody(study, client, admin_user):
    client.force_login(admin_user)
    page = client.get(reverse("study-results-people", args=[study.slug])).content.decode()
    assert page.count('class="bar-1 dot"') == 3
    assert "Leaving any one participant out gives −0.38 to +0.38." in page
    report = client.get(reverse("study-report", args=[study.slug])).content.decode()
    assert report.count('class="bar-1 dot"') == 3


def test_parts_by_group_version_and_answer_stand_side_by_side(study, admin_client):
    """People 1 and 2 come from a class and are lay people, 3 from a clinic and an expert; one never said. Version 2 has one answer."""
    by_sql.change(
        Study.objects.filter(pk=study.pk),
        version=2,
        questions=[
            {
                "key": "who",
                "text": "Who are you?",
                "kind": "choice",
                "options": ["lay", "expert"],
                "required": False,
            },
            {"key": "age", "text": "How old?", "kind": "number", "required": False},
        ],
    )
    for number, label, said in ((1, "class", "lay"), (2, "class", ""), (3, "clinic", "expert")):
        person = study.participants.get(number=number)
        person.background = {"who": said, "age": 40 + number}
        person.save()
        Invitation.objects.filter(pk=person.invitation_id).update(label=label)
    by_sql.change(Response.objects.filter(participant__number=3, trial__item__index=0), version=2)
    study.refresh_from_db()
    found = breakdown(study)
    says = np.array([[{0: -1, 1: 1}.get(choice, 0) for choice in row] for row in CHOICES], float)
    # of each part: people, answers, and the mean of its photos' means
    of = {
        "group": [("class", 2, 8, says[:2].mean()), ("clinic", 1, 4, says[2].mean())],
        "version": [
            ("version 1", 3, 11, np.mean([says[:2, 0].mean(), *says[:, 1:].mean(axis=0)])),
            ("version 2", 1, 1, 1),
        ],
        "question-who": [
            ("lay", 1, 4, says[0].mean()),
            ("expert", 1, 4, says[2].mean()),
            ("not answered", 1, 4, says[1].mean()),
        ],
    }
    assert [split.key for split in found.splits] == list(of)
    for split in found.splits:
        rows = [(row.name, row.people, row.answers, pytest.approx(row.found.estimate)) for row in split.parts]
        assert rows == of[split.key]
    page = admin_client.get(reverse("study-results-people", args=["methods"])).text
    for name in of:
        assert f'data-name="by-{name}"' in page
    assert "by answer to “Who are you?”" in page


def test_one_part_alone_is_not_set_beside_itself(study):
    assert breakdown(study).splits == ()
