"""Test people go with all that is theirs before anybody real comes, and not after."""

from functools import partial

import pytest
from django.urls import reverse

from studies.models import Event, Invitation, Participant, Response
from studies.overview.forms import InvitationForm
from studies.participation.invitations import finish, invite, join
from studies.trials.allocation import claim_trials, void_participant, withdraw
from studies.trials.trial_run import NotDeletedError, delete_test_people
from tests.factories import make_participant
from tests.studies.meanwhile import meanwhile, on_postgres
from tests.studies.taking_part import answer, answer_all, asked, open_study

pytestmark = pytest.mark.django_db
CARE = {"items": 4, "attention_checks": 1, "repeats_per_participant": 2, "responses_per_item": 2}


def tried_out(study):
    """One who was through, one who was taken out, one who withdrew and one who is still at it."""
    through, out, gone, at_it = (make_participant(study, number, simulated=True) for number in range(1, 5))
    answer_all(through)
    finish(participant=through)
    answer_all(out)
    void_participant(participant=out, reason="to see how that looks")
    claim_trials(participant=gone, count=1)
    answer(gone, 1)
    withdraw(participant=gone)
    claim_trials(participant=at_it, count=2)
    answer(at_it, 1)


def test_the_study_is_as_it_was_opened(admin_user):
    study = open_study(**CARE)
    before = asked(study)
    order = [(trial.pk, trial.item_id) for trial in study.trials.filter(kind="main").order_by("pk")]
    tried_out(study)
    given = Response.objects.count()
    assert delete_test_people(study=study, user=admin_user) == 4
    assert asked(study) == before
    assert not Participant.objects.exists()
    assert not Response.objects.exists()
    assert set(study.trials.exclude(state="void").values_list("state", "participant", "position")) == {
        ("open", None, None)
    }
    assert not study.trials.exclude(participant=None).exists()
    open_still = study.trials.filter(state="open").count()
    assert open_still == len(order)
    event = study.events.get(kind="test people deleted")
    assert (event.user, event.data) == (admin_user, {"people": 4, "answers": given})
    assert not study.events.exclude(participant=None).exists()
    assert not study.events.filter(kind__in=("joined", "finished")).exists()


def test_the_first_real_one_is_number_one_and_is_given_everything():
    study = open_study(items=2, responses_per_item=1)
    answer_all(make_participant(study, 1, simulated=True))
    delete_test_people(study=study)
    person, _ = join(invitation=Invitation.objects.first(), consent_sha256="")
    assert person.number == 1
    assert len(claim_trials(participant=person, count=5)) == 2


@pytest.mark.parametrize("state", ["active", "finished", "screened", "withdrawn", "void"])
def test_once_somebody_real_has_come_nobody_is_deleted(state):
    study = open_study(items=2)
    answer_all(make_participant(study, 1, simulated=True))
    make_participant(study, 2, state=state)
    with pytest.raises(NotDeletedError, match="somebody real has taken part"):
        delete_test_people(study=study)
    assert Response.objects.count() == 2


@pytest.mark.parametrize("state", ["closed", "archived"])
def test_what_a_finished_study_has_stays(state):
    study = open_study(items=2)
    answer_all(make_participant(study, 1, simulated=True))
    study.state = state
    study.save()
    with pytest.raises(NotDeletedError, match=f"is {state}; test people are deleted while"):
        delete_test_people(study=study)
    assert Participant.objects.count() == 1


def test_people_of_another_study_stay():
    study, other = open_study("one", items=1), open_study("two", items=1, networks=("another",))
    for each in (study, other):
        answer_all(make_participant(each, 1, simulated=True))
    delete_test_people(study=study)
    assert [person.study_id for person in Participant.objects.all()] == [other.pk]
    assert Response.objects.count() == 1


def test_nothing_is_put_down_where_there_is_nobody():
    study = open_study(items=1)
    assert delete_test_people(study=study) == 0
    assert not Event.objects.filter(kind="test people deleted").exists()


def test_by_page_and_program(admin_client, client, admin_user):
    study = open_study(items=2)
    answer_all(make_participant(study, 1, simulated=True))
    address, watch = (reverse(f"study-{name}", args=["demo"]) for name in ("test-people", "watch"))
    assert address in admin_client.get(watch).content.decode()
    assert "Delete one test person?" in admin_client.get(address).content.decode()
    assert Participant.objects.exists()
    assert "1 test people are deleted" in admin_client.post(address, follow=True).content.decode()
    make_participant(study, 1, simulated=True)
    client.force_login(admin_user)
    program = "/api/studies/demo/participants/delete-simulated/"
    assert client.post(program).json() == {"people": 1}
    make_participant(study, 1)
    assert client.post(program).status_code == 400
    assert address not in admin_client.get(watch).content.decode()
    assert "somebody real has taken part" in admin_client.get(address, follow=True).content.decode()


def test_a_link_for_trying_out_marks_whoever_comes_by_it(admin_client):
    study = open_study(items=2)
    assert "For trying it out" in InvitationForm().as_div()
    admin_client.post(reverse("study-invite", args=["demo"]), {"label": "me", "simulated": "on"})
    invitation = study.invitations.get(label="me")
    person, _ = join(invitation=invitation, consent_sha256="")
    assert (invitation.simulated, person.simulated) == (True, True)


@on_postgres
@pytest.mark.django_db(transaction=True)
def test_who_comes_at_this_moment_is_never_deleted_with_them():
    study = open_study(items=2)
    answer_all(make_participant(study, 1, simulated=True))
    invitation, _ = invite(study=study)

    def delete():
        try:
            return delete_test_people(study=study)
        except NotDeletedError:
            return 0

    both = meanwhile(partial(join, invitation=invitation, consent_sha256=""), delete)
    person = both.first[0]
    assert (both.waited, both.second) == (True, 0)
    assert Participant.objects.filter(pk=person.pk, simulated=False).exists()
