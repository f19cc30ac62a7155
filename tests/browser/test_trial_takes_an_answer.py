"""A trial takes an answer only when every picture is there, takes it once, and says how it came about."""

import pytest

from tests.browser.trial_page import VISIBILITY, Hand, TrialPage, picture
from tests.browser.trial_page import trial as handed_trial

pytestmark = pytest.mark.browser


def try_everything(page):
    """Keys, and a click in the middle of the second map."""
    for key in ("1", "Enter", "2", "Space", "0", "Enter"):
        page.keyboard.press(key)
    box = page.locator(".option[value='1']").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_the_first_trial_cannot_be_answered_before_its_last_picture_is_there(site):
    site.photos.hold = {picture(1, 3)}
    page = site.page
    trial = TrialPage(site)
    site.until(lambda: picture(1, 3) in site.photos.held)
    site.pass_time(1000)
    try_everything(page)
    site.pass_time(1000)
    assert (trial.open_options, page.locator(".picked").count()) == (0, 0)
    assert trial.hand.sent == []
    site.photos.release(picture(1, 3))
    trial.answer(1, 2)
    trial.saved()
    assert trial.hand.answers == [(1, 2)]


def test_the_next_trial_cannot_be_answered_before_its_last_picture_is_there(site):
    """And nobody looks at new maps beside an old photo: all pictures of a trial come at once."""
    site.photos.hold = {picture(2, 2)}
    trial = TrialPage(site)
    trial.answer(1, 0)
    trial.saved()
    site.pass_time(59)
    assert "loading" not in trial.page.get_attribute("body", "class")  # no flicker where it takes a moment
    site.pass_time(1000)
    assert "loading" in trial.page.get_attribute("body", "class")
    try_everything(trial.page)
    site.pass_time(1000)
    assert trial.open_options == 0
    assert trial.page.locator("#question").inner_text() == "Which map shows bird 1?"
    assert trial.hand.answers == [(1, 0)]
    site.photos.release(picture(2, 2))
    trial.ready(2)
    assert "loading" not in trial.page.get_attribute("body", "class")
    trial.answer(2, 1)
    trial.saved()
    assert trial.hand.answers == [(1, 0), (2, 1)]


def test_a_trial_shows_its_own_words_and_pictures_in_their_places(site):
    trial = TrialPage(site)
    before = trial.page.evaluate("[...document.querySelectorAll('.picture')].map((image) => image.alt)")
    trial.answer(1, 0)
    trial.ready(2)
    page = trial.page
    assert page.text_content("#named") == "bird 2"
    assert page.text_content("#question") == "Which map shows bird 2?"
    shown = page.evaluate(
        "[...document.querySelectorAll('#stage .picture')].map((image) => [image.getAttribute('src'), image.alt])"
    )
    assert shown == [[picture(2, slot), before[slot]] for slot in range(4)]
    assert page.get_attribute("#photo", "src") == picture(2, 0)
    assert len(set(before)) > 1
    corner = "(layer) => [...layer.getContext('2d').getImageData(447, 447, 1, 1).data]"
    beneath = [layer.evaluate(corner) for layer in page.locator(".map canvas").all()]
    assert beneath == [[20, 0, 0, 255]] * 3  # the photo of this trial, under every map


def test_the_second_click_of_a_double_click_answers_nothing(site):
    trial = TrialPage(site)
    trial.ready(1)
    site.until(lambda: picture(2, 3) in site.paths("jpg"))
    site.settle()
    trial.page.dblclick(".option[value='1']")
    site.pass_time(100)
    site.until("document.querySelector('#answer').position.value === '2'")
    site.pass_time(290)
    assert trial.open_options == 0  # 390 ms after the answer
    site.pass_time(20)
    assert trial.open_options == 4
    trial.saved()
    assert trial.hand.answers == [(1, 1)]


def test_a_click_right_after_an_undo_answers_nothing(site):
    """It was meant for the trial that went away."""
    trial = TrialPage(site)
    trial.answer(1, 0)
    trial.ready(2)
    trial.page.keyboard.press("Backspace")
    site.until("document.querySelector('#answer').position.value === '1'")
    site.pass_time(390)
    assert trial.open_options == 0
    site.pass_time(20)
    assert trial.open_options == 4


def test_a_number_key_only_picks_and_enter_confirms(site):
    trial = TrialPage(site)
    trial.ready(1)
    page = trial.page
    page.keyboard.press("Enter")
    page.keyboard.press("7")
    assert page.locator(".picked").count() == 0
    page.keyboard.press("2")
    page.keyboard.press("0")
    assert page.locator(".picked").evaluate_all("(all) => all.map((one) => one.value)") == ["-1"]
    site.settle()
    assert trial.hand.sent == []
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    trial.saved()
    assert trial.hand.answers == [(1, 2)]
    trial.ready(2)
    assert page.locator(".picked").count() == 0
    page.keyboard.press("Enter")  # what was picked for the last trial is not the answer to this one
    site.settle()
    assert trial.hand.answers == [(1, 2)]


@pytest.mark.parametrize("shortcut", ["Control+1", "Alt+1", "Meta+1", "Control+Backspace"])
def test_shortcuts_of_the_browser_answer_and_undo_nothing(site, shortcut):
    trial = TrialPage(site)
    trial.answer(1, 0)
    trial.ready(2)
    trial.page.keyboard.press(shortcut)
    assert trial.page.locator(".picked").count() == 0
    trial.saved()
    assert len(trial.hand.sent) == 1


def test_a_key_held_down_answers_one_trial(site):
    trial = TrialPage(site)
    trial.ready(1)
    trial.page.keyboard.press("1")
    trial.page.keyboard.down("Enter")
    trial.ready(2)
    trial.page.focus(".option[value='1']")
    trial.page.keyboard.down("Enter")
    trial.page.keyboard.down("Enter")
    trial.page.keyboard.up("Enter")
    trial.saved()
    assert trial.hand.answers == [(1, 0)]


def test_how_an_answer_came_about_is_told_with_it(site):
    """From when every picture was on screen: how long, what was picked first, how often changed, what lay beneath."""
    trial = TrialPage(site, Hand(version=7), before=VISIBILITY)
    trial.ready(1)
    page = trial.page
    site.pass_time(500)
    page.keyboard.press("1")
    page.evaluate("see(false)")
    site.pass_time(3000)
    page.evaluate("see(true)")
    for key in "p-3":
        page.keyboard.press(key)
        site.pass_time(100)
    page.keyboard.press("Enter")
    trial.saved()
    told = trial.hand.sent[0]
    telemetry = told.pop("telemetry")
    assert 3800 <= told.pop("response_ms") < 4000
    assert 500 <= telemetry.pop("first_ms") < 700
    assert len(told.pop("id")) == 36
    assert told == {"kind": "answer", "link": "L", "position": 1, "value": 2, "version": 7}
    assert telemetry == {
        "first_value": 0,
        "changes": 1,
        "hidden_ms": 3000,
        "viewport": [1280, 720],
        "pixel_ratio": 1,
        "view": "photo",
        "view_changes": 1,
        "photo_ms": 300,
        "opacity": 90,
        "opacity_changes": 1,
    }


def test_each_trial_is_timed_by_itself(site):
    trial = TrialPage(site)
    trial.ready(1)
    site.pass_time(5000)
    trial.answer(1, 0)
    trial.ready(2)
    trial.page.keyboard.press("p")
    trial.answer(2, 0)
    trial.ready(3)
    trial.answer(3, 0)
    trial.saved()
    first, second, third = trial.hand.sent
    assert first["response_ms"] >= 5000
    assert max(second["response_ms"], third["response_ms"]) < 1000
    assert [one["telemetry"]["view_changes"] for one in (first, second, third)] == [0, 1, 0]


def test_a_hidden_tab_goes_on_too(site):
    """It paints nothing: whoever comes back finds the next trial, and not a page that waits for ever."""
    trial = TrialPage(site, before="window.requestAnimationFrame = () => 0;")
    site.pass_time(249)
    assert trial.open_options == 0  # nobody answers what is not painted
    trial.answer(1, 0)
    trial.ready(2)


def test_a_picture_that_does_not_come_is_said_and_asked_for_again(site):
    site.photos.failures = {picture(2, 1): 6 + 6}  # the tries made ahead, and those when it is to be shown
    trial = TrialPage(site)
    trial.answer(1, 0)
    site.pass_until(trial.says("A picture could not be loaded. Trying again…"), step=4000)
    assert trial.open_options == 0
    site.pass_until("document.body.dataset.ready === '2'", step=4000)
    trial.answer(2, 1)
    trial.saved()
    assert trial.hand.answers == [(1, 0), (2, 1)]


def test_pictures_whose_addresses_have_run_out_come_by_new_ones(site):
    site.photos.failures = {picture(2, slot): 1000 for slot in range(4)}
    trial = TrialPage(site)
    fresh = {
        **handed_trial(2),
        "pictures": [picture(2, slot).replace("/trial/", "/new/") for slot in range(4)],
    }
    trial.hand.said |= {"trials": [fresh, handed_trial(3)]}
    trial.answer(1, 0)
    site.pass_until("document.body.dataset.ready === '2'", step=4000)
    assert trial.page.get_attribute("#photo", "src") == fresh["pictures"][0]


def test_arabic_reads_from_the_right_and_maps_stand_as_they_are_recorded(site):
    trial = TrialPage(site, language="ar")
    trial.ready(1)
    page = trial.page
    assert page.get_attribute("html", "dir") == "rtl"
    left, right = (page.locator(f".option[value='{value}']").bounding_box()["x"] for value in (0, 2))
    assert left < right
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    trial.ready(2)
    assert trial.hand.answers == [(1, 0)]
    said = page.inner_text("#status")
    assert said
    assert said != "Answer saved"  # but the same in Arabic
    assert "2" in trial.progress
