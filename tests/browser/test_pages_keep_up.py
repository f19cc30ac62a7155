"""Pages of a job, a run, a set-up and results follow what happens, go quiet when nobody looks, and outlive an error."""

from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string

from tests.browser.trial_page import VISIBILITY

pytestmark = pytest.mark.browser

STATE = "/state/"


class Followed:
    """A page that asks the server how things stand."""

    def __init__(self, site, script, html, period, first=None, state=None):
        self.site, self.period = site, period
        site.at[STATE] = state
        tag = f'<script type="module" src="/static/js/{script}"></script>'
        self.page = site.open(html + tag, before=VISIBILITY)
        site.pass_time(first or period)

    def next(self, state):
        """What the page makes of a new state."""
        self.site.at[STATE] = state
        self.site.pass_time(self.period)
        self.site.settle()

    @property
    def asked(self):
        return len(self.site.paths(STATE))

    @property
    def loads(self):
        return len(self.site.paths("^/page/$"))

    def is_loaded_anew(self, state):
        self.site.at["/page/"] = "<p>Drawn by the server again"
        self.next(state)
        self.page.wait_for_selector("text=Drawn by the server again")

    def is_quiet_while_hidden_and_outlives_errors(self, state):
        before = self.asked
        self.page.evaluate("see(false)")
        for _ in range(3):
            self.site.pass_time(self.period)
        assert self.asked == before
        self.page.evaluate("see(true)")
        for trouble in (500, "<p>no JSON", state):
            self.next(trouble)
        assert self.asked == before + 3


JOB = {"state": "running", "done": 3, "total": 9, "no_worker": False, "silent": False}


@pytest.fixture
def job(site):
    context = {
        "job": SimpleNamespace(state="pending", total=0, done=0),
        "standing": SimpleNamespace(no_worker=False, silent=False),
        "state_url": STATE,
        "retry_url": "/retry/",
    }
    html = render_to_string("explain/_job_progress.html", context)
    return Followed(
        site, "job.js", html, period=1000, first=250, state={**JOB, "state": "pending", "total": 0}
    )


def test_a_job_says_how_far_it_is(job):
    page, words = job.page, "#job-words"
    assert page.text_content(words) == "Waiting for a worker."
    assert not page.evaluate("document.querySelector('#job-bar').hasAttribute('value')")
    job.next({**JOB, "total": 0})
    assert page.text_content(words) == "Under way."
    job.next(JOB)
    assert page.text_content(words) == "3 of 9"
    assert page.evaluate(
        "[document.querySelector('#job-bar').value, document.querySelector('#job-bar').max]"
    ) == [3, 9]


def test_a_job_without_a_worker_or_with_a_silent_one_says_what_to_do(job):
    page = job.page
    notes = ("#no-worker", "#silent")
    assert [page.is_visible(note) for note in notes] == [False, False]
    job.next({**JOB, "no_worker": True})
    assert [page.is_visible(note) for note in notes] == [True, False]
    job.next({**JOB, "silent": True})
    assert [page.is_visible(note) for note in notes] == [False, True]


@pytest.mark.parametrize("state", ["done", "failed"])
def test_what_came_of_a_job_is_shown_at_once(job, state):
    job.is_loaded_anew({**JOB, "state": state})


def test_a_job_is_followed_while_somebody_looks(job):
    job.is_quiet_while_hidden_and_outlives_errors(JOB)
    assert job.page.text_content("#job-words") == "3 of 9"


SHOWN = {
    "turn": "The worker is busy with run 2; this run is next.",
    "photos": "4 of 8",
    "speed": "2.0",
    "left": "2 s",
    "done": 1,
    "running": 1,
    "pending": 0,
    "failed": 2,
}
RUN = {"photos": 8, "photos_done": 4, "finished": False, "failures": 2, "idle": False, "shown": SHOWN}


@pytest.fixture
def run(site):
    progress = SimpleNamespace(failures=["a", "b"], photos_done=0, photos=8, idle=True)
    html = render_to_string(
        "explain/_progress.html",
        {"run": SimpleNamespace(pk=1), "progress": progress, "shown": {"percent": "0 %"}},
    )
    address = html.split('data-url="')[1].split('"')[0]
    return Followed(site, "runs.js", html.replace(address, STATE), period=2000, state=RUN)


def test_a_run_says_how_far_it_is_and_whether_somebody_works_on_it(run):
    page = run.page
    bar = "[document.querySelector('#bar').value, document.querySelector('#bar').max]"
    assert page.evaluate(bar) == [4, 8]
    shown = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('[data-shown]')].map((p) => [p.dataset.shown, p.textContent]))"
    )
    assert shown == {name: str(value) for name, value in SHOWN.items()}
    assert page.locator("#idle").is_hidden()
    run.next({**RUN, "photos": 0, "photos_done": 0, "idle": True})
    assert page.evaluate(bar) == [0, 1]
    assert page.locator("#idle").is_visible()


@pytest.mark.parametrize("news", [{"finished": True}, {"failures": 3}])
def test_what_a_run_failed_on_and_that_it_ended_is_drawn_by_the_server(run, news):
    run.is_loaded_anew({**RUN, **news})


def test_a_run_is_followed_while_somebody_looks(run):
    run.is_quiet_while_hidden_and_outlives_errors({**RUN, "photos_done": 6})
    assert run.page.evaluate("document.querySelector('#bar').value") == 6


@pytest.fixture
def wait(site):
    html = f'<div id="wait" data-url="{STATE}" data-version="precomputing "></div>'
    return Followed(site, "setup-wait.js", html, period=1500, state={"version": "precomputing"})


def test_the_set_up_shows_the_next_thing_when_there_is_one(wait):
    assert (wait.asked, wait.loads) == (1, 1)
    wait.next(500)
    wait.next({"version": "precomputing"})
    assert wait.loads == 1
    wait.is_loaded_anew({"version": "precomputing 7"})


def test_the_set_up_is_followed_while_somebody_looks(wait):
    wait.is_quiet_while_hidden_and_outlives_errors({"version": "precomputing"})
    assert wait.loads == 1


LIVE = '<div id="live" data-url="/state/" data-counted="{}"><h1>{} answers</h1></div>'
AROUND = """<p id="live-note"></p><form class="narrow-down"><select></select></form><details><p>of it</p></details>"""


@pytest.fixture
def results(site):
    html = LIVE.format(5, 5) + AROUND
    return Followed(site, "results.js", html, period=10_000, state={"counted": 5})


def test_results_are_drawn_anew_when_an_answer_came_in_and_only_then(results):
    page, site = results.page, results.site
    page.evaluate("window.same = true")
    assert (results.asked, results.loads) == (1, 1)
    for count in (6, 7):
        site.at["/page/"] = LIVE.format(count, count)
        results.next({"counted": count})
        site.until(f"document.querySelector('h1').textContent === '{count} answers'")
        assert page.text_content("#live-note").startswith("Updated at ")
        loads = results.loads
        results.next({"counted": count})
        assert results.loads == loads
    assert page.evaluate("window.same")


def test_results_stand_still_under_the_eyes_of_who_reads_or_chooses(results):
    page = results.page
    page.evaluate("document.querySelector('details').open = true")
    results.next({"counted": 6})
    page.evaluate("document.querySelector('details').open = false; document.querySelector('select').focus()")
    results.next({"counted": 6})
    assert (results.asked, results.loads) == (1, 1)
    page.evaluate("document.activeElement.blur()")
    results.next({"counted": 6})
    assert (results.asked, results.loads) == (2, 2)


def test_results_are_followed_while_somebody_looks(results):
    results.is_quiet_while_hidden_and_outlives_errors({"counted": 5})
    results.site.at["/page/"] = 500
    results.next({"counted": 6})
    assert results.page.text_content("h1") == "5 answers"
    results.site.at["/page/"] = LIVE.format(6, 6)
    results.next({"counted": 6})
    results.site.until("document.querySelector('h1').textContent === '6 answers'")


def test_whoever_may_see_no_results_any_more_is_led_to_what_is_there(results):
    results.is_loaded_anew({"counted": 6})
