"""The same browser opens the general link again: one goes on where one was, or says that one is somebody else."""

import pytest
from playwright.sync_api import expect

from studies.models import Participant
from tests.browser.conftest import answer, begin, clean, ready, saved

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_one_goes_on_and_another_begins(new_page, invited):
    _, url = invited(items=8, trials_per_participant=8)
    page = new_page()
    begin(page, url)
    answer(page, 0)
    ready(page)
    saved(page)
    own, context = page.url, page.context
    page.close()
    page = context.new_page()
    page.goto(url)
    clean(page)
    page.click("button.primary")
    page.wait_for_url(own)
    ready(page)
    expect(page.locator("#progress-text")).to_have_text("2 of 8")
    page.goto(url)
    page.click("#somebody-else")
    page.check("input[name=consent]")
    page.click("button.primary")
    page.wait_for_url("**/instructions/")
    assert Participant.objects.count() == 2
    page.go_back()  # the consent page again, as the browser kept it or as it comes now
    page.goto(url)
    page.click("button.primary")
    page.wait_for_url("**/instructions/")
    assert Participant.objects.count() == 2


def test_a_double_click_makes_one_person(new_page, invited):
    _, url = invited()
    page = new_page()
    page.goto(url)
    page.check("input[name=consent]")
    page.dblclick("button.primary")
    page.wait_for_url("**/instructions/")
    assert Participant.objects.count() == 1
