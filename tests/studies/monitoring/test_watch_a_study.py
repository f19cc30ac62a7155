"""A study that is under way, watched: photos by answers, people one by one, maps side by side."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from explain.models import Evaluation
from studies.lifecycle.opening import open_study
from studies.models import Event, Response, Study
from studies.monitoring.live_status import live_status_of, people
from studies.trials.allocation import claim_trials
from tests import by_sql
from tests.factories import make_map, make_study
from tests.studies.filled import answer, fill, make_participant

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client, admin_user):
    client.force_login(admin_user)
    return client


@pytest.fixture
def study():
    """Three items, two answers to item 0, one to item 1, none to item 2; and somebody who never answered."""
    study = make_study("birds", items=3, responses_per_item=2)
    fill(study, [[0, 1]])
    fill(study, [[2]])
    make_participant(study)
    study.state = Study.State.OPEN
    study.save()
    return study


def page(browser, name, *args, query=""):
    response = browser.get(reverse(name, args=args) + query)
    assert response.status_code == 200
    return response.content.decode()


def test_photos_are_counted_by_their_answers(study):
    assert live_status_of(study).by_answers == [(0, 1), (1, 1), (2, 1)]


def test_who_holds_nothing_has_gone_quiet_and_who_never_answered_is_counted(study):
    assert (live_status_of(study).quiet, live_status_of(study).never_answered) == (3, 1)
    fresh = open_study(study=make_study("fresh", networks=("other",), responses_per_item=2))
    person = make_participant(fresh)
    claim_trials(participant=person, count=1)
    assert live_status_of(fresh).quiet == 0
    fresh.trials.filter(participant=person).update(lease_until=timezone.now())
    assert live_status_of(fresh).quiet == 1


def test_times_are_those_of_the_latest_answers(study):
    for response, ms in zip(Response.objects.order_by("id"), (1000, 3000, 5000), strict=True):
        by_sql.change(Response.objects.filter(pk=response.pk), response_ms=ms)
    times = live_status_of(study).times
    assert (times.n, times.low, times.median, times.high) == (3, 2.0, 3.0, 4.0)
    first = people(study, list(study.participants.filter(number=1)))[0]
    assert (first.answers, first.seconds) == (2, 2.0)


def test_attention_checks_are_counted_for_each_person(study):
    study = make_study("checked", networks=("other",), attention_checks=2)
    person = make_participant(study)
    for item, value in ((0, 0), (1, 2)):
        answer(person, item, value, kind="check", status=Response.Status.ASIDE)
    status = live_status_of(study)
    assert (status.checks_given, status.checks_passed) == (2, 1)
    assert people(study, [person])[0].checks == (1, 2)


@pytest.mark.parametrize(("ratings", "passed"), [((2, 1), 2), ((0, 0), 0), ((-1, -2), 0), ((1, 0), 1)])
def test_a_rating_passes_a_check_only_on_the_side_of_the_object(ratings, passed):
    """0 says that both maps are alike, a number below it that the map beside the object is the better one."""
    study = make_study(
        "rated", task="rating", methods=("m",), networks=("a", "b"), items=2, attention_checks=2
    )
    person = make_participant(study)
    for item, rating in enumerate(ratings):
        answer(person, item, rating, order="0,1", kind="check", status=Response.Status.ASIDE)
    status = live_status_of(study)
    assert (status.checks_given, status.checks_passed) == (2, passed)
    assert people(study, [person])[0].checks == (passed, 2)


def test_checks_that_were_taken_back_repeats_and_other_peoples_checks_are_not_counted():
    checked = make_study("checked", networks=("other",), items=3, attention_checks=2)
    elsewhere = make_study("elsewhere", networks=("third",), attention_checks=2)
    ann, ben = make_participant(checked), make_participant(checked)
    answer(make_participant(elsewhere), 0, 0, kind="check", status=Response.Status.ASIDE)
    answer(ann, 0, 0, kind="check", status=Response.Status.ASIDE)
    answer(ben, 0, 1, kind="check", status=Response.Status.ASIDE)
    answer(ann, 1, 0, kind="repeat", status=Response.Status.ASIDE)
    answer(ann, 2, 0, kind="check", status=Response.Status.UNDONE)
    status = live_status_of(checked)
    assert (status.checks_given, status.checks_passed) == (2, 1)
    assert [person.checks for person in people(checked, [ann, ben])] == [(1, 1), (0, 1)]
    assert [person.checks for person in people(checked, [ben])] == [(0, 1)]
    unchecked = make_study("unchecked", networks=("fourth",))
    answer(make_participant(unchecked), 0, 0, kind="check", status=Response.Status.ASIDE)
    assert live_status_of(unchecked).checks_given == 0


def test_each_person_has_their_own_answers_times_and_last_answer(study):
    first, second, idle = study.participants.order_by("number")
    for response, (status, ms) in zip(
        Response.objects.order_by("id"), [("void", 9000), ("counted", 2000), ("counted", 5000)], strict=True
    ):
        by_sql.change(Response.objects.filter(pk=response.pk), status=status, response_ms=ms)
    answer(first, 2, 0, response_ms=4000, kind="repeat", status=Response.Status.ASIDE)
    latest = answer(first, 2, 0)  # its time was not measured
    row, second_row, idle_row = people(study, [first, second, idle])
    assert (row.row, row.answers, row.void, row.seconds, row.last) == (first, 2, 1, 3.0, latest.created_at)
    assert (second_row.row, second_row.answers, second_row.void, second_row.seconds) == (second, 1, 0, 5.0)
    assert (idle_row.answers, idle_row.void, idle_row.seconds, idle_row.last, idle_row.checks) == (
        0,
        0,
        None,
        None,
        None,
    )
    assert not idle_row.failed_practice


def test_who_failed_the_practice_is_marked_and_nobody_else(study):
    by_sql.change(Study.objects.all(), practice=True)
    study.refresh_from_db()
    first, second, _ = study.participants.order_by("number")
    for person, right in ((first, False), (second, True)):
        for _ in range(2):
            data = {"number": 0, "value": "0", "right": right}
            Event.objects.create(study=study, participant=person, kind="practice", data=data)
    marked = [person.failed_practice for person in people(study, list(study.participants.order_by("number")))]
    assert marked == [True, False, False]


def test_what_is_watched_is_this_study_alone(study):
    other = make_study("other", networks=("other",), items=3)
    fill(other, [[0, 0, 0]] * 4)
    by_sql.change(Response.objects.filter(participant__study=other), response_ms=60_000)
    by_sql.change(Response.objects.filter(participant__study=study), response_ms=1000)
    status = live_status_of(study)
    assert (status.times.n, status.times.median) == (3, 1.0)
    assert status.by_answers == [(0, 1), (1, 1), (2, 1)]
    assert (status.quiet, status.never_answered) == (3, 1)
    assert status.last_answer == Response.objects.filter(participant__study=study).last().created_at


def test_repeats_checks_and_voided_trials_are_no_answers_about_a_photo(study):
    first = study.participants.get(number=1)
    answer(first, 2, 0, kind="repeat", status=Response.Status.ASIDE)
    answer(first, 2, 0, kind="check", status=Response.Status.ASIDE)
    study.trials.filter(kind__in=("repeat", "check")).update(state="answered")
    void = study.trials.filter(item__index=0, kind="main").first()
    void.state = "void"
    void.save()
    assert live_status_of(study).by_answers == [(0, 1), (1, 2), (2, 0)]


def test_a_photo_with_more_answers_than_were_wanted_is_counted_as_such(study):
    fill(study, [[0], [0]])
    assert live_status_of(study).by_answers == [(0, 1), (1, 1), (2, 0), (3, 0), (4, 1)]


@pytest.mark.parametrize("state", ["finished", "withdrawn", "screened"])
def test_who_is_done_or_gone_has_not_gone_quiet(study, state):
    study.participants.filter(number=2).update(state=state)
    assert live_status_of(study).quiet == 2


def test_a_study_without_answers_has_no_times(study):
    status = live_status_of(make_study("empty", networks=("other",), responses_per_item=2, items=2))
    assert (status.times, status.last_answer, status.never_answered) == (None, None, 0)
    assert status.by_answers == [(0, 2), (1, 0), (2, 0)]


def test_the_page_shows_people_and_leads_to_taking_answers_out(browser, study):
    html = page(browser, "study-watch", "birds")
    assert html.count("Exclude …") == 2
    assert "3 inactive" in html


def test_the_page_counts_people_by_how_far_they_are(browser, study):
    for state in ("finished", "finished", "withdrawn", "screened"):
        make_participant(study, state=state, simulated=state == "finished")
    facts = BeautifulSoup(page(browser, "study-watch", "birds"), "html.parser").select("dl.facts > div")
    facts_shown = {fact.dt.text: " ".join(fact.dd.text.split()) for fact in facts}
    assert facts_shown["Finished"] == "2 of all, 2 simulated"
    assert facts_shown["In progress"] == "3, 3 inactive"
    assert facts_shown["Withdrew"] == "1, 1 not eligible"
    assert facts_shown["Gave no answer"] == "5"


def test_taking_someone_out_asks_why_and_asks_their_photos_again(browser):
    study = open_study(study=make_study("fresh", items=3, responses_per_item=2))
    person = make_participant(study)
    for trial in claim_trials(participant=person, count=2):
        answer_of(person, trial)
    address = reverse("study-void", args=["fresh", person.number])
    assert "Say why" in browser.post(address, {"reason": " "}).content.decode()
    assert study.trials.filter(state="answered").count() == 2
    browser.post(address, {"reason": "the same person twice"})
    states = study.trials.values_list("state", flat=True)
    assert (list(states).count("void"), list(states).count("open")) == (2, 6)
    assert set(Response.objects.values_list("status", flat=True)) == {"void"}
    event = Event.objects.get(kind="participant void")
    assert (event.user.username, event.data) == ("admin", {"answers": 2, "reason": "the same person twice"})
    person.refresh_from_db()
    assert (person.state, bool(person.completion_code)) == ("void", True)


def answer_of(person, trial):
    from uuid import uuid4

    from studies.trials.allocation import answer_trial

    answer_trial(participant=person, position=trial.position, shown_value=0, answer_id=uuid4())


def test_maps_stand_side_by_side_blank_ones_are_marked_and_measures_are_beside(browser, study):
    item = study.items.get(index=1)
    shown = item.item_maps.get(arm__index=2).map
    shown.blank = True
    shown.save()
    measured = item.item_maps.get(arm__index=0).map
    Evaluation.objects.create(
        image=item.image,
        network=measured.network,
        layer=measured.layer,
        method=measured.method,
        target=measured.target,
        protocol="black-20",
        parameters_hash="0" * 64,
        confidence=0.8,
        activation=9.0,
        confidence_left=0.2,
    )
    html = page(browser, "study-gallery", "birds")
    assert html.count("<img ") == 3 * 4
    assert html.count(">blank<") == 1
    assert html.count("drop, black-20 75 %") == 1
    assert "1 map is blank" in html
    only = page(browser, "study-gallery", "birds", query="?blank=1")
    assert only.count("<img ") == 4


def test_queries_do_not_grow_with_people_answers_or_items(browser, django_assert_num_queries):
    study = make_study("grows", items=3)
    fill(study, [[0, 1, 2]] * 2)
    study.state = Study.State.OPEN
    study.save()
    with django_assert_num_queries(18):
        page(browser, "study-watch", "grows")
    with django_assert_num_queries(10):
        page(browser, "study-gallery", "grows")
    fill(study, [[0, 1, 2]] * 6)
    with django_assert_num_queries(18):
        page(browser, "study-watch", "grows")
    item = study.items.get(index=0)
    make_map(item.image, item.item_maps.first().arm.network, "random")
    with django_assert_num_queries(10):
        page(browser, "study-gallery", "grows")
