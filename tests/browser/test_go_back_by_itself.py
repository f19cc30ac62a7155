"""Somebody who is through, or does not take part, is sent back to the site that they came from: by itself if the study says so."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE

pytestmark = pytest.mark.browser
HOME = re.compile(r"https://panel\.example/.*")
WAYS = {"recruitment": {"ways_back": {"declined": {"url": "https://panel.example/?pid={PROLIFIC_PID}"}}}}


def declined(page, address):
    """The page of somebody who does not agree."""
    page.route(HOME, lambda route: route.fulfill(body="<h1>The panel</h1>", content_type="text/html"))
    page.goto(f"{address}?PROLIFIC_PID=p1")
    page.click("button[name=decline]")
    expect(page.locator("#way-back")).to_be_visible()


def protocol(**recruitment):
    return {"recruitment": {**WAYS["recruitment"], **recruitment}}


def test_after_some_seconds_they_are_there_with_their_id_and_coming_back_they_stay(invited, new_page):
    _, address = invited(protocol=protocol(return_after=3))
    page = new_page(viewport=PHONE)
    declined(page, address)
    expect(page.locator("#return")).to_contain_text("seconds")
    page.wait_for_url("https://panel.example/?pid=p1", timeout=15_000)
    page.go_back()
    expect(page.locator("#way-back")).to_be_visible()
    expect(page.locator("#return")).to_be_hidden()
    page.wait_for_timeout(4000)
    assert "panel.example" not in page.url


def test_whoever_wants_to_stay_stays(invited, new_page):
    _, address = invited(protocol=protocol(return_after=4))
    page = new_page(viewport=PHONE)
    declined(page, address)
    page.click("#return button")
    expect(page.locator("#return")).to_be_hidden()
    page.wait_for_timeout(5000)
    assert "panel.example" not in page.url
    page.click("#way-back")
    page.wait_for_url("https://panel.example/?pid=p1")


def test_nobody_is_sent_where_the_study_does_not_say_so_or_without_scripts(invited, new_page):
    _, address = invited(protocol=protocol())
    page = new_page(viewport=PHONE)
    declined(page, address)
    assert page.locator("#return").count() == 0


def test_without_scripts_there_is_the_button_alone(invited, new_page):
    _, address = invited(protocol=protocol(return_after=3))
    page = new_page(viewport=PHONE, java_script_enabled=False)
    declined(page, address)
    expect(page.locator("#return")).to_be_hidden()
    page.click("#way-back")
    page.wait_for_url("https://panel.example/?pid=p1")
