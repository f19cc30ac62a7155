"""Beside the trials: the invitation, what someone agrees to, what they are asked and told, and what they tell."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from studies.models import Study
from studies.protocol import DECLINED, FULL, WITHDREW, asked_after, asked_before, requirements_of
from studies.trial_types import trial_type_of
from studies.trials import minutes_to_wait, study_facts

from .arrivals import ELSE, SOMEBODY, Arrival, forget
from .decorators import ask_to_wait, refuse
from .entrances import Entrance
from .forms import ComplaintForm, ConsentForm, QuestionsForm
from .seats import Seat
from .sites import recruitment_sites
from .sites.ways_back import way_back
from .texts import Consent, page_context, photos_are_free, text

# Words by which phones' browsers name themselves; tablets are none.
PHONE = re.compile(r"iPhone|iPod|Android.+Mobile|Mobile.+Firefox|Windows Phone", re.IGNORECASE)
NO_PLACE = ("full", "taken", "closed")  # refusals of who comes too late


@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, entrance: Entrance) -> HttpResponse:
    """The invitation: what the study is, and a box to tick. Agreeing makes the participant and their own link."""
    arrival = entrance.arrival(request)
    if isinstance(arrival, str):
        return refuse(request, arrival)
    study, preview = entrance.study, recruitment_sites.is_preview(request.GET)
    if entrance.has_left(arrival):
        return refuse(request, "withdrawn", way=way_back(study, WITHDREW, arrival.external))
    if not preview and not arrival.is_somebody_else and (before := entrance.last_here(arrival)):
        return _offer_to_go_on(request, study, arrival, before)
    if reason := entrance.closed_because(arrival):
        return _turned_away(request, study, arrival, reason)
    if request.method == "POST" and "decline" in request.POST:
        page = refuse(request, "declined", way=way_back(study, DECLINED, arrival.external))
        return page if arrival.last or entrance.knows(arrival) else forget(page, study)
    consent = Consent.of(study, entrance.expected)
    form = ConsentForm(consent.sha256, request.POST if request.method == "POST" and not preview else None)
    if form.is_valid():
        seat = entrance.join(consent_sha256=consent.sha256, arrival=arrival)
        if isinstance(seat, str):
            return _turned_away(request, study, arrival, seat)
        return arrival.remembered_in(
            redirect("participant", token=seat.token), study, last=arrival.called(study)
        )
    context = {
        "study": study,
        "consent": consent,
        "form": form,
        "preview": preview,
        "visit": arrival.field(study),
        "free": photos_are_free(study),
        "needs": requirements_of(study.protocol),
        "phone": is_phone(request) and requirements_of(study.protocol).no_phone,
        "address": request.build_absolute_uri(),
    }
    page = render(request, "volunteer/consent.html", {**context, **study_facts(study, entrance.expected)})
    return arrival.remembered_in(page, study)


def _offer_to_go_on(request: HttpRequest, study: Study, arrival: Arrival, seat: Seat) -> HttpResponse:
    """Somebody came in this browser before: a second person by accident would be asked and paid twice.

    The page is the same whatever has become of that person: whose device it is can read it on their own pages.
    """
    if request.method == "POST" and "go_on" in request.POST:
        return arrival.remembered_in(redirect("participant", token=seat.token), study, last=arrival.last)
    query = request.GET.copy()
    query[SOMEBODY] = ELSE
    context = {"study": study, "somebody_else": f"?{query.urlencode()}"}
    return render(request, "volunteer/been_here.html", context)


def is_phone(request: HttpRequest) -> bool:
    """Whether a browser says that it runs on a phone. It may say what it likes: only a page's words depend on it."""
    hint = request.headers.get("Sec-CH-UA-Mobile", "")
    return hint == "?1" or (not hint and bool(PHONE.search(request.headers.get("User-Agent", ""))))


def _turned_away(request: HttpRequest, study: Study, arrival: Arrival, reason: str) -> HttpResponse:
    """Why somebody is not let in, and, where there is no place for them, the way back to who sent them."""
    if reason == "held":
        return ask_to_wait(request, minutes_to_wait(study) or 1)
    way = way_back(study, FULL, arrival.external) if reason in NO_PLACE else None
    return refuse(request, reason, way=way)


@require_http_methods(["GET", "HEAD", "POST"])
def about_you(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The study's own questions, once. Some answers can mean that someone cannot take part."""
    study = seat.study
    questions = asked_before(study.questions)
    if not seat.is_unasked(questions) or seat.is_over():
        return redirect("participant", token=seat.token)
    form = QuestionsForm(questions, request.POST if request.method == "POST" else None)
    if form.is_valid():
        seat.keep_background(form.answers(), eligible=form.is_eligible())
        if seat.is_limited and not form.is_eligible():
            return refuse(request, "screened")
        return redirect("participant", token=seat.token)
    return render(request, "volunteer/questions.html", {"study": study, "token": seat.token, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def afterwards(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The study's questions after the last photo, once; then thanks."""
    if seat.is_over() or not seat.last_questions_are_due() or seat.place() or seat.block()["trials"]:
        return redirect("participant", token=seat.token)
    form = QuestionsForm(
        asked_after(seat.study.questions), request.POST if request.method == "POST" else None
    )
    if form.is_valid():
        seat.keep_background(form.answers(), eligible=True)
        return redirect("thanks", token=seat.token)
    context = {"study": seat.study, "token": seat.token, "form": form, "after": True}
    return render(request, "volunteer/questions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, seat: Seat) -> HttpResponse:
    """Withdrawal by oneself: asked once more, then done for good."""
    if seat.is_limited:
        status, back = 403 if request.method == "POST" else 200, reverse("participant", args=[seat.token])
        return refuse(request, "elsewhere", status=status, back=back)
    if request.method == "POST":
        way = way_back(seat.study, WITHDREW, seat.participant.external)  # before it is erased
        seat.withdraw()
        return refuse(request, "withdrawn", way=way)
    return render(request, "volunteer/leave.html", {"study": seat.study, "token": seat.token})


@require_http_methods(["GET", "HEAD", "POST"])
def instructions(request: HttpRequest, seat: Seat) -> HttpResponse:
    """What a map is, what to do, which keys there are. Can be read again at any time."""
    study, participant, page = seat.study, seat.participant, trial_type_of(seat.study).page
    if seat.is_unasked(asked_before(study.questions)):
        return redirect("about-you", token=seat.token)
    if request.method == "POST":
        seat.keep_instructed()
        return redirect("trial", token=seat.token)
    context = {
        "study": study,
        "token": seat.token,
        "again": participant.instructed_at is not None,
        "instructions": text(study, "instructions", seat.expected),
        "last_key": page.last_key(seat.maps_shown()),
        "page": page,
        **page_context(study),
        **page.buttons(study.wording),
        **study_facts(study, seat.expected),
    }
    return render(request, "volunteer/instructions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def wrong_before(request: HttpRequest, entrance: Entrance) -> HttpResponse:
    """For whoever has an invitation, and has not agreed to anything yet."""
    back = reverse("join", args=[entrance.token]) if entrance.token else ""
    return _take(request, entrance.keep_complaint, {"study": entrance.study, "back": back})


@require_http_methods(["GET", "HEAD", "POST"])
def wrong(request: HttpRequest, seat: Seat) -> HttpResponse:
    """For somebody who takes part, or did."""
    back = reverse("participant", args=[seat.token])
    return _take(request, seat.keep_complaint, {"study": seat.study, "back": back})


def _take(request: HttpRequest, keep: Callable[[str], bool], context: dict) -> HttpResponse:
    form = ComplaintForm(request.POST if request.method == "POST" else None)
    said, status = "", 200
    if form.is_valid():
        said, status = ("kept", 200) if keep(form.cleaned_data["text"]) else ("too-many", 429)
    return render(request, "volunteer/wrong.html", {**context, "form": form, "said": said}, status=status)
