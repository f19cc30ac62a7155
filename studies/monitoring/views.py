"""Pages of a study that is under way, and of its maps side by side. For those who may see the study."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from explain import jobs
from explain.core.errors import BadInputError
from studies.access import editable_study_of, may_edit, study_of
from studies.models import Participant
from studies.participation import finish
from studies.trials import delete_test_people, take_back_in, void_participant, why_they_stay, withdraw

from .live_status import complaints_of, live_status_of, people
from .progress import people_by_state, progress_of

PEOPLE_A_PAGE = 50


@require_safe
def watching(request: HttpRequest, slug: str) -> HttpResponse:
    """How recruitment goes: answers by photo, people one by one, who went quiet."""
    study = study_of(request, slug)
    rows = study.participants.select_related("invitation").order_by("-number")
    states = people_by_state(study)
    page = Paginator(rows, PEOPLE_A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "studies/monitoring/watch.html",
        {
            "study": study,
            "watch": live_status_of(study),
            "progress": progress_of([study])[study.pk],
            "states": states,
            "page": page,
            "people": people(study, list(page.object_list)),
            "may_edit": may_edit(request.user, study),
            "test_people": states["simulated"] and may_edit(request.user, study) and not why_they_stay(study),
            "complaints": complaints_of(study),
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


@require_http_methods(["GET", "HEAD", "POST"])
def take_back(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Count the answers of somebody again who was taken out, after a page that says what comes back."""
    study = editable_study_of(request, slug)
    person = get_object_or_404(study.participants, number=number)
    if person.state != Participant.State.VOID:
        messages.warning(request, f"Participant {number} is {person.state}, so nothing can be undone.")
        return redirect("study-watch", slug)
    reason = request.POST.get("reason", "").strip()[:300]
    if request.method == "POST" and reason:
        try:
            outcome = take_back_in(participant=person, reason=reason, user=request.user)
        except BadInputError as error:  # somebody else did it meanwhile
            messages.warning(request, str(error))
            return redirect("study-watch", slug)
        lost = f" {outcome.lost} stay out: others have answered in their place." if outcome.lost else ""
        messages.success(request, f"{outcome.back} answers of participant {number} stand again.{lost}")
        return redirect("study-watch", slug)
    row = people(study, [person])[0]
    context = {"study": study, "person": row, "missing": request.method == "POST"}
    return render(request, "studies/monitoring/take_back.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def test_people(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete everybody simulated before anybody real has come, after a page that says what goes."""
    study = editable_study_of(request, slug)
    if reason := why_they_stay(study):
        messages.warning(request, reason)
        return redirect("study-watch", slug)
    if request.method != "POST":
        count = people_by_state(study)["simulated"]
        return render(request, "studies/monitoring/test_people.html", {"study": study, "count": count})
    try:
        count = delete_test_people(study=study, user=request.user)
        messages.success(request, f"{count} test people are deleted; what they answered is asked anew.")
    except BadInputError as error:  # somebody real came in meanwhile
        messages.warning(request, str(error))
    return redirect("study-watch", slug)


@require_GET
def counted_json(request: HttpRequest, slug: str) -> HttpResponse:
    """How many answers count by now, for a page that keeps itself up to date."""
    study = study_of(request, slug)
    progress = progress_of([study])[study.pk]
    return JsonResponse(
        {"counted": progress.counted, "answered": progress.answered, "needed": progress.needed}
    )
