"""The page that says how many people a study needs: what is assumed is typed, a worker simulates, a picture shows."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from explain import jobs
from explain.core.errors import BadInputError
from explain.models import Job
from studies.access import editable_study_of, may_edit, study_of
from studies.analysis.power import AIM, Assumptions
from studies.core import svg
from studies.models import Study
from studies.trial_types import trial_type_in

from . import power_job


class AssumptionsForm(forms.Form):
    """What the world may be like."""

    effect = forms.FloatField(label="Effect to be found", min_value=0.001)
    same = forms.FloatField(
        label="Share of “same”", min_value=0, max_value=0.95, help_text="Of all answers; 0.06 in the paper."
    )
    spread_items = forms.FloatField(
        label="How far photos differ",
        min_value=0,
        max_value=5,
        help_text="Standard deviation; 0: every photo speaks for the same arm.",
    )
    spread_people = forms.FloatField(
        label="How far people differ", min_value=0, max_value=5, help_text="Standard deviation."
    )

    left_out = forms.FloatField(
        label="Share of people who are excluded",
        min_value=0,
        max_value=0.9,
        help_text="By the rules of the protocol: the answers of the others decide.",
    )

    def __init__(self, data: Any, study: Study, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        kind = trial_type_in(study.protocol)
        self.fields["effect"].help_text = f"{kind.power.effect_of}. Usual: {kind.power.effect:g}."
        if not kind.power.knows_same:
            del self.fields["same"]
        if study.protocol.get("analysis", {}).get("decided_by") != "kept":
            del self.fields["left_out"]

    def assumptions(self) -> Assumptions:
        return Assumptions(**self.cleaned_data)


@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, slug: str) -> HttpResponse:
    """What was simulated last; a researcher has it simulated here, by a worker."""
    study = editable_study_of(request, slug) if request.method == "POST" else study_of(request, slug)
    job = power_job.job_of(study)
    kind = trial_type_in(study.protocol)
    usual = {
        "effect": kind.power.effect,
        "same": 0.06,
        "spread_items": 0.8,
        "spread_people": 0.5,
        "left_out": 0.1,
    }
    initial = usual | (job.arguments["assumed"] if job else {})
    form = AssumptionsForm(request.POST if request.method == "POST" else None, study, initial)
    if request.method == "POST" and form.is_valid():
        try:
            power_job.ask_for_power(study=study, assumptions=form.assumptions(), user=request.user)
            return redirect("study-power", slug)
        except BadInputError as error:
            form.add_error(None, error.lines)
    context = {
        "study": study,
        "form": form,
        "may_edit": may_edit(request.user, study),
        **_simulated(study, job),
    }
    return render(request, "studies/setup/power.html", context)


@require_GET
def state_json(request: HttpRequest, slug: str) -> JsonResponse:
    """How far the simulation is, for the page that waits for it."""
    job = power_job.job_of(study_of(request, slug))
    reply = {"state": "none"} if job is None else jobs.to_json(job)
    return JsonResponse(reply, headers={"Cache-Control": "no-store"})


def _simulated(study: Study, job: Job | None) -> dict[str, Any]:
    if job is None:
        return {}
    if job.state != Job.State.DONE:
        return {"job": job, "standing": jobs.to_json(job), "under_way": jobs.is_under_way(job)}
    result = job.result
    return {
        "job": job,
        "result": result,
        "chart": chart(result["picture"]),
        "table": _rows(result["picture"]),
        "outdated": not power_job.is_of_today(job, study),
    }


def _rows(picture: dict[str, Any]) -> list[tuple[float, list[float | None]]]:
    return list(zip(picture["effects"], picture["power"], strict=True))


def chart(picture: dict[str, Any]) -> str:
    """Power over people and effects, with the line of 80 %."""
    return svg.fields(
        "Power by people and effect",
        f"A line divides what has a power of {AIM:.0%} or more from what has less; the table below has the same figures.",
        columns=[f"{people:,}" for people in picture["people"]],
        rows=[(f"{effect:g}", row) for effect, row in _rows(picture)],
        line=AIM,
    )
