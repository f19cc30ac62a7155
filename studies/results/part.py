"""Which answers: whose, of which class, group and version of the protocol."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.text import slugify

from studies.models import Participant, Response, Study

WHO = ("real", "simulated", "all")
WHO_IN_WORDS = {
    "real": "answers of real people",
    "simulated": "simulated answers",
    "all": "answers of real people and simulated answers together",
}


class UnknownPartError(ValueError):
    """Asked for answers of nobody we know, or under a version that there is not. `what` is "who" or "version"."""

    def __init__(self, what: str, message: str) -> None:
        super().__init__(message)
        self.what = what


@dataclass(frozen=True)
class AnswerSelection:
    """Which answers: whose, and, if asked for, only those about one class, of one group or under one version."""

    who: str
    class_name: str = ""
    group: str = ""
    version: int | None = None  # of the protocol

    @property
    def narrowed(self) -> bool:
        """Whether only some of the answers are asked for."""
        return bool(self.class_name or self.group or self.version)

    @property
    def in_words(self) -> str:
        """“simulated answers, class “cat” only”."""
        words = WHO_IN_WORDS[self.who]
        if self.class_name:
            words += f", class “{self.class_name}” only"
        if self.group:
            words += f", group “{self.group}” only"
        return words + (f", version {self.version} of the protocol only" if self.version else "")

    @property
    def in_a_name(self) -> str:
        """The same in the name of a file: “simulated-class-cat”."""
        parts = [self.who]
        if self.class_name:
            parts += ["class", self.class_name]
        if self.group:
            parts += ["group", self.group]
        if self.version:
            parts += ["version", str(self.version)]
        return slugify("-".join(parts))


def part_of(
    study: Study,
    who: str | None = None,
    class_name: str = "",
    group: str = "",
    version: int | str | None = None,
) -> AnswerSelection:
    """The part that is asked for; without `who`, that of `default_who(study)`. Raises UnknownPartError."""
    number = _version(study, version) if version else None
    return AnswerSelection(check_who(who or default_who(study)), class_name, group, number)


def _version(study: Study, wanted: int | str) -> int:
    known = [str(number) for number in range(1, study.version + 1)]
    if str(wanted) not in known:
        raise UnknownPartError(
            "version",
            f"{study.slug}: has no version {wanted} of its protocol (there is: {', '.join(known)}).",
        )
    return int(wanted)


def default_who(study: Study) -> str:
    """`simulated` as long as nobody but simulated volunteers has answered, else `real`."""
    return "simulated" if not _have_answered(study, False) and _have_answered(study, True) else "real"


def _have_answered(study: Study, simulated: bool) -> bool:
    counts = Response.objects.filter(
        participant=OuterRef("pk"), status=Response.Status.COUNTED, simulated=simulated
    )
    people = study.participants.exclude(state=Participant.State.WITHDRAWN)
    return people.order_by().filter(Exists(counts)).exists()


def check_who(who: str) -> str:
    if who not in WHO:
        raise UnknownPartError("who", f"who={who}: not one of {', '.join(WHO)}")
    return who


def counted(study: Study, part: AnswerSelection) -> QuerySet[Response]:
    withdrawn = study.participants.filter(state=Participant.State.WITHDRAWN).values_list("id", flat=True)
    # Few or none withdraw: leaving them out by number spares a look at the participant of each answer.
    rows = _of_part(study, part).filter(**_of_class(part)).exclude(participant__in=list(withdrawn))
    return rows.filter(status=Response.Status.COUNTED)


def _of_class(part: AnswerSelection) -> dict[str, str]:
    return {"trial__item__image__class_name": part.class_name} if part.class_name else {}


def _of_part(study: Study, part: AnswerSelection) -> QuerySet[Response]:
    """A part's answers about any class, also by people who withdrew."""
    rows = Response.objects.filter(trial__study=study)
    if part.who != "all":
        rows = rows.filter(simulated=part.who == "simulated")
    if part.version:
        rows = rows.filter(version=part.version)
    return rows.filter(participant__invitation__label=part.group) if part.group else rows
