"""Pages of a study that is under way, and of its maps side by side. For those who may see the study."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from explain import jobs
from studies.access import editable_study_of, may_edit, study_of
from studies.participation import finish
from studies.trials import void_participant, withdraw

from .live_status import live_status_of, people
from .progress import people_by_state, progress_of

PEOPLE_A_PAGE = 50


@require_safe
def watching(request: HttpRequest, slug: str) -> HttpResponse:
    """How recruitment goes: answers by photo, people one by one, who went quiet."""
    study = study_of(request, slug)
    rows = study.participants.select_related("invitation").order_by("-number")
    page = Paginator(rows, PEOPLE_A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "studies/monitoring/watch.html",
        {
            "study": study,
            "watch": live_status_of(study),
            "progress": progress_of([study])[study.pk],
            "states": people_by_state(study),
            "page": page,
            "people": people(study, list(page.object_list)),
            "may_edit": may_edit(request.user, study),
            "workers": jobs.workers_seen(),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def void(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Take one person's answers out, or erase somebody who asks for it, after a page that says what will happen."""
    study = editable_study_of(request, slug)
    person = get_object_or_404(study.participants, number=number)
    if request.method == "POST" and request.POST.get("asked"):
        withdraw(participant=person, user=request.user)
        messages.success(request, f"Participant {number} is erased; what they were asked is asked of others.")
        return redirect("study-watch", slug)
    reason = request.POST.get("reason", "").strip()[:300]
    if request.method == "POST" and reason:
        count = void_participant(participant=person, reason=reason, user=request.user)
        finish(participant=person)
        messages.success(
            request, f"{count} answers of participant {number} are void; their photos are asked of others."
        )
        return redirect("study-watch", slug)
    row = people(study, [person])[0]
    context = {"study": study, "person": row, "missing": request.method == "POST"}
    return render(request, "studies/monitoring/void.html", context)


@require_GET
def counted_json(request: HttpRequest, slug: str) -> HttpResponse:
    """How many answers count by now, for a page that keeps itself up to date."""
    study = study_of(request, slug)
    progress = progress_of([study])[study.pk]
    return JsonResponse(
        {"counted": progress.counted, "answered": progress.answered, "needed": progress.needed}
    )
