"""One rule says which attention checks were passed: the answer itself, the export, the API, the watch page, the exclusions."""

import json
import uuid

import numpy as np
import pytest
from rest_framework.test import APIClient

from studies.access.permissions import Role, give_role
from studies.exports.writers import jsonl_chunks
from studies.models import ApiToken, Response, Study, Trial
from studies.monitoring.live_status import people
from studies.results.answers import Reading
from studies.results.data_quality import checks_of
from studies.results.part import AnswerSelection
from studies.trials.attention_checks import check_passed, passes
from tests.factories import make_participant, make_study

pytestmark = pytest.mark.django_db

PASSED = {
    "choice": {-1: False, 0: True, 1: False},
    "rating": {-2: False, -1: False, 0: False, 1: True, 2: True},
}


@pytest.fixture(params=PASSED)
def study(request, researcher):
    """One person for every answer that a check can get."""
    study = make_study(
        "checked", items=1, task=request.param, attention_checks=1, methods=("grad-cam", "ablation-cam")
    )
    give_role(study=study, person=researcher, role=Role.RESEARCHER)
    for number, value in enumerate(PASSED[study.task], start=1):
        person = make_participant(study, number)
        trial = Trial.objects.create(
            study=study,
            item=study.items.get(),
            kind="check",
            order="0,1",
            state="answered",
            participant=person,
            position=1,
        )
        Response.objects.create(
            answer_id=uuid.UUID(int=number),
            trial=trial,
            participant=person,
            status="aside",
            **{study.task: value},
        )
    return study


def by_number(study, passed):
    """Participant's number -> whether they passed, from the identifiers of their answers."""
    numbers = dict(Response.objects.values_list("answer_id", "participant__number"))
    return {numbers[uuid.UUID(str(answer))]: value for answer, value in passed}


def test_all_who_ask_are_told_the_same(study, researcher):
    truth = dict(enumerate(PASSED[study.task].values(), start=1))
    token = ApiToken.issue(researcher, name="script", scope="read")[1]
    program = APIClient(headers={"authorization": f"Token {token}"})
    from_api = program.get("/api/studies/checked/answers/").json()["results"]
    exported = [json.loads(line) for line in b"".join(jsonl_chunks(study)).splitlines()]
    checks = checks_of(Reading(study, AnswerSelection("all")))
    persons = people(study, list(study.participants.all()))
    assert {
        "the answer": by_number(
            study, [(row.answer_id, check_passed(row, study)) for row in Response.objects.all()]
        ),
        "the API": by_number(study, [(row["answer"], row["check_passed"]) for row in from_api]),
        "the export": by_number(study, [(row["answer"], row["check_passed"]) for row in exported]),
        "the exclusions": {number: checks.passed[number] == 1 for number in checks.given},
        "the watch page": {person.row.number: person.checks == (1, 1) for person in persons},
    } == dict.fromkeys(["the answer", "the API", "the export", "the exclusions", "the watch page"], truth)


@pytest.mark.parametrize("task", PASSED)
def test_it_is_said_of_many_answers_at_once_as_of_each(task):
    values = list(PASSED[task])
    study = Study(task=task)
    assert passes(np.array(values), study).tolist() == [passes(value, study) for value in values]
