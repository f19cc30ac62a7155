"""Pages of one invitation, for the researchers of its study alone: whoever may only look at a study is shown no link."""

import csv
import io

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from studies.access import editable_study_of
from studies.core.guard import guarded
from studies.core.languages import spoken
from studies.models import Invitation, Study
from studies.monitoring import invitations_with_people, need_of
from studies.participation import invite_each, private
from studies.protocol import unsaid
from studies.trials import expected_trials, minutes_for

from . import qr_code
from .forms import PersonalLinksForm
from .shown import shown_link
from .site_lists import Asked, site_lists
from .texts import words_of

LINKS_A_PAGE = 100


@require_safe
def invitation(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The link of an invitation, its QR code, an e-mail to copy, and what to type at recruitment sites; or why it is not shown."""
    study, row = _invitation_of(request, slug, pk)
    shown = shown_link(row)
    context = {"study": study, "invitation": row, "shown": shown}
    if shown.token:
        link, words = _link(request, shown.token), words_of(study, row)
        context |= {
            "link": link,
            "qr": qr_code.inline(link),
            "words": words,
            "email": words.email(study.title, link),
            "unsaid": unsaid(study.protocol),
            "sites": [] if row.personal or row.simulated else site_lists(_asked(study, row, link)),
        }
    return private(render(request, "studies/inviting/invitation.html", context))


@require_safe
def qr_file(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The QR code as a file, for a poster or slides of one's own."""
    study, row = _invitation_of(request, slug, pk)
    content = qr_code.file(_link(request, _token(row)))
    return _download(content, f"{study.slug}-{pk}-qr.svg", "image/svg+xml")


@require_safe
def poster(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One page to print, in the study's language."""
    study, row = _invitation_of(request, slug, pk)
    link = _link(request, _token(row))
    with spoken(request, study.language):
        context = {
            "study": study,
            "invitation": row,
            "link": link,
            "qr": qr_code.inline(link),
            "words": words_of(study, row),
        }
        return private(render(request, "volunteer/poster.html", context))


@require_http_methods(["GET", "HEAD", "POST"])
def personal_links(request: HttpRequest, slug: str) -> HttpResponse:
    """A link for each of many people: made and downloaded in one step, as a CSV."""
    study = editable_study_of(request, slug)
    is_over = study.state in (Study.State.CLOSED, Study.State.ARCHIVED)
    form = PersonalLinksForm(
        request.POST if request.method == "POST" and not is_over else None, label_suffix=""
    )
    if form.is_valid():
        made = invite_each(study=study, user=request.user, **form.cleaned_data)
        name = f"{study.slug}-links-{timezone.now():%Y%m%d-%H%M%S}.csv"
        return _download(_csv(request, made).encode(), name, "text/csv; charset=utf-8")
    rows = invitations_with_people(study).filter(personal=True)
    page = Paginator(rows, LINKS_A_PAGE).get_page(request.GET.get("page"))
    context = {"study": study, "form": form, "page": page, "is_over": is_over}
    return render(request, "studies/inviting/personal_links.html", context)


def _invitation_of(request: HttpRequest, slug: str, pk: int) -> tuple[Study, Invitation]:
    study = editable_study_of(request, slug)
    return study, get_object_or_404(invitations_with_people(study).select_related("study"), pk=pk)


def _token(row: Invitation) -> str:
    """Of a link that is shown; there is no poster and no code of any other."""
    token = shown_link(row).token
    if not token:
        raise Http404
    return token


def _link(request: HttpRequest, token: str) -> str:
    return request.build_absolute_uri(reverse("join", args=[token]))


def _csv(request: HttpRequest, made: list[tuple[Invitation, str]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["number", "invitation", "label", "link"])
    for number, (row, token) in enumerate(made, 1):
        writer.writerow([number, row.pk, guarded(row.label), _link(request, token)])
    return file.getvalue()


def _asked(study: Study, row: Invitation, link: str) -> Asked:
    return Asked(
        link=link,
        title=study.title,
        minutes=minutes_for(expected_trials(study)) if study.items.exists() else 0,
        people=need_of(study).people,
        quota=row.quota,
        protocol=study.protocol,
        questions=study.questions,
        completion_url=study.completion_url,
        attention_checks=study.attention_checks,
    )


def _download(content: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return private(response)
