"""Pages of a study that is not open yet, in a real browser: usable by everyone, within the CSP, at desk and on a phone."""

import os
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from explain.jobs.jobs import run_job
from explain.models import Job, Worker
from studies.lifecycle.transitions import change_state
from studies.models import Study
from tests.browser.conftest import clean_and_fits
from tests.factories import make_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ARMS = [{"network": "tiny", "method": method} for method in ("grad-cam", "ablation-cam", "random")]
AGE = {"key": "age", "text": "How old are you?", "kind": "number", "eligible": [18, 99]}


@pytest.fixture
def world(admin_user, monkeypatch):
    """A draft, and a study that is ready and whose arms wait to be compared: nothing reaches a worker."""
    monkeypatch.setattr("explain.tasks.send_job", lambda *_: None)
    ready = make_study("ready", items=2)
    source = {"version": 1, "slug": "draft", "title": "A draft", "task": "choice", "arms": ARMS}
    source |= {"photos": {"set": "photos-of-ready"}, "design": {"seed": 1}, "questions": [AGE]}
    Study.objects.create(slug="draft", title="A draft", task="choice", protocol=source)
    with pytest.raises(Exception, match="made first"):
        change_state(study=ready, to="open", user=admin_user)
    Worker.objects.create(name="gpu-1:4711")
    return ready


def test_pages_are_usable_by_everyone_and_fit_the_screen(staff_page, live_server, world):
    page = staff_page()
    addresses = [
        reverse("setup-step", args=["draft", "questions"]),
        reverse("setup-step", args=["draft", "plan"]),
        reverse("study-delete", args=["draft"]),
        reverse("study-state", args=["ready", "open"]),
        reverse("runs"),
    ]
    for address in addresses:
        page.goto(live_server.url + address)
        if folder := os.environ.get("SCREENSHOTS"):
            name = address.strip("/").replace("/", "-")
            page.screenshot(path=Path(folder) / f"pages-{name}.png", full_page=True)
        clean_and_fits(page)
    assert page.complaints == []


def test_opening_goes_on_by_itself_when_the_arms_are_compared(staff_page, live_server, world):
    page = staff_page()
    page.goto(live_server.url + reverse("study-state", args=["ready", "open"]))
    expect(page.locator("#job-words")).to_have_text("Waiting for a worker.")
    expect(page.locator("main button:has-text('Open')")).to_have_count(0)
    run_job(Job.objects.get().pk)
    page.click("main button:has-text('Open')")
    expect(page.locator("[role=status]")).to_have_text("The study is open now.")
