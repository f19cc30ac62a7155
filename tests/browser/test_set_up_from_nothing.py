"""An admin sets both designs of the paper up in the browser, from an empty database with the sample photos, sees every
page before anybody else does, opens, and somebody takes part. No terminal; the worker's tasks run in place."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from explain.models import ExplanationMap
from studies.models import Event, Participant, Response, Study, Trial
from tests.browser.conftest import PHONE, answer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("tasks_run_in_place"),
]
PHOTOS, ANSWERS = 3, 2


@pytest.fixture
def admin_page(new_page, live_server, admin_user):
    page = new_page()
    page.set_default_timeout(300_000)  # photos come in and maps are made while a click waits
    page.goto(live_server.url + "/studies/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", "correct horse battery")
    page.click("main button")
    return page


def look(page, name):
    """Screenshots at desk and on a phone, where somebody wants to look at them."""
    if folder := os.environ.get("SCREENSHOTS"):
        for width, size in (("1280", {"width": 1280, "height": 720}), ("390", PHONE)):
            page.set_viewport_size(size)
            page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
        page.set_viewport_size({"width": 1280, "height": 720})


def go_on(page, name):
    look(page, name)
    page.click("text=Save and go on")


def steps_from_photos(page, slug):
    page.check("input[name=set][value=samples]")
    page.fill("[name=limit]", str(PHOTOS))
    go_on(page, f"{slug}-1-photos")
    expect(page.locator("h1")).to_have_text("Networks")


def wording_and_design(page, slug):
    expect(page.locator("h1")).to_have_text("Task and wording")
    expect(page.locator("[data-becomes=id_question]")).to_contain_text("object")
    page.check("[name=practice]")
    page.fill("[name=break_every]", "2")
    go_on(page, f"{slug}-4-wording")
    page.fill("[name=people]", str(ANSWERS))
    page.fill("[name=responses_per_item]", str(ANSWERS))
    page.fill("[name=trials_per_participant]", str(PHOTOS))
    expect(page.locator("[data-shown=answers]")).to_have_text(str(PHOTOS * ANSWERS))
    go_on(page, f"{slug}-5-design")
    expect(page.locator("h1")).to_have_text("Everything is said")
    look(page, f"{slug}-6-check")
    page.click("text=Make the maps")
    expect(page.locator("h1")).to_have_text("Ready to open")
    look(page, f"{slug}-7-ready")


def preview(page, slug, value):
    """Every page of a volunteer, and no row of it."""
    before = Event.objects.count()
    page.click("text=Preview as a volunteer")
    look(page, f"{slug}-preview-1-consent")
    page.check("input[name=consent]")
    page.click("button.primary")
    expect(page.locator("h1")).to_have_text("What to do")
    look(page, f"{slug}-preview-2-instructions")
    page.click("button.primary")
    for _ in range(2):  # practice: an answer, what was right about it, and on
        page.click(".option >> nth=0")
        if "Look again" in page.inner_text("[role=status]"):
            page.click("main :is(button, a):has-text('Go on')")
            page.click(".option >> nth=-1")
            page.click("main :is(button, a):has-text('Go on')")
        else:
            page.click("main :is(button, a):has-text('Go on')")
    look(page, f"{slug}-preview-3-trial")
    for number in range(PHOTOS):
        expect(page.locator("#progress-text")).to_have_text(f"{number + 1} of {PHOTOS}")
        answer(page, value)
        if number == 1:
            expect(page.locator("h1")).to_have_text("Time for a short break")
            page.click("main :is(button, a):has-text('Go on')")
    expect(page.locator("h1")).to_have_text("Thank you")
    look(page, f"{slug}-preview-4-thanks")
    assert Event.objects.count() == before
    assert not Participant.objects.filter(study__slug=slug).exists()
    assert not Trial.objects.filter(study__slug=slug).exists()
    page.click("text=End preview")


def open_and_take_part(page, new_page, slug, value):
    page.click("a:has-text('Open …')")
    page.click("button:has-text('Open')")
    expect(page.locator("[role=status]")).to_have_text("The study is open now.")
    page.fill("[name=label]", "friends")
    page.fill("[name=quota]", str(ANSWERS))
    page.click("text=Make an invitation link")
    link = page.input_value("[data-copy-source]")
    look(page, f"{slug}-8-open")
    volunteer = new_page()
    begin_with_practice(volunteer, link)
    for number in range(PHOTOS):
        answer(volunteer, value)
        if number == 1:
            volunteer.click("main :is(button, a):has-text('Go on')")
    volunteer.wait_for_url("**/thanks/")
    page.goto(page.url.replace("invite/", ""))
    expect(page.locator(".facts dd").first).to_contain_text(f"{PHOTOS} of {PHOTOS * ANSWERS}")
    look(page, f"{slug}-9-watching")
    assert Response.objects.filter(trial__study__slug=slug, status="counted").count() == PHOTOS


def begin_with_practice(page, link):
    page.goto(link)
    page.check("input[name=consent]")
    page.click("button.primary")
    page.click("button.primary")
    while page.url.endswith("/practice/"):
        page.click(".option >> nth=0")
        page.click("main :is(button, a):has-text('Go on')")


def test_both_designs_from_an_empty_database(admin_page, new_page):
    page = admin_page
    look(page, "0-empty")
    page.click("text=A first study with the sample photos")
    expect(page.locator("h1")).to_have_text("49 photos in samples")
    look(page, "1-samples")
    page.click("main :is(button, a):has-text('Go on')")
    steps_from_photos(page, "first-study")
    expect(page.locator("[value=efficientnet-lite0]")).to_be_checked()
    go_on(page, "first-study-2-networks")
    expect(page.locator("[name=methods]:checked")).to_have_count(3)
    go_on(page, "first-study-3-methods")
    wording_and_design(page, "first-study")
    preview(page, "first-study", 1)
    open_and_take_part(page, new_page, "first-study", 1)

    page.click("text=Studies >> nth=0")
    page.click("text=New study")
    page.check("[value=rating]")
    page.fill("[name=title]", "Which map shows it better?")
    page.fill("[name=slug]", "reliability")
    look(page, "2-new")
    page.click("text=Begin >> nth=0")
    steps_from_photos(page, "reliability")
    page.select_option("[name=first]", "efficientnet-lite0")
    page.select_option("[name=second]", "squeezenet1-1")
    go_on(page, "reliability-2-networks")
    page.check("[value=pixel-ablation-cam]")
    go_on(page, "reliability-3-methods")
    wording_and_design(page, "reliability")
    preview(page, "reliability", 2)
    open_and_take_part(page, new_page, "reliability", 2)
    assert list(Study.objects.order_by("id").values_list("task", "state")) == [
        ("choice", "open"),
        ("rating", "open"),
    ]
    assert ExplanationMap.objects.count() == 3 * PHOTOS + 2 * PHOTOS - shared_maps()


def shared_maps():
    """Maps that both studies show are made once."""
    shown = ExplanationMap.objects.filter(method="pixel-ablation-cam", network__name="efficientnet-lite0")
    return 2 * PHOTOS - shown.count()
