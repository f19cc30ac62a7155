"""MTurk's own page, of another origin, shows the study in a frame: it works there, is handed in there, and in no other page's."""

import pytest
from playwright.sync_api import expect

from studies.models import Participant, Response

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SITE = "https://workersandbox.mturk.com"
FRAMED = {"recruitment": {"frame": "mturk"}}


def shown_by(page, origin, url):
    """Open a page of another origin that shows an address in a frame; the frame."""
    html = f'<!doctype html><title>A task</title><iframe name="task" src="{url}" width="1000" height="650"></iframe>'
    page.context.route(f"{origin}/**", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.context.grant_permissions(["local-network-access"])  # the site of a test is on this machine
    page.goto(f"{origin}/projects/P/tasks/T")
    return page.frame("task")


def worker(url, assignment="A1"):
    return f"{url}?workerId=W1&assignmentId={assignment}&hitId=H1&turkSubmitTo={SITE}".replace("&", "&amp;")


def agree(frame):
    frame.check("input[name=consent]")
    frame.click("button.primary")


def answer(frame, value):
    frame.wait_for_selector("body[data-ready]")
    frame.click(f".option[value='{value}']")


@pytest.fixture(params=["kept", "none"])
def page(request, new_page):
    """A browser that keeps cookies of frames, and one that takes none at all from this site."""
    page = new_page()
    if request.param == "none":
        page.context.route("**/*", _without_cookies)
    return page


def _without_cookies(route):
    headers = {name: value for name, value in route.request.headers.items() if name != "cookie"}
    reply = route.fetch(headers=headers, max_redirects=0)
    kept = {name: value for name, value in reply.headers.items() if name != "set-cookie"}
    route.fulfill(response=reply, headers=kept)


def test_a_worker_takes_part_and_hands_in(page, invited):
    _, url = invited(items=2, trials_per_participant=2, protocol=FRAMED)
    handed_in, refused = [], []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    frame = shown_by(page, SITE, worker(url))

    def mturk(route):
        handed_in.append((route.request.url, route.request.method, route.request.post_data))
        route.fulfill(body="Thank you, worker.")

    page.context.route(f"{SITE}/mturk/externalSubmit", mturk)
    agree(frame)
    frame.wait_for_url("**/instructions/")
    frame.click("button.primary")
    answer(frame, 0)
    answer(frame, 1)
    frame.wait_for_url("**/thanks/")
    frame.click("#mturk button")
    frame.wait_for_url(f"{SITE}/mturk/externalSubmit")
    code = Participant.objects.get().completion_code
    assert handed_in == [(f"{SITE}/mturk/externalSubmit", "POST", f"assignmentId=A1&code={code}")]
    assert Response.objects.filter(status="counted").count() == 2
    assert refused == []
    assert page.url == f"{SITE}/projects/P/tasks/T"


def test_a_worker_whose_frame_is_loaded_again_goes_on(page, invited):
    _, url = invited(items=3, trials_per_participant=3, protocol=FRAMED)
    frame = shown_by(page, SITE, worker(url))
    agree(frame)
    frame.wait_for_url("**/instructions/")
    frame.click("button.primary")
    answer(frame, 0)
    frame.wait_for_function("!localStorage.length") if False else frame.wait_for_selector(
        "body[data-ready='2']"
    )
    page.reload()
    frame = page.frame("task")
    agree(frame)
    answer(frame, 1)
    answer(frame, 2)
    frame.wait_for_url("**/thanks/")
    expect(frame.locator("#mturk")).to_be_visible()
    assert frame.locator("#mturk [name=assignmentId]").get_attribute("value") == "A1"
    assert Participant.objects.get().responses.filter(status="counted").count() == 3


def test_a_preview_in_the_frame_makes_nobody(new_page, invited):
    _, url = invited(protocol=FRAMED)
    frame = shown_by(new_page(), SITE, f"{url}?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE&amp;hitId=H1")
    expect(frame.locator("text=Accept the task first")).to_be_visible()
    assert frame.locator("button:enabled").count() == 0
    assert not Participant.objects.exists()


@pytest.mark.parametrize(
    ("origin", "protocol"),
    [("https://evil.example", FRAMED), ("https://mturk.com.evil.example", FRAMED), (SITE, {})],
)
def test_in_no_other_frame_is_anything_to_be_seen(new_page, invited, origin, protocol):
    _, url = invited(protocol=protocol)
    page, said = new_page(), []
    page.on("console", lambda message: said.append(message.text))
    frame = shown_by(page, origin, worker(url))
    page.wait_for_timeout(300)
    assert frame.locator("input[name=consent]").count() == 0
    assert any("frame" in text.lower() for text in said), said
