"""“Something is wrong”: a small form that every page of a volunteer leads to."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from .forms import ComplaintForm
from .seats import Entrance, Seat


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
