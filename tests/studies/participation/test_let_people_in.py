"""Who is let in by an invitation, as whom, and with which code they leave."""

from datetime import timedelta

import pytest
from django.utils import timezone

from explain.core.errors import BadInputError
from studies.lifecycle.opening import open_study
from studies.models import Event, Invitation, Participant, Study, Trial, find_study, hash_token
from studies.participation.arrivals import Arrival
from studies.participation.invitations import (
    closed_because,
    finish,
    has_room,
    is_known,
    join,
    link,
)
from tests.factories import make_participant, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return open_study(study=make_study(items=2, responses_per_item=1))


@pytest.fixture
def invitation(study):
    return Invitation.issue(study)[0]


def let_in(invitation, external_id="", device="", **external):
    arrival = Arrival(external_id=external_id, external=external, device=device)
    return join(invitation=invitation, consent_sha256="c0", arrival=arrival)


# Whether


@pytest.mark.parametrize(("expires", "reason"), [(-1, "expired"), (60, ""), (None, "")])
def test_an_invitation_lets_people_in_until_its_last_moment(invitation, expires, reason):
    if expires is not None:
        invitation.expires_at = timezone.now() + timedelta(seconds=expires)
    assert closed_because(invitation) == reason


@pytest.mark.parametrize(
    ("state", "reason"),
    [("open", ""), ("paused", "paused"), ("closed", "closed"), ("archived", "closed"), ("ready", "paused")],
)
def test_only_an_open_study_lets_people_in(invitation, state, reason):
    invitation.study.state = state
    assert closed_because(invitation) == reason


def test_a_quota_counts_the_people_of_its_own_invitation(study, invitation):
    for_one = Invitation.issue(study, quota=1)[0]
    let_in(invitation)
    assert closed_because(for_one) == ""
    let_in(for_one)
    assert closed_because(for_one) == "taken"
    assert let_in(for_one) == "taken"
    assert closed_because(invitation) == ""
    assert closed_because(Invitation.issue(study, quota=0)[0]) == "taken"


def test_what_is_told_first_is_what_nobody_can_change(study):
    long_ago = timezone.now() - timedelta(days=1)
    all_at_once, _ = Invitation.issue(study, quota=0, expires_at=long_ago, revoked_at=long_ago)
    assert closed_because(all_at_once) == "revoked"


def hold(study, minutes: int, **fields) -> None:
    """Somebody holds every trial, for so many minutes more."""
    until = timezone.now() + timedelta(minutes=minutes)
    study.trials.update(state=Trial.State.CLAIMED, lease_until=until, **fields)


def test_a_study_whose_trials_are_all_in_somebodys_hands_has_room_once_a_lease_is_over(study, invitation):
    assert has_room(study)
    hold(study, 15)
    assert not has_room(study)
    assert let_in(invitation) == "held"
    hold(study, -5)
    assert has_room(study)
    assert closed_because(invitation) == ""


def test_who_was_not_eligible_takes_no_place(study):
    for_one = Invitation.issue(study, quota=1)[0]
    person, _ = let_in(for_one)
    assert closed_because(for_one) == "taken"
    Participant.objects.filter(pk=person.pk).update(state="screened")
    assert closed_because(for_one) == ""


@pytest.mark.parametrize("state", ["answered", "void"])
def test_a_study_that_needs_no_more_answers_has_no_room(study, state):
    past = timezone.now() - timedelta(minutes=5)
    study.trials.update(state=state, lease_until=past)
    assert not has_room(study)


@pytest.mark.parametrize("kind", ["repeat", "check"])
def test_a_repeat_or_a_check_that_somebody_left_is_no_room_for_another(study, kind):
    hold(study, 5)
    item = study.items.first()
    past = timezone.now() - timedelta(minutes=5)
    Trial.objects.create(study=study, item=item, order="0,1,2", kind=kind, state="claimed", lease_until=past)
    assert not has_room(study)


def test_room_in_another_study_is_no_room_here(study):
    open_study(study=make_study("other", networks=("other",)))
    hold(study, 5)
    assert not has_room(study)


# As whom


def test_whoever_is_let_in_is_somebody_new_with_a_link_of_their_own(study, invitation):
    make_participant(study, 4)
    person, token = let_in(invitation, "prolific:P1", PROLIFIC_PID="P1")
    other, another = let_in(invitation)
    assert (person.number, other.number) == (5, 6)
    assert (person.token_sha256, other.token_sha256) == (hash_token(token), hash_token(another))
    assert (person.study, person.invitation, person.state, person.simulated) == (
        study,
        invitation,
        "active",
        False,
    )
    assert (person.external_id, person.external, person.consent_sha256) == (
        "prolific:P1",
        {"PROLIFIC_PID": "P1"},
        "c0",
    )
    assert (other.external_id, other.external) == ("", {})
    joined = Event.objects.filter(kind="joined").order_by("id")
    assert [(event.study, event.participant) for event in joined] == [(study, person), (study, other)]


def test_whoever_comes_by_a_simulated_invitation_is_simulated(study):
    robot, _ = let_in(Invitation.issue(study, simulated=True)[0])
    assert robot.simulated


def test_whoever_comes_again_on_the_same_device_is_the_same_person_by_the_same_link_whatever_became_of_the_invitation(
    study, invitation
):
    first, token = let_in(invitation, "mturk:W1", "this phone", assignmentId="A1")
    Invitation.objects.update(quota=1, revoked_at=timezone.now())
    again, same = let_in(invitation, "mturk:W1", "this phone", assignmentId="A2")
    assert (again.pk, again.number, again.came_by, same) == (first.pk, first.number, None, token)
    stored = Participant.objects.get()
    assert (stored.token_sha256, stored.external) == (hash_token(token), {"assignmentId": "A2"})
    assert Event.objects.filter(kind="returned", participant=first, study=study, data={}).count() == 1
    let_in(invitation, "mturk:W1", "this phone")
    assert Participant.objects.get().external == {"assignmentId": "A2"}
    assert let_in(invitation, "mturk:W2", "this phone") == "revoked"


def test_who_comes_again_on_another_device_has_a_further_link_and_the_first_stays(study, invitation):
    first, token = let_in(invitation, "mturk:W1", "this phone", assignmentId="A1")
    again, another = let_in(invitation, "mturk:W1", "another", assignmentId="A2")
    assert (again.pk, again.came_by.is_limited, token != another) == (first.pk, True, True)
    stored = Participant.objects.get()
    assert (stored.token_sha256, stored.external) == (hash_token(token), {"assignmentId": "A1"})
    assert let_in(invitation, "mturk:W1", "another")[1] == another
    assert stored.further_links.get().token_sha256 == hash_token(another)
    assert Event.objects.filter(kind="returned", data={"limited": True}).count() == 2


def test_two_people_on_one_device_have_links_of_their_own(invitation):
    ann, anns = let_in(invitation, "mturk:W1", "lab computer")
    ben, bens = let_in(invitation, "mturk:W2", "lab computer")
    assert (ann.pk != ben.pk, anns != bens) == (True, True)
    assert let_in(invitation, "mturk:W1", "lab computer")[1] == anns
    assert let_in(invitation, "mturk:W2", "lab computer")[1] == bens


def test_the_same_person_in_two_studies_is_two_participants(invitation):
    """Otherwise the second study would give somebody the link of the first."""
    other = open_study(study=make_study("other", networks=("other",)))
    first, _ = let_in(invitation, "prolific:P1")
    assert not is_known(Invitation.issue(other)[0], Arrival(external_id="prolific:P1"))
    second, _ = let_in(Invitation.issue(other)[0], "prolific:P1")
    assert (first.study_id, second.study_id) == (invitation.study_id, other.pk)
    assert is_known(invitation, Arrival(external_id="prolific:P1"))
    assert not is_known(invitation, Arrival(external_id="prolific:P2"))


def test_nobody_without_a_recruitment_site_is_known(invitation):
    let_in(invitation)
    assert not is_known(invitation, Arrival())
    assert let_in(invitation)[0].number == 2


# With which code


def test_a_completion_code_is_given_once_and_for_good(study):
    person = finish(participant=make_participant(study))
    code, at = person.completion_code, person.finished_at
    assert (person.state, len(code), set(code[4::5])) == ("finished", 14, {"-"})
    assert not set(code) & set("01IOL")
    again = finish(participant=person)
    assert (again.completion_code, again.finished_at) == (code, at)
    stored = Participant.objects.get()
    assert (stored.completion_code, stored.state, stored.finished_at) == (code, "finished", at)
    event = Event.objects.get(kind="finished")
    assert (event.participant, event.study) == (person, study)


def test_no_two_people_have_the_same_code(study):
    codes = {finish(participant=make_participant(study, number)).completion_code for number in range(1, 9)}
    assert len(codes) == 8


@pytest.mark.parametrize("state", ["withdrawn", "screened"])
def test_who_left_or_could_not_take_part_gets_no_code(study, state):
    person = finish(participant=make_participant(study, state=state))
    assert (person.state, person.completion_code, person.finished_at) == (state, "", None)
    assert not Event.objects.filter(kind="finished").exists()


def test_who_withdrew_in_another_tab_gets_no_code(study):
    person = make_participant(study)
    Participant.objects.update(state="withdrawn")
    assert finish(participant=person).completion_code == ""


# Where


@pytest.mark.parametrize("base", ["https://study.example.org", "https://study.example.org/"])
def test_a_link_leads_to_the_site_that_it_is_made_for(base):
    assert link("abc", base) == "https://study.example.org/join/abc/"
    assert link("abc") == "http://127.0.0.1:8000/join/abc/"


def test_a_study_is_found_by_its_own_name(study):
    make_study("other", networks=("other",))
    assert find_study("demo") == study
    with pytest.raises(BadInputError, match=r"nowhere: no such study\. Studies: other, demo"):
        find_study("nowhere")
    Study.objects.filter(slug="other").delete()
    assert find_study("demo") == study
