"""Trials that show one or two of four arms, in a real browser: all is on screen, and each key is that of its map."""

from dataclasses import replace

import pytest

from studies.models import Response
from studies.trial_types import registry
from studies.trial_types.choice import CHOICE
from tests.browser.conftest import begin, ready
from tests.browser.test_take_part import SCREENS, code_on, everything_is_on_screen
from tests.studies.trial_types.some_arms import ARMS, SomeArms

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("shown", [1, 2])
def test_a_page_has_room_for_its_maps_and_goes_from_trial_to_trial(
    new_page, invited, monkeypatch, screen, shown
):
    monkeypatch.setitem(registry._TYPES, "choice", replace(CHOICE, layout=SomeArms(shown)))
    _, url = invited(methods=ARMS)
    page = new_page(**SCREENS[screen])
    begin(page, url)
    for value in (0, shown - 1, -1, 0):
        ready(page)
        assert page.locator(".map .picture").count() == shown
        everything_is_on_screen(page)
        boxes = [part.bounding_box() for part in page.locator(".map").all()]
        middle = (boxes[0]["x"] + boxes[-1]["x"] + boxes[-1]["width"]) / 2
        assert middle == pytest.approx(page.viewport_size["width"] / 2, abs=2)
        if screen == "desk":
            page.keyboard.press(str(value + 1))
            page.keyboard.press("Enter")
        else:
            page.locator(f".option[value='{value}']").tap()
    code_on(page)
    given = Response.objects.select_related("trial").order_by("id")
    assert [row.shown_value for row in given] == [0, shown - 1, -1, 0]
    assert all(
        row.choice == (row.trial.arms[row.shown_value] if row.shown_value >= 0 else -1) for row in given
    )
