"""The last free items may be known to everybody who is present: the study says how many new people it needs."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from studies.analysis.staffing import new_people_needed
from studies.models import Study, Trial
from studies.monitoring.people_needed import need_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("need", "present", "each", "answers", "people"),
    [
        ({}, [], 5, 0, 0),
        ({1: 4}, [], 5, 4, 4),  # nobody answers about an item twice
        ({1: 1, 2: 1, 3: 1}, [], 2, 3, 2),  # one person gives two
        ({1: 1, 2: 1}, [(set(), 5)], 5, 0, 0),
        ({1: 1, 2: 1}, [({1}, 5)], 5, 1, 1),
        ({1: 1, 2: 1, 3: 1}, [({1}, 1)], 5, 2, 1),  # may give one more only
        ({1: 2, 2: 1}, [({2}, 1), (set(), 1)], 5, 1, 1),
        ({1: 3, 2: 2}, [({1}, 9), ({2}, 9)], 9, 3, 2),
        ({1: 1, 2: 2}, [(set(), 1)], 5, 2, 1),  # who is present takes the one that wants most
        ({1: 0, 2: 1}, [({2}, 5)], 5, 1, 1),  # what has enough takes no answer from another
    ],
)
def test_by_hand(need, present, each, answers, people):
    assert new_people_needed(need, present, each) == (answers, people)


def answer_all(visitor):
    while visitor.on_trial:
        visitor.answer(0)
    return visitor


def test_a_fresh_study_needs_as_many_as_its_design_says(invite):
    study, _ = invite(items=4, responses_per_item=3, trials_per_participant=2)
    assert (need_of(study).answers, need_of(study).people) == (12, 6)


def test_who_is_present_counts_for_what_they_have_not_seen(visitor, invite):
    study, join = invite(items=4, responses_per_item=2)
    visitor.start(join)
    assert need_of(study).people == 1
    answer_all(visitor)
    assert (need_of(study).answers, need_of(study).people) == (4, 1)


def test_who_went_away_without_finishing_does_not_count(visitor, invite):
    study, join = invite(items=4, responses_per_item=1)
    visitor.start(join)
    assert need_of(study).people == 0
    Trial.objects.filter(state="claimed").update(lease_until=timezone.now() - timedelta(hours=1))
    study.participants.update(consented_at=timezone.now() - timedelta(hours=1))
    assert (need_of(study).answers, need_of(study).people) == (4, 1)


def test_the_page_and_the_scores_say_so_and_the_volunteer_is_told_the_truth(
    visitor, another_visitor, invite, client, admin_user
):
    study, join = invite(items=4, responses_per_item=2, trials_per_participant=4)
    answer_all(visitor.start(join))
    item = study.items.first()
    Trial.objects.create(study=study, item=item, order=item.trials.first().order)  # asked again after a void
    answer_all(another_visitor().start(join))
    left = "1 answer is left that nobody who takes part now can give: 1 new person or more needed."
    client.force_login(admin_user)
    assert left in client.get(reverse("study", args=[study.slug])).content.decode()
    out = StringIO()
    call_command("scores", study.slug, stdout=out)
    assert left in out.getvalue()
    call_command("scores", study.slug, "--json", stdout=(out := StringIO()))
    needed = json.loads(out.getvalue())["new_people_needed"]
    assert needed == client.get(f"/api/studies/{study.slug}/scores/").json()["new_people_needed"]
    assert needed == {"answers": 1, "people": 1}


def test_a_volunteer_who_can_get_no_more_is_thanked_and_told_why(visitor, invite, settings):
    settings.CLAIM_BLOCK = 5
    study, join = invite(items=8, responses_per_item=1, trials_per_participant=8)
    visitor.start(join).answer(0)
    study.trials.filter(state="open").update(state="answered")  # others have taken the rest
    answer_all(visitor)
    assert (
        "You gave 6 answers. The remaining photos are reserved for people who have not seen them yet"
        in visitor.text
    )


@pytest.mark.parametrize("state", [Study.State.CLOSED])
def test_a_closed_study_needs_nobody(invite, state):
    study, _ = invite()
    Study.objects.filter(pk=study.pk).update(state=state)
    study.refresh_from_db()
    assert need_of(study).people == 0
