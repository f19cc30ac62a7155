"""Options of the trial page: how sure somebody is, maps for a time, and pictures enlarged together. Without the Django server."""

import pytest

from tests.browser.trial_page import VISIBILITY, Hand, TrialPage

pytestmark = pytest.mark.browser
SURE = {
    "confidence": "5-points",
    "confidence_question": "Sure?",
    "confidence_low": "no",
    "confidence_high": "yes",
}
PERCENT = {**SURE, "confidence": "percent"}
SHOWN = """() => Object.fromEntries([['photo', '#photo'], ['map', '.map .picture'], ['over', '.map canvas'], ['cross', '#fixation']].map(
  ([name, selector]) => { const each = document.querySelector(selector); return [name, !each.hidden && getComputedStyle(each).visibility === 'visible']; }))"""


def shown(page):
    """What of photo, maps and cross is in sight."""
    return {name for name, is_seen in page.page.evaluate(SHOWN).items() if is_seen}


def phase(page):
    return page.page.evaluate("document.body.dataset.phase")


def sent(page, kind="answer"):
    return [operation for operation in page.hand.sent if operation["kind"] == kind]


def asked(page):
    return page.page.locator("#sureness").is_visible()


# How sure


def test_after_an_answer_it_is_asked_and_sent_with_it(site):
    page = TrialPage(site, options=SURE)
    page.answer(1, 2)
    assert asked(page)
    assert sent(page) == []
    assert page.page.locator(".option.picked").get_attribute("value") == "2"
    site.pass_time(700)
    page.page.click("[data-sure='4']")
    page.ready(2)
    assert not asked(page)
    (answer,) = sent(page)
    assert (answer["value"], answer["confidence"]) == (2, 4)
    assert answer["telemetry"]["confidence_ms"] >= 700
    assert answer["response_ms"] + 700 <= answer["telemetry"]["confidence_ms"] + answer["response_ms"]


def test_by_keys_and_back_to_the_answer(site):
    page = TrialPage(site, options=SURE)
    page.ready(1)
    for key in ("2", "Enter"):
        page.page.keyboard.press(key)
    assert asked(page)
    page.page.keyboard.press("9")  # no step
    page.page.keyboard.press("Backspace")  # back, and nothing is undone
    assert not asked(page)
    assert sent(page, "undo") == []
    assert page.page.evaluate("document.activeElement.value") == "1"
    for key in ("3", "Enter", "5"):
        page.page.keyboard.press(key)
    page.ready(2)
    assert [(answer["value"], answer["confidence"]) for answer in sent(page)] == [(2, 5)]


def test_the_second_of_two_clicks_says_nothing_and_the_answer_waits_meanwhile(site):
    page = TrialPage(site, options=SURE)
    page.answer(1, 0)
    page.page.click("[data-sure='3']")
    assert asked(page)
    assert page.page.evaluate("document.querySelector('#answer').inert")
    site.pass_time(500)
    page.page.click("[data-sure='3']")
    page.ready(2)
    assert [answer["confidence"] for answer in sent(page)] == [3]


def test_percent_are_typed_and_only_those_that_there_are(site):
    page = TrialPage(site, options=PERCENT)
    page.answer(1, 0)
    number = page.page.locator("#sureness input[type=number]")
    for wrong in ("", "101", "-1"):
        number.fill(wrong)
        number.press("Enter")
        assert asked(page)
    number.fill("80")
    number.press("Enter")
    page.ready(2)
    assert [answer["confidence"] for answer in sent(page)] == [80]
    page.answer(2, 1)
    assert number.input_value() == ""


@pytest.mark.parametrize(("width", "height"), [(844, 390), (640, 400), (390, 844), (1280, 800)])
def test_it_is_in_sight_whatever_stands_above(site, width, height):
    for options in (SURE, PERCENT, {**SURE, "confidence": "7-points"}):
        page = TrialPage(site, options=options)
        page.page.set_viewport_size({"width": width, "height": height})
        page.answer(1, 2)
        for part in page.page.locator("#sureness :is(button, input[type=number], .part-text, .ends)").all():
            box = part.bounding_box()
            assert 0 <= box["x"] <= box["x"] + box["width"] <= width
            assert 0 <= box["y"] <= box["y"] + box["height"] <= height


# For a time


TIMED = {"fixation_ms": 400, "photo_first_ms": 600, "show_ms": 300}


def until_phase(site, page, name):
    site.pass_until(f"document.body.dataset.phase === '{name}'", step=60)


def test_a_cross_then_the_photo_then_the_maps_and_then_no_maps(site):
    page = TrialPage(site, options=TIMED)
    until_phase(site, page, "cross")
    assert shown(page) == {"cross"}
    until_phase(site, page, "photo")
    assert shown(page) == {"photo"}
    assert sent(page, "look") == []
    until_phase(site, page, "maps")
    assert shown(page) == {"photo", "map", "over"}
    assert page.open_options == 0
    until_phase(site, page, "after")
    assert shown(page) == {"photo"}
    first = page.page.locator(".map").first
    frame = "map => getComputedStyle(map).outlineStyle"
    assert first.evaluate(frame) == "dashed"  # where it stood, until it is picked or has the focus
    page.page.keyboard.press("1")
    assert first.evaluate(frame) == "solid"
    page.answer(1, 1)
    page.ready(2)
    assert [look["position"] for look in sent(page, "look")] == [1, 2]
    told = sent(page)[0]["telemetry"]
    assert abs(told["shown_ms"] - 300) <= told["frame_ms"]
    assert "cut_short" not in told
    assert sent(page)[0]["response_ms"] >= 300


def test_whoever_loads_the_page_anew_gets_no_second_look(site):
    hand = Hand()
    hand.planned = [500] * 3  # the look stays in the browser for a while
    page = TrialPage(site, hand, options=TIMED)
    until_phase(site, page, "maps")
    page.load()
    page.ready(1)
    assert phase(page) == "after"
    page.answer(1, 1)
    page.ready(2)
    assert sent(page)[0]["telemetry"]["not_seen"] is True
    assert [look["position"] for look in hand.stored.values() if look["kind"] == "look"] == [1, 2]


def test_what_the_server_counted_on_another_device_counts_here(site):
    hand = Hand()
    hand.looks = {1: 1}
    page = TrialPage(site, hand, options=TIMED)
    page.ready(1)
    assert phase(page) == "after"
    assert sent(page, "look") == []


def test_a_button_shows_them_again_where_the_study_says_so(site):
    page = TrialPage(site, options={"show_ms": 200, "look_again": True})
    page.ready(1)
    page.page.click("#again button")
    until_phase(site, page, "maps")
    until_phase(site, page, "after")
    page.answer(1, 0)
    page.ready(2)
    assert [look["position"] for look in sent(page, "look")] == [1, 1, 2]


def test_a_page_out_of_sight_ends_what_is_shown_and_begins_anew_what_comes_before(site):
    page = TrialPage(site, options=TIMED, before=VISIBILITY)
    until_phase(site, page, "photo")
    page.page.evaluate("see(false)")
    site.pass_time(5000)
    assert sent(page, "look") == []
    page.page.evaluate("see(true)")
    until_phase(site, page, "cross")
    until_phase(site, page, "maps")
    page.page.evaluate("see(false)")
    site.settle()
    assert phase(page) == "after"
    page.page.evaluate("see(true)")
    page.answer(1, 0)
    page.ready(2)
    told = sent(page)[0]["telemetry"]
    assert told["cut_short"] is True
    assert told["shown_ms"] < 300


# Enlarged


ZOOM = {"zoom": True}
ENLARGED = """() => [...document.querySelectorAll('.sight .picture, .map .picture, .map canvas')].map((picture) => {
  const { transform, clipPath } = getComputedStyle(picture);
  return [new DOMMatrix(transform).a.toFixed(2), transform === 'none' ? '' : clipPath].join(' ');
})"""


def enlarged(page):
    """How often, and which part, of every picture; one where all are alike."""
    return sorted(set(page.page.evaluate(ENLARGED)))


def test_every_picture_is_enlarged_at_the_same_place_and_it_is_told(site):
    page = TrialPage(site, options=ZOOM)
    page.ready(1)
    assert enlarged(page) == ["1.00 "]
    page.page.click("[data-zoom='+']")
    (first,) = enlarged(page)
    assert first.startswith("1.50 inset(")
    page.page.keyboard.press("z")
    page.page.keyboard.press("ArrowLeft")
    (moved,) = enlarged(page)
    assert moved.startswith("2.25 inset(")
    site.pass_time(1000)
    for _ in range(2):
        page.page.keyboard.press("x")
    assert enlarged(page) == ["1.00 "]
    assert page.page.locator("[data-zoom='-']").is_disabled()
    page.answer(1, 2)
    page.ready(2)
    told = sent(page)[0]["telemetry"]
    assert (told["zooms"], told["zoom_most"], told["magnifier"]) == (1, 225, 0)
    assert told["zoom_ms"] >= 1000
    page.page.keyboard.press("z")
    page.answer(2, 1)
    page.ready(3)
    assert enlarged(page) == ["1.00 "]  # each trial begins anew


def test_the_wheel_keeps_what_lies_beneath_the_mouse_and_a_picture_stays_in_its_frame(site):
    page = TrialPage(site, options=ZOOM)
    page.page.set_viewport_size({"width": 1280, "height": 800})
    page.ready(1)
    box = page.page.locator(".map .picture").first.bounding_box()
    page.page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.page.mouse.wheel(0, -600)
    site.pass_until("document.querySelector('#stage').classList.contains('zoomed')")
    (one,) = enlarged(page)
    assert float(one.split("inset(")[1].split("%")[0]) < 1  # the corner stays in the corner
    page.page.mouse.wheel(0, 600)
    site.pass_until("!document.querySelector('#stage').classList.contains('zoomed')")


TOUCH = """([name, points]) => {
  const target = document.querySelector('.map .picture');
  const box = target.closest('.map').getBoundingClientRect();
  const touches = points.map(([x, y], identifier) =>
    new Touch({ identifier, target, clientX: box.left + x, clientY: box.top + y }));
  target.dispatchEvent(new TouchEvent(name, { touches, targetTouches: touches, changedTouches: touches, bubbles: true, cancelable: true }));
}"""


def touch(page, name, *points):
    page.page.evaluate(TOUCH, [name, [list(point) for point in points]])


def test_a_held_finger_is_a_magnifier_and_no_answer_and_two_fingers_enlarge(site):
    page = TrialPage(site, options=ZOOM)
    page.ready(1)
    touch(page, "touchstart", (40, 40))
    site.pass_time(400)
    assert enlarged(page)[0].startswith("2.50")
    touch(page, "touchmove", (60, 50))
    site.pass_time(600)
    touch(page, "touchend")
    page.page.evaluate("document.querySelector('.map').click()")
    assert enlarged(page) == ["1.00 "]
    assert sent(page) == []
    touch(page, "touchstart", (40, 40), (60, 40))
    touch(page, "touchmove", (20, 40), (80, 40))
    assert enlarged(page)[0].startswith("3.00")
    touch(page, "touchend")
    site.pass_time(500)
    page.answer(1, 1)
    page.ready(2)
    told = sent(page)[0]["telemetry"]
    assert (told["magnifier"], told["zooms"], told["zoom_most"]) == (1, 1, 300)
    assert 500 <= told["magnifier_ms"] <= 1500
