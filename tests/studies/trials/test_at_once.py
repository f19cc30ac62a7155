"""Two who open, join, import, finish or undo the same thing at one moment, on whatever database DATABASE_URL names."""

from functools import partial
from uuid import uuid4

import pytest

from explain.core.errors import BadInputError
from studies.exports.importer import AnswersFileError, import_responses
from studies.lifecycle.opening import OpeningError, open_study
from studies.lifecycle.similarity import measure
from studies.models import (
    Event,
    FurtherLink,
    Invitation,
    Participant,
    ProtocolVersion,
    Response,
    Study,
    Trial,
    hash_token,
)
from studies.participation import Arrival, invitations
from studies.trials.allocation import answer_trial, claim_trials, undo_answer, withdraw
from tests.factories import make_participant, make_study

from .test_race import CLIENTS, at_once

pytestmark = pytest.mark.django_db(transaction=True)


def or_why_not(work):
    """What `work` gives, or the error that says to a user why not. Any other error is a fault."""
    try:
        return work()
    except BadInputError as error:
        return error


def test_of_many_who_open_a_study_at_once_one_opens_it_and_every_trial_is_there_once():
    measure(make_study(items=2, responses_per_item=2))
    as_it_was = [(Study.objects.get(),) for _ in range(CLIENTS)]
    results = at_once(lambda study: or_why_not(lambda: open_study(study=study)), as_it_was)
    (opened,) = [result for result in results if isinstance(result, Study)]
    refused = [result for result in results if result is not opened]
    assert {type(error) for error in refused} == {OpeningError}
    assert Trial.objects.count() == 4
    assert Event.objects.filter(kind="opened").count() == ProtocolVersion.objects.count() == 1
    assert Study.objects.get().protocol_sha256 == opened.protocol_sha256


@pytest.fixture
def write(tmp_path):
    def write(name: str, *people: str):
        path = tmp_path / name
        path.write_text("item,participant,choice\n" + "".join(f"0,{person},same\n" for person in people))
        return path

    return write


def test_a_file_that_many_import_at_once_is_in_the_study_once(write):
    study, path = open_study(study=make_study(items=1)), write("answers.csv", "ann", "ben")
    results = at_once(lambda: or_why_not(lambda: import_responses(study=study, path=path)), [()] * CLIENTS)
    assert results.count((2, 2)) == 1
    refused = [result for result in results if result != (2, 2)]
    assert {type(error) for error in refused} == {AnswersFileError}
    assert all("these answers are already in demo" in str(error) for error in refused)
    assert Response.objects.count() == Participant.objects.count() == 2


def test_many_files_at_once_give_every_person_a_number_of_their_own_and_close_a_study_once(write):
    study = make_study(items=1)
    files = [(write(f"{number}.csv", f"{number}a", f"{number}b"),) for number in range(CLIENTS)]
    results = at_once(lambda path: import_responses(study=study, path=path), files)
    assert results == [(2, 2)] * CLIENTS
    numbers = Participant.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, 2 * CLIENTS + 1))
    assert Event.objects.filter(kind="closed").count() == ProtocolVersion.objects.count() == 1


@pytest.mark.parametrize("links", [1, 2])
def test_somebody_whom_a_site_sends_many_times_at_once_is_one_participant(links):
    """By one invitation, or by two of the same study."""
    study = open_study(study=make_study(items=4, responses_per_item=4))
    ways = [Invitation.issue(study)[0] for _ in range(links)]
    results = at_once(
        lambda way: invitations.join(
            invitation=way, consent_sha256="", arrival=Arrival(external_id="prolific:P1", device="one")
        ),
        [(ways[number % links],) for number in range(CLIENTS)],
    )
    assert {person.pk for person, _ in results} == {Participant.objects.get().pk}
    assert Event.objects.filter(kind="joined").count() == 1
    assert Event.objects.filter(kind="returned").count() == CLIENTS - 1
    assert Participant.objects.get().token_sha256 in {hash_token(token) for _, token in results}
    assert len({token for _, token in results}) == 1
    assert not FurtherLink.objects.exists()


@pytest.mark.parametrize("links", [1, 2])
def test_of_many_devices_that_bring_one_id_at_once_one_alone_has_the_whole_of_it(links):
    study = open_study(study=make_study(items=4, responses_per_item=4))
    ways = [Invitation.issue(study)[0] for _ in range(links)]
    results = at_once(
        lambda way, device: invitations.join(
            invitation=way, consent_sha256="", arrival=Arrival(external_id="prolific:P1", device=device)
        ),
        [(ways[number % links], f"device {number}") for number in range(CLIENTS)],
    )
    person = Participant.objects.get()
    first = [token for _, token in results if hash_token(token) == person.token_sha256]
    further = set(person.further_links.filter(is_limited=True).values_list("token_sha256", flat=True))
    assert len(first) == 1
    assert further == {hash_token(token) for _, token in results} - {person.token_sha256}
    assert len(further) == CLIENTS - 1


def test_who_leaves_while_their_id_comes_by_on_other_devices_leaves_nothing_behind():
    """Each of the others comes to somebody who is there, or begins anew; none is given a link to who has left."""
    study = open_study(study=make_study(items=4, responses_per_item=9))
    way = Invitation.issue(study)[0]
    for turn in range(20):
        external_id = f"prolific:P{turn}"

        def comes(device, external_id=external_id):
            arrival = Arrival(external_id=external_id, external={"PROLIFIC_PID": "x"}, device=device)
            return invitations.join(invitation=way, consent_sha256="", arrival=arrival)

        leaver, _ = comes("first")
        others = [partial(comes, f"device {number}") for number in range(CLIENTS - 1)]
        at_once(
            lambda act: act(),
            [(act,) for act in (*others[:7], partial(withdraw, participant=leaver), *others[7:])],
        )
        leaver.refresh_from_db()
        assert (leaver.state, leaver.external, leaver.external_id) == ("withdrawn", {}, "")
        assert not leaver.further_links.exists()
    assert Participant.objects.count() > 20


def test_many_who_join_by_links_of_their_own_at_once_have_numbers_of_their_own():
    study = open_study(study=make_study(items=4, responses_per_item=CLIENTS))
    ways = [(Invitation.issue(study)[0],) for _ in range(CLIENTS)]
    at_once(lambda way: invitations.join(invitation=way, consent_sha256=""), ways)
    numbers = Participant.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, CLIENTS + 1))


def test_somebody_who_finishes_in_many_tabs_at_once_has_one_code():
    person = make_participant(make_study())
    codes = at_once(lambda: invitations.finish(participant=person).completion_code, [()] * CLIENTS)
    assert set(codes) == {Participant.objects.get().completion_code}
    assert Event.objects.filter(kind="finished").count() == 1


def test_an_answer_that_is_taken_back_many_times_at_once_is_taken_back_once():
    study = open_study(study=make_study(items=2))
    person, answer_id = make_participant(study), uuid4()
    claim_trials(participant=person, count=1)
    answer_trial(participant=person, position=1, shown_value=0, answer_id=answer_id)
    results = at_once(lambda: undo_answer(participant=person, answer_id=answer_id), [()] * CLIENTS)
    assert results.count(True) == 1
    assert Response.objects.get().status == "undone"
    assert (Trial.objects.get(participant=person).state, Trial.objects.count()) == (
        "claimed",
        study.items.count() * 4,
    )
