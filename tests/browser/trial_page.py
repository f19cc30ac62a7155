"""The trial page as its template is, with a server that a test leads by the hand."""

from collections import Counter
from types import SimpleNamespace

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from studies.participation.trial_views import trial_context
from studies.protocol.wording import default_wording
from studies.trial_types import TRIAL_PAGE
from tests.browser.script_site import HOME as SITE
from tests.browser.script_site import Answers

TOKEN = "TOKEN"
TRIAL = reverse("trial", args=[TOKEN])
HOME = TRIAL.removesuffix("trial/")
IN_HAND = 4

# see(false) hides the tab.
VISIBILITY = """
let seen = true;
Object.defineProperty(document, "hidden", { get: () => !seen });
Object.defineProperty(document, "visibilityState", { get: () => (seen ? "visible" : "hidden") });
window.see = (now) => { seen = now; document.dispatchEvent(new Event("visibilitychange")); };
"""


class Hand(Answers):
    """Hands out the trials that have no answer yet, and takes answers and undos."""

    def __init__(self, trials=6, *, done=0, **block):
        super().__init__()
        self.trials, self.done = trials, done
        self.looks = {}  # how often the maps of a trial were shown, in studies that count it
        self.said = {
            "break_every": 0,
            "version": 1,
            "total": trials,
            "queue": "of-a-person",
            "link": "L",
            **block,
        }

    @property
    def block(self):
        undone = {stored["answer_id"] for stored in self.stored.values() if stored["kind"] == "undo"}
        answers = [
            stored
            for name, stored in self.stored.items()
            if name not in undone and stored["kind"] == "answer"
        ]
        positions = {answer["position"] for answer in answers}
        looks = Counter(self.looks) + Counter(
            stored["position"] for stored in self.stored.values() if stored["kind"] == "look"
        )
        left = [n for n in range(self.done + 1, self.trials + 1) if n not in positions]
        return {
            "trials": [trial(n) | ({"looks": looks[n]} if looks else {}) for n in left[:IN_HAND]],
            "done": self.done + len(answers),
            "last": answers[-1]["id"] if answers and not undone else None,
            "elsewhere": not left,
            **self.said,
        }

    @property
    def answers(self):
        """What was answered where, in the order in which it came."""
        return [(sent["position"], sent["value"]) for sent in self.sent if sent["kind"] == "answer"]


def picture(position, slot):
    return f"{TRIAL}{position}/{slot}.jpg"


def trial(position):
    return {
        "position": position,
        "title": f"bird {position}",
        "question": f"Which map shows bird {position}?",
        "pictures": [picture(position, slot) for slot in range(4)],
    }


class TrialPage:
    """A participant on the trial page; `ready` waits until a trial can be answered."""

    def __init__(self, site, hand=None, *, language="en", before="", task="choice", options=None):
        self.site, self.page = site, site.page
        self.hand = hand or Hand()
        site.at[HOME + "answers/"] = self.hand
        site.at[HOME] = "<h1>What comes next</h1>"
        self.language, self.before, self.task, self.options = language, before, task, options
        self.load()

    def load(self):
        wording = default_wording(self.task, "overlay", self.language)
        if self.options:
            wording[TRIAL_PAGE] = self.options
        study = SimpleNamespace(title="Birds", task=self.task, wording=wording)
        with translation.override(self.language):
            context = trial_context(study, TOKEN, self.hand.block)
            html = render_to_string("volunteer/trial.html", {**context, "csrf_token": "first"})
        self.site.open(html.replace("<!doctype html>", ""), path=TRIAL, before=self.before)

    def ready(self, position):
        self.site.pass_until(f"document.body.dataset.ready === '{position}'")
        return self

    def answer(self, position, value):
        self.ready(position)
        self.page.click(f".option[value='{value}']")

    def saved(self):
        self.site.until(f"!localStorage.length && {self.says('Answer saved')}")

    def says(self, text):
        return f"document.querySelector('#status').textContent === '{text}'"

    @property
    def open_options(self):
        return self.page.locator(".option:enabled").count()

    @property
    def progress(self):
        return self.page.inner_text("#progress-text")

    def waits(self, count):
        """So many operations wait in the browser."""
        self.site.until(f"JSON.parse(Object.values(localStorage)[0] ?? '[]').length === {count}")

    def went_on(self):
        self.page.wait_for_url(SITE + HOME)
