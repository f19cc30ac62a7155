"""A preview answers every request as a volunteer's pages do: it is the same views, over a seat that keeps nothing."""

from uuid import UUID

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import resolve, reverse

from explain.models import Image
from studies.lifecycle import opening
from studies.models import Invitation, Study
from studies.participation.seats import IN_HAND
from studies.setup.preview_seat import SPENT
from tests.factories import make_study
from tests.studies.taking_part import open_study as open_with_checks

from .test_preview_a_study import rows

pytestmark = pytest.mark.django_db
QUESTIONS = [
    {
        "key": "sight",
        "text": "Do you wear glasses?",
        "kind": "choice",
        "required": True,
        "options": ["yes", "no"],
        "eligible": ["yes"],
    }
]
ITEMS = 4


class Side:
    """One of the two: where its pages are, and the browser that asks for them."""

    def __init__(self, client, address):
        self.client, self.address = client, address

    def ask(self, method, name, data=None):
        """Send a request; what of the reply has to be the same on both sides. JSON is sent where `data` is no form."""
        sent = {} if data is None or name != "answers" else {"content_type": "application/json"}
        response = getattr(self.client, method)(self.address(name), data, **sent)
        return response.status_code, *self._shape(response)

    def _shape(self, response):
        if response.status_code == 302:
            match = resolve(response.url)
            if match.url_name == "participant" and "token" in match.kwargs:
                self.token = match.kwargs["token"]
            return ("leads to", match.url_name)
        if response["Content-Type"] == "application/json":
            reply = response.json()
            assert bool(reply.pop("csrf", "")) == (response.request["REQUEST_METHOD"] == "GET")
            for trial in reply.get("trials", []):
                trial["pictures"] = len(trial["pictures"])
            reply.pop("queue", None), reply.pop("link", None)  # names of a person and a link
            return ("says", reply)
        return ("shows", response.headers.get("Cache-Control"), *page(response.content))


def page(content):
    """The text of a page and its elements, less the banner of a preview and what is drawn by lot."""
    soup = BeautifulSoup(content, "html.parser")
    for element in soup.select(".v-dry-run, #code, script"):
        element.decompose()
    names = [(tag.name, tag.get("class"), tag.get("name"), "hidden" in tag.attrs) for tag in soup.find_all()]
    return soup.get_text(" ", strip=True), names


@pytest.fixture
def sides(admin_client, settings):
    """A function that makes both sides of the same study: of an open one, and of one that is ready to be opened."""
    settings.CLAIM_BLOCK = IN_HAND  # a preview has so many in hand

    def sides(task="choice", **fields):
        methods = (
            ("grad-cam", "ablation-cam") if task == "rating" else ("grad-cam", "ablation-cam", "layer-cam")
        )
        fields = {"items": ITEMS, "responses_per_item": 2, "seed": 5, "title": "Birds", **fields}
        if fields.get("attention_checks"):
            study = open_with_checks("open", task=task, methods=methods, **fields)
        else:
            study = opening.open_study(study=make_study("open", task=task, methods=methods, **fields))
        make_study("ready", task=task, methods=methods, networks=("small",), **fields)
        _, invitation = Invitation.issue(study)
        real = Side(Client(), lambda name: reverse(name, args=[invitation if name == "join" else real.token]))
        preview = Side(admin_client, lambda name: reverse(f"preview:{name}", args=["ready"]))
        admin_client.get(reverse("setup-preview", args=["ready"]))
        return real, preview

    return sides


def number(n):
    return str(UUID(int=n))


def an_answer(position, value=0, answer_id=None, **fields):
    operation = {
        "position": position,
        "value": value,
        "response_ms": 900,
        "version": 1,
        "telemetry": {"a": 1},
    }
    return {"id": number(answer_id or position), "kind": "answer", **operation, **fields}


def queue(*operations):
    return ("post", "answers", {"operations": list(operations)})


BEFORE = [
    ("get", "join"),
    ("post", "join", {}),
    ("post", "join", {"consent": "on"}),
    ("get", "participant"),
    ("get", "about-you"),
    ("post", "about-you", {}),
    ("post", "about-you", {"sight": "perhaps"}),
    ("post", "about-you", {"sight": "yes"}),
    ("get", "participant"),
    ("get", "instructions"),
    ("post", "instructions"),
    ("get", "trial"),
    ("get", "practice"),
    ("post", "practice", {}),
    ("post", "practice", {"number": "1", "value": "0"}),
    ("post", "practice", {"number": "0", "value": "one"}),
    ("post", "practice", {"number": "0", "value": "--1"}),
    ("post", "practice", {"number": "0", "value": "0"}),  # it has been tried twice
    ("get", "practice"),
    ("post", "practice", {"number": "1", "value": "-2"}),
    ("post", "practice", {"number": "1", "value": "0"}),
    ("get", "participant"),
    ("get", "trial"),
]
WHAT_CANNOT_BE = [
    ("post", "answers", ""),
    ("post", "answers", "{"),
    ("post", "answers", "[" * 100_000),
    ("post", "answers", []),
    ("post", "answers", {}),
    ("post", "answers", {"operations": 3}),
    ("post", "answers", {"operations": None}),
    queue(1),
    queue(None, "undo", [], {}),
    queue({"id": "a", "kind": "undo"}),
    queue({"id": number(1), "kind": "dance"}),
    queue({"kind": "answer"}),
    queue(an_answer(1, id="a")),
    queue(
        an_answer(44),
        an_answer(0),
        an_answer(1.5, answer_id=9),
        an_answer("one", answer_id=9),
        an_answer(10**20),
    ),
    queue(an_answer(1, 99), an_answer(1, None), an_answer(1, True), an_answer(1, [0]), an_answer(1, 3)),
    queue(an_answer(1, response_ms=-1), an_answer(1, version="x")),
    queue({"id": number(1), "kind": "undo", "answer_id": number(1)}),
    ("put", "answers", {}),
    ("post", "trial", {}),
    ("post", "trial", {"position": "1", "value": "99", "answer_id": number(1)}),
    ("post", "trial", {"position": "44", "value": "0", "answer_id": number(1)}),
    ("post", "trial", {"position": "1", "value": "0", "answer_id": "1"}),
    ("post", "undo", {}),
    ("post", "undo", {"answer_id": "x"}),
    ("get", "undo"),
    ("post", "participant"),
    ("post", "thanks"),
    ("post", "break"),
    ("get", "thanks"),  # too early
    ("get", "participant"),
    ("get", "trial"),
]
ANSWERS = [
    ("get", "answers"),
    queue(an_answer(1, extra="is ignored")),
    queue(an_answer(1, 1)),  # sent again
    queue(an_answer(1, 1, answer_id=11)),  # a second answer
    queue({"id": number(12), "kind": "undo", "answer_id": number(1)}),  # not the last any more
    ("post", "trial", {"position": "2", "value": "0", "answer_id": number(2), "version": "1"}),
    ("get", "trial"),
    ("get", "break"),
    ("post", "undo", {"answer_id": number(2)}),
    ("get", "trial"),
    ("post", "undo", {"answer_id": number(1)}),  # one answer can be taken back, not one after the other
    ("get", "trial"),
    ("post", "trial", {"position": "2", "value": "0", "answer_id": number(2)}),  # its id is used up
    ("get", "trial"),
    ("post", "trial", {"position": "2", "value": "-1", "answer_id": number(22)}),
    ("post", "trial", {"position": "2", "value": "-1", "answer_id": number(22)}),  # a double click
    queue({"id": number(13), "kind": "undo", "answer_id": number(1)}),  # one that is not the last
    ("get", "participant"),
    ("get", "break"),
    ("post", "answers", {"operations": []}),
    ("post", "break"),
    ("get", "trial"),
    ("get", "instructions"),
    ("post", "instructions"),
    ("get", "trial"),
    queue({**an_answer(3), "id": number(4)}, {"id": number(5), "kind": "undo", "answer_id": number(4)}),
    queue(an_answer(3, answer_id=33), an_answer(4, answer_id=44)),
    ("get", "participant"),
    ("get", "trial"),
    ("get", "thanks"),
    ("get", "participant"),
    ("get", "thanks"),
    ("post", "trial", {"position": "2", "value": "1", "answer_id": number(23)}),
    ("post", "undo", {"answer_id": number(44)}),
    ("post", "answers", {"operations": [{"id": number(45), "kind": "undo", "answer_id": number(44)}]}),
    ("get", "leave"),
    ("post", "leave"),
]


def differences(sides, requests):
    """Requests to which the sides reply differently, with both replies."""
    real, preview = sides
    for request in requests:
        replies = real.ask(*request), preview.ask(*request)
        if replies[0] != replies[1]:
            yield request, *replies


@pytest.mark.parametrize("task", ["choice", "rating"])
def test_every_request_is_answered_as_a_volunteers(sides, task):
    both = sides(task, questions=QUESTIONS, practice=True, break_every=2)
    assert list(differences(both, BEFORE + WHAT_CANNOT_BE + ANSWERS)) == []


def test_nothing_of_it_is_kept(sides):
    _, preview = sides(questions=QUESTIONS, practice=True, break_every=2)
    before = rows()
    seen = [preview.ask(*request) for request in BEFORE + WHAT_CANNOT_BE + ANSWERS]
    assert {status for status, *_ in seen} == {200, 302, 400, 405}
    assert rows() == before


def test_where_somebody_may_not_take_part_it_says_so(sides):
    real, preview = sides(questions=QUESTIONS)
    requests = [
        ("post", "join", {"consent": "on"}),
        ("post", "about-you", {"sight": "no"}),
        ("get", "participant"),
        ("post", "trial", {}),
        ("get", "answers"),
    ]
    assert list(differences((real, preview), requests)) == []
    assert "You cannot take part in this study" in preview.ask("get", "participant")[3]
    # Whoever set the questions looks on.
    assert "What to do" in preview.ask("get", "instructions")[3]


def test_a_trial_looks_the_same_whether_or_not_it_is_an_attention_check(sides):
    """A preview shows photos of the study alone; nothing that a browser gets could tell."""
    both = sides(attention_checks=2)
    for side in both:
        for request in [("post", "join", {"consent": "on"}), ("post", "instructions"), ("get", "trial")]:
            side.ask(*request)
    for position in range(1, ITEMS):
        real, preview = (side.ask(*queue(an_answer(position))) for side in both)
        assert real[:2] == preview[:2] == (200, "says")
        assert kinds_of(real[2]) == kinds_of(preview[2])
        for ours, theirs in zip(real[2]["trials"], preview[2]["trials"], strict=False):
            assert kinds_of(ours) == kinds_of(theirs)
            assert ours["pictures"] == theirs["pictures"]


def kinds_of(reply):
    return {name: type(value).__name__ for name, value in reply.items()}


def test_a_photos_source_is_a_link_only_where_it_is_an_address(sides):
    both = sides()
    addresses, others = (
        ["http://b.example/", "https://a.example/1"],
        ["Photos by hand", "javascript:alert(1)"],
    )
    for study in Study.objects.all():
        for item, source in zip(study.items.all(), addresses + others, strict=True):
            Image.objects.filter(pk=item.image_id).update(source=source)
    for side in both:
        for request in [("post", "join", {"consent": "on"}), ("post", "instructions"), ("get", "trial")]:
            side.ask(*request)
        for position in range(1, ITEMS + 1):
            side.ask(*queue(an_answer(position)))
        page = BeautifulSoup(side.client.get(side.address("thanks")).content, "html.parser")
        credits = page.select_one(".v-credits")
        assert sorted(link["href"] for link in credits.select("a")) == addresses
        assert all(source in credits.text for source in others)


def test_a_page_of_the_banner_opens_at_once_and_goes_on_from_there(sides):
    _, preview = sides(questions=QUESTIONS, practice=True, break_every=2)
    for name in ("thanks", "trial", "about-you", "break", "practice", "instructions"):
        assert preview.ask("get", name)[0] == 200, name
    preview.ask("get", "break")
    assert preview.ask("post", "break") == (302, "leads to", "trial")
    assert f"3 of {ITEMS}" in preview.ask("get", "trial")[3]


def test_a_break_after_more_photos_than_a_preview_shows_can_be_looked_at(sides):
    _, preview = sides(items=9, break_every=8)
    assert "8 of 9 answers" in preview.ask("get", "break")[3]
    assert preview.ask("post", "break") == (302, "leads to", "trial")
    assert "1 of 9" in preview.ask("get", "trial")[3]


def test_how_far_somebody_is_cannot_be_made_up_and_stays_small(sides):
    _, preview = sides()
    preview.ask("get", "trial")
    for n in range(1, 20 * SPENT):
        preview.ask(*queue(an_answer(1, answer_id=n)))
    cookie = preview.client.cookies["dry_run"]
    assert len(cookie.value) < 4000
    assert cookie["httponly"]
    assert preview.ask("get", "answers")[2]["done"] == 1
    preview.client.cookies["dry_run"] = cookie.value[:-1] + "!"
    assert preview.ask("post", "trial", {}) == preview.ask("post", "trial", {})
    assert preview.ask("get", "answers")[2]["done"] == 0
