"""A study that was never opened can be deleted by its researcher; one that was opened is kept."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from explain.models import ExplanationMap
from studies.lifecycle.opening import open_study
from studies.lifecycle.transitions import StepError, delete_study
from studies.models import Event, Study
from studies.setup.drafts import create_draft, new_protocol
from tests.factories import make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client, researcher):
    client.force_login(researcher)
    return client


@pytest.fixture
def draft(researcher):
    return create_draft(
        source=new_protocol(title="Which birds?", slug="birds", task="choice"), user=researcher
    )


def test_it_is_asked_for_first_and_stays_in_the_log(browser, draft, researcher):
    assert reverse("study-delete", args=["birds"]) in browser.get(reverse("setup-check", args=["birds"])).text
    address = reverse("study-delete", args=["birds"])
    assert "This cannot be undone." in browser.get(address).text
    assert Study.objects.exists()
    page = browser.post(address, follow=True).text
    assert "“Which birds?” is deleted." in page
    assert not Study.objects.exists()
    assert not Event.objects.exists()
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_repr, entry.is_deletion()) == (researcher, "birds", True)
    assert 'title = "Which birds?"' in entry.change_message


def test_the_maps_of_a_study_that_was_ready_stay(browser, researcher):
    study = make_study("mine")
    study.researchers.add(researcher)
    browser.post(reverse("study-delete", args=["mine"]))
    assert not Study.objects.exists()
    assert ExplanationMap.objects.count() == 9


def test_a_study_that_was_opened_is_kept(browser, researcher):
    study = open_study(study=make_study("mine"))
    study.researchers.add(researcher)
    page = browser.post(reverse("study-delete", args=["mine"]), follow=True).text
    assert "A study that has been opened is kept." in page
    with pytest.raises(StepError, match="archive it instead"):
        delete_study(study=study, user=researcher)
    assert Study.objects.exists()


def test_only_those_who_may_change_it_delete_it(client, draft, stranger, django_user_model):
    viewer = django_user_model.objects.create_user("viewer")
    draft.viewers.add(viewer)
    for person, status in ((stranger, 404), (viewer, 403)):
        client.force_login(person)
        assert client.post(reverse("study-delete", args=["birds"])).status_code == status
    assert Study.objects.exists()
