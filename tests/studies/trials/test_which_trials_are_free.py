"""Which trials can be given to someone is told twice, to the ORM and in SQL, side by side: both say the same."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from studies.core.transactions import write_transaction
from studies.models import Study, Trial
from studies.trials.sql import is_free, lock_free
from tests.factories import make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    """A trial in every state and of every kind, with every lease: none, over, over at this moment, and running."""
    study = make_study(items=1, state=Study.State.OPEN)
    now = timezone.now()
    leases = [None, *(now + timedelta(seconds=seconds) for seconds in (-60, 0, 60))]
    rows = list(product(Trial.State.values, Trial.Kind.values, leases))
    for state, kind, lease in rows:
        Trial.objects.create(
            study=study, item=study.items.get(), order="0,1,2", state=state, kind=kind, lease_until=lease
        )
    study.moment = now
    return study


def test_both_say_the_same(study):
    with write_transaction():
        by_statement = lock_free(study.pk, set(), 1000) + lock_free(study.pk, set(), 1000, study.moment)
    by_orm = study.trials.filter(is_free(study.moment))
    assert sorted(trial.pk for trial in by_statement) == sorted(by_orm.values_list("pk", flat=True))


def test_free_is_what_is_open_or_whose_lease_is_over(study):
    free = study.trials.filter(is_free(study.moment))
    assert set(free.values_list("kind", flat=True)) == {"main"}
    assert free.filter(state="open").count() == 4  # whatever lease it once had
    over = free.exclude(state="open")
    assert [(trial.state, trial.lease_until < study.moment) for trial in over] == [("claimed", True)]
