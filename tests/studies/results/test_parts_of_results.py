"""Whose answers count, about what, and under which version: each part of a study's results has those and no others."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from studies.analysis.table import UNKNOWN
from studies.models import Participant, Response, Study, Trial
from studies.monitoring.progress import invitations_with_people, people_by_state, progress_of, site_totals
from studies.results.answers import Reading, all_answers, answers, answers_of, classes_and_groups, totals
from studies.results.part import AnswerSelection, UnknownPartError, counted, default_who, part_of
from studies.results.participant_flow import flow_of
from studies.results.summary import summarise, summary_of
from tests import by_sql
from tests.factories import make_study, make_trials
from tests.studies.filled import answer, fill, make_participant

pytestmark = pytest.mark.django_db


def second_answers(study, part):
    return Reading(study, part).second_answers


def check_answers(study, part):
    return Reading(study, part).check_answers


def answers_by_version(study, part):
    return summarise(Reading(study, part)).versions


@pytest.fixture
def study():
    """Ann (course A) and Ben (course B) answer about three photos, a simulated volunteer about two."""
    study = make_study("methods", items=3)
    ann, ben = make_participant(study, label="course A"), make_participant(study, label="course B")
    answer(ann, 2, 1, order="2,0,1", response_ms=1500)
    answer(ben, 0, -1, order="1,2,0", response_ms=0)
    answer(ann, 0, 2, order="0,1,2")
    elsewhere = answer(ben, 1, 0, shown_value=None).trial
    Trial.objects.filter(pk=elsewhere.pk).update(order="")  # as an import leaves it
    robot = make_participant(study, simulated=True, label="robots")
    answer(robot, 0, 0)
    answer(robot, 1, 0)
    other = make_study("other", networks=("other",), items=3)
    fill(other, [[0, 0, 0]] * 2)
    return study


def said(table) -> list[tuple[int, int, int]]:
    """(participant, item, value) of each answer."""
    return list(zip(table.participants.tolist(), table.items.tolist(), table.values.tolist(), strict=True))


def person(study, number) -> Participant:
    return study.participants.get(number=number)


# As arrays


def test_answers_come_in_the_order_in_which_they_were_given_with_all_that_is_known(study):
    table = answers(study)
    assert said(table) == [(1, 2, 1), (2, 0, -1), (1, 0, 2), (2, 1, 0)]
    mine = Response.objects.filter(trial__study=study, simulated=False).order_by("id")
    assert table.ids.tolist() == list(mine.values_list("id", flat=True))
    assert table.shown.tolist() == [2, -1, 2, UNKNOWN]
    assert table.orders.tolist() == [[2, 0, 1], [1, 2, 0], [0, 1, 2], [-1, -1, -1]]
    assert np.isnan(table.response_ms).tolist() == [False, False, True, True]
    assert table.response_ms[:2].tolist() == [1500, 0]
    assert len(table) == 4
    assert said(table.only(table.items == 0)) == [(2, 0, -1), (1, 0, 2)]


def test_ratings_are_read_from_the_first_arms_side():
    study = make_study("pair", task="rating", items=2, methods=("m",), networks=("a", "b"))
    someone = make_participant(study)
    answer(someone, 0, -2, order="0,1")
    answer(someone, 1, 1, order="1,0")
    table = answers(study)
    assert (table.values.tolist(), table.shown.tolist()) == ([-2, 1], [2, 1])
    assert table.orders.tolist() == [[0, 1], [1, 0]]


def test_a_study_without_answers_has_arrays_without_rows(study):
    table = answers(make_study("none", networks=("third",)))
    assert (len(table), table.orders.shape) == (0, (0, 3))


# Whose


@pytest.mark.parametrize(
    ("who", "people"),
    [("real", [1, 2, 1, 2]), ("simulated", [3, 3]), ("all", [1, 2, 1, 2, 3, 3]), (None, [1, 2, 1, 2])],
)
def test_answers_are_those_of_the_people_who_are_asked_for(study, who, people):
    assert answers(study, who).participants.tolist() == people


@pytest.mark.parametrize("who", ["real", "all"])
def test_who_withdrew_is_in_no_part_and_in_no_total(study, who):
    Participant.objects.filter(pk=person(study, 2).pk).update(state="withdrawn")
    assert 2 not in answers(study, who).participants
    assert len(answers(study, who)) == {"real": 2, "all": 4}[who]
    scores, whole = totals(study, who), summary_of(study, who)
    assert scores.arms.tolist() == [score.score for score in whole.outcome.scores]
    assert scores.same == whole.outcome.same.score == 0


def test_simulated_answers_are_shown_as_long_as_no_persons_answer_counts(study):
    assert default_who(study) == "real"
    Response.objects.filter(participant=person(study, 1)).update(status="void")
    assert default_who(study) == "real"
    Participant.objects.filter(pk=person(study, 2).pk).update(state="withdrawn")
    assert default_who(study) == "simulated"
    Response.objects.filter(participant=person(study, 3)).update(status="void")
    assert default_who(study) == "real"


def test_an_unknown_group_of_people_is_named_with_those_there_are(study):
    with pytest.raises(UnknownPartError, match="who=robots: not one of real, simulated, all") as error:
        part_of(study, "robots")
    assert error.value.what == "who"
    with pytest.raises(UnknownPartError):
        all_answers(study, "robots")


# About what


def test_a_class_a_group_and_both_at_once(study):
    image = study.items.get(index=0).image
    image.class_name = "dam"
    image.save()
    assert said(answers(study, class_name="dam")) == [(2, 0, -1), (1, 0, 2)]
    assert said(answers(study, group="course A")) == [(1, 2, 1), (1, 0, 2)]
    assert said(answers(study, class_name="dam", group="course B")) == [(2, 0, -1)]
    assert said(answers(study, "all", group="robots")) == [(3, 0, 0), (3, 1, 0)]
    assert len(answers(study, "real", group="robots")) == 0
    assert summary_of(study, class_name="dam").missing_items == ()
    assert summary_of(study, group="course A").missing_items == (1,)


def test_what_results_can_be_narrowed_to(study):
    image = study.items.get(index=2).image
    image.class_name = "anvil"
    image.save()
    for label in ("", "nobody came"):
        study.invitations.create(label=label, token_sha256=label)
    make_participant(study, label="")
    make_participant(study, label="course A")
    make_study("third", networks=("third",)).invitations.create(label="elsewhere", token_sha256="x")
    assert classes_and_groups(study) == (["anvil", "hammer"], ["course A", "course B", "robots"])


@pytest.mark.parametrize(
    ("part", "narrowed"),
    [({}, False), ({"class_name": "x"}, True), ({"group": "x"}, True), ({"version": 1}, True)],
)
def test_a_part_knows_whether_it_is_one(part, narrowed):
    assert AnswerSelection("real", **part).narrowed is narrowed


# Repeats and attention checks stand aside


@pytest.fixture
def aside(study):
    ann, ben, robot = (person(study, number) for number in (1, 2, 3))
    answer(ann, 0, 1, kind="repeat", status="aside")
    answer(ann, 1, 0, kind="check", status="aside")
    answer(ben, 2, 2, kind="check", status="aside")
    answer(ben, 0, -1, kind="repeat", status="undone")
    answer(ben, 0, 1, kind="check", status="undone")
    answer(robot, 1, 2, kind="repeat", status="aside")
    answer(robot, 1, -1, kind="check", status="aside")
    return study


def test_repeats_are_no_attention_checks_and_attention_checks_no_repeats(aside):
    assert second_answers(aside, AnswerSelection("real")) == {(0, 1): 1}
    assert check_answers(aside, AnswerSelection("real")) == [(1, 0), (2, 2)]
    assert second_answers(aside, AnswerSelection("all")) == {(0, 1): 1, (1, 3): 2}
    assert check_answers(aside, AnswerSelection("simulated")) == [(3, -1)]
    assert check_answers(aside, AnswerSelection("real", group="course B")) == [(2, 2)]


def test_what_stands_aside_is_in_no_score(aside):
    assert len(answers(aside)) == 4
    assert totals(aside, "all").arms.sum() + totals(aside, "all").same == pytest.approx(3)


def test_ratings_of_repeats_and_checks_are_ratings():
    study = make_study("pair", task="rating", items=2, methods=("m",), networks=("a", "b"))
    someone = fill(study, [[1, -1]])[0]
    answer(someone, 0, -2, order="0,1", kind="repeat", status="aside")
    answer(someone, 1, 2, order="0,1", kind="check", status="aside")
    assert second_answers(study, AnswerSelection("real")) == {(0, 1): -2}
    assert check_answers(study, AnswerSelection("real")) == [(1, 2)]
    assert totals(study).mean == 0


# Versions


def test_answers_are_told_apart_by_the_version_that_they_were_given_under(study):
    assert answers_by_version(study, AnswerSelection("all")) == {}
    by_sql.change(Study.objects.filter(pk=study.pk), version=3)
    study.refresh_from_db()
    by_sql.change(Response.objects.filter(participant=person(study, 2)), version=3)
    assert answers_by_version(study, AnswerSelection("all")) == {1: 4, 3: 2}
    assert answers_by_version(study, AnswerSelection("real")) == {1: 2, 3: 2}
    assert said(answers_of(study, part_of(study, version="3"))) == [(2, 0, -1), (2, 1, 0)]
    assert part_of(study, version=2).version == 2
    assert part_of(study, version="").version is None
    for asked in ("0", 4, "x", "1.0"):
        with pytest.raises(UnknownPartError, match=f"has no version {asked} .*there is: 1, 2, 3") as error:
            part_of(study, version=asked)
        assert error.value.what == "version"


# Everything


def test_all_answers_are_those_of_this_study_whatever_became_of_them(study):
    Response.objects.filter(participant=person(study, 1)).update(status="undone")
    assert all_answers(study, "all").count() == 6
    assert all_answers(study, "real").count() == 4
    assert set(all_answers(study, "simulated").values_list("participant__number", flat=True)) == {3}
    assert counted(study, AnswerSelection("all")).count() == 4


# How far a study is


def test_each_study_of_a_page_has_its_own_numbers(study):
    other = Study.objects.get(slug="other")
    make_trials(other, ["0,1,2"])
    other.trials.filter(state="open").first().delete()
    other.trials.filter(state="open").update(state="claimed")
    for kind in ("repeat", "check"):
        answer(person(study, 1), 1, 0, kind=kind, status="aside")
    Participant.objects.filter(pk=person(study, 1).pk).update(state="withdrawn")
    void = answer(person(study, 2), 2, 0, status="void").trial
    void.state = "void"
    void.save()
    answer(person(study, 3), 2, 0)
    first, second = (progress_of([study, other])[row.pk] for row in (study, other))
    assert (first.open, first.claimed, first.answered, first.void) == (0, 0, 7, 1)
    assert (first.real, first.simulated, first.counted, first.needed, first.percent) == (2, 3, 5, 7, 100)
    assert (second.open, second.claimed, second.answered, second.needed, second.percent) == (0, 2, 6, 8, 75)
    assert progress_of([]) == {}
    assert progress_of([make_study("new", networks=("new",))]).popitem()[1].percent == 0


def test_people_are_counted_by_what_became_of_them_in_this_study(study):
    for number, state in ((1, "finished"), (2, "screened")):
        Participant.objects.filter(pk=person(study, number).pk).update(state=state)
    assert people_by_state(study) == {
        "active": 1,
        "finished": 1,
        "withdrawn": 0,
        "screened": 1,
        "void": 0,
        "simulated": 1,
    }
    came = dict(invitations_with_people(study).values_list("label", "people"))
    assert came == {"course A": 1, "course B": 1, "robots": 1}


def test_the_flow_of_people_and_answers_is_that_of_the_part(study):
    make_participant(study, label="course B", state="screened")
    make_participant(study, label="course B", external={"imported": "a.csv"}, state="finished")
    Response.objects.filter(trial__study=study, participant__number=1).update(status="void")
    flow = flow_of(study, AnswerSelection("real"))
    assert (flow.joined, flow.screened, flow.withdrawn, flow.active, flow.finished, flow.imported) == (
        4,
        1,
        0,
        2,
        1,
        1,
    )
    assert flow.answers == {"counted": 2, "undone": 0, "surplus": 0, "void": 2, "aside": 0}
    assert flow_of(study, AnswerSelection("all")).joined == 5
    assert flow_of(study, AnswerSelection("simulated")).answers["counted"] == 2
    group = flow_of(study, AnswerSelection("real", group="course B"))
    assert (group.joined, group.active, group.answers["counted"], group.answers["void"]) == (3, 1, 2, 0)


def test_the_sites_own_numbers_tell_nothing_of_one_study_and_count_what_waits_in_open_ones(study):
    Study.objects.filter(pk=study.pk).update(state="open")
    make_trials(study, ["0,1,2"])
    make_trials(Study.objects.get(slug="other"), ["0,1,2"])  # not open: nobody waits for these
    held = study.trials.filter(state="open").first()
    held.state, held.participant = "claimed", make_participant(study)
    held.lease_until = timezone.now() + timedelta(minutes=5)
    held.save()
    site = site_totals()
    assert (site.studies["open"], site.studies["ready"], site.studies["closed"]) == (1, 1, 0)
    assert (site.left, site.at_work) == ({"open": 2, "claimed": 1}, 1)
    assert (
        site.answers["counted", False],
        site.answers["counted", True],
        site.answers["void", False],
    ) == (10, 2, 0)
    held.lease_until = timezone.now() - timedelta(minutes=5)
    held.save()
    assert site_totals().at_work == 0
