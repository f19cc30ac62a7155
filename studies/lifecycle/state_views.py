"""The pages that open, close and delete a study."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from explain.core.errors import BadInputError
from studies.access import editable_study_of
from studies.models import Study
from studies.monitoring import progress_of

from .opening import AlikeError
from .readiness import untitled
from .similarity import is_measured, pairs_of
from .similarity_job import NotComparedError, comparison, waits_for_nothing
from .transitions import STEPS, change_state, delete_study


@require_http_methods(["GET", "HEAD", "POST"])
def state(request: HttpRequest, slug: str, to: str) -> HttpResponse:
    """Open, pause, resume or close, after a page that says what will happen."""
    study = editable_study_of(request, slug)
    if to not in STEPS[study.state]:
        messages.warning(request, f"The study is {study.state}; it cannot become {to}.")
        return redirect("study", slug)
    if request.method != "POST":
        progress = progress_of([study])[study.pk]
        return render(
            request,
            "studies/lifecycle/state.html",
            {
                "study": study,
                "to": to,
                "step": STEPS[study.state][to],
                "progress": progress,
                "too_alike": [pair for pair in pairs_of(study) if pair.too_alike],
                "untitled": untitled(study) if to == Study.State.OPEN and not study.is_frozen else [],
                **(_waits(study) if to == Study.State.OPEN else {}),
            },
        )
    try:
        change_state(study=study, to=to, user=request.user, alike_seen="alike_seen" in request.POST)
    except AlikeError as error:
        messages.warning(request, str(error.lines[0]))
        return redirect("study-state", slug, to)
    except NotComparedError:  # the page says how far it is
        return redirect("study-state", slug, to)
    except BadInputError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, f"The study is {Study.State(to).label} now.")
    return redirect("study", slug)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete a study that was never opened, after a page that says what goes and what stays."""
    study = editable_study_of(request, slug)
    if study.is_frozen:
        messages.warning(request, "A study that has been opened is kept. Close it and archive it instead.")
        return redirect("study", slug)
    if request.method != "POST":
        return render(request, "studies/lifecycle/delete.html", {"study": study})
    try:
        delete_study(study=study, user=request.user)
    except BadInputError as error:  # somebody opened it meanwhile
        messages.warning(request, str(error))
        return redirect("study", slug)
    messages.success(request, f"“{study.title}” is deleted.")
    return redirect("studies")


def _waits(study: Study) -> dict[str, Any]:
    """What a study that is ready has to wait for before it can be opened."""
    waits = study.state == Study.State.READY and not waits_for_nothing(study) and study.items.exists()
    return {"waits": True, "measured": is_measured(study), **comparison(study)} if waits else {}
