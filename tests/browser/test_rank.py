"""A ranking in a browser: by keys, taps, dragging and selections, with ties, changed before it is sent, heard, and on every screen."""

import pytest
from playwright.sync_api import expect

from studies.models import Response
from studies.trial_types.rank.codes import code
from tests.browser.conftest import PHONE, begin, ready
from tests.browser.test_take_part import everything_is_on_screen

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

METHODS = ("grad-cam", "ablation-cam", "layer-cam", "pixel-ablation-cam")
# Width and height, and the least side of one of four maps there.
SCREENS = {(390, 844): 130, (844, 390): 130, (640, 400): 90, (1280, 800): 230}


@pytest.fixture
def trial(new_page, invited):
    def begun(items=2, **screen):
        page = new_page(**screen)
        begin(page, invited(task="rank", methods=METHODS, items=items)[1])
        ready(page)
        return page

    return begun


def places(page):
    """What is selected below each map."""
    return page.eval_on_selector_all("select", "all => all.map((one) => one.selectedIndex).join('')")


def stored(page):
    expect(page.locator("#status")).to_have_text("Answer saved")
    return Response.objects.get(status="counted").shown_value


def drag(page, at, slot, steps=6):
    start, end = (
        page.locator(name).nth(number).bounding_box() for name, number in ((".map", at), (".slot", slot))
    )
    page.mouse.move(start["x"] + 30, start["y"] + 30)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=steps)
    under = page.locator(".slot.under").count()
    page.mouse.up()
    return under


def test_keys_rank_from_the_best_on_and_arrows_make_ties(trial):
    page = trial()
    for key in "3142":
        expect(page.locator(".option")).to_be_disabled()
        page.keyboard.press(key)
    assert places(page) == "2413"
    expect(page.locator(".told")).to_have_text("1: C · 2: A · 3: D · 4: B")
    page.keyboard.press("ArrowLeft")
    assert places(page) == "2313"  # B beside D
    expect(page.locator(".told")).to_have_text("1: C · 2: A · 3: B = D")
    assert page.locator(".slot").nth(2).inner_text().split() == ["3", "B", "D"]
    expect(page.locator(".option")).to_be_focused()
    page.keyboard.press("Enter")
    assert stored(page) == code([[2], [0], [1, 3]])
    ready(page)
    assert places(page) == "0000"
    expect(page.locator(".told")).to_have_text("")


def test_a_place_that_is_left_out_counts_for_nothing(trial):
    page = trial()
    for at, place in enumerate("1144"):
        page.locator("select").nth(at).select_option(place)
    page.click(".option")
    assert stored(page) == code([[0, 1], [2, 3]])


def test_a_map_is_dragged_onto_a_place_and_beside_another(trial):
    page = trial()
    assert drag(page, 1, 0) == 1
    assert drag(page, 3, 0) == 1
    assert places(page) == "0101"
    drag(page, 0, 1)
    drag(page, 2, 3)
    assert places(page) == "2141"
    drag(page, 2, 1)
    assert places(page) == "2121"
    page.keyboard.press("ArrowRight")  # after a drag keys still count
    assert places(page) == "2131"
    assert page.locator(".ghost").count() == 0
    page.click(".option")
    assert stored(page) == code([[1, 3], [0], [2]])


def test_what_is_let_go_beside_the_strip_stays_where_it_was(trial):
    page = trial()
    box = page.locator(".map").first.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 60, steps=4)
    page.mouse.up()
    assert places(page) == "0000"
    assert page.locator(".ghost").count() == 0


def test_taps_on_a_phone_rank_put_aside_and_put_elsewhere(trial):
    page = trial(viewport=PHONE, has_touch=True, is_mobile=True)
    everything_is_on_screen(page, 130)
    for at in (1, 0):
        page.locator(".map").nth(at).tap()
    assert places(page) == "2100"
    page.locator(".map").nth(0).tap()  # pressed last, pressed again: it has no place
    assert places(page) == "0100"
    page.locator(".map").nth(2).tap()
    page.locator(".map").nth(1).tap()  # it has a place, and now it is held
    page.locator(".slot").nth(3).tap()
    assert places(page) == "0420"
    page.locator(".clear").tap()
    assert places(page) == "0000"
    for at in (3, 2, 1, 0):
        page.locator(".map").nth(at).tap()
    page.locator(".slot").nth(0).tap()  # the last one beside the first
    page.locator(".option").tap()
    assert stored(page) == code([[0, 3], [2], [1]])


def test_no_answer_is_below_the_fold(trial):
    page = trial()
    for (width, height), least in SCREENS.items():
        page.set_viewport_size({"width": width, "height": height})
        everything_is_on_screen(page, least)
        for part in page.locator("select, .slot, .clear").all():
            box = part.bounding_box()
            assert box["y"] + box["height"] <= height
            assert box["x"] + box["width"] <= width
            assert min(box["width"], box["height"]) >= 36


def test_without_scripts_the_same_form_says_it(new_page, invited):
    page = new_page(java_script_enabled=False)
    begin(page, invited(task="rank", methods=METHODS, items=1)[1])
    assert not page.locator(".strip").is_visible()
    for at, place in enumerate("211"):
        page.locator("select").nth(at).select_option(place)
    page.click(".option")
    assert page.url.endswith("/trial/")  # the browser asks for the last place, too
    page.locator("select").nth(3).select_option("4")
    page.click(".option")
    page.wait_for_url("**/thanks/")
    assert Response.objects.get().shown_value == code([[1, 2], [0], [3]])
