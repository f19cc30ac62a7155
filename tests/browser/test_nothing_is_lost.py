"""The network goes, pages are closed and reloaded, fingers are quick: no answer is lost or doubled."""

import pytest
from django.db import OperationalError
from playwright.sync_api import expect

from studies.models import Response
from studies.participation import submissions
from tests.browser.conftest import answer, begin, eventually, ready, saved

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def taking_part(new_page, invited):
    """A page on the first of six trials, at a volunteer's own address."""
    _, url = invited(items=6)
    page = new_page()
    begin(page, url)
    ready(page)
    return page


def given():
    return list(Response.objects.order_by("id").values_list("trial__position", "shown_value", "status"))


def test_a_double_click_is_one_answer(taking_part):
    taking_part.locator(".option[value='1']").dblclick()
    ready(taking_part)
    saved(taking_part)
    expect(taking_part.locator("#progress-text")).to_have_text("2 of 6")
    assert given() == [(1, 1, "counted")]


def test_a_key_held_down_is_one_answer(taking_part):
    taking_part.keyboard.press("1")
    for _ in range(6):
        taking_part.keyboard.down("Enter")
    taking_part.keyboard.up("Enter")
    ready(taking_part)
    saved(taking_part)
    assert given() == [(1, 0, "counted")]


def test_answers_given_offline_are_kept_and_sent_when_the_network_is_back(taking_part):
    page = taking_part
    answer(page, 0)
    ready(page)
    saved(page)
    eventually(
        page, "performance.getEntriesByType('resource').filter(e => /.picture./.test(e.name)).length >= 12"
    )
    page.context.set_offline(True)
    answer(page, 1)
    answer(page, 2)
    expect(page.locator("#status")).to_contain_text(
        "No connection. Answers saved on this device and still to be sent: 2"
    )
    assert Response.objects.count() == 1
    page.context.set_offline(False)
    saved(page)
    assert given() == [(1, 0, "counted"), (2, 1, "counted"), (3, 2, "counted")]
    ready(page)
    expect(page.locator("#progress-text")).to_have_text("4 of 6")


def test_answers_survive_a_closed_tab(taking_part, monkeypatch):
    """The server takes none until the tab is closed. (A browser that is told to be offline is online again as it closes.)"""
    page = taking_part
    with monkeypatch.context() as out_of_order:
        out_of_order.setattr(submissions, "apply_operation", raise_operational_error)
        answer(page, 2)
        expect(page.locator("#status")).to_contain_text("still to be sent: 1")
        context, url = page.context, page.url
        page.close()
        assert not Response.objects.exists()
    page = context.new_page()
    page.goto(url)
    ready(page)
    saved(page)
    assert given() == [(1, 2, "counted")]
    expect(page.locator("#progress-text")).to_have_text("2 of 6")


def raise_operational_error(*_given):
    raise OperationalError("the database is away")


def test_an_answer_whose_reply_was_lost_is_stored_once(taking_part):
    page = taking_part
    lost = []

    def lose_the_reply(route):
        if not lost:
            lost.append(route.fetch().status)
            return route.abort()
        return route.continue_()

    page.route("**/answers/", lose_the_reply)
    answer(page, 1)
    saved(page)
    assert lost == [200]
    assert given() == [(1, 1, "counted")]


def test_a_slow_reply_keeps_nobody_waiting_and_is_said(taking_part):
    page, held, slow = taking_part, [], [True]
    page.route("**/answers/", lambda route: held.append(route) if slow else route.continue_())
    answer(page, 0)
    expect(page.locator("#status")).to_have_text("Saving…")
    answer(page, 1)  # the next trial is there, whatever the server does
    ready(page)
    expect(page.locator("#progress-text")).to_have_text("3 of 6")
    assert Response.objects.count() == 0
    slow.clear()
    for route in held:
        route.continue_()
    saved(page)
    assert given() == [(1, 0, "counted"), (2, 1, "counted")]


def test_an_answer_is_sent_again_after_an_error_of_the_server(taking_part):
    page = taking_part
    failures = iter([500, 503])

    def fail_twice(route):
        status = next(failures, None)
        return route.fulfill(status=status) if status else route.continue_()

    page.route("**/answers/", fail_twice)
    answer(page, 0)
    saved(page)
    assert given() == [(1, 0, "counted")]


def test_an_expired_csrf_cookie_costs_nothing(taking_part):
    page = taking_part
    page.context.clear_cookies()
    answer(page, 0)
    saved(page)
    assert given() == [(1, 0, "counted")]


def test_a_reload_in_the_middle_shows_the_same_trial(taking_part):
    page = taking_part
    answer(page, 0)
    ready(page)
    saved(page)
    page.reload()
    ready(page)
    expect(page.locator("#progress-text")).to_have_text("2 of 6")
    answer(page, 1)
    saved(page)
    assert given() == [(1, 0, "counted"), (2, 1, "counted")]


def test_the_back_button_does_not_answer_twice(taking_part):
    page = taking_part
    answer(page, 0)
    ready(page)
    saved(page)
    page.go_back()
    page.go_forward()
    ready(page)
    expect(page.locator("#progress-text")).to_have_text("2 of 6")
    answer(page, 1)
    saved(page)
    assert given() == [(1, 0, "counted"), (2, 1, "counted")]


def test_two_tabs_do_not_double_an_answer(taking_part):
    page = taking_part
    other = page.context.new_page()
    other.goto(page.url)
    ready(other)
    answer(page, 0)
    saved(page)
    answer(other, 1)
    ready(other)
    expect(other.locator("#progress-text")).to_have_text("2 of 6")
    assert given() == [(1, 0, "counted"), (1, 1, "surplus")]
