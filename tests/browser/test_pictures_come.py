"""Pictures are fetched ahead of time, tried again when they fail, and stand where they belong."""

import pytest

pytestmark = pytest.mark.browser

SCRIPT = """
import { Pictures } from "/static/js/pictures.js";
const pictures = new Pictures();
const trial = (position, count = 1) => ({
  position, pictures: Array.from({ length: count }, (_, slot) => `/${position}/${slot}.jpg`),
});
const came = {};
const ask = (position, count) => pictures.of(trial(position, count)).then(
  (images) => { came[position] = images.map((image) => image.getAttribute("src")); },
  () => { came[position] = "failed"; });
Object.assign(window, { pictures, trial, came, ask });
"""


@pytest.fixture
def page(site):
    return site.open("", script=SCRIPT)


def tries(site, path):
    return site.paths(f"^{path}$")


def test_a_picture_is_tried_six_times_with_longer_and_longer_waits(site, page):
    site.photos.failures = {"/1/0.jpg": 5}
    page.evaluate("void ask(1)")
    for number, wait in enumerate([500, 1000, 2000, 4000, 8000], start=1):
        site.until(lambda number=number: len(tries(site, "/1/0.jpg")) == number)
        site.settle()
        site.pass_time(wait - 1)
        assert len(tries(site, "/1/0.jpg")) == number, f"tried again before {wait} ms"
        site.pass_time(1)
    site.until("came[1]")
    assert page.evaluate("came[1]") == ["/1/0.jpg"]
    assert len(tries(site, "/1/0.jpg")) == 6


def test_after_the_last_try_it_is_said_and_can_be_asked_for_anew(site, page):
    site.photos.failures = {"/1/0.jpg": 6}
    page.evaluate("void ask(1)")
    site.pass_until("came[1]", step=4000)
    assert page.evaluate("came[1]") == "failed"
    assert len(tries(site, "/1/0.jpg")) == 6
    page.evaluate("void ask(1)")
    site.until("came[1] !== 'failed'")


def test_a_trial_that_failed_keeps_no_other_from_coming(site, page):
    site.photos.failures = {"/1/0.jpg": 6}
    page.evaluate("void [ask(1), ask(2)]")
    site.pass_until("came[2]", step=4000)
    assert page.evaluate("came") == {"1": "failed", "2": ["/2/0.jpg"]}


def test_pictures_stand_in_the_order_of_their_slots_whichever_comes_first(site, page):
    """A map in another's place would be another method's answer."""
    site.photos.hold = {"/1/0.jpg", "/1/1.jpg"}
    page.evaluate("void ask(1, 3)")
    site.until(lambda: len(site.photos.held) == 2)
    site.settle()
    assert page.evaluate("came") == {}
    site.photos.release("/1/1.jpg")
    site.settle()
    site.photos.release("/1/0.jpg")
    site.until("came[1]")
    assert page.evaluate("came[1]") == ["/1/0.jpg", "/1/1.jpg", "/1/2.jpg"]


def test_the_trial_that_is_next_has_the_network_for_itself(site, page):
    site.photos.hold = {"/1/0.jpg"}
    page.evaluate("void [ask(1), ask(2)]")
    site.until(lambda: site.photos.held)
    site.settle()
    assert not tries(site, "/2/0.jpg")
    site.photos.release("/1/0.jpg")
    site.until("came[2]")


def test_what_is_here_is_not_fetched_twice_until_it_is_forgotten(site, page):
    page.evaluate("ask(1).then(() => ask(1))")
    same = "Promise.all([pictures.of(trial(1)), pictures.of(trial(1))]).then(([a, b]) => a[0] === b[0])"
    assert page.evaluate(same)
    assert len(tries(site, "/1/0.jpg")) == 1
    size = "pictures.of(trial(1)).then(([image]) => [image.className, image.width, image.height, image.complete])"
    assert page.evaluate(size) == ["picture", 448, 448, True]
    assert page.evaluate(
        "(async () => { const before = await pictures.of(trial(1)); pictures.forget(1);"
        " return (await pictures.of(trial(1)))[0] !== before[0]; })()"
    )


ADOPT = "void pictures.adopt(trial(1, 2), document.querySelectorAll('img'))"
OWN = '<img src="/1/0.jpg"><img src="/1/1.jpg">'


def test_the_pictures_that_the_page_came_with_are_used_as_they_are(site):
    page = site.open(OWN, script=SCRIPT)
    page.evaluate(ADOPT)
    same = "pictures.of(trial(1, 2)).then((images) => images.map((image, slot) => image === document.images[slot]))"
    assert page.evaluate(same) == [True, True]
    assert len(tries(site, "/1/./jpg") + tries(site, "/1/..jpg")) == 2


def test_one_that_the_page_came_with_and_is_broken_is_fetched_again_for_its_place(site):
    site.photos.failures = {"/1/1.jpg": 2}
    page = site.open(OWN, script=SCRIPT)
    page.evaluate(ADOPT)
    page.evaluate("void [ask(1, 2), ask(2)]")
    site.settle()
    assert page.evaluate("came") == {}
    assert not tries(site, "/2/0.jpg")  # which comes after
    site.pass_until("came[2]", step=500)
    assert page.evaluate("came[1]") == ["/1/0.jpg", "/1/1.jpg"]


def test_what_the_page_came_with_fails_as_any_other(site):
    site.photos.failures = {"/1/0.jpg": 7}
    page = site.open(OWN, script=SCRIPT)
    page.evaluate(ADOPT)
    page.evaluate("void ask(1, 2)")
    site.pass_until("came[1]", step=4000)
    assert page.evaluate("came[1]") == "failed"
    page.evaluate("void ask(1, 2)")
    site.until("came[1] !== 'failed'")
