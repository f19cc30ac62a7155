"""Who is given a role or loses it, and the record of a study, which only grows."""

import pytest
from django.urls import reverse

from studies.models import Event, Study
from studies.models.immutability import RecordError
from tests import by_sql
from tests.studies.people import client_of

pytestmark = pytest.mark.django_db


def post(client, name, **data):
    return client.post(reverse(name, args=["methods"]), data, follow=True).content.decode()


def test_a_researcher_makes_a_colleague_a_viewer_and_it_is_on_record(world):
    study, people = world
    client = client_of("researcher", people, study)
    page = post(client, "study-access", account="stranger", role="viewer")
    assert "stranger is a viewer of this study now" in page
    assert list(Study.objects.visible_to(people["stranger"]).values_list("slug", flat=True)) == [
        "other",
        "methods",
    ]
    assert not Study.objects.editable_by(people["stranger"]).filter(slug="methods").exists()
    event = Event.objects.filter(kind="role given").last()
    assert (event.user, event.data) == (people["researcher"], {"account": "stranger", "role": "viewer"})


def test_a_role_replaces_the_one_before_and_can_be_taken_away(world):
    study, people = world
    client = client_of("researcher", people, study)
    post(client, "study-access", account="viewer", role="researcher")
    assert (study.researchers.count(), study.viewers.count()) == (2, 0)
    post(client, "study-access", take="viewer")
    assert not Study.objects.visible_to(people["viewer"]).exists()


def test_the_last_researcher_stays(world):
    study, people = world
    page = post(client_of("researcher", people, study), "study-access", take="researcher")
    assert "the only researcher" in page
    assert study.researchers.exists()


def test_an_unknown_account_is_named(world):
    study, people = world
    page = post(client_of("researcher", people, study), "study-access", account="nobody", role="viewer")
    assert "There is no account “nobody”" in page


def test_somebody_with_two_roles_sees_a_study_once(world):
    study, people = world
    study.viewers.add(people["researcher"])
    assert Study.objects.visible_to(people["researcher"]).count() == 1


# The record


def test_notes_are_added_and_stay(world):
    study, people = world
    post(client_of("researcher", people, study), "study-record", text="Two people called: link was broken.")
    page = client_of("viewer", people, study).get(reverse("study-record", args=["methods"])).content.decode()
    assert "Two people called: link was broken." in page
    assert "Add the note" not in page
    note = study.events.get(kind="note")
    with pytest.raises(RecordError, match="never changed"):
        note.save()
    with pytest.raises(RecordError, match="never deleted"):
        note.delete()
    with pytest.raises(RecordError, match="never changed"):
        study.events.update(kind="other")
    with pytest.raises(RecordError, match="never deleted"):
        study.events.all().delete()


def test_the_record_is_narrowed_to_a_kind_and_turned_page_by_page(world, django_assert_num_queries):
    study, people = world
    Event.objects.bulk_create(Event(study=study, kind="joined", data={"n": n}) for n in range(120))
    client = client_of("viewer", people, study)
    address = reverse("study-record", args=["methods"])
    with django_assert_num_queries(9):
        page = client.get(address + "?kind=joined&page=3").content.decode()
    assert "101–120 of 120 events" in page
    assert "n: 0" in page
    assert "opened" not in page.split("<tbody>")[1]


def test_a_study_goes_with_its_record(world):
    study, _ = world
    by_sql.remove(study.trials.all())
    Study.objects.filter(slug="other").delete()
    assert not Event.objects.filter(study__slug="other").exists()
