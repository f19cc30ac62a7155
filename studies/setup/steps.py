"""The steps of setting a study up, and the step at which each fault can be mended."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from studies.access import editable_study_of
from studies.models import Study
from studies.protocol import Fault, Key, nearest
from studies.trial_types import trial_type_in

from .drafts import faults_of


@dataclass(frozen=True)
class Step:
    slug: str
    title: str
    keys: tuple[Key, ...]  # whose faults are mended here, with all that lies below them


STEPS = (
    Step("photos", "Photos", (("photos",),)),
    Step("networks", "Networks", (("arms", "network"),)),
    Step("methods", "Methods", (("arms",),)),
    Step(
        "wording",
        "Wording",
        (
            ("title",),
            ("slug",),
            ("language",),
            ("task",),
            ("wording",),
            ("consent",),
            ("design", "picture"),
            ("design", "cells"),
            ("design", "practice"),
            ("design", "break_every"),
            ("trial_questions",),
            ("design", "shuffle_questions"),
        ),
    ),
    Step("questions", "Questions", (("questions",),)),
    Step("design", "Design", (("design",), ("requirements",), ("recruitment",))),
    Step("plan", "Analysis", (("arms", "name"), ("analysis",), ("exclusions",), ("looks",))),
    Step("check", "Preview and open", ()),
)
_STEP_OF = {key: step for step in STEPS for key in step.keys}


def step_of(fault: Fault, source: dict[str, Any]) -> Step:
    """The step at which a fault can be mended; the last one, which names the key, where no step has a field for it."""
    if fault.key == ("arms",) and (not source.get("arms") or trial_type_in(source).asked.compares_networks):
        return STEPS[1]
    key = nearest(fault.key, _STEP_OF)
    return STEPS[-1] if key is None else _STEP_OF[key]


def draft_of(request: HttpRequest, slug: str) -> Study:
    """A study that this person may set up: one whose researcher they are."""
    return editable_study_of(request, slug)


def standing(study: Study, faults: list[Fault] | None = None) -> list[tuple[Step, str]]:
    """Each step and whether it is `done` or still `open`."""
    source = study.protocol
    open_steps = {step_of(fault, source).slug for fault in (faults_of(source) if faults is None else faults)}
    return [(step, "open" if step.slug in open_steps or step.slug == "check" else "done") for step in STEPS]
