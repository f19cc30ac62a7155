"""The gallery of published designs: look at each, and begin a study with one."""

import secrets
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from explain.web import send_and_show
from studies.models import Study
from studies.trial_types import trial_type_in
from studies.trials import minutes_for

from .cost_estimate import arms_in, estimate_from, items_of
from .drafts import create_draft, free_slug
from .preparation import ask_for_samples
from .published_designs import DESIGNS, PublishedDesign, design_of
from .sketch import sketch


@require_http_methods(["GET", "HEAD", "POST"])
def gallery(request: HttpRequest) -> HttpResponse:
    """All designs; POST with the name of one begins a study with it."""
    if not request.user.is_staff:
        raise PermissionDenied("Only staff set studies up.")
    if request.method != "POST":
        return render(
            request, "studies/setup/gallery.html", {"designs": [_shown(design) for design in DESIGNS]}
        )
    design = design_of(request.POST.get("design", ""))
    if design is None:
        messages.warning(request, "There is no such design any more. Choose one of these.")
        return redirect("setup-gallery")
    study = create_draft(source=begun(design), user=request.user)
    messages.success(
        request,
        f"“{design.title}” on the sample photos. Put your own photos and networks in their place, or open it as it is.",
    )
    back = reverse("setup-step", args=[study.slug, "check"])
    job = ask_for_samples(user=request.user, back=back)
    return redirect(back) if job is None else send_and_show(request, job)


def begun(design: PublishedDesign) -> dict[str, Any]:
    """The design's protocol under a name that is free, with a seed of its own, and without the example's consent: that names nobody."""
    source = design.source()
    taken = Study.objects.filter(slug=source["slug"]).exists()
    return {
        **{key: value for key, value in source.items() if key != "consent"},
        "slug": free_slug(source["slug"]) if taken else source["slug"],
        "design": {**source["design"], "seed": secrets.randbelow(10**6)},
    }


def _shown(design: PublishedDesign) -> dict[str, Any]:
    source = design.source()
    items, _ = items_of(source)
    each = source["design"]["trials_per_participant"]
    return {
        "design": design,
        "task": trial_type_in(source).name,
        "arms": design.arms(),
        "trials": each,
        "minutes": minutes_for(each),
        "estimate": estimate_from(items, source["design"], arms_in(source)) if items else None,
        "sketch": sketch(design.maps, design.answers),
        "toml": design.text(),
    }
