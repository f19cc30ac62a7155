"""A living comparison's page for everybody, and the page on which its researchers let arms join and leave."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from explain.core.errors import BadInputError
from studies.access import editable_study_of
from studies.models import ProtocolVersion, Study
from studies.trial_types import trial_type_of

from .forms import ArmForm, JoinForm
from .joining import join, leave, release, why_not
from .page import is_public, page_of


def _public_study(slug: str) -> Study:
    """A study that has a page for everybody. Any other does not exist here, so nobody learns of it."""
    study = Study.objects.filter(slug=slug).first()
    if study is None or not is_public(study):
        raise Http404("No such comparison.")
    return study


@login_not_required
@require_safe
def arena(request: HttpRequest, slug: str) -> HttpResponse:
    """Ranks, intervals, people and answers as they are now."""
    study = _public_study(slug)
    return render(request, "studies/arena/arena.html", {"study": study, "page": page_of(study)})


@login_not_required
@require_safe
def arena_json(request: HttpRequest, slug: str) -> HttpResponse:
    """The page as JSON, for whoever has its address, from any site."""
    data = page_of(_public_study(slug)).as_json()
    response = JsonResponse(data, json_dumps_params={"ensure_ascii": False, "indent": 2})
    response["Access-Control-Allow-Origin"] = "*"
    return response


@login_not_required
@require_safe
def arena_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The page's table as CSV."""
    text = page_of(_public_study(slug)).as_csv()
    name = {"Content-Disposition": f'attachment; filename="{slug}-arena.csv"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=name)


@require_http_methods(["GET", "HEAD", "POST"])
def arms(request: HttpRequest, slug: str) -> HttpResponse:
    """Let an arm join or leave, or show it to everybody; each asks why."""
    study = editable_study_of(request, slug)
    if reason := why_not(study):
        messages.warning(request, reason)
        return redirect("study", slug)
    forms, acts = _forms(study, request), _acts(study, request.user)
    act = request.POST.get("act", "")
    if act in forms and forms[act].is_valid() and _done(request, act, forms[act], acts[act]):
        return redirect("study", slug)
    return render(request, "studies/arena/arms.html", {"study": study, **forms})


def _forms(study: Study, request: HttpRequest) -> dict[str, Any]:
    """The forms that there is something to choose in; the one that was sent has what was typed."""
    kind = trial_type_of(study)
    names = list(study.arms.values_list("name", flat=True))
    stay = [name for name in names if name not in kind.layout.has_left]
    item = study.items.select_related("image__image_set").first()
    assert item is not None, "an opened study has items"

    def sent(act: str) -> Any:
        return request.POST if request.POST.get("act") == act else None

    forms: dict[str, Any] = {"join": JoinForm(item.image.image_set, sent("join"))}
    if len(stay) > kind.asked.fewest_arms:
        forms["leave"] = ArmForm(stay, sent("leave"), prefix="leave")
    if hidden := [name for name in names if name in kind.asked.hidden]:
        forms["release"] = ArmForm(hidden, sent("release"), prefix="release")
    return forms


def _acts(study: Study, user: Any) -> dict[str, Callable[[Any], ProtocolVersion]]:
    def joined(form: JoinForm) -> ProtocolVersion:
        said = {key: form.cleaned_data[key] for key in ("why", "embargo", "alike_seen")}
        return join(study=study, arm=form.arm, user=user, **said)

    return {
        "join": joined,
        "leave": lambda form: leave(study=study, user=user, **form.cleaned_data),
        "release": lambda form: release(study=study, user=user, **form.cleaned_data),
    }


DONE = {
    "join": "The arm has joined, by {version}. It is asked about more than the others until its interval is as wide as theirs.",
    "leave": "The arm has left, by {version}: it is asked about no more. Its answers stay and count.",
    "release": "The arm is on the page for everybody, by {version}.",
}


def _done(request: HttpRequest, act: str, form: Any, do: Callable[[Any], ProtocolVersion]) -> bool:
    try:
        version = do(form)
    except BadInputError as error:
        for line in error.lines:
            form.add_error(None, line)
        return False
    messages.success(request, DONE[act].format(version=version))
    return True
