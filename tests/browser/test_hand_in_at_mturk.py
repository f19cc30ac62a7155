"""The thanks page of an MTurk worker hands the assignment in by itself: the page's own policy lets it."""

import pytest

from studies.models import Participant
from tests.browser.conftest import answer, begin

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_it_is_handed_in_once_without_a_press(new_page, invited):
    _, url = invited(items=1)
    page = new_page()
    handed_in = []

    def mturk(route):
        handed_in.append((route.request.url, route.request.method, route.request.post_data))
        route.fulfill(body="Thank you, worker.")

    page.context.route("https://workersandbox.mturk.com/**", mturk)
    begin(page, f"{url}?workerId=W1&assignmentId=A1&hitId=H1&turkSubmitTo=https://workersandbox.mturk.com")
    answer(page, 0)
    page.wait_for_url("https://workersandbox.mturk.com/**")
    code = Participant.objects.get().completion_code
    assert handed_in == [
        ("https://workersandbox.mturk.com/mturk/externalSubmit", "POST", f"assignmentId=A1&code={code}")
    ]
