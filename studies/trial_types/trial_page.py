"""Options of every trial's page, whatever its trial type: `[trial]` in a protocol, all of it optional.

confidence = "5-points"           # after each answer, how sure people are: or "7-points", "percent"; left out: not asked
confidence_question = "…"         # with confidence_low and confidence_high, what the ends of the scale mean: else the usual words
fixation_ms = 500                 # a cross before each photo
photo_first_ms = 1000             # the photo alone, before the maps
show_ms = 500                     # the maps for so long, then they are gone; answers are taken once they are
look_again = true                 # with show_ms: a button shows the maps once more, as often as somebody likes
zoom = true                       # photo and maps can be enlarged, all together, and have a magnifier for fingers

Plain data, kept in the study's wording under TRIAL_PAGE; a study that says none of it has no such key.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Protocol

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

TRIAL_PAGE = "trial"  # the table of a protocol, and the key of a study's wording that has what it says
LEAST_MS, MOST_MS = 20, 60_000  # a screen's frame lasts 17 ms; nobody waits for longer than a minute

SURE = _("How sure are you of your answer?")
NOT_AT_ALL, COMPLETELY = _("Not sure at all"), _("Completely sure")
LIKELY = _("How likely is it that your answer is right, in percent?")
SURELY_WRONG, SURELY_RIGHT = _("0: surely wrong"), _("100: surely right")
SURE_IN_PERCENT = _("How sure are you of your answer, in percent?")
NOT_AT_ALL_0, COMPLETELY_100 = _("0: not sure at all"), _("100: completely sure")


class Scale(StrEnum):
    """In which steps people say how sure they are."""

    FIVE = "5-points"
    SEVEN = "7-points"
    PERCENT = "percent"

    @property
    def least(self) -> int:
        return 0 if self == Scale.PERCENT else 1

    @property
    def most(self) -> int:
        return {Scale.FIVE: 5, Scale.SEVEN: 7, Scale.PERCENT: 100}[self]


class TableReader(Protocol):
    """What takes keys out of a protocol's table and notes what is wrong with them (protocol/parser.py)."""

    values: dict[str, Any]
    taken: dict[str, Any]

    def one_of(self, key: str, choices: Any, default: Any = ...) -> Any: ...
    def number(self, key: str, *, least: int, most: int = ..., default: Any = ...) -> Any: ...
    def text(self, key: str, *, longest: int, default: Any = ..., empty: bool = False) -> str: ...
    def flag(self, key: str, default: bool = False) -> bool: ...


@dataclass(frozen=True)
class TrialPage:
    """The options of one study. Times are in milliseconds; 0 and "" say that there is no such thing."""

    confidence: str = ""
    confidence_question: str = ""
    confidence_low: str = ""
    confidence_high: str = ""
    fixation_ms: int = 0
    photo_first_ms: int = 0
    show_ms: int = 0
    look_again: bool = False
    zoom: bool = False

    @property
    def scale(self) -> Scale | None:
        return Scale(self.confidence) if self.confidence else None

    @property
    def is_timed(self) -> bool:
        """Whether pictures come or go by time: that takes a script, so without one nothing is asked."""
        return bool(self.fixation_ms or self.photo_first_ms or self.show_ms)

    @property
    def counts_looks(self) -> bool:
        """Whether it is kept how often somebody was shown the maps of a trial."""
        return self.show_ms > 0

    def __bool__(self) -> bool:
        return self != TrialPage()

    @property
    def for_scripts(self) -> dict[str, Any]:
        """What the page's scripts go by."""
        return {key: value for key, value in self.as_dict().items() if not key.startswith("confidence_")}

    @property
    def question(self) -> dict[str, Any] | None:
        """The question how sure people are, for a template; None where it is not asked."""
        if self.scale is None:
            return None
        low, high, steps = self.scale.least, self.scale.most, []
        if self.scale != Scale.PERCENT:
            means = {low: self.confidence_low, high: self.confidence_high}
            steps = [{"value": step, "means": means.get(step, "")} for step in range(low, high + 1)]
        ends = {"low": self.confidence_low, "high": self.confidence_high}
        return {"question": self.confidence_question, "least": low, "most": high, "steps": steps, **ends}

    def as_dict(self) -> dict[str, Any]:
        """What differs from the defaults."""
        return {key: value for key, value in asdict(self).items() if value}

    @property
    def in_words(self) -> list[str]:
        """Each option as researchers read it, a whole sentence."""
        said = []
        if self.fixation_ms:
            said.append(f"Before each photo a cross is shown for {self.fixation_ms} ms.")
        if self.photo_first_ms:
            said.append(f"The photo is shown alone for {self.photo_first_ms} ms, then the maps come.")
        if self.show_ms:
            again = "people can call them up again" if self.look_again else "they are not shown again"
            said.append(
                f"The maps are shown for {self.show_ms} ms by frames of the screen, then answers are taken; {again}."
            )
        if self.scale:
            said.append(
                f"After each answer people are asked: “{self.confidence_question}” ({self.scale.least} to {self.scale.most}, from "
                f"“{self.confidence_low}” to “{self.confidence_high}”)."
            )
        if self.zoom:
            said.append("Photo and maps can be enlarged together.")
        return said


def trial_page_of(study: Any) -> TrialPage:
    """The options of a study, or of the plan of one: of whatever has its `wording`."""
    return TrialPage(**getattr(study, "wording", {}).get(TRIAL_PAGE, {}))


def read_trial_page(table: TableReader, *, has_truth: bool) -> TrialPage:
    """The options in a protocol's table, with the usual words where it has none of its own, in the language that is active.

    has_truth: whether an answer is right or wrong: percent are then the chance that it is right.
    """
    scale = table.one_of("confidence", [scale.value for scale in Scale], default="")
    known = Scale(scale) if scale in list(Scale) else None
    said: dict[str, Any] = {"confidence": scale}
    for name, usual in zip(("question", "low", "high"), _usual(known, has_truth), strict=True):
        key = f"confidence_{name}"
        said[key] = table.text(key, longest=200, default=gettext(usual) if known else "")
    for key in ("fixation_ms", "photo_first_ms", "show_ms"):
        said[key] = table.number(key, least=LEAST_MS, most=MOST_MS, default=None) or 0
    for key in ("look_again", "zoom"):
        said[key] = table.flag(key)
        if not said[key]:
            table.taken[key] = None  # as if it were left out: protocols of before say the same
    return TrialPage(**said)


def _usual(scale: Scale | None, has_truth: bool) -> tuple[str, str, str]:
    """The question, and what the ends of its scale mean, marked for translation."""
    if scale != Scale.PERCENT:
        return SURE, NOT_AT_ALL, COMPLETELY
    return (
        (LIKELY, SURELY_WRONG, SURELY_RIGHT) if has_truth else (SURE_IN_PERCENT, NOT_AT_ALL_0, COMPLETELY_100)
    )


def trial_page_fields() -> dict[str, forms.Field]:
    """A form field for each key, for the set-up."""

    def milliseconds(label: str, help_text: str) -> forms.Field:
        return forms.IntegerField(required=False, label=label, help_text=help_text)

    return {
        "confidence": forms.ChoiceField(
            required=False,
            label="How sure people are of each answer",
            choices=[
                ("", "Not asked"),
                (Scale.FIVE.value, "Asked, in five points"),
                (Scale.SEVEN.value, "Asked, in seven points"),
                (Scale.PERCENT.value, "Asked, in percent"),
            ],
        ),
        "confidence_question": forms.CharField(
            required=False, label="The question for it", help_text="Empty: the usual words."
        ),
        "confidence_low": forms.CharField(required=False, label="What its lowest answer means"),
        "confidence_high": forms.CharField(required=False, label="What its highest answer means"),
        "fixation_ms": milliseconds("Cross before each photo, in milliseconds", "Empty: none. 500 is usual."),
        "photo_first_ms": milliseconds(
            "Photo alone before the maps, in milliseconds", "Empty: all come at once."
        ),
        "show_ms": milliseconds(
            "Maps are shown for, in milliseconds",
            "Then they are gone, and answers are taken. Empty: they stay. Needs a browser with scripts, as the two times above.",
        ),
        "look_again": forms.BooleanField(
            required=False, label="A button shows the maps again after that time"
        ),
        "zoom": forms.BooleanField(
            required=False,
            label="Photo and maps can be enlarged, all together",
            help_text="By wheel, keys, buttons or two fingers, and by a magnifier under one finger. It is kept how often and how long.",
        ),
    }


def confidence_fault(scale: Scale, value: Any) -> str:
    """Why a value is no answer on a scale; "" where it is one."""
    if type(value) is int and scale.least <= value <= scale.most:
        return ""
    return f"confidence: must be a whole number from {scale.least} to {scale.most}."


def page_said(source: Mapping[str, Any]) -> dict[str, Any]:
    """What a protocol says in its table, whole or not."""
    said = source.get(TRIAL_PAGE, {})
    return dict(said) if isinstance(said, Mapping) else {}
