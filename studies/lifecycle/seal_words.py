"""What is said of a broken seal (seal.py), on pages, in files and by commands: worded here and nowhere else."""

import json
from dataclasses import dataclass
from typing import Any

from django.http.response import HttpResponseBase

from studies.models import Study

from .seal import BrokenSeal, Change, broken_seal

MOST_LINES = 10
MOST_CHARACTERS = 60
SEAL_BROKEN = "SEAL-BROKEN.txt"  # beside exported answers
HEADER = "Blindsight-Seal"
EXIT_STATUS = 3
REMEDY = (
    "These answers were given to what was sealed. Put back what was changed (from a backup: manage.py restore), or say "
    "beside every number what was changed, when and by whom."
)


@dataclass(frozen=True)
class SealInWords:
    """A broken seal for people: a sentence, a line for each of the first things that differ, and what to do."""

    headline: str
    lines: list[str]
    remedy: str = REMEDY

    @property
    def text(self) -> str:
        return "\n".join([self.headline, *(f"  {line}" for line in self.lines), self.remedy])


def seal_in_words(study: Study, *, with_pictures: bool = False) -> SealInWords | None:
    """What to say at the top of everything about a study's answers; None where its seal is whole."""
    broken = broken_seal(study, with_pictures=with_pictures)
    return in_words(broken) if broken else None


def in_words(broken: BrokenSeal) -> SealInWords:
    number = len(broken.changes)
    differs = "1 thing differs" if number == 1 else f"{number:,} things differ"
    lines = [line_of(change) for change in broken.changes[:MOST_LINES]]
    if number > MOST_LINES:
        lines.append(f"… and {number - MOST_LINES:,} more")
    headline = f"The seal of {broken.study} is broken: {differs} from what was opened as version {broken.version} of its protocol."
    return SealInWords(headline, lines)


def named_download(response: HttpResponseBase, study: Study, content: str, kind: str) -> HttpResponseBase:
    """Answers as a download. Its name and a header tell of a broken seal: the bytes of a table have no place for it."""
    seal = seal_in_words(study)
    if seal:
        response[HEADER] = seal.headline
    name = f"{study.slug}-{content}{'-SEAL-BROKEN' if seal else ''}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def line_of(change: Change) -> str:
    """One change: “setting seed: was 7, is 999”."""
    place = PLACES.get(change.part, "{}").format(change.key)
    if change.part in NOT_SHOWN:
        return f"{place} {_fate(change, NOT_SHOWN[change.part])}"
    if change.before is None:
        return f"{place}: {_short(change.now)} is new"
    if change.now is None:
        return f"{place}: {_short(change.before)} is gone"
    return f"{place}: was {_short(change.before)}, is {_short(change.now)}"


PLACES = {
    "study": "setting {}",
    "protocol": "protocol, {}",
    "version": "the version’s own record of the protocol, {}",
    "maps": "the map of {}",
    "panels": "the map of {}",
    "predictions": "what the network says of {}",
    "pictures": "the picture of {}",
    "orders": "order of arms on {}",
    "seal": "seal, {}",
}
# Nobody reads a hash: what is said of these is that they are other ones.
NOT_SHOWN = {"maps": "has other values", "panels": "has other values", "pictures": "has other bytes"}


def _fate(change: Change, differs: str) -> str:
    if not change.before:
        return "is new"
    return differs if change.now else "is gone"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    cut = text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
    return f"“{cut}”" if isinstance(value, str) else cut
