"""Answers given without a connection, the tab closed, back by the recruitment link: they arrive, count once, and are whose they are."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from studies.models import Participant, Response
from studies.participation import submissions
from studies.trials.allocation import withdraw
from tests.browser.conftest import answer, begin, clean, eventually, ready, saved
from tests.browser.test_nothing_is_lost import given, raise_operational_error

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def leave(page, monkeypatch, *values):
    """Give answers that stay in the browser, and close the tab.

    The server takes none of them: a browser that is told to be offline is online again as it closes.
    """
    with monkeypatch.context() as out_of_order:
        out_of_order.setattr(submissions, "apply_operation", raise_operational_error)
        for value in values:
            answer(page, value)
        expect(page.locator("#status.waiting")).to_contain_text(str(len(values)))
        page.close()


@pytest.fixture
def gone(new_page, invited, monkeypatch):
    """Two answers are given that the server has, then two that it has not, and the tab is closed: the context, the link
    that the recruitment site gives, and one's own."""
    _, url = invited(items=8, trials_per_participant=8)
    page = new_page()
    begin(page, f"{url}?PROLIFIC_PID=first")
    for value in (0, 1):
        answer(page, value)
    ready(page)
    saved(page)
    leave(page, monkeypatch, 2, 1)
    assert Response.objects.count() == 2
    return page.context, url, page.url


@pytest.mark.parametrize("cookies", ["kept", "lost"])
def test_they_arrive_by_the_recruitment_link(gone, cookies):
    """Without its cookie a browser is another device: it gets another link, which counts positions from where it begins."""
    context, url, _ = gone
    if cookies == "lost":
        context.clear_cookies()
    page = context.new_page()
    page.goto(f"{url}?PROLIFIC_PID=first")
    page.check("input[name=consent]")
    page.click("button.primary")
    page.wait_for_url("**/trial/")
    ready(page)
    eventually(page, "!localStorage.length")
    assert given() == [(1, 0, "counted"), (2, 1, "counted"), (3, 2, "counted"), (4, 1, "counted")]
    answer(page, 0)
    ready(page)
    eventually(page, "!localStorage.length")
    assert given()[4:] == [(5, 0, "counted")]
    assert Participant.objects.get().further_links.count() == (cookies == "lost")


def test_nobody_sends_what_another_left_on_this_device(gone):
    context, url, home = gone
    page = context.new_page()
    begin(page, f"{url}?PROLIFIC_PID=second")
    answer(page, 0)
    ready(page)
    saved(page)
    first, second = Participant.objects.order_by("number")
    assert (first.responses.count(), second.responses.count()) == (2, 1)
    page.goto(home)
    ready(page)
    saved(page)
    assert (first.responses.count(), second.responses.count()) == (4, 1)


def test_who_finished_on_another_device_has_them_sent_from_the_last_page(gone):
    context, _, home = gone
    Participant.objects.update(state="finished", completion_code="ABCD")
    page = context.new_page()
    page.goto(home)
    page.wait_for_url("**/thanks/")
    expect(page.locator("#code")).to_have_text("ABCD")
    for _ in range(200):
        if Response.objects.count() == 4:
            break
        page.wait_for_timeout(50)
    assert Response.objects.count() == 4
    expect(page.locator("#unsent")).to_be_hidden()


def test_who_has_left_is_offered_them_as_a_file(new_page, invited, monkeypatch):
    study, url = invited(items=8, trials_per_participant=8, language="de")
    page = new_page()
    begin(page, f"{url}?PROLIFIC_PID=first")
    context, home = page.context, page.url
    leave(page, monkeypatch, 2)
    withdraw(participant=Participant.objects.select_related("study").get())
    page = context.new_page()
    page.goto(home)
    expect(page.locator("#unsent p")).to_have_text(
        "Antworten, die nicht gesendet werden konnten: 1. "
        "Speichern Sie sie als Datei und geben Sie diese an die, die Sie eingeladen haben."
    )
    clean(page)
    with page.expect_download() as download:
        page.click("#unsent a")
    said = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert (said["study"], [answer["value"] for answer in said["answers"]]) == (study.title, [2])
