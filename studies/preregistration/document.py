"""The document: what a protocol says, arranged as the usual forms ask it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from studies.analysis.power import Assumptions
from studies.lifecycle import code_version
from studies.models import Response, Study
from studies.protocol import Code, Protocol, ProtocolError, plan_sha256, to_toml
from studies.setup import Photos, analyse_power, count_photos
from studies.trial_types import trial_type_of

from .entries import TO_FILL_IN, Known, entries
from .forms import FORMS, Form

NOT_YET = {
    Code.NO_SET_NO_LIMIT,
    Code.NOT_SEEN,
    Code.NO_NETWORK,
}  # photos that cannot be counted before they are here


@dataclass(frozen=True)
class Answered:
    """A question of a form with what the protocol says to it, and what only the researchers can say."""

    heading: str
    said: tuple[str, ...]
    to_fill_in: tuple[str, ...]


@dataclass(frozen=True)
class Preregistration:
    """A study's plan, ready to be filed before there is data."""

    study: str
    title: str
    made_at: datetime
    code_version: str
    plan_sha256: str
    entries: dict[str, list[str]]
    protocol: str  # in full, as TOML

    def sections(self, form: Form) -> list[tuple[str, list[Answered]]]:
        """The document in the order of a form: sections with their questions, answered."""
        return [
            (heading, [self._answered(question.heading, question.entries) for question in questions])
            for heading, questions in form.sections
        ]

    def _answered(self, heading: str, keys: tuple[str, ...]) -> Answered:
        sentences = [sentence for key in keys for sentence in self.entries[key]]
        return Answered(
            heading,
            tuple(sentence for sentence in sentences if not sentence.startswith(TO_FILL_IN)),
            tuple(sentence for sentence in sentences if sentence.startswith(TO_FILL_IN)),
        )

    def as_json(self) -> dict[str, Any]:
        """Plain data: every form's questions in its order, and the protocol."""
        return {
            "study": self.study,
            "title": self.title,
            "made_at": self.made_at.isoformat(timespec="seconds"),
            "code_version": self.code_version,
            "plan_sha256": self.plan_sha256,
            "forms": {form.key: self._form_json(form) for form in FORMS},
            "protocol": self.protocol,
        }

    def _form_json(self, form: Form) -> list[dict[str, Any]]:
        return [
            {
                "section": section,
                "question": answered.heading,
                "answer": list(answered.said),
                "to_fill_in": list(answered.to_fill_in),
            }
            for section, questions in self.sections(form)
            for answered in questions
        ]


def preregister(
    protocol: Protocol, *, studies: int = 0, effect: float | None = None, seed: int = 0
) -> Preregistration:
    """What can be said of a protocol before its study has data. Nothing is written.

    Args:
        studies: simulated studies behind the figure of power; 0 leaves power out.
        effect: what power is reckoned for, as in `power --effect`; None: the trial type's own.

    Raises:
        AnswersError: the power of this design cannot be simulated.
        ProtocolError: its photos are here, and none fits or a class is missing.
    """
    power = _power(protocol, studies, effect, seed) if studies else ()
    known = _known(protocol, power)
    return Preregistration(
        study=protocol.slug,
        title=protocol.title,
        made_at=timezone.now(),
        code_version=known.code_version,
        plan_sha256=known.plan_sha256,
        entries=entries(protocol, known),
        protocol=to_toml(protocol.complete),
    )


def _known(protocol: Protocol, power: tuple[str, ...]) -> Known:
    photos = _photos(protocol)
    study = Study.objects.filter(slug=protocol.slug).first()
    answers = Response.objects.filter(trial__study=study) if study else Response.objects.none()
    return Known(
        photos=photos.count if photos else None,
        photos_from=photos.source if photos else "",
        power=power,
        answers=answers.filter(simulated=False).count(),
        simulated=answers.filter(simulated=True).count(),
        opened=f"{study.opened_at:%-d %B %Y, %H:%M} UTC" if study and study.opened_at else "",
        code_version=code_version(),
        plan_sha256=plan_sha256(protocol.complete),
    )


def _photos(protocol: Protocol) -> Photos | None:
    """None where they cannot be counted yet. Raises ProtocolError for photos that the protocol asks for and that are not there."""
    try:
        return count_photos(protocol)
    except ProtocolError as error:
        if {fault.code for fault in error.faults} <= NOT_YET:
            return None
        raise


def _power(protocol: Protocol, studies: int, effect: float | None, seed: int) -> tuple[str, ...]:
    kind = trial_type_of(protocol).power
    assumed = Assumptions(effect=kind.effect if effect is None else effect)
    people = [protocol.people] if protocol.people else []
    analysis = analyse_power(
        protocol=protocol, people=people, assumptions=assumed, studies=studies, seed=seed
    )
    return (
        analysis.assumed,
        *(
            f"With {point.people} people the study then finds what it looks for in {point.power:.0%} of {point.studies} simulated "
            f"studies ({point.interval[0]:.0%} to {point.interval[1]:.0%}).".replace("%", " %")
            for point in analysis.points
        ),
    )
