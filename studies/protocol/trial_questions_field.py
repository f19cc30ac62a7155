"""The field of a form in which the questions of each map are typed: lines of text on the page, tables of the protocol in the code."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.text import slugify

from studies.trial_types import POINTS, AnswerKind, QuestionPreset

BETWEEN, REVERSED = "|", "reversed"
OTHERS = (AnswerKind.YES_NO.value, AnswerKind.SLIDER.value)


def to_lines(tables: Sequence[Mapping[str, Any]]) -> str:
    """A line for each question, or the name of a preset.

    >>> to_lines([{"text": "Is it clear?", "points": 5, "low": "no", "high": "yes", "scale": "worth", "reversed": True}])
    'Is it clear? | 5 | no | yes | worth, reversed'
    """
    return "\n".join(table["preset"] if "preset" in table else _line(table) for table in tables)


def _line(table: Mapping[str, Any]) -> str:
    kind = table.get("kind", AnswerKind.POINTS.value)
    how = str(table.get("points", POINTS[-1])) if kind == AnswerKind.POINTS else kind
    scale = ", ".join(filter(None, [table.get("scale", ""), REVERSED if table.get("reversed") else ""]))
    parts = [table.get("text", ""), how, table.get("low", ""), table.get("high", ""), scale]
    while not parts[-1]:
        parts.pop()
    return f" {BETWEEN} ".join(parts)


def from_lines(
    text: str, presets: Mapping[str, QuestionPreset], before: Sequence[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    """The tables that lines mean. A question whose text is as `before` keeps its key. Raises ValueError with a sentence.

    >>> from_lines("Is it clear? | yes-no", {})
    [{'key': 'is-it-clear', 'text': 'Is it clear?', 'kind': 'yes-no'}]
    """
    keys = {table.get("text"): table.get("key", "") for table in before}
    tables: list[dict[str, Any]] = []
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), start=1):
        if line in presets:
            tables.append({"preset": line})
            continue
        said, *rest = (part.strip() for part in line.split(BETWEEN))
        if len(rest) > 4:
            raise ValueError(f"Line {number} has more than five parts; leave “{rest[4]}” out.")
        how, low, high, scale = [*rest, *[""] * (4 - len(rest))]
        taken = {table.get("key") for table in tables}
        table = {"key": keys.get(said) or _key(said, number, taken), "text": said, **_how(how, number)}
        name, _, turned = scale.partition(",")
        if turned.strip() not in ("", REVERSED):
            raise ValueError(
                f"Line {number}: after the scale’s name only “, {REVERSED}” can stand, not “{turned.strip()}”."
            )
        own = {"low": low, "high": high, "scale": name.strip(), REVERSED: bool(turned.strip())}
        tables.append(table | {key: value for key, value in own.items() if value})
    return tables


def _how(how: str, number: int) -> dict[str, Any]:
    if how in OTHERS:
        return {"kind": how}
    if how in map(str, POINTS):
        return {"points": int(how)}
    if not how:
        return {}
    raise ValueError(f"Line {number}: “{how}” is no way to answer; write 5, 7, {' or '.join(OTHERS)}.")


def _key(text: str, number: int, taken: set[str | None]) -> str:
    base = slugify(text)[:40].strip("-") or f"question-{number}"
    names = [base, *(f"{base}-{at}" for at in range(2, 100))]
    return next(name for name in names if name not in taken)


class TrialQuestionsField(forms.CharField):
    """Lines of text on the page, a list of tables in the code."""

    def __init__(self, presets: Mapping[str, QuestionPreset], before: Sequence[Mapping[str, Any]]) -> None:
        self.presets, self.before = presets, before
        named = "; ".join(f"“{name}” alone on a line: {preset.in_words}" for name, preset in presets.items())
        super().__init__(
            required=False,
            label="What is asked of each map",
            widget=forms.Textarea(attrs={"rows": 6}),
            help_text="One question per line: its text, how it is answered (5 or 7 points, yes-no, or slider), what the lowest and the "
            "highest answer mean, and the scale that it is part of, as in “How clear is this map? | 7 | not at all | very clear | "
            f"clarity”. After a scale’s name “, {REVERSED}” turns the question round. {named}. Leave empty for the one usual question.",
        )

    def prepare_value(self, value: Any) -> Any:
        return to_lines(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[dict[str, Any]]:  # type: ignore[override]
        try:
            return from_lines(super().clean(value), self.presets, self.before)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
