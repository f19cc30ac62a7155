"""Watching a study, its maps side by side and the set-up's pages: usable by everyone, and they fit the screen."""

import os
from pathlib import Path

import pytest
from django.urls import reverse

from explain.models import Job
from studies.models import Study
from studies.setup.drafts import create_draft
from tests.browser.conftest import clean_and_fits
from tests.factories import make_study
from tests.studies.filled import fill

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
STEPS = ("photos", "networks", "methods", "wording", "design")


@pytest.fixture
def addresses(admin_user):
    study = make_study("birds", items=3, attention_checks=2)
    fill(study, [[0, 1, 2], [2]], label="course A")
    study.state = Study.State.OPEN
    study.save()
    arms = [{"network": "tiny", "method": method} for method in ("grad-cam", "hirescam")]
    source = {"version": 1, "slug": "draft", "title": "Draft", "task": "choice", "design": {"seed": 1}}
    create_draft(source={**source, "photos": {"set": "photos-of-birds"}, "arms": arms})
    job = Job.objects.create(kind="photos", created_by=admin_user, arguments={"set": "birds"})
    plan = {
        "set_name": "birds",
        "new": 1200,
        "boxed": 3,
        "already_there": 2,
        "repeated": 1,
        "classes": [["café", 1000], ["日本", 200]],
        "passed_over": [{"why": "no picture", "count": 30, "names": [f"notes/{'long' * 20}.txt"]}],
        "remarks": [
            "train, val: taken for parts of a data set, not for classes; the classes are the folders inside."
        ],
        "warnings": [f"{'a-long-name' * 8}.jpg is longer than 2 to 1: people see its middle square only."],
    }
    looked_at = Job.objects.create(
        kind="photos",
        created_by=admin_user,
        state="done",
        arguments={"set": "birds", "look_first": True},
        result={"plan": plan},
    )
    return [
        reverse("study-watch", args=["birds"]),
        reverse("study-void", args=["birds", 1]),
        reverse("study-gallery", args=["birds"]),
        reverse("setup-new"),
        *(reverse("setup-step", args=["draft", step]) for step in STEPS),
        reverse("setup-check", args=["draft"]),
        reverse("photos-new"),
        reverse("network-new"),
        reverse("job", args=[job.pk]),
        reverse("job", args=[looked_at.pk]),
    ]


def test_pages_are_usable_by_everyone_and_fit_the_screen(staff_page, live_server, addresses):
    page = staff_page()
    page.set_default_timeout(60_000)
    for number, address in enumerate(addresses):
        page.goto(live_server.url + address)
        page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true })")
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"w{number:02d}.png", full_page=True)
        clean_and_fits(page)
    assert page.complaints == []
