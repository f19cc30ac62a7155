"""A dry run: every page of a volunteer with the real templates, for staff, before a study is open. It leaves no row.

The templates name their links by `url`; while they are rendered here, the same names belong to the pages of the
preview (preview_urls.py), so they lead from one to the next. How far someone is stands in a cookie.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse, set_urlconf
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from . import languages
from .dry_run import Shot, as_asked, count_asked, shots_of
from .forms import QuestionsForm
from .models import Participant, Study
from .pages import IN_HAND, trial_context
from .practice import DRAWINGS, TRIES, example_context, is_right, right_side
from .protocol import ProtocolError
from .quota import facts
from .recruitment import way_back
from .setup import draft_of
from .wording import filled

URLS = "studies.preview_urls"
PAGES = (
    ("join", "Consent"),
    ("about-you", "Questions"),
    ("instructions", "Instructions"),
    ("practice", "Practice"),
    ("trial", "Trials"),
    ("break", "Break"),
    ("thanks", "Thanks"),
)
COOKIE = "dry_run"
CODE = "JUST-ATEST-CODE"


@dataclass(frozen=True)
class Place:
    """How far a dry run is: answers given, the practice example and its tries, and the answer before the last break."""

    given: int = 0
    example: int = 0
    tries: int = 0
    rested: int = 0

    @classmethod
    def of(cls, request: HttpRequest) -> "Place":
        parts = request.COOKIES.get(COOKIE, "").split(".")
        return cls(*map(int, parts)) if len(parts) == 4 and all(map(_small, parts)) else cls()

    def keep(self, response: HttpResponse, slug: str) -> HttpResponse:
        path = reverse("setup-preview", args=[slug])
        response.set_cookie(
            COOKIE, ".".join(map(str, astuple(self))), path=path, samesite="Lax", httponly=True
        )
        return response


def _small(part: str) -> bool:
    return part.isdecimal() and len(part) < 6


class Run:
    """One request of a dry run: the study as it will be, unsaved, and where its visitor is."""

    def __init__(self, request: HttpRequest, slug: str) -> None:
        self.request, self.slug = request, slug
        self.study: Study = as_asked(draft_of(request, slug))
        self.place = Place.of(request)
        self.asked = count_asked(self.study)
        self.person = Participant(study=self.study, number=1, completion_code=CODE)

    def facts(self) -> dict[str, object]:
        return facts(self.study, self.asked)

    def text(self, key: str) -> str:
        return filled(self.study.wording.get(key, ""), **self.facts())

    def page(self, name: str, **context: Any) -> HttpResponse:
        """A volunteer's template, marked as a preview, its links leading to pages of the preview."""
        pages = [(one, title, here(one, self.slug)) for one, title in PAGES if self.has(one)]
        dry_run = {
            "pages": pages,
            "here": name,
            "back": reverse("setup-check", args=[self.slug]),
            "stand_ins": name == "trial" and any(shot.stands_in for shot in shots_of(self.study)),
        }
        with links_of_the_preview():
            return render(
                self.request,
                f"volunteer/{_TEMPLATES.get(name, name)}.html",
                {"study": self.study, "token": self.slug, "dry_run": dry_run, **self.facts(), **context},
            )

    def has(self, name: str) -> bool:
        needs = {
            "about-you": bool(self.study.questions),
            "practice": self.study.practice,
            "break": bool(self.study.break_every),
        }
        return needs.get(name, True)

    def after(self, name: str) -> HttpResponse:
        """The next page of this study."""
        names = [one for one, _ in PAGES if one == name or (self.has(one) and one != "break")]
        return redirect(here(names[names.index(name) + 1], self.slug))


_TEMPLATES = {"join": "consent", "about-you": "questions"}


def here(name: str, slug: str) -> str:
    return reverse(name, args=[slug], urlconf=URLS)


@contextmanager
def links_of_the_preview() -> Iterator[None]:
    set_urlconf(URLS)
    try:
        yield
    finally:
        set_urlconf(None)


def for_run(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Call a view with the dry run that the address is of, in the language of its study."""

    @wraps(view)
    def wrapped(request: HttpRequest, token: str) -> HttpResponse:
        run = Run(request, token)
        with languages.spoken(request, run.study.language):
            return view(request, run)

    return wrapped


@require_safe
def begin(request: HttpRequest, slug: str) -> HttpResponse:
    """From the first page, whatever was looked at before."""
    try:
        Run(request, slug)
    except ProtocolError as error:
        messages.warning(request, f"A preview needs a little more: {error.lines[0]}")
        return redirect("setup-check", slug)
    return Place().keep(redirect(here("join", slug)), slug)


@require_safe
@for_run
def home(request: HttpRequest, run: Run) -> HttpResponse:
    """Where a volunteer would be sent now."""
    if run.place.given >= len(shots_of(run.study)):
        return redirect(here("thanks", run.slug))
    return redirect(here("break" if _break_is_due(run) else "trial", run.slug))


def _break_is_due(run: Run) -> bool:
    every, given = run.study.break_every, run.place.given
    return bool(every) and given > run.place.rested and given % every == 0


@require_http_methods(["GET", "HEAD", "POST"])
@for_run
def join(request: HttpRequest, run: Run) -> HttpResponse:
    if request.method == "POST":
        return run.after("join")
    return run.page("join", consent=run.text("consent"), form=None, preview=False)


@require_http_methods(["GET", "HEAD", "POST"])
@for_run
def about_you(request: HttpRequest, run: Run) -> HttpResponse:
    form = QuestionsForm(run.study.questions, request.POST if request.method == "POST" else None)
    if form.is_valid():
        return run.after("about-you")
    return run.page("about-you", form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@for_run
def instructions(request: HttpRequest, run: Run) -> HttpResponse:
    if request.method == "POST":
        return run.after("instructions")
    last_key = len(run.study.protocol.get("arms", [])) if run.study.task == Study.Task.CHOICE else 5
    return run.page("instructions", again=False, instructions=run.text("instructions"), last_key=last_key)


@require_http_methods(["GET", "HEAD", "POST"])
@for_run
def practice(request: HttpRequest, run: Run) -> HttpResponse:
    place, said = run.place, None
    if request.method != "POST" and place.example >= len(DRAWINGS):
        place = Place(given=place.given)  # looked at again
    if place.example >= len(DRAWINGS):
        return run.after("practice")
    side = right_side(run.person, place.example)
    if request.method == "POST":
        if request.POST.get("number") != str(place.example):
            return redirect(here("practice", run.slug))
        value = request.POST.get("value", "")
        said = is_right(run.study, int(value) if value.lstrip("-").isdecimal() else None, side)
    context = example_context(run.person, place.example, side, said)
    if said is not None:
        over = said or place.tries + 1 >= TRIES
        place = (
            replace(place, example=place.example + 1, tries=0)
            if over
            else replace(place, tries=place.tries + 1)
        )
    return place.keep(run.page("practice", **context), run.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@for_run
def trial(request: HttpRequest, run: Run) -> HttpResponse:
    shots = shots_of(run.study)
    if request.method == "POST":
        given = min(run.place.given + 1, len(shots))
        return replace(run.place, given=given).keep(redirect(here("participant", run.slug)), run.slug)
    if run.place.given >= len(shots):
        run.place = Place()  # looked at again
    context = trial_context(run.person, run.slug, _block(run, shots))
    return run.place.keep(run.page("trial", **context), run.slug)


def _block(run: Run, shots: list[Shot]) -> dict[str, Any]:
    """What pages.block_of gives a volunteer, made of pictures that staff may see."""
    given = run.place.given
    return {
        "trials": [
            {
                "position": number,
                "title": shot.title,
                "question": filled(run.study.wording["question"], **{"class": shot.title}),
                "pictures": shot.pictures,
            }
            for number, shot in list(enumerate(shots, start=1))[given : given + IN_HAND]
        ],
        "done": given,
        "total": max(run.asked, len(shots)),
        "last": str(UUID(int=given)) if given else None,
        "break_every": run.study.break_every,
        "version": run.study.version,
    }


@require_http_methods(["GET", "POST"])
@for_run
def answers(request: HttpRequest, run: Run) -> JsonResponse:
    """For static/js: takes what it sends, keeps nothing, and hands out the next trials."""
    settled = []
    shots = shots_of(run.study)
    given = run.place.given
    if request.method == "POST":
        try:
            operations = list(json.loads(request.body)["operations"])
        except (ValueError, KeyError, TypeError):
            return JsonResponse({"error": "The body must be JSON with a list `operations`."}, status=400)
        for operation in operations:
            given += -1 if operation.get("kind") == "undo" else 1
            settled.append(operation.get("id"))
    run.place = replace(run.place, given=max(0, min(given, len(shots))))
    elsewhere = run.place.given >= len(shots) or _break_is_due(run)
    reply = {**_block(run, shots), "settled": settled, "elsewhere": elsewhere, "csrf": get_token(request)}
    return run.place.keep(JsonResponse(reply), run.slug)  # type: ignore[return-value]


@require_POST
@for_run
def undo(request: HttpRequest, run: Run) -> HttpResponse:
    return replace(run.place, given=max(0, run.place.given - 1)).keep(
        redirect(here("trial", run.slug)), run.slug
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_run
def take_a_break(request: HttpRequest, run: Run) -> HttpResponse:
    if request.method == "POST":
        return replace(run.place, rested=run.place.given).keep(
            redirect(here("participant", run.slug)), run.slug
        )
    return run.page("break", given=run.place.given or run.study.break_every, total=run.asked)


@require_safe
@for_run
def thanks(request: HttpRequest, run: Run) -> HttpResponse:
    return run.page(
        "thanks",
        participant=run.person,
        given=run.asked,
        early=False,
        thanks=run.text("thanks"),
        way_back=way_back(run.study.completion_url, CODE),
        credits=[shot.credit for shot in shots_of(run.study)],
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_run
def leave(request: HttpRequest, run: Run) -> HttpResponse:
    return redirect(here("join", run.slug)) if request.method == "POST" else run.page("leave")
