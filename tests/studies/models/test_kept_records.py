"""What was done and said stays on record: events, versions of a protocol and answers are added, and not changed."""

import pytest
from django.apps import apps
from django.db import transaction

from studies.lifecycle.opening import open_study
from studies.models import Event, ProtocolVersion, Response
from studies.models.immutability import AppendOnly, RecordError
from tests.factories import make_participant, make_study
from tests.studies.filled import answer

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened():
    return open_study(study=make_study())


RECORDS = {Event: "kind", ProtocolVersion: "why", Response: "choice"}


def test_the_tables_of_records_are_all_kept_from_change():
    assert {model for model in apps.get_models() if issubclass(model, AppendOnly)} == set(RECORDS)


@pytest.mark.parametrize("model", RECORDS)
def test_no_record_is_changed_or_deleted_in_any_way(opened, model):
    answer(make_participant(opened), 0, 0)
    before = list(model.objects.values())
    assert before
    row = model.objects.first()
    field, value = RECORDS[model], 1 if model is Response else "something else"
    setattr(row, field, value)
    another = model(pk=row.pk, **{field: value})
    ways = (
        row.save,
        lambda: row.save(update_fields=[field]),
        row.delete,
        model.objects.all().delete,
        lambda: model.objects.filter(pk=row.pk).delete(),
        lambda: model.objects.update(**{field: value}),
        lambda: model.objects.bulk_update([row], [field]),
        lambda: model.objects.update_or_create(pk=row.pk, defaults={field: value}),
        another.save,
        lambda: model.objects.bulk_create(
            [another], update_conflicts=True, update_fields=[field], unique_fields=["id"]
        ),
        lambda: model.objects.filter(pk=row.pk)._raw_delete("default"),
    )
    refused = r"never changed|never deleted|Create the new ones alone"
    for way in ways:
        with pytest.raises(RecordError, match=refused), transaction.atomic():
            way()
    assert list(model.objects.values()) == before


def test_records_are_added_one_by_one_and_many_at_once(opened):
    before = Event.objects.count()
    Event.objects.create(study=opened, kind="one")
    Event(study=opened, kind="two").save()
    Event.objects.bulk_create([Event(study=opened, kind="three")])
    assert Event.objects.count() == before + 3


def test_what_a_person_may_ask_to_have_forgotten_is_emptied_of_theirs_alone(opened):
    first, second = make_participant(opened, 1), make_participant(opened, 2)
    for person in (first, second):
        Event.objects.create(study=opened, participant=person, kind="practice", data={"said": "this"})
    assert first.events.erase("data") == 1
    assert [(event.kind, event.data) for event in first.events.all()] == [("practice", {})]
    assert second.events.get().data == {"said": "this"}
