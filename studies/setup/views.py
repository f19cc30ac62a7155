"""Setting a study up in the browser, step by step. What is stored is the protocol; drafts.py checks it."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from explain import jobs
from explain.map_sets import whole_sets_of
from explain.map_sources import methods_for
from explain.models import MapPicture, Network
from explain.photos import sets_with_counts
from explain.web import send_and_show
from studies.analysis.answers import AnswersError
from studies.core import languages
from studies.models import Study
from studies.protocol import (
    MAX_BYTES,
    Code,
    Fault,
    NotSeenYetError,
    ProtocolError,
    check_protocol,
    choose_classes,
    default_wording,
    faults_of_length,
    on_page,
    on_page_with_key,
    parse_toml,
)
from studies.setup.forms.analysis_plan import PlanForm
from studies.setup.forms.base import MethodsForm, NetworksForm, NewStudyForm, PhotosForm, StepForm
from studies.setup.forms.questions import AboutPeopleForm
from studies.setup.forms.wording_and_design import DesignForm, WordingForm
from studies.trial_types import COMPARISON, trial_type_in, trial_types

from .cost_estimate import arms_in, estimate_from, items_of
from .drafts import (
    PACKAGED,
    all_faults,
    completed,
    create_draft,
    faults_of,
    free_slug,
    new_protocol,
    save_draft,
)
from .power_analysis import PowerPoint, TooFewPeopleError, analyse_power
from .preparation import ask_for_samples
from .steps import STEPS, Step, draft_of, standing, step_of

POWER_STUDIES = 60


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A new draft: by its title and design, or from a protocol file."""
    if not request.user.is_staff:
        raise PermissionDenied("Only staff set studies up.")
    from_file = request.method == "POST" and "from_file" in request.POST
    form = NewStudyForm(request.POST if request.method == "POST" and not from_file else None)
    file_faults: list[str] = []
    try:
        if from_file:
            source = _read_file(request)
            study = create_draft(source=source, user=request.user)
            return redirect("setup-step", study.slug, "check")
        if form.is_valid():
            study = create_draft(source=new_protocol(**form.cleaned_data), user=request.user)
            return redirect("setup-step", study.slug, "photos")
    except ProtocolError as error:
        if from_file:
            file_faults = [on_page_with_key(fault) for fault in error.faults]
        else:
            for fault in error.faults:
                form.add_error(fault.name if fault.name in form.fields else None, on_page(fault))
    return render(request, "studies/setup/new.html", {"form": form, "file_faults": file_faults})


FIRST_ARMS = ("grad-cam", "ablation-cam", "pixel-ablation-cam")


@require_POST
def first(request: HttpRequest) -> HttpResponse:
    """A first study to learn by: the samples and two packaged networks are brought here, and the steps are filled in."""
    if not request.user.is_staff:
        raise PermissionDenied("Only staff set studies up.")
    taken = Study.objects.filter(slug="first-study").exists()
    slug = free_slug("first-study") if taken else "first-study"
    network = next(iter(PACKAGED))
    source = {
        **new_protocol(title="Judging explanation pictures", slug=slug, task=trial_types()[0].name),
        "photos": {"set": jobs.SAMPLES},
        "arms": [{"network": network, "method": method} for method in FIRST_ARMS],
    }
    study = create_draft(source=source, user=request.user)
    back = reverse("setup-step", args=[study.slug, "photos"])
    job = ask_for_samples(user=request.user, back=back)
    return redirect(back) if job is None else send_and_show(request, job)


def _read_file(request: HttpRequest) -> dict[str, Any]:
    file = request.FILES.get("protocol")
    if file is None or not file.size:
        raise ProtocolError(Fault((), Code.NO_FILE))
    return parse_toml(file.read(MAX_BYTES + 1), name=str(file.name))


@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, slug: str, step: str) -> HttpResponse:
    """One step: what was typed is kept if it checks, and shown again with what is wrong if it does not."""
    study = draft_of(request, slug)
    current = next((entry for entry in STEPS if entry.slug == step), None)
    if current is None or step == "check":
        raise Http404
    if study.state != Study.State.DRAFT:
        return redirect("setup-check", slug)
    form = _form(current, study.protocol, request.POST if request.method == "POST" else None)
    if current.slug == "photos" and "set" in request.GET:  # photos that have just come in
        form.initial["set"] = request.GET["set"]
    if request.method == "POST" and form.is_valid():
        source = form.written()
        for fault in _faults_at(current, source) or faults_of_length(source):
            form.add_fault(fault)
        if form.is_valid() and not _asks_only(request):
            return _saved(request, study, current, source)
    return render(request, f"studies/setup/{step}.html", _context(request, study, current, form))


def _asks_only(request: HttpRequest) -> bool:
    """Whether a button was pressed that wants something worked out before anything is kept."""
    return "power" in request.POST


def _saved(request: HttpRequest, study: Study, current: Step, source: dict[str, Any]) -> HttpResponse:
    try:
        save_draft(study=study, source=source)
    except ProtocolError as error:
        messages.warning(request, "\n".join(map(on_page_with_key, error.faults)))
        return redirect("setup-check", study.slug)
    place = STEPS.index(current)
    if "stay" in request.POST:
        messages.success(request, "Saved.", extra_tags="good")
        return redirect("setup-step", study.slug, current.slug)
    following = STEPS[place + 1].slug
    if following == "check":
        return redirect("setup-check", study.slug)
    return redirect("setup-step", study.slug, following)


def _form(current: Step, source: dict[str, Any], data: Any) -> StepForm:
    if current.slug == "photos":
        return PhotosForm(data, source=source, sets=[image_set.name for image_set in sets_with_counts()])
    if current.slug == "networks":
        return NetworksForm(
            data, source=source, networks=list(Network.objects.only("name", "load", "weights"))
        )
    if current.slug == "methods":
        photos = source.get("photos", {}).get("set")
        return MethodsForm(data, source=source, map_sets=whole_sets_of(photos))
    forms: dict[str, type[StepForm]] = {
        "wording": WordingForm,
        "questions": AboutPeopleForm,
        "design": DesignForm,
        "plan": PlanForm,
    }
    return forms[current.slug](data, source=source)


def _faults_at(current: Step, source: dict[str, Any]) -> list[Fault]:
    """What this step got wrong. Faults with what is here are found as soon as enough is said to look."""
    faults = [fault for fault in faults_of(source) if step_of(fault, source) == current]
    if faults or current.slug not in ("photos", "networks", "design"):
        return _without_what_is_to_come(current, faults, source)
    return [fault for fault in all_faults(completed(source)) if step_of(fault, source) == current]


def _without_what_is_to_come(current: Step, faults: list[Fault], source: dict[str, Any]) -> list[Fault]:
    """With networks chosen and no method yet, it is no fault of the networks that arms are incomplete."""
    no_method = not methods_for(source.get("arms", []))
    if current.slug == "networks" and source.get("arms") and no_method:
        return [fault for fault in faults if fault.key != ("arms",) or fault.code == Code.SAME_ARM]
    return faults


def _context(request: HttpRequest, study: Study, current: Step, form: StepForm) -> dict[str, Any]:
    place = STEPS.index(current)
    context: dict[str, Any] = {
        "study": study,
        "form": form,
        "here": current,
        "steps": standing(study),
        "before": STEPS[place - 1] if place else None,
        "number": place + 1,
        "of": len(STEPS),
    }
    extras = {
        "photos": _photos_context,
        "networks": _networks_context,
        "wording": _wording_context,
        "design": _design_context,
    }
    if current.slug in extras:
        context |= extras[current.slug](request, study, form)
    return context


def _photos_context(request: HttpRequest, study: Study, form: StepForm) -> dict[str, Any]:
    chosen = study.protocol.get("photos", {}).get("set")
    return {
        "sets": list(zip(form["set"], sets_with_counts(), strict=True)),
        "counted": _counted(study, chosen),
    }


def _counted(study: Study, chosen: str | None) -> str:
    """How many photos the saved protocol would use, in words; nothing where that cannot be told."""
    if not chosen:
        return ""
    try:
        photos = choose_classes(check_protocol(completed(study.protocol)))
    except NotSeenYetError:
        return "How many photos that leaves is known after the networks have classified them."
    except ProtocolError:
        return ""
    return f"{photos.count:,} of the {photos.of:,} photos of {chosen} are chosen."


def _networks_context(request: HttpRequest, study: Study, form: StepForm) -> dict[str, Any]:
    networks = {network.name: network for network in Network.objects.all()}
    options: Iterable[Any] = [] if "first" in form.fields else form["networks"]
    return {
        "networks": list(networks.values()),
        "options": [(option, networks[option.data["value"]]) for option in options],
    }


def _wording_context(request: HttpRequest, study: Study, form: StepForm) -> dict[str, Any]:
    source = study.protocol
    items, _ = items_of(source)
    estimate = estimate_from(items, {**source.get("design", {}), "people": None}, arms_in(source))
    figures = (
        {"trials": estimate.trials, "minutes": estimate.minutes}
        if estimate
        else {"trials": 50, "minutes": 12}
    )
    return {
        "facts": {
            **figures,
            **_button_names(source),
            "title": study.title,
            "class": source.get("photos", {}).get("classes", ["object"])[0],
        }
    }


def _button_names(source: dict[str, Any]) -> dict[str, str]:
    """What instructions may name of a trial's buttons, in the words of the protocol or else of its language."""
    asked = trial_type_in(source).asked
    picture = source.get("design", {}).get("picture", MapPicture.OVERLAY)
    usual = default_wording(source["task"], picture, source.get("language", languages.DEFAULT))
    return asked.button_names({**usual, **source.get("wording", {})})


def _design_context(request: HttpRequest, study: Study, form: StepForm) -> dict[str, Any]:
    source = form.written() if form.is_bound and form.is_valid() else study.protocol
    items, source_of_items = items_of(source)
    power, trouble = (None, "")
    if "power" in request.POST and form.is_valid():
        power, trouble = _power(source)
    return {
        "estimate": estimate_from(
            items, {**form.initial, **getattr(form, "cleaned_data", {})}, arms_in(source)
        ),
        "items": items,
        "items_from": source_of_items,
        "power": power,
        "power_trouble": trouble,
        "power_studies": POWER_STUDIES,
    }


def _power(source: dict[str, Any]) -> tuple[PowerPoint | None, str]:
    """Power with the people planned, or with the fewest; or why it cannot be told."""
    try:
        protocol = check_protocol(source)
        people = [protocol.people] if protocol.people else []
        analysis = analyse_power(protocol=protocol, people=people, studies=POWER_STUDIES)
    except ProtocolError as error:
        return None, "; ".join(map(on_page, error.faults))
    except TooFewPeopleError as error:
        return None, on_page(error.fault)
    except AnswersError as error:
        return None, str(error)
    return analysis.points[0], ""


@require_GET
def estimate_json(request: HttpRequest, slug: str) -> JsonResponse:
    """The estimate for what is typed so far. `items` is what the page was told: typing changes no photos."""
    study = draft_of(request, slug)
    typed: dict[str, Any] = {COMPARISON: request.GET.get(COMPARISON)}
    for name in ("items", "people", *DesignForm.DESIGN):
        text = request.GET.get(name, "")
        typed[name] = int(text) if text.isdecimal() and len(text) < 8 else None
    estimate = estimate_from(typed["items"] or 0, typed, arms_in(study.protocol))
    return JsonResponse({"estimate": estimate.to_json() if estimate else None})
