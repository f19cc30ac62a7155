"""A volunteer leaves for good: nothing leads to them any more, and their part is asked of others."""

import pytest

from studies.models import Event, Participant, Response, Trial

pytestmark = pytest.mark.django_db


@pytest.fixture
def gone(visitor, invite):
    """Someone from a recruitment site who gave three answers, one of them undone, and then left."""
    study, join = invite(items=4, responses_per_item=1)
    visitor.get(join)
    visitor.path = join + "?PROLIFIC_PID=abc123"
    visitor.press().press().answer(0).press("form#undo").answer(1).answer(2)
    visitor.home_before = visitor.home
    visitor.get(visitor.home + "leave/")
    assert "cannot be undone" in visitor.text
    assert Response.objects.filter(status="counted").count() == 2
    visitor.press("form")
    return study, visitor


def test_the_link_and_all_that_came_with_it_are_erased(gone):
    _, visitor = gone
    assert "nothing that is left leads to you" in visitor.text
    person = Participant.objects.get()
    assert (person.state, person.external, person.external_id, person.background) == ("withdrawn", {}, "", {})
    assert visitor.get(visitor.home_before).response.status_code == 404
    assert person.completion_code == ""
    assert not Response.objects.exclude(telemetry={}).exists()


def test_answers_are_void_and_every_item_is_asked_again_in_the_same_order(gone):
    assert gone
    assert set(Response.objects.values_list("status", flat=True)) == {"undone", "void"}
    void = Trial.objects.filter(state="void")
    fresh = Trial.objects.filter(state="open")
    assert void.count() == fresh.count() == 4
    assert set(void.values_list("item", "order")) == set(fresh.values_list("item", "order"))
    assert not Trial.objects.filter(state="claimed").exists()


def test_a_tombstone_remains(gone):
    study, _ = gone
    assert study.participants.get().number == 1
    assert Event.objects.filter(kind="withdrawn").count() == 1


def test_others_can_finish_the_study(gone, another_visitor, invite):
    study, _ = gone
    from django.urls import reverse

    from studies.models import Invitation

    _, token = Invitation.issue(study)
    other = another_visitor().start(reverse("join", args=[token]))
    while other.on_trial:
        other.answer(0)
    assert Response.objects.filter(status="counted").count() == 4
    assert not study.trials.filter(state="open").exists()
