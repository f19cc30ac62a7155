"""A step of a set-up: what volunteers are asked about themselves, once, before the first photo or after the last one."""

import re
from typing import Any

from django import forms
from django.utils.text import slugify

from studies.protocol import NAME, Code, Fault, Key, QuestionKind, QuestionTime, put

from .base import Source, StepForm

MORE = 2  # empty questions to fill in
KINDS = {
    QuestionKind.CHOICE: "one option from a list",
    QuestionKind.NUMBER: "a number",
    QuestionKind.TEXT: "a text",
}
TIMES = {QuestionTime.BEFORE: "before the first photo", QuestionTime.AFTER: "after the last photo"}
PARTS = ("text", "kind", "options", "eligible", "when", "required")


class AboutPeopleForm(StepForm):
    """As many questions as there are, and some to fill in. One without a text is left out."""

    keys: dict[Key, str] = {("questions",): "text_0"}

    def __init__(self, data=None, *, source: Source) -> None:
        self.asked: list[dict[str, Any]] = source.get("questions", [])
        self.numbers = range(len(self.asked) + MORE)
        super().__init__(data, source=source)
        for number in self.numbers:
            for part, field in _fields(number).items():
                field.widget.attrs["id"] = f"id_{part}_{number}"
                self.fields[f"{part}_{number}"] = field

    @property
    def questions(self):
        """Bound fields, question by question."""
        return [[self[f"{part}_{number}"] for part in PARTS] for number in self.numbers]

    def read(self, source: Source) -> dict[str, Any]:
        initial: dict[str, Any] = {}
        for number, question in enumerate(self.asked):
            eligible = question.get("eligible", [])
            initial |= {
                f"text_{number}": question.get("text", ""),
                f"kind_{number}": question.get("kind", QuestionKind.CHOICE.value),
                f"options_{number}": "\n".join(question.get("options", [])),
                f"eligible_{number}": "\n".join(map(str, eligible)),
                f"when_{number}": question.get("when", QuestionTime.BEFORE.value),
                f"required_{number}": question.get("required", True),
            }
        return {f"required_{number}": True for number in self.numbers} | initial

    def words_of(self, fault: Fault) -> str:
        if fault.code == Code.UNKNOWN_KEY:
            return "This does not go with how it is answered; empty it."
        return super().words_of(fault)

    def write(self, source: Source, cleaned: dict[str, Any]) -> None:
        questions: list[dict[str, Any]] = []
        for number in self.numbers:
            if not cleaned[f"text_{number}"]:
                continue
            before = self.asked[number] if number < len(self.asked) else {}
            typed = {part: cleaned[f"{part}_{number}"] for part in PARTS}
            questions.append(_question(typed, _key(before, typed["text"], questions)))
            place: Key = ("questions", len(questions))
            fields: dict[Key, str] = {(*place, part): f"{part}_{number}" for part in PARTS}
            self.keys = {**self.keys, place: f"text_{number}", **fields}
        put(source, "questions", questions)


def _fields(number: int) -> dict[str, forms.Field]:
    return {
        "text": forms.CharField(required=False, max_length=500, label=f"Question {number + 1}"),
        "kind": forms.ChoiceField(
            choices=[(kind.value, words) for kind, words in KINDS.items()],
            label="Answer type",
            initial=QuestionKind.CHOICE.value,
            required=False,
        ),
        "options": forms.CharField(
            required=False,
            label="Options",
            widget=forms.Textarea(attrs={"rows": 3}),
            help_text="One per line; for “one option from a list”.",
        ),
        "eligible": forms.CharField(
            required=False,
            label="Eligible answers",
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text="One per line; for a number, minimum and maximum. Leave empty if everybody may take part.",
        ),
        "when": forms.ChoiceField(
            choices=[(time.value, words) for time, words in TIMES.items()],
            label="Asked",
            initial=QuestionTime.BEFORE.value,
            required=False,
        ),
        "required": forms.BooleanField(required=False, label="It must be answered"),
    }


def _question(typed: dict[str, Any], key: str) -> dict[str, Any]:
    """The question as a protocol writes it."""
    kind = typed["kind"] or QuestionKind.CHOICE.value
    question = {"key": key, "text": typed["text"], "kind": kind, "required": typed["required"]}
    put(question, "when", QuestionTime.AFTER.value if typed["when"] == QuestionTime.AFTER else "")
    put(question, "options", _lines(typed["options"]))
    eligible = _lines(typed["eligible"])
    whole = re.findall(r"-?\d+", typed["eligible"])
    put(
        question,
        "eligible",
        [int(number) for number in whole] if kind == QuestionKind.NUMBER and whole else eligible,
    )
    return question


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _key(before: dict[str, Any], text: str, others: list[dict[str, Any]]) -> str:
    """What the answers are called in exports: it stays while a question stays, and no two have the same."""
    taken = {question["key"] for question in others}
    kept = before.get("key") or ""
    base = (kept if NAME.fullmatch(kept) else "") or slugify(text)[:40].strip("-") or "question"
    names = [base, *(f"{base}-{number}" for number in range(2, 100))]
    return next(name for name in names if name not in taken)
