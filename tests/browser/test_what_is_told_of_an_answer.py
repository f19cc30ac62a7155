"""What is told of how an answer came about is what somebody did: picks, time away, and what lay beneath the maps."""

import pytest

from tests.browser.trial_page import VISIBILITY

pytestmark = pytest.mark.browser

WATCH = """
import { Watch } from "/static/js/watch.js";
Object.assign(window, { Watch, watch: new Watch() });
"""
VIEW = """
import { View } from "/static/js/view.js";
window.view = new View(document);
"""
STAGE = """
<img id="photo" class="picture" src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='4' height='4'%3E%3Crect width='4' height='4' fill='red'/%3E%3C/svg%3E">
<div id="view" hidden><button id="view-photo" type="button"></button>
<input id="view-strength" type="range" min="0" max="100" step="10" value="100"></div>
<div class="maps"><div class="map"><img class="picture"></div><div class="map"><img class="picture"></div></div>
"""


@pytest.fixture
def watched(site):
    return site.open("", script=WATCH, before=VISIBILITY)


@pytest.fixture
def stage(site):
    return site.open(STAGE, script=VIEW)


def report(page, value):
    told = page.evaluate(f"watch.report({value})")
    return [told[name] for name in ("first_value", "first_ms", "changes", "hidden_ms")]


@pytest.mark.parametrize(
    "mark",
    [
        "document.documentElement.classList.add('translated-ltr')",
        "document.documentElement.classList.add('translated-rtl')",
        "document.body.setAttribute('_msttexthash', '7')",
    ],
)
def test_a_page_that_the_browser_has_translated_is_told_as_such(site, watched, mark):
    assert "translated" not in watched.evaluate("watch.report(0)")
    watched.evaluate(mark)
    assert watched.evaluate("watch.report(0)")["translated"] is True


def test_the_first_pick_and_every_change_of_mind_is_told(site, watched):
    for value, ms in ((1, 300), (1, 200), (2, 400), (0, 100)):
        site.pass_time(ms)
        watched.evaluate(f"watch.picked({value})")
    site.pass_time(50)
    assert report(watched, 0) == [1, 300, 2, 0]
    assert watched.evaluate("watch.elapsed()") == 1050


def test_a_click_without_a_pick_before_is_its_own_first_pick(site, watched):
    site.pass_time(700)
    assert report(watched, -1) == [-1, 700, 0, 0]


def test_a_click_on_another_than_was_picked_is_a_change(site, watched):
    watched.evaluate("watch.picked(0)")
    site.pass_time(700)
    assert report(watched, 2) == [0, 0, 1, 0]


def test_only_the_time_away_counts_as_away(site, watched):
    for seen, ms in (("false", 1000), ("true", 500), ("false", 30), ("true", 7)):
        watched.evaluate(f"see({seen})")
        site.pass_time(ms)
    assert report(watched, 0)[3] == 1030


def test_an_answer_given_while_away_counts_the_time_until_then(site, watched):
    watched.evaluate("see(false)")
    site.pass_time(400)
    assert report(watched, 0)[3] == 400
    site.pass_time(100)
    assert report(watched, 0)[3] == 500  # and each moment once


def test_a_trial_that_came_while_the_tab_was_hidden_counts_from_then(site, watched):
    watched.evaluate("see(false); window.watch = new Watch()")
    site.pass_time(250)
    watched.evaluate("see(true)")
    site.pass_time(250)
    assert report(watched, 0)[3] == 250


def test_a_watch_that_was_stopped_counts_no_more(site, watched):
    watched.evaluate("watch.stop(); see(false)")
    site.pass_time(600)
    watched.evaluate("see(true)")
    assert report(watched, 0)[3] == 0


def test_the_window_is_told_as_width_and_height(watched):
    told = watched.evaluate("watch.report(0)")
    assert (told["viewport"], told["pixel_ratio"]) == ([1280, 720], 1)


def over(page):
    return float(page.evaluate("document.querySelector('.maps').style.getPropertyValue('--photo-over')"))


def test_the_photo_is_shown_and_taken_away_and_its_time_told(site, stage):
    assert stage.locator("#view").is_visible()
    assert over(stage) == 0
    assert stage.evaluate("view.key('p')")
    assert over(stage) == 1
    assert stage.get_attribute("#view-photo", "aria-pressed") == "true"
    site.pass_time(300)
    assert stage.evaluate("view.key('P')")
    site.pass_time(1000)
    stage.click("#view-photo")
    site.pass_time(20)
    told = stage.evaluate("view.report()")
    assert told == {
        "view": "photo",
        "view_changes": 3,
        "photo_ms": 320,
        "opacity": 100,
        "opacity_changes": 0,
    }
    site.pass_time(10)
    assert stage.evaluate("view.report().photo_ms") == 330


def test_maps_fade_by_tens_between_nothing_and_whole(stage):
    keys = [("+", 0), ("-", 0.1), ("-", 0.2), ("=", 0.1), ("+", 0), ("+", 0)]
    for key, shown in keys:
        assert stage.evaluate(f"view.key('{key}')")
        assert over(stage) == pytest.approx(shown)
    for _ in range(12):
        stage.evaluate("view.key('-')")
    assert over(stage) == 1
    assert stage.input_value("#view-strength") == "0"
    assert stage.get_attribute("#view-strength", "aria-valuetext") == "0%"
    told = stage.evaluate("view.report()")
    assert (told["opacity"], told["opacity_changes"]) == (0, 4 + 10)  # what changed nothing is no change


def test_the_slider_fades_to_where_it_is_put(stage):
    stage.fill("#view-strength", "40")
    assert over(stage) == pytest.approx(0.6)
    told = stage.evaluate("view.report()")
    assert (told["view"], told["opacity"], told["opacity_changes"]) == ("maps", 40, 1)


def test_other_keys_are_left_to_the_page(stage):
    assert [stage.evaluate(f"view.key('{key}')") for key in ("1", "Enter", "q")] == [False] * 3


def test_a_new_trial_begins_with_its_maps_as_strong_as_they_were_and_its_own_photo(site, stage):
    stage.evaluate("view.key('-'); view.key('p')")
    site.pass_time(500)
    assert stage.evaluate("view.report().photo_ms") == 500
    stage.evaluate("view.begin(document.querySelector('#photo'))")
    assert over(stage) == pytest.approx(0.1)
    assert stage.get_attribute("#view-photo", "aria-pressed") == "false"
    site.pass_time(500)
    assert stage.evaluate("view.report()") == {
        "view": "maps",
        "view_changes": 0,
        "photo_ms": 0,
        "opacity": 90,
        "opacity_changes": 0,
    }
    corner = "(layer) => [...layer.getContext('2d').getImageData(447, 447, 1, 1).data]"
    layers = stage.locator(".map > .picture + canvas[aria-hidden=true]")
    assert [layer.evaluate(corner) for layer in layers.all()] == [[255, 0, 0, 255]] * 2
