"""Which answers settle their trial, and what “the same” is called: told once, and the same everywhere."""

import uuid

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from studies.analysis import answers
from studies.analysis.times import times_of
from studies.models import Response, Study, Trial
from studies.trial_types import trial_type
from studies.trial_types.choice import answers as choice_answers
from studies.trial_types.choice import people
from studies.trials import names_of_maps
from tests.factories import make_study
from tests.studies.filled import answer, make_participant


def test_the_database_holds_what_settles_a_trial():
    """A second answer is refused to a trial that has one of these; the list stands in a migration too."""
    (once,) = [rule for rule in Response._meta.constraints if rule.name == "one_counted_answer_per_trial"]
    assert dict(once.condition.children) == {"status__in": list(Response.STANDING)}


@pytest.mark.django_db
@pytest.mark.parametrize("status", Response.Status.values)
def test_a_trial_has_one_answer_that_stands(status):
    person = make_participant(make_study(items=1, state=Study.State.OPEN))
    first = answer(person, 0, 0, status=status)
    again = Response(trial=first.trial, participant=person, choice=1, status=status, answer_id=uuid.uuid4())
    if status in Response.STANDING:
        with pytest.raises(IntegrityError), transaction.atomic():
            again.save()
    else:
        again.save()


def picked(kind, arms, choice):
    return trial_type("choice").answers.in_words(choice, names_of_maps(kind, arms))


def test_the_same_is_one_number_and_one_name():
    assert answers.SAME == -1
    assert choice_answers.SAME is answers.SAME
    assert people.SAME_NAME is answers.SAME_NAME
    assert [picked(Trial.Kind.MAIN, ["a", "b"], choice) for choice in (answers.SAME, 0, 1)] == [
        "same",
        "a",
        "b",
    ]
    assert [picked(Trial.Kind.CHECK, ["a", "b"], choice) for choice in (-1, 0, 1)] == [
        "same",
        "object",
        "elsewhere",
    ]


@pytest.mark.parametrize("kind", [list, np.array])
def test_times_are_those_of_what_was_measured(kind):
    times = times_of(kind([4000.0, np.nan, 1000.0, 2000.0, 3000.0]))
    assert (times.n, times.low, times.median, times.high) == (4, 1.75, 2.5, 3.25)
    assert times_of(kind([])) is None
    assert times_of(kind([np.nan])) is None
