"""The page of payments of a study and its files, for those who have that role. Kept apart from all that shows answers."""

from collections import Counter

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_safe

from studies.access import may_edit, payable_study_of
from studies.models import Participant, Study

from .payees import Decision, payees, people_to_pay
from .payment_files import KINDS, list_for, payments_csv, sent_by_sites

PEOPLE_A_PAGE = 50
SITES = {"prolific": "Prolific", "mturk": "MTurk"}


@require_safe
def payments(request: HttpRequest, slug: str) -> HttpResponse:
    """Who came by which id, their code, and how it ended; to look up one of them, or to tell a site."""
    study = payable_study_of(request, slug)
    search = request.GET.get("search", "")[:150]
    page = Paginator(people_to_pay(study, search), PEOPLE_A_PAGE).get_page(request.GET.get("page"))
    assert isinstance(page.object_list, QuerySet)
    context = {
        "study": study,
        "search": search,
        "page": page,
        "people": payees(study, page.object_list),
        "lists": _lists(study),
        "withdrawn": study.participants.filter(state=Participant.State.WITHDRAWN, simulated=False).count(),
        "sees_study": Study.objects.visible_to(request.user).filter(pk=study.pk).exists(),
        "may_edit": may_edit(request.user, study),
    }
    return render(request, "studies/payments/payments.html", context)


def _lists(study: Study) -> list[tuple[str, str, str, int]]:
    """(site, its name, decision, number of people) of the lists that are not empty."""
    told = Counter((payee.site, payee.decision) for payee in sent_by_sites(study))
    return [
        (site, name, decision.value, told[site, decision])
        for site, name in SITES.items()
        for decision in (Decision.APPROVE, Decision.REJECT)
        if told[site, decision]
    ]


@require_GET
def payments_file(request: HttpRequest, slug: str) -> HttpResponse:
    study = payable_study_of(request, slug)
    return _download(payments_csv(study), f"{study.slug}-payments.csv")


@require_GET
def site_list(request: HttpRequest, slug: str, site: str, decision: str) -> HttpResponse:
    """Whom to approve or to reject, as a site takes it."""
    study = payable_study_of(request, slug)
    if site not in KINDS or decision not in (Decision.APPROVE, Decision.REJECT):
        raise Http404
    name = f"{study.slug}-{site}-{decision}.{KINDS[site]}"
    return _download(list_for(study, site, Decision(decision)), name)


def _download(text: str, name: str) -> HttpResponse:
    kind = "csv" if name.endswith(".csv") else "plain"
    response = HttpResponse(text, content_type=f"text/{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
