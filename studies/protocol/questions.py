"""A study's own questions about people: `[[questions]]`, asked once, before the first photo or after the last one."""

from collections.abc import Iterable
from enum import StrEnum, auto
from typing import Any

from .faults import Code
from .parser import Reader

Question = dict[str, Any]


class QuestionKind(StrEnum):
    """How a question about the participants themselves is answered, as `kind` in [[questions]] has it."""

    CHOICE = auto()
    NUMBER = auto()
    TEXT = auto()


class QuestionTime(StrEnum):
    """When a question is asked, as `when` in [[questions]] has it."""

    BEFORE = auto()
    AFTER = auto()


def asked_before(questions: Iterable[Question]) -> list[Question]:
    """Those before the first photo, whose answers may say that somebody cannot take part."""
    return [question for question in questions if question.get("when") != QuestionTime.AFTER]


def asked_after(questions: Iterable[Question]) -> list[Question]:
    """Those after the last photo."""
    return [question for question in questions if question.get("when") == QuestionTime.AFTER]


def read_questions(reader: Reader) -> list[Question]:
    """The questions of a protocol; faults are noted in the reader."""
    questions = [_read(table) for table in reader.tables("questions", required=False)]
    keys = [question["key"] for question in questions]
    if len(set(keys)) < len(keys):
        reader.fault(Code.SAME_QUESTION, "questions", "key")
    return questions


def _read(table: Reader) -> Question:
    question: Question = {
        "key": table.slug("key"),
        "text": table.text("text", longest=500),
        "kind": table.one_of(
            "kind", [kind.value for kind in QuestionKind], default=QuestionKind.CHOICE.value
        ),
        "required": table.flag("required", default=True),
    }
    if question["kind"] == QuestionKind.CHOICE:
        question["options"] = table.texts("options")
        question["eligible"] = table.texts("eligible")
        if len(question["options"]) < 2:
            table.fault(Code.FEW_OPTIONS, "options")
        if unknown := set(question["eligible"]) - set(question["options"]):
            table.fault(Code.NO_SUCH_OPTION, "eligible", value=min(unknown))
    elif question["kind"] == QuestionKind.NUMBER:
        question["eligible"] = table.range("eligible")
    when = table.one_of("when", [time.value for time in QuestionTime], default=QuestionTime.BEFORE.value)
    if when == QuestionTime.AFTER:
        question["when"] = when
        if question.get("eligible"):
            table.fault(Code.ELIGIBLE_AFTER, "eligible")
    else:
        table.taken["when"] = None  # as if it were left out: protocols of before say the same
    return question
