"""A token in the path says whose page it is. Nobody logs in here, and nobody gets at what is another's."""

from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware, RejectRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from studies.core import languages
from studies.models import Invitation, Participant, Study, hash_token
from studies.protocol import SCREENED, WITHDREW, fill_in

from .arrivals import somebody_by
from .links import queue_name
from .sites.recruitment_sites import MTURK, frames_of
from .sites.ways_back import WayBack, way_back
from .texts import page_context

View = Callable[..., HttpResponse]
NOT_SAID = ("csrfmiddlewaretoken", "confidence")  # of a form that is sent again with one more answer

# What a volunteer reads where they cannot go on: heading, what it means, and what to do.
REFUSALS = {
    "unknown": (
        _("This link does not work"),
        _(
            "It may have been cut short when it was copied. Please open it again from the message that you got."
        ),
    ),
    "unfilled": (
        _("This link is not complete"),
        _(
            "It does not say who you are, as the site that sent you here should have made it do. Please tell those who invited "
            "you: they can put it right. Nothing of yours was stored."
        ),
    ),
    "simulated": (
        _("Nobody can take part in this study"),
        _("It is a demonstration with simulated volunteers. Nothing of yours was stored."),
    ),
    "unsigned": (
        _("This link could not be checked"),
        _(
            "It is not signed by the site that sends people here, or the signature has run out. Please open the study from that "
            "site once more. Nothing of yours was stored."
        ),
    ),
    "crowded": (
        _("Too many people have started from here"),
        _(
            "Within an hour only so many can start from one network, and that many have. Please come back in an hour with the same "
            "link."
        ),
    ),
    "elsewhere": (
        _("Only where you began"),
        _(
            "You came back on another device or in another browser. Here you can go on answering. What you have answered, your "
            "completion code and the way to leave the study are found where you began, by the link that you got there. If you "
            "cannot get there, please write to those who invited you."
        ),
    ),
    "done-here": (
        _("Nothing more is asked of you here"),
        _(
            "Thank you for your answers: they are saved. Your completion code is found where you began, on the device and in the "
            "browser in which you agreed to take part. If you cannot get there, please write to those who invited you."
        ),
    ),
    "revoked": (
        _("This invitation has been withdrawn"),
        _("Nobody can start with this link any more. Whoever sent it to you can tell you more."),
    ),
    "expired": (
        _("This invitation has run out"),
        _("It was open for a limited time. Whoever sent it to you may have a newer one."),
    ),
    "full": (
        _("All places are taken"),
        _("Enough people have already taken part, so no photos are left. Thank you for your interest."),
    ),
    "taken": (
        _("All places are taken"),
        _("As many people as were wanted have come by this invitation. Thank you for your interest."),
    ),
    "held": (
        _("Others are answering the last photos"),
        _(
            "All photos that are left are being answered by others. If somebody stops, theirs become free. Please come back in "
            "{minutes} min with the same link, or wait: this page asks again by itself."
        ),
    ),
    "paused": (
        _("This study is paused"),
        _("It will continue soon. Please come back later with the same link: your answers so far are saved."),
    ),
    "closed": (
        _("This study is over"),
        _("It takes no more answers. Thank you for your interest."),
    ),
    "withdrawn": (
        _("You have left this study"),
        _(
            "Your answers are erased, and nothing that is left in the study leads to you. Thank you for the time you gave."
        ),
    ),
    "declined": (
        _("You do not take part"),
        _("You did not agree, so nothing is asked of you, and nothing of yours was stored."),
    ),
    "screened": (
        _("You cannot take part in this study"),
        _(
            "You are not in the group that this study needs. Thank you for your time; you need not do anything else."
        ),
    ),
    "unreadable": (
        _("That answer could not be read"),
        _("Nothing has been lost. Please go back to your page and answer once more."),
    ),
}


STATUS = {"unfilled": 400, "unsigned": 403, "crowded": 429}


def refuse(
    request: HttpRequest,
    reason: str,
    status: int | None = None,
    back: str = "",
    way: WayBack | None = None,
    left_behind: Mapping[str, str] | None = None,
) -> HttpResponse:
    """A page that says why somebody cannot go on.

    `back`: a page of theirs; `way`: to the site that sent them; `left_behind`: what waits in their browser (Seat.left_behind).
    """
    status = status or STATUS.get(reason, 200)
    heading, meaning = REFUSALS[reason]
    context = {"heading": heading, "meaning": meaning, "back": back, "way": way, "left_behind": left_behind}
    return leading(private(render(request, "volunteer/refusal.html", context, status=status)), way)


def ask_to_wait(
    request: HttpRequest, minutes: int, finish: str = "", left_behind: Mapping[str, str] | None = None
) -> HttpResponse:
    """A page that asks again by itself. `finish`: where somebody who has answered may end it instead."""
    heading, meaning = REFUSALS["held"]
    context = {
        "heading": heading,
        "meaning": fill_in(str(meaning), minutes=minutes),
        "finish": finish,
        "left_behind": left_behind,
    }
    return private(render(request, "volunteer/wait.html", context))


def refuse_unknown(request: HttpRequest) -> HttpResponse:
    """A token that belongs to nobody, so that no study says in which language."""
    with languages.spoken(request, languages.of_reader(request)):
        return refuse(request, "unknown", status=404)


def leading(response: HttpResponse, way: WayBack | None) -> HttpResponse:
    """A page with a way back; the one that hands an assignment in may send its form to MTurk."""
    if way and way.mturk:
        response._csp_update = {"form-action": list(MTURK)}  # type: ignore[attr-defined]  # django-csp adds it
    return response


def private(response: HttpResponse) -> HttpResponse:
    """Pages with a token in their address are kept by no cache and found by no search engine.

    The referrer policy is the site's, `same-origin`. `no-referrer` would be no safer, and browsers then send
    `Origin: null` with a plain form, which the CSRF check rightly refuses.
    """
    response.headers.setdefault("Cache-Control", "private, no-store")
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def invitation_required(view: View) -> View:
    """Call a view with the invitation that its token belongs to."""

    @login_not_required
    @wraps(view)
    def wrapped(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
        invitations = Invitation.objects.select_related("study")
        invitation = invitations.filter(token_sha256=hash_token(token)).first()
        if invitation is None:
            return refuse_unknown(request)
        request.study_title = invitation.study.title  # type: ignore[attr-defined]  # refusals are headed by it too
        request.wrong = partial(reverse, "wrong-before", args=[token])  # type: ignore[attr-defined]
        study = invitation.study
        if forged := _forged(request, view, study):
            return forged
        with languages.spoken(request, study.language):
            response = private(view(request, invitation=invitation, token=token, **kwargs))
            return _for_frames(request, response, study)

    wrapped.csrf_exempt = True  # type: ignore[attr-defined]  # asked by _forged
    return wrapped


def ask_how_sure(request: HttpRequest, study: Study) -> HttpResponse:
    """Without scripts: the question how sure they are by itself, with all that was sent."""
    said = [(name, value) for name, value in request.POST.items() if name not in NOT_SAID]
    return render(request, "volunteer/confidence.html", {"study": study, "said": said, **page_context(study)})


def participant_required(*, screened: bool = False) -> Callable[[View], View]:
    """Call a view with the participant that its token belongs to, unless they left; `screened`: also where they may not take part."""
    gone = (
        {Participant.State.WITHDRAWN}
        if screened
        else {Participant.State.WITHDRAWN, Participant.State.SCREENED}
    )

    def decorate(view: View) -> View:
        @login_not_required
        @wraps(view)
        def wrapped(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
            participant = somebody_by(token)
            if participant is None:
                return refuse_unknown(request)
            request.study_title = participant.study.title  # type: ignore[attr-defined]
            if participant.state != Participant.State.WITHDRAWN:  # nothing is kept of who has left
                request.wrong = partial(reverse, "wrong", args=[token])  # type: ignore[attr-defined]
            if forged := _forged(request, view, participant.study):
                return forged
            with languages.spoken(request, participant.study.language):
                limited = participant.came_by and participant.came_by.is_limited
                if participant.state in gone and not limited:
                    response = _refuse_gone(request, participant)
                else:
                    response = private(view(request, participant=participant, token=token, **kwargs))
                return _for_frames(request, response, participant.study)

        wrapped.csrf_exempt = True  # type: ignore[attr-defined]  # asked by _forged
        return wrapped

    return decorate


def _refuse_gone(request: HttpRequest, participant: Participant) -> HttpResponse:
    end = WITHDREW if participant.state == Participant.State.WITHDRAWN else SCREENED
    way = way_back(participant.study, end, participant.external)
    left_behind = {"queue": queue_name(participant)}
    return refuse(request, participant.state, _gone(request), way=way, left_behind=left_behind)


def _gone(request: HttpRequest) -> int | None:
    """What a browser's queue is told, so that it stops asking; people read a page."""
    return 410 if request.resolver_match and request.resolver_match.url_name == "answers" else None


class _Forms(CsrfViewMiddleware):
    """Django's check of forms, for one study.

    In a frame of another site browsers keep cookies back, so there is no token to compare. There the token in the address
    proves whose page it is, and the browser has to say that the form was sent from a page of this site: Django has looked at
    its `Origin` by then, or over HTTPS at its `Referer`.
    """

    def __init__(self, study: Study) -> None:
        super().__init__(lambda _request: HttpResponse())
        self.study = study

    def _check_token(self, request: HttpRequest) -> None:
        try:
            super()._check_token(request)  # type: ignore[misc]  # Django's
        except RejectRequest:
            has_said = "HTTP_ORIGIN" in request.META or request.is_secure()
            if not (has_said and frames_of(self.study.protocol)):
                raise


def _forged(request: HttpRequest, view: View, study: Study) -> HttpResponse | None:
    """The refusal of a form that was not sent from a page of this site."""
    return _Forms(study).process_view(request, view, (), {})


def _for_frames(request: HttpRequest, response: HttpResponse, study: Study) -> HttpResponse:
    """Let the pages be shown in a frame that the protocol names, and in no other.

    A browser that says where it shows a page is believed: elsewhere than in a frame nothing is to be allowed.
    """
    is_page = response.headers["Content-Type"].startswith("text/html")
    if not is_page or request.headers.get("Sec-Fetch-Dest", "iframe") != "iframe":
        return response
    if origins := frames_of(study.protocol):
        response.xframe_options_exempt = True  # type: ignore[attr-defined]
        response._csp_replace = {"frame-ancestors": list(origins)}  # type: ignore[attr-defined]
    return response
