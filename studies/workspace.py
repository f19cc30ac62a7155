"""What an admin or researcher sees. Every look-up starts from `Study.objects.visible_to(user)`."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from explain.errors import BadInputError

from . import charts, invitations
from .access import editable_study_of, may_edit, study_of
from .alike import comparison
from .comparing import NotComparedError
from .details import details
from .export import csv_chunks
from .folder import codebook as codebook_of
from .humans import humans_context
from .lifecycle import STEPS, change_state, delete_study, revoke_invitation
from .likeness import is_measured, pairs_of
from .models import Study
from .opening import AlikeError
from .plan import HIDDEN, results_hidden
from .progress import invitations_with_people, people_by_state, progress
from .report import report
from .results import Part, Reading, UnknownPartError, classes_and_groups, part_of
from .scores_json import scores_json
from .seal_in_words import named_download, seal_in_words
from .staffing import need_of
from .summarise import summarise
from .summary import WHO
from .workspace_forms import InvitationForm

EVENTS_SHOWN = 20


@require_safe
def studies(request: HttpRequest) -> HttpResponse:
    """All studies of this researcher, with how far each has come."""
    found = list(Study.objects.visible_to(request.user))
    editable = set(Study.objects.editable_by(request.user).values_list("pk", flat=True))
    done = progress(found)
    rows = [(study, done[study.pk], study.pk in editable) for study in found]
    return render(request, "studies/list.html", {"studies": rows})


@require_safe
def study(request: HttpRequest, slug: str) -> HttpResponse:
    """One study: what it asks, how far it has come, who is let in. One without maps is shown as its set-up."""
    found = study_of(request, slug)
    if found.state in (Study.State.DRAFT, Study.State.PRECOMPUTING) and may_edit(request.user, found):
        return redirect("setup-check", slug)
    return _overview(request, found, InvitationForm())


@require_POST
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Make an invitation and show its link, this once: only its hash is kept."""
    found = editable_study_of(request, slug)
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _overview(request, found, form)
    invitation, token = invitations.invite(study=found, user=request.user, **form.cleaned_data)
    link = request.build_absolute_uri(reverse("join", args=[token]))
    return _overview(request, found, InvitationForm(), invitation=invitation, link=link)


@require_POST
def revoke(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Let nobody else in by an invitation. Those who are in stay in."""
    found = editable_study_of(request, slug)
    invitation = get_object_or_404(found.invitations, pk=pk)
    revoke_invitation(invitation=invitation, user=request.user)
    messages.success(request, f"Nobody else can come in by “{invitation}”.")
    return redirect("study", slug)


@require_http_methods(["GET", "HEAD", "POST"])
def state(request: HttpRequest, slug: str, to: str) -> HttpResponse:
    """Open, pause, resume or close, after a page that says what will happen."""
    found = editable_study_of(request, slug)
    if to not in STEPS[found.state]:
        messages.warning(request, f"The study is {found.state}; it cannot become {to}.")
        return redirect("study", slug)
    if request.method != "POST":
        done = progress([found])[found.pk]
        return render(
            request,
            "studies/state.html",
            {
                "study": found,
                "to": to,
                "step": STEPS[found.state][to],
                "progress": done,
                "too_alike": [pair for pair in pairs_of(found) if pair.too_alike],
                **(_waits(found) if to == Study.State.OPEN else {}),
            },
        )
    try:
        change_state(study=found, to=to, user=request.user, alike_seen="alike_seen" in request.POST)
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
    found = editable_study_of(request, slug)
    if found.is_frozen:
        messages.warning(request, "A study that has been opened is kept. Close it and archive it instead.")
        return redirect("study", slug)
    if request.method != "POST":
        return render(request, "studies/delete.html", {"study": found})
    try:
        delete_study(study=found, user=request.user)
    except BadInputError as error:  # somebody opened it meanwhile
        messages.warning(request, str(error))
        return redirect("study", slug)
    messages.success(request, f"“{found.title}” is deleted.")
    return redirect("studies")


def _waits(study: Study) -> dict[str, Any]:
    """What a study that is ready has to wait for before it can be opened."""
    waits = study.state == Study.State.READY and not is_measured(study) and study.items.exists()
    return {"waits": True, **comparison(study)} if waits else {}


@require_safe
def results(request: HttpRequest, slug: str) -> HttpResponse:
    """What the study has found so far: in words, as a chart and as a table; then what a reviewer asks next."""
    found = study_of(request, slug)
    if results_hidden(found):
        return render(
            request,
            "studies/hidden.html",
            {"study": found, "progress": progress([found])[found.pk], "seal": seal_in_words(found)},
        )
    reading = Reading(found, part_asked_for(request, found))
    result = summarise(reading)
    classes, groups = classes_and_groups(found)
    return render(
        request,
        "studies/results.html",
        {
            "study": found,
            "seal": seal_in_words(found),
            "result": result,
            "details": details(reading, result),
            "progress": progress([found])[found.pk],
            "choices": WHO,
            "classes": classes if len(classes) > 1 else [],
            "groups": groups if len(groups) > 1 else [],
            "versions": range(1, found.version + 1) if found.version > 1 else [],
            "main_chart": charts.main_chart(result),
            "counts_chart": charts.rating_counts(result) if result.rating else "",
            "position_chart": charts.position_bars(result) if result.responses else "",
        },
    )


@require_safe
def humans(request: HttpRequest, slug: str) -> HttpResponse:
    """Whether figures of the maps, from stored evaluations, go with what people chose."""
    found = answered_study_of(request, slug)
    part = part_asked_for(request, found)
    return render(
        request,
        "studies/humans.html",
        {"study": found, "part": part, **humans_context(Reading(found, Part(part.who)))},
    )


@require_GET
def counted_json(request: HttpRequest, slug: str) -> HttpResponse:
    """How many answers count by now, for a page that keeps itself up to date."""
    found = study_of(request, slug)
    done = progress([found])[found.pk]
    return JsonResponse({"counted": done.counted, "answered": done.answered, "needed": done.needed})


@require_GET
def results_json(request: HttpRequest, slug: str) -> HttpResponse:
    """The same object as the page and the `scores` command."""
    found = answered_study_of(request, slug)
    data = scores_json(found, part_asked_for(request, found))
    return JsonResponse(data, json_dumps_params={"ensure_ascii": False, "indent": 2})


@require_GET
def export_csv(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Every answer as CSV, sent while it is read."""
    found = answered_study_of(request, slug)
    response = StreamingHttpResponse(csv_chunks(found), content_type="text/csv; charset=utf-8")
    return named_download(response, found, "answers", "csv")


@require_GET
def codebook(request: HttpRequest, slug: str) -> HttpResponse:
    """What each column of the export means."""
    found = study_of(request, slug)
    response = HttpResponse(codebook_of(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.slug}-codebook.csv"'
    return response


@require_GET
def report_file(request: HttpRequest, slug: str) -> HttpResponse:
    """The report as a file to keep. It has a style sheet in it, so it is never shown as a page of this site."""
    found = answered_study_of(request, slug)
    response = HttpResponse(
        report(found, part_asked_for(request, found).who), content_type="text/html; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{found.slug}-report.html"'
    return response


def answered_study_of(request: HttpRequest, slug: str) -> Study:
    """The study, if its answers may be seen now."""
    found = study_of(request, slug)
    if results_hidden(found):
        raise PermissionDenied(HIDDEN)
    return found


def part_asked_for(request: HttpRequest, found: Study) -> Part:
    """Whose answers, of which class, group and version of the protocol, as the address says."""
    asked = request.GET
    narrowed = (asked.get(name, "") for name in ("class", "group", "version"))
    try:
        return part_of(found, asked.get("who"), *narrowed)
    except UnknownPartError as error:
        raise Http404(str(error)) from error


def _overview(request: HttpRequest, found: Study, form: InvitationForm, **more) -> HttpResponse:
    done = progress([found])[found.pk]
    return render(
        request,
        "studies/study.html",
        {
            "study": found,
            "arms": found.arms.select_related("network"),
            "items": found.items.count(),
            "progress": done,
            "trials_chart": charts.trial_states(done) if done.needed else "",
            "people": people_by_state(found),
            "invitations": invitations_with_people(found),
            "need": need_of(found),
            "events": found.events.select_related("user", "participant").order_by("-id")[:EVENTS_SHOWN],
            "steps": STEPS[found.state].items(),
            "form": form,
            "may_edit": may_edit(request.user, found),
            **more,
        },
    )
