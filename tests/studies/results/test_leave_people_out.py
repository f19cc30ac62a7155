"""Rules that the protocol fixed leave people out for missed checks and failed practice: on every page and in every file."""

import csv

import pytest
from django.urls import reverse

from studies.exports.archive import export
from studies.exports.report import report_html
from studies.models import Event, Response, Study
from studies.protocol.schema import ProtocolError, check_protocol
from studies.results import data_quality
from studies.results.answers import Reading
from studies.results.further_analyses import analyse_further
from studies.results.part import AnswerSelection, part_of
from studies.trials.practice import failed_practice
from tests import by_sql
from tests.factories import make_study
from tests.studies.filled import answer, fill
from tests.studies.protocol.test_read_protocol import CHOICE

pytestmark = pytest.mark.django_db

MISSED, FAILED = "missed attention checks", "failed the practice"


def practise(person, number, *right):
    for is_right in right:
        data = {"number": number, "value": "0", "right": is_right}
        Event.objects.create(study=person.study, participant=person, kind="practice", data=data)


@pytest.fixture
def study():
    """Four people, each with two attention checks: 1 passes both, 2 misses both, 3 misses one, 4 fails the practice."""
    rules = {"exclusions": {"missed_checks": 2, "failed_practice": True}}
    study = make_study("care", items=3, attention_checks=2, practice=True, protocol=rules)
    people = fill(study, [[0, 1, 2], [2, 2, 2], [0, 0, 1], [1, 1, 1]])
    for person, choices in zip(people, [(0, 0), (1, -1), (0, 2), (0, 0)], strict=True):
        for item, value in enumerate(choices):
            answer(person, item, value, kind="check", status="aside")
        practise(person, 0, True)
        practise(person, 1, False, person.number != 4)
    answer(people[0], 2, 1, kind="check", status="undone")  # taken back: neither passed nor missed
    return study


def look(study):
    return analyse_further(Reading(study, part_of(study)))


def checks_of(study, part):
    return data_quality.checks_of(Reading(study, part))


def reasons(study):
    return data_quality.reasons(Reading(study, AnswerSelection("all")))


def test_checks_are_counted_by_person(study):
    checks = look(study).checks
    assert (checks.all_passed, checks.all_given, checks.people, checks.passed_all) == (5, 8, 4, 2)
    assert checks.missed == {1: 0, 2: 2, 3: 1, 4: 0}


def test_who_rates_both_maps_alike_in_a_check_has_missed_it():
    """As on every other page: only a rating on the object's side passes."""
    rules = {"exclusions": {"missed_checks": 1}}
    study = make_study(
        "rated",
        task="rating",
        methods=("m",),
        networks=("a", "b"),
        items=2,
        attention_checks=1,
        protocol=rules,
    )
    for person, rating in zip(fill(study, [[1, 1]] * 4), (1, 0, -1, 2), strict=True):
        answer(person, 0, rating, order="0,1", kind="check", status="aside")
    assert checks_of(study, AnswerSelection("all")).missed == {1: 0, 2: 1, 3: 1, 4: 0}
    assert reasons(study) == {2: MISSED, 3: MISSED}


def test_checks_are_those_of_the_part_but_about_any_photo(study):
    robot = fill(study, [[0, 1, 2]], simulated=True)[0]
    answer(robot, 0, 1, kind="check", status="aside")
    assert checks_of(study, AnswerSelection("real")).people == 4
    assert checks_of(study, AnswerSelection("simulated")).missed == {5: 1}
    assert checks_of(study, AnswerSelection("real", class_name="dam")).all_given == 8
    study.attention_checks = 0
    assert checks_of(study, AnswerSelection("real")) is None


def test_the_practice_of_another_study_leaves_nobody_out_here(study):
    other = make_study("other", networks=("other",), practice=True, items=3)
    practise(fill(other, [[0, 1, 2]])[0], 0, False, False)
    assert failed_practice(study) == {1: False, 2: False, 3: False, 4: True}
    assert failed_practice(other) == {1: True}


def test_practice_counts_only_where_a_rule_says_so(study):
    study.protocol = {"exclusions": {"missed_checks": 2}}
    study.save()
    assert reasons(study) == {2: MISSED}


def test_somebody_is_left_out_for_every_rule_that_names_them(study):
    practise(study.participants.get(number=2), 2, False, False)
    assert reasons(study) == {2: f"{FAILED}; {MISSED}", 4: FAILED}


@pytest.mark.parametrize("task", ["choice", "rating"])
def test_a_place_that_is_not_known_counts_as_none_picked(task):
    """1 picks the same place every time; 2 picks each once, and where the other answers stood is not known."""
    arms = {"methods": ("m", "n")} if task == "choice" else {"methods": ("m",), "networks": ("b", "c")}
    study = make_study(task, task=task, items=12, protocol={"exclusions": {"position_share": 0.8}}, **arms)
    first, second = fill(study, [[], []])
    for item in range(12):
        answer(first, item, 1, order="1,0")
        response = answer(second, item, 1, order=("1,0", "0,1")[item % 2])
        if item > 1:
            by_sql.change(Response.objects.filter(pk=response.pk), shown_value=None)
    assert list(reasons(study)) == [1]


def test_without_answers_or_rules_nobody_is_named(study):
    assert reasons(make_study("none", networks=("other",), protocol=study.protocol)) == {}
    study.protocol = {}
    study.save()
    assert reasons(study) == {}


def test_the_rules_leave_out_whom_they_name_and_the_flow_says_so(study):
    details = look(study)
    assert details.exclusions.reasons == {2: [MISSED], 4: [FAILED]}
    assert details.exclusions.flow[MISSED] == details.exclusions.flow[FAILED] == 1
    assert details.exclusions.flow["people kept"] == 2
    assert details.exclusions.flow["answers kept"] == details.other.responses == 6


def test_without_such_rules_nobody_is_left_out(study):
    study.protocol = {}
    study.save()
    assert look(study).exclusions is None


def test_one_missed_check_is_enough_where_the_rule_says_one(study):
    study.protocol = {"exclusions": {"missed_checks": 1}}
    study.save()
    assert look(study).exclusions.reasons == {2: [MISSED], 3: [MISSED]}


def test_narrowing_results_to_a_class_does_not_change_who_is_left_out(study):
    image = study.items.get(index=2).image
    image.class_name = "dam"
    image.save()
    details = analyse_further(Reading(study, part_of(study, class_name="dam")))
    assert set(details.exclusions.reasons) == {2, 4}


def test_the_export_says_for_every_answer_and_person_who_is_left_out_and_why(study, tmp_path):
    export(study=study, to=tmp_path, formats=["csv"])
    with (tmp_path / "answers.csv").open(encoding="utf-8", newline="") as file:
        by_person = {row["participant"]: row["left_out_by"] for row in csv.DictReader(file)}
    assert by_person == {"1": "", "2": MISSED, "3": "", "4": FAILED}
    with (tmp_path / "participants.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["participant"]: row for row in csv.DictReader(file)}
    columns = ("checks_given", "checks_passed", "practice_failed", "left_out_by")
    assert [[rows[number][name] for name in columns] for number in "1234"] == [
        ["2", "2", "FALSE", ""],
        ["2", "0", "FALSE", MISSED],
        ["2", "1", "FALSE", ""],
        ["2", "2", "TRUE", FAILED],
    ]
    codebook = (tmp_path / "codebook.csv").read_text()
    for name in columns:
        assert f"participants.csv,{name}," in codebook


def test_the_results_page_and_the_report_say_how_many_were_passed(study, client, admin_user):
    client.force_login(admin_user)
    page = client.get(reverse("study-results", args=["care"])).content.decode()
    for text in (page, report_html(study)):
        assert "<strong>5</strong> of 8 attention checks passed; 2 of 4 people missed none" in text
        assert "missed attention checks</span> <strong>1</strong>" in text
    assert "Each person met 2 attention checks" in report_html(study)


def test_a_study_without_checks_says_nothing_of_them(client, admin_user):
    study = make_study("plain", items=2, state=Study.State.OPEN)
    fill(study, [[0, 1], [1, 1]])
    client.force_login(admin_user)
    assert "attention check" not in client.get(reverse("study-results", args=["plain"])).content.decode()


@pytest.mark.parametrize(
    ("design", "rules", "fault"),
    [
        ({"attention_checks": 1}, {"missed_checks": 2}, "is 2, but design.attention_checks is 1"),
        ({}, {"missed_checks": 1}, "is 1, but design.attention_checks is 0"),
        ({}, {"failed_practice": True}, "is true, but design.practice is not"),
        ({}, {"missed_checks": 0}, "is 0; it must be a whole number from 1"),
    ],
)
def test_a_rule_that_can_never_apply_is_refused(design, rules, fault):
    protocol = {**CHOICE, "design": {**CHOICE["design"], **design}, "exclusions": rules}
    with pytest.raises(ProtocolError, match=fault):
        check_protocol(protocol)
