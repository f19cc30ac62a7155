"""The photo can be laid over all maps at once, by mouse, finger or key; it costs no request, and the answer says so."""

import pytest
from playwright.sync_api import expect

from studies.models import Response
from tests.browser.conftest import DESK, PHONE, answer, begin, ready

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OVER = (
    """() => [...document.querySelectorAll('.map canvas')].map((layer) => getComputedStyle(layer).opacity)"""
)
SAME_AS_PHOTO = """() => {
  const pixels = (source) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [448, 448];
    const context = canvas.getContext('2d');
    context.drawImage(source, 0, 0, 448, 448);
    return context.getImageData(0, 0, 448, 448).data.join();
  };
  const photo = pixels(document.querySelector('#photo'));
  return [...document.querySelectorAll('.map canvas')].map((layer) => pixels(layer) === photo);
}"""


def over(page):
    return page.evaluate(OVER)


def told(page, number):
    expect(page.locator("#progress-text")).to_have_text(f"{number + 1} of 4")
    expect(page.locator("#status")).to_have_text("Answer saved")
    return Response.objects.order_by("id").last().telemetry


def seen(telemetry):
    return [telemetry[name] for name in ("view", "view_changes", "opacity", "opacity_changes")]


@pytest.mark.parametrize("task", ["choice", "rating"])
def test_a_key_lays_the_photo_over_every_map_and_takes_it_away(new_page, invited, task):
    _, url = invited(task=task)
    page = new_page()
    begin(page, url)
    ready(page)
    maps = page.locator(".map").count()
    assert over(page) == ["0"] * maps
    page.keyboard.press("p")
    assert over(page) == ["1"] * maps
    assert page.evaluate(SAME_AS_PHOTO) == [True] * maps
    page.keyboard.press("p")
    assert over(page) == ["0"] * maps
    for _ in range(3):
        page.keyboard.press("-")
    assert [float(value) for value in over(page)] == pytest.approx([0.3] * maps)
    page.keyboard.press("+")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    assert seen(told(page, 1)) == ["maps", 2, 80, 4]


def test_a_finger_does_it_too_and_the_next_trial_begins_with_the_maps(new_page, invited):
    _, url = invited()
    page = new_page(viewport=PHONE, has_touch=True, is_mobile=True)
    begin(page, url)
    ready(page)
    button = page.get_by_role("button", name="Photo")
    button.tap()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert over(page) == ["1"] * 3
    page.wait_for_timeout(50)
    page.locator(".option[value='1']").tap()
    first = told(page, 1)
    assert seen(first) == ["photo", 1, 100, 0]
    assert first["photo_ms"] >= 50
    ready(page)
    expect(button).to_have_attribute("aria-pressed", "false")
    assert over(page) == ["0"] * 3
    assert page.evaluate(SAME_AS_PHOTO) == [True] * 3  # of the photo that is on screen now
    answer(page, 0)
    assert seen(told(page, 2)) == ["maps", 0, 100, 0]


def test_the_slider_answers_nothing_and_its_place_is_kept(new_page, invited):
    _, url = invited()
    page = new_page()
    begin(page, url)
    ready(page)
    page.locator("#view-strength").fill("40")
    page.locator("#view-strength").press("Enter")
    assert [float(value) for value in over(page)] == pytest.approx([0.6] * 3)
    assert not Response.objects.exists()
    answer(page, 0)
    assert seen(told(page, 1)) == ["maps", 0, 40, 1]
    ready(page)
    assert [float(value) for value in over(page)] == pytest.approx([0.6] * 3)
    answer(page, 0)
    assert seen(told(page, 2)) == ["maps", 0, 40, 0]


def test_it_fetches_nothing(new_page, invited):
    _, url = invited(items=1)
    page = new_page(viewport=DESK)
    begin(page, url)
    ready(page)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for key in "pp--+p":
        page.keyboard.press(key)
    page.wait_for_timeout(200)
    assert asked == []


def test_without_javascript_there_is_no_such_button(new_page, invited):
    _, url = invited()
    page = new_page(java_script_enabled=False)
    begin(page, url)
    expect(page.locator("#view")).to_be_hidden()
    assert page.locator(".map canvas").count() == 0
