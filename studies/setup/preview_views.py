"""A dry run: the pages of a volunteer, for staff, before a study is open. They are the volunteers' own views and
templates, over a seat that keeps nothing (preview_seat.py).

Views and templates name their links by `url`; while they run here, the same names belong to the pages of the preview
(preview_urls.py), so they lead from one to the next. The banner leads to any page at once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse, set_urlconf
from django.views.decorators.http import require_safe

from studies.core import languages
from studies.models import Participant
from studies.participation import private, refuse, way_back
from studies.protocol import SCREENED, ProtocolError

from .preview_seat import PAGES, PreviewSeat, PreviewState
from .steps import draft_of

URLS = "studies.setup.preview_urls"


def page_address(name: str, slug: str) -> str:
    return reverse(name, args=[slug], urlconf=URLS)


def _banner(seat: PreviewSeat, name: str) -> dict[str, Any]:
    """What templates/volunteer/base.html says above every page of a preview."""
    return {
        "pages": [(page, title, page_address(page, seat.token)) for page, title in PAGES if seat.has(page)],
        "here": name,
        "back": reverse("setup-check", args=[seat.token]),
        "stand_ins": name == "trial" and any(shot.stands_in for shot in seat.shots),
    }


@contextmanager
def links_of_the_preview() -> Iterator[None]:
    set_urlconf(URLS)
    try:
        yield
    finally:
        set_urlconf(None)


def at_preview(view: Callable[[HttpRequest, Any], HttpResponse]) -> Callable[..., HttpResponse]:
    """Call a volunteers' view with the seat of a preview; only for those who may change the study."""

    @wraps(view)
    def wrapped(request: HttpRequest, token: str) -> HttpResponse:
        try:
            seat = PreviewSeat(draft_of(request, token), PreviewState.of(request, token))
        except ProtocolError as error:
            return _needs_more(request, token, error)
        name = str(request.resolver_match and request.resolver_match.url_name)
        sent_on = seat.state.sent_on
        if request.method in ("GET", "HEAD") and seat.has(name) and not sent_on:
            seat.look_at(name)
        request.dry_run = _banner(seat, name)  # type: ignore[attr-defined]
        request.study_title = seat.study.title  # type: ignore[attr-defined]
        wrong = "wrong-before" if name in ("join", "wrong-before") else "wrong"
        request.wrong = page_address(wrong, token)  # type: ignore[attr-defined]
        with languages.spoken(request, seat.study.language), links_of_the_preview():
            if seat.state.screened and name != "join":
                response = refuse(
                    request,
                    Participant.State.SCREENED,
                    status=410 if name == "answers" else None,
                    way=way_back(seat.study, SCREENED),
                    left_behind={"queue": seat.queue},
                )
            else:
                response = private(view(request, seat))
        return replace(seat.state, sent_on=response.status_code == 302).kept(response, token)

    return wrapped


def _needs_more(request: HttpRequest, slug: str, error: ProtocolError) -> HttpResponse:
    messages.warning(request, f"A preview needs a little more: {error.lines[0]}")
    return redirect("setup-check", slug)


@require_safe
def begin(request: HttpRequest, slug: str) -> HttpResponse:
    """Begin a dry run anew, at the consent page."""
    try:
        PreviewSeat(draft_of(request, slug), PreviewState())
    except ProtocolError as error:
        return _needs_more(request, slug, error)
    return PreviewState().kept(redirect(page_address("join", slug)), slug)
