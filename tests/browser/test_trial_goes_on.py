"""What comes after an answer: the next trial, the one before again, a break, the end, a new wording, or no link at all."""

import json
from pathlib import Path

import pytest

from tests.browser.trial_page import VISIBILITY, Hand, TrialPage, picture, trial

pytestmark = pytest.mark.browser

UNLOAD = """(() => {
  const event = new Event("beforeunload", { cancelable: true });
  window.dispatchEvent(event);
  return event.defaultPrevented;
})()"""


def test_trials_come_in_their_order_to_the_last_and_then_what_comes_next(site):
    trial = TrialPage(site, Hand(trials=6))
    for position in range(1, 7):
        trial.ready(position)
        assert trial.progress == f"{position} of 6"
        trial.answer(position, position % 3)
    trial.went_on()
    assert trial.hand.answers == [(position, position % 3) for position in range(1, 7)]


def test_the_progress_never_says_more_than_there_are(site):
    trial = TrialPage(site, Hand(total=1))  # others have answered what was left, but for what is in hand
    trial.answer(1, 0)
    trial.ready(2)
    assert trial.progress == "1 of 1"


def test_an_answered_trial_is_not_shown_again(site):
    """A reply that was on its way while the next answer was given still names that trial."""
    page = TrialPage(site)
    page.hand.planned = ["held", "held"]
    page.answer(1, 0)
    page.answer(2, 1)
    page.ready(3)
    page.hand.release(trials=[trial(n) for n in (2, 3, 4, 5)], done=1)
    site.until(lambda: page.hand.held)
    page.answer(3, 2)
    page.ready(4)
    page.hand.release()
    page.saved()
    page.answer(4, 0)
    page.ready(5)
    assert page.hand.answers == [(1, 0), (2, 1), (3, 2), (4, 0)]


def test_the_pictures_of_the_next_two_trials_are_fetched_ahead_and_no_more(site):
    page = TrialPage(site)
    page.ready(1)
    site.until(lambda: picture(3, 3) in site.paths("jpg"))
    site.pass_time(1000)
    assert not site.paths(r"/4/")
    page.answer(1, 0)
    page.ready(2)
    site.until(lambda: site.paths(r"/4/"))
    assert len(site.paths(r"/2/0")) == 1  # and those that are here are not fetched again


def test_an_answer_is_undone_and_its_trial_shown_again(site):
    page = TrialPage(site)
    page.answer(1, 0)
    page.ready(2)
    assert page.page.locator("#undo").is_visible()
    page.page.keyboard.press("Backspace")
    page.ready(1)
    assert page.progress == "1 of 6"
    assert page.page.inner_text("#question") == "Which map shows bird 1?"
    assert page.page.locator("#undo").is_hidden()
    page.page.keyboard.press("Backspace")  # there is nothing to undo any more
    page.answer(1, 2)
    page.ready(2)  # which was on screen when the other was undone
    page.saved()
    first, undo, again = page.hand.sent
    assert undo == {"id": undo["id"], "kind": "undo", "link": "L", "answer_id": first["id"]}
    assert len({operation["id"] for operation in (first, undo, again)}) == 3
    assert page.hand.answers == [(1, 0), (1, 2)]


def test_an_undo_without_a_connection_counts_back_at_once_and_goes_on_from_there(site):
    page = TrialPage(site)
    page.hand.planned = ["held"]
    page.answer(1, 0)
    page.ready(2)
    assert page.progress == "2 of 6"
    page.page.click("#undo button")
    page.ready(1)
    assert page.progress == "1 of 6"
    page.waits(2)
    page.answer(1, 1)
    page.ready(2)  # which was on screen when the other was undone
    assert page.page.text_content("#question") == "Which map shows bird 2?"
    assert len(page.hand.requests) == 1


def test_what_was_answered_before_a_reload_is_undone_by_the_server(site):
    hand = Hand(done=2, last="of another page")
    page = TrialPage(site, hand)
    page.ready(3)
    hand.planned = ["held"]
    page.page.keyboard.press("Backspace")
    site.until(lambda: hand.held)
    site.pass_time(1000)
    assert page.open_options == 0  # whatever is on screen now, it is not what is asked next
    assert hand.sent[0]["answer_id"] == "of another page"
    hand.said |= {"last": None}
    hand.done = 1
    hand.release()
    page.ready(2)
    assert page.page.locator("#undo").is_hidden()


def test_by_a_limited_link_nothing_is_counted_and_nothing_can_be_undone(site):
    page = TrialPage(site, Hand(limited=True, done=0, total=0, last=None))
    assert page.page.locator("#progress").count() == 0
    page.hand.planned = ["held"]  # until the reply the page goes by itself
    page.answer(1, 0)
    page.ready(2)
    assert page.page.locator("#undo").is_hidden()
    page.page.keyboard.press("Backspace")
    page.ready(2)
    page.hand.release()
    page.answer(2, 1)
    page.ready(3)
    assert [operation["kind"] for operation in page.hand.sent] == ["answer", "answer"]
    assert page.hand.answers == [(1, 0), (2, 1)]


def test_without_an_answer_there_is_nothing_to_undo(site):
    page = TrialPage(site)
    page.ready(1)
    page.page.keyboard.press("Backspace")
    site.pass_time(1000)
    assert page.hand.sent == []
    assert page.open_options == 4
    assert page.page.locator("#undo").is_hidden()


def test_a_new_wording_is_loaded_when_the_trial_on_screen_is_answered(site):
    """Whoever reads the old words is asked nothing more in them; the answer says which words it was given to."""
    page = TrialPage(site)
    page.answer(1, 0)
    page.ready(2)
    page.saved()
    page.hand.said |= {"version": 2}
    page.page.evaluate("window.dispatchEvent(new Event('online'))")
    site.until(lambda: len(page.hand.requests) == 2)
    site.settle()
    assert page.open_options == 4  # not taken away under somebody's hand
    page.answer(2, 1)
    page.went_on()
    assert [answer["version"] for answer in page.hand.sent] == [1, 1]


def test_a_new_wording_that_comes_between_two_trials_is_loaded_at_once(site):
    page = TrialPage(site, Hand(break_every=1))
    page.ready(1)
    page.hand.said |= {"version": 2}
    page.answer(1, 0)
    page.went_on()


def test_no_trial_is_shown_while_a_break_may_be_due(site):
    page = TrialPage(site, Hand(break_every=2, done=1))
    page.hand.planned = ["held"]
    page.answer(2, 0)
    site.until(lambda: page.hand.held)
    site.pass_time(2000)
    assert "loading" in page.page.get_attribute("body", "class")
    assert page.open_options == 0
    page.hand.release(elsewhere=True)
    page.went_on()


def test_between_two_breaks_trials_follow_at_once_and_after_one_that_is_over_too(site):
    page = TrialPage(site, Hand(break_every=2))
    page.hand.planned = ["held"]
    page.answer(1, 0)
    page.ready(2)  # although the server has said nothing yet
    page.hand.release()
    page.saved()
    page.answer(2, 0)
    page.ready(3)  # the server knows of no break


def test_the_break_is_due_while_a_trial_is_on_screen(site):
    """The trial on screen is answered first; then it goes where the server leads."""
    page = TrialPage(site)
    page.ready(1)
    page.hand.said |= {"elsewhere": True}
    page.page.evaluate("window.dispatchEvent(new Event('online'))")
    site.until(lambda: page.hand.requests)
    site.settle()
    page.answer(1, 0)
    page.ready(2)  # which was handed out before
    assert page.page.url.endswith("/trial/")


def test_a_withdrawn_link_is_said_and_what_was_not_sent_is_a_file(site):
    page = TrialPage(site)
    page.hand.planned = [503, 410]
    page.answer(1, 0)
    page.answer(2, 1)
    site.pass_until("!document.querySelector('#unsent').hidden", step=1000)
    assert "could not be sent: 2." in page.page.inner_text("#unsent")
    assert page.page.inner_text("#status") == ""
    with page.page.expect_download() as download:
        page.page.click("#unsent a")
    said = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert (said["study"], said["person"]) == ("Birds", "of-a-person")
    assert [(answer["position"], answer["value"]) for answer in said["answers"]] == [(1, 0), (2, 1)]
    page.waits(2)  # a file can be lost, too


def test_a_withdrawn_link_is_said_where_nothing_waits(site):
    page = TrialPage(site)
    page.ready(1)
    page.hand.planned = [404]
    page.page.evaluate("window.dispatchEvent(new Event('online'))")
    site.until(page.says("This page is out of date. Please open your link again."))
    assert page.page.locator("#unsent").is_hidden()


def test_an_answer_that_the_server_refuses_is_a_file_and_the_others_go_on(site):
    page = TrialPage(site)
    page.hand.planned = ["held"]
    page.answer(1, 0)
    site.until(lambda: page.hand.held)
    _, (sent,) = page.hand.held[0]
    page.hand.release(refused=[sent["id"]])
    site.until("!document.querySelector('#unsent').hidden")
    assert "could not be sent: 1." in page.page.inner_text("#unsent")
    page.answer(2, 0)
    page.site.until(page.says("Answer saved"))
    page.load()  # it is there again, and is not sent again
    page.ready(3)
    assert "could not be sent: 1." in page.page.inner_text("#unsent")
    assert page.hand.answers == [(1, 0), (2, 0)]


def test_what_becomes_of_an_answer_is_said(site):
    page = TrialPage(site)
    assert page.page.inner_text("#status") == ""
    page.hand.planned = ["held", 503]
    page.answer(1, 0)
    site.until(lambda: page.hand.held)
    site.pass_time(450)
    assert page.page.inner_text("#status") == ""  # most are saved before anybody could read it
    site.pass_time(100)
    assert page.page.inner_text("#status") == "Saving…"
    page.answer(2, 0)
    page.hand.release()
    site.until(page.says("No connection. Answers saved on this device and still to be sent: 1"))
    assert page.page.get_attribute("#status", "class") == "waiting"
    page.page.evaluate("window.dispatchEvent(new Event('online'))")
    page.saved()
    assert page.page.get_attribute("#status", "class") == ""
    site.pass_time(1000)
    assert page.page.inner_text("#status") == "Answer saved"


def test_whoever_closes_the_page_with_an_answer_unsent_is_warned(site):
    page = TrialPage(site)
    page.ready(1)
    assert page.page.evaluate(UNLOAD) is False
    page.hand.planned = ["held"]
    page.answer(1, 0)
    site.until(lambda: page.hand.held)
    assert page.page.evaluate(UNLOAD) is True
    page.hand.release()
    page.saved()
    assert page.page.evaluate(UNLOAD) is False


def test_answers_of_a_closed_tab_are_sent_before_anything_is_asked(site):
    page = TrialPage(site)
    page.hand.planned = ["lost", "held"]
    page.answer(1, 2)
    page.waits(1)
    site.until(lambda: page.hand.requests)
    page.load()
    site.until(lambda: page.hand.held)
    site.pass_time(1000)
    assert page.open_options == 0
    assert "loading" in page.page.get_attribute("body", "class")
    page.hand.release()
    page.ready(2)
    page.saved()
    assert page.hand.answers == [(1, 2), (1, 2)]  # the same one, by its id
    assert len(page.hand.stored) == 1


def test_whoever_thinks_for_long_keeps_the_trial_and_who_went_away_does_not(site):
    page = TrialPage(site, before=VISIBILITY + "const loaded = performance.now();")
    page.ready(1)
    left = page.page.evaluate("120000 - (performance.now() - loaded)")
    site.pass_time(left - 10)
    assert page.hand.requests == []
    site.pass_time(20)
    assert page.hand.methods == ["GET"]
    page.page.evaluate("see(false)")
    site.pass_time(300_000)
    assert page.hand.methods == ["GET"]
    assert page.open_options == 4


def test_the_last_trial_leads_to_what_comes_next_without_a_press(site):
    page = TrialPage(site, Hand(trials=1))
    page.hand.planned = [503]
    page.answer(1, 0)
    page.waits(1)
    page.page.evaluate("window.dispatchEvent(new Event('online'))")
    page.went_on()
