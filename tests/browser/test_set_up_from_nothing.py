"""An admin sets both designs of the paper up in the browser, from an empty database with the sample photos, sees every
page before anybody else does, opens, somebody answers all of it, and there are results. No terminal; the worker's tasks
run in place."""

import os
from pathlib import Path

import pytest
from django.db.models import Count
from playwright.sync_api import expect

from explain.models import ExplanationMap
from studies.models import Event, Item, Participant, Response, Study, Trial
from tests.browser.conftest import PHONE, answer
from tests.factories import CONSENT

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("tasks_run_in_place"),
]
CLASSES = ["dam", "hammer", "screwdriver", "solar dish", "triumphal arch"]
CHOICE = {"classes": "\n".join(CLASSES), "per_class": "1"}  # the paper's: five classes, three methods
RATING = {"limit": "3"}


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


def choose_photos(page, slug, narrowed):
    page.check("input[name=set][value=samples]")
    for name, value in narrowed.items():
        page.fill(f"[name={name}]", value)
    go_on(page, f"{slug}-1-photos")
    expect(page.locator("h1")).to_have_text("Networks")


def wording_and_design(page, slug, photos, shown):
    expect(page.locator("h1")).to_have_text("Wording")
    expect(page.locator("[data-becomes=id_question]")).to_contain_text(shown)
    for key, text in CONSENT.items():
        page.fill(f"[name=consent_{key}]", text)
    page.check("[name=practice]")
    page.fill("[name=break_every]", "2")
    go_on(page, f"{slug}-4-wording")
    go_on(page, f"{slug}-4-questions")
    page.fill("[name=people]", "2")
    page.fill("[name=responses_per_item]", "1")
    page.fill("[name=trials_per_participant]", str(photos))
    expect(page.locator("[data-shown=answers]")).to_have_text(str(photos))
    go_on(page, f"{slug}-5-design")
    go_on(page, f"{slug}-5-plan")
    expect(page.locator("h1")).to_have_text("Set-up complete")
    look(page, f"{slug}-6-check")
    page.click("text=Compute maps")
    expect(page.locator("h1")).to_have_text("Ready to open")
    look(page, f"{slug}-7-ready")


def preview(page, slug, value, photos):
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
    for number in range(photos):
        expect(page.locator("#progress-text")).to_have_text(f"{number + 1} of {photos}")
        answer(page, value)
        if has_break_after(number, photos):
            expect(page.locator("h1")).to_have_text("Time for a short break")
            page.click("main :is(button, a):has-text('Go on')")
    expect(page.locator("h1")).to_have_text("Thank you")
    look(page, f"{slug}-preview-4-thanks")
    assert Event.objects.count() == before
    assert not Participant.objects.filter(study__slug=slug).exists()
    assert not Trial.objects.filter(study__slug=slug).exists()
    page.click("text=End preview")


def has_break_after(number, photos):
    """Every two answers, but not after the last."""
    return number % 2 == 1 and number < photos - 1


def open_and_take_part(page, new_page, slug, value, photos):
    page.click("a:has-text('Open …')")
    look(page, f"{slug}-8-opening")
    if page.is_visible("[name=alike_seen]"):
        page.check("[name=alike_seen]")
    page.click("button:has-text('Open')")
    expect(page.locator("[role=status]")).to_have_text("The study is open now.")
    page.fill("[name=label]", "friends")
    page.fill("[name=quota]", "2")
    page.click("text=Make an invitation link")
    link = page.input_value("#link")
    look(page, f"{slug}-9-open")
    volunteer = new_page()
    begin_with_practice(volunteer, link)
    for number in range(photos):
        answer(volunteer, value)
        if has_break_after(number, photos):
            volunteer.click("main :is(button, a):has-text('Go on')")
    volunteer.wait_for_url("**/thanks/")
    assert Response.objects.filter(trial__study__slug=slug, status="counted").count() == photos
    page.goto(page.url.split("invitations/")[0])
    expect(page.locator(".facts dd").first).to_contain_text(f"{photos} of {photos}")
    page.click("text=Progress")
    expect(page.locator("h1")).to_have_text(f"{photos} of {photos} trials answered")
    look(page, f"{slug}-10-watching")
    page.click("nav.crumbs a >> nth=-1")
    page.click("main a.primary:has-text('Results')")
    expect(page.locator(".facts dd").first).to_have_text(str(photos))
    look(page, f"{slug}-11-results")


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
    choose_photos(page, "first-study", CHOICE)
    expect(page.locator("[value=efficientnet-lite0]")).to_be_checked()
    go_on(page, "first-study-2-networks")
    expect(page.locator("[name=methods]:checked")).to_have_count(3)
    go_on(page, "first-study-3-methods")
    wording_and_design(page, "first-study", photos=5, shown="dam")
    preview(page, "first-study", 1, photos=5)
    open_and_take_part(page, new_page, "first-study", 1, photos=5)

    page.click("text=Studies >> nth=0")
    page.click("text=New study")
    page.check("[value=rating]")
    page.fill("[name=title]", "Which map shows it better?")
    page.fill("[name=slug]", "reliability")
    look(page, "2-new")
    page.click("text=Begin >> nth=0")
    choose_photos(page, "reliability", RATING)
    page.select_option("[name=first]", "efficientnet-lite0")
    page.select_option("[name=second]", "squeezenet1-1")
    go_on(page, "reliability-2-networks")
    page.check("[value=pixel-ablation-cam]")
    go_on(page, "reliability-3-methods")
    wording_and_design(page, "reliability", photos=3, shown="object")
    preview(page, "reliability", 2, photos=3)
    open_and_take_part(page, new_page, "reliability", 2, photos=3)
    assert list(Study.objects.order_by("id").values_list("task", "state")) == [
        ("choice", "open"),
        ("rating", "open"),
    ]
    shared = Item.objects.values("image").annotate(studies=Count("study")).filter(studies=2).count()
    assert ExplanationMap.objects.count() == 3 * 5 + 2 * 3 - shared  # what both studies show is made once
