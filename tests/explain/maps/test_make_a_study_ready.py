"""A study's page has a worker make what its protocol lacks, in the steps that it needs, and says what went wrong."""

import pytest
from django.urls import reverse
from django.utils import timezone

from explain.maps import runs
from explain.models import Batch, ExplanationMap, Precompute
from studies.models import Study
from studies.setup import preparation, tasks
from studies.setup.drafts import create_draft

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(client, admin_user):
    client.force_login(admin_user)
    return client


def draft(**photos):
    arms = [{"network": "tiny", "method": method} for method in ("grad-cam", "hirescam")]
    source = {"version": 1, "slug": "mine", "title": "Mine", "task": "choice", "design": {"seed": 1}}
    return create_draft(source={**source, "photos": {"set": "photos", **photos}, "arms": arms})


def make(browser, study):
    page = browser.post(reverse("setup-maps", args=[study.slug]), follow=True).content.decode()
    study.refresh_from_db()
    return page


def test_only_the_photos_that_are_asked_for_get_maps(browser, photos, tiny, tasks_run_in_place):
    earlier = create_draft(source={"version": 1, "slug": "earlier", "title": "Earlier", "task": "choice"})
    study = draft(limit=2)
    assert "Ready to open" in make(browser, study)
    assert (study.state, study.items.count()) == ("ready", 2)
    assert ExplanationMap.objects.count() == 4
    earlier.refresh_from_db()
    assert (earlier.state, earlier.precompute) == ("draft", None)
    kinds = list(study.events.values_list("kind", flat=True))
    assert kinds == ["drafted", "precomputing", "ready", "likeness measured"]


def test_networks_look_first_where_photos_are_chosen_by_what_they_say(
    browser, photos, tiny, tasks_run_in_place
):
    """Random weights get no photo right, so none is left: the study goes back, and says so at its step."""
    study = draft(only_correct=True)
    page = make(browser, study)
    assert study.state == "draft"
    assert "No photo is left" in page
    assert Precompute.objects.get().methods == []
    assert not ExplanationMap.objects.exists()


def test_failed_batches_are_told_and_tried_again(browser, photos, tiny, tasks_run_in_place, monkeypatch):
    def broken(*_, **__):
        raise OSError("No space left on device")

    study = draft()
    with monkeypatch.context() as full:
        full.setattr("explain.maps.compute.BatchComputation.compute", broken)
        page = make(browser, study)
    assert study.state == "precomputing"
    assert "No space left on device" in page
    assert "Try failed batches again" in page
    assert Batch.objects.filter(state="failed").exists()
    page = browser.post(reverse("setup-retry", args=["mine"]), follow=True).content.decode()
    assert "Ready to open" in page


def test_a_message_that_is_lost_is_sent_again_by_whoever_looks(browser, photos, tiny, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks, "tell", lambda task, *ids: sent.append(ids))
    monkeypatch.setattr(preparation, "queue_length", lambda: 0)
    study = draft()
    assert "Looking at what is there" in make(browser, study)
    state = browser.get(reverse("setup-state", args=["mine"])).json()
    assert sent == [(study.pk,), (study.pk,)]
    assert state["version"] == "precomputing "


def test_nothing_is_sent_again_while_a_run_is_going_or_has_failed(photos, tiny, monkeypatch):
    """Each message would have a worker begin the same step once more."""
    waiting = []
    monkeypatch.setattr(preparation, "queue_length", lambda: len(waiting))
    study, run = draft(), runs.plan_run(image_set=photos, networks=[tiny], methods=["grad-cam"])
    study.state, study.precompute = "precomputing", run
    expected = {"pending": False, "running": False, "failed": False, "done": True}
    for state, lost in expected.items():
        run.batches.update(state=state, started_at=timezone.now(), finished_at=timezone.now())
        assert preparation.is_waiting_for_nobody(study) is lost, state
    waiting.append("a message on its way")
    assert not preparation.is_waiting_for_nobody(study)


def test_it_can_be_stopped_and_changed(browser, photos, tiny, monkeypatch):
    monkeypatch.setattr(tasks, "tell", lambda task, *ids: None)
    study = draft()
    make(browser, study)
    browser.post(reverse("study-state", args=["mine", "draft"]))
    study.refresh_from_db()
    assert study.state == Study.State.DRAFT
    assert preparation.advance(study) is False


def test_a_fault_is_told_instead_of_beginning(browser, photos, tiny):
    study = draft(classes=["emu"])
    assert "No photo is labelled" in make(browser, study).replace("&#x27;", "'")
    assert study.state == "draft"
