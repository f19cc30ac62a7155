"""What was declared and when, and where a study departs from it: for the report."""

import itertools
from dataclasses import dataclass
from datetime import datetime

from studies.lifecycle import differences, find_version
from studies.models import Event, ProtocolVersion, Response, Study
from studies.protocol import plan_sha256
from studies.results import AnswerSelection, Flow


@dataclass(frozen=True)
class Declaration:
    """A study's plan as it was opened, and what became otherwise."""

    plan_sha256: str  # as `preregister` prints it for the same protocol
    opened_at: datetime
    departures: tuple[str, ...]  # whole sentences


def declaration_of(study: Study, part: AnswerSelection, flow: Flow) -> Declaration | None:
    """None before a study was opened: nothing is declared yet. `flow`: of the same part."""
    if study.opened_at is None:
        return None
    departures = [
        *_versions(study),
        *_sample(study, flow),
        *_people(study, flow),
        *_part(part),
    ]
    return Declaration(plan_sha256(find_version(study, 1)), study.opened_at, tuple(departures))


def _versions(study: Study) -> list[str]:
    """What changed after opening, and how many answers were in by then."""
    versions = list(study.versions.order_by("number"))
    said = []
    for before, after in itertools.pairwise(versions):
        keys = ", ".join(change.key for change in differences(before.protocol, after.protocol))
        earlier = Response.objects.filter(trial__study=study, version__lt=after.number)
        counted = earlier.filter(status=Response.Status.COUNTED, simulated=False).count()
        answers = f"{counted} {'answer' if counted == 1 else 'answers'} of real people"
        if grown := _grown(before, after):
            said.append(
                f"The study was grown on {after.at:%-d %B %Y} from {grown[0]} to {grown[1]} answers for each photo (version "
                f"{after.number}), after {answers}: {after.why.rstrip('.')}.{_SEEN if _could_be_seen(before) else ''}"
            )
        else:
            said.append(
                f"Version {after.number} of the protocol, {after.at:%-d %B %Y}, after {answers}, changed {keys}: "
                f"{after.why.rstrip('.')}."
            )
    return said


_SEEN = " Results could be seen by then: where they had a part in it, intervals are too narrow and p-values too small."


def _grown(before: ProtocolVersion, after: ProtocolVersion) -> tuple[int, int] | None:
    """How many answers each photo needed before and after; None where that is the same."""
    less, more = (
        version.protocol.get("design", {}).get("responses_per_item", 0) for version in (before, after)
    )
    return (less, more) if less != more else None


def _could_be_seen(version: ProtocolVersion) -> bool:
    return not version.protocol.get("analysis", {}).get("hide_running_results", False)


def _sample(study: Study, flow: Flow) -> list[str]:
    """A study that was closed before it was full, or that other than the planned number of people took part in."""
    if study.state not in Study.OVER:
        return ["The study is not closed yet: figures change with every answer."]
    needed = study.items.count() * study.responses_per_item
    said = []
    if flow.answers["counted"] < needed:
        said.append(
            f"It was closed with {flow.answers['counted']} of the {needed} answers that were planned."
        )
    planned = find_version(study, 1).get("recruitment", {}).get("people")
    took_part = flow.active + flow.finished
    if planned and took_part != planned:
        said.append(f"{planned} people were planned; {took_part} took part.")
    return said


def _people(study: Study, flow: Flow) -> list[str]:
    said = []
    if flow.void:
        people = "One person was" if flow.void == 1 else f"{flow.void} people were"
        said.append(
            f"{people} taken out by the researchers by hand, which no declared rule asks for; the reasons stand in the study’s record."
        )
    if back := Event.objects.filter(study=study, kind=Event.Kind.PARTICIPANT_BACK).count():
        times = "Once" if back == 1 else f"{back} times"
        said.append(
            f"{times} somebody who had been taken out was taken back in; the record says who decided so, and why."
        )
    if flow.imported:
        people = "one person" if flow.imported == 1 else f"{flow.imported} people"
        said.append(f"The answers of {people} were collected elsewhere and imported.")
    return said


def _part(part: AnswerSelection) -> list[str]:
    return (
        []
        if part.who == "real"
        else ["These are not answers of real people alone; none of this was declared."]
    )
