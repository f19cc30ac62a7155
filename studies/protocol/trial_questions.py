"""What a study asks of each map, where its trial type lets the protocol say so: `[[trial_questions]]`, in their order.

[[trial_questions]]
preset = "explanation-satisfaction"   # questions from the literature, in their own words; or one of one's own:

[[trial_questions]]
key = "understand"                    # names its column in files
text = "From this map, I understand what the program looked at."
kind = "points"                       # or "yes-no", or "slider": 0 to 100
points = 7                            # or 5
low = "not at all"                    # what the ends mean
high = "completely"
scale = "understanding"               # optional: questions of one scale have a mean together
reversed = false                      # optional: more of it is less of the scale
"""

from typing import Any

from django.utils.translation import gettext, override

from studies.core.languages import DEFAULT
from studies.trial_types import MOST_QUESTIONS, POINTS, AnswerKind, Asked, TrialQuestion

from .faults import Code
from .parser import Reader

KEY = "trial_questions"


def read_trial_questions(reader: Reader, asked: Asked, language: str = DEFAULT) -> list[dict[str, Any]]:
    """Every question in full, in the study's language; none where the trial type asks none. Faults are noted in the reader."""
    if asked.asks is None:
        return []
    questions: list[TrialQuestion] = []
    for table in reader.tables(KEY, required=False):
        questions += _preset(table, asked, language) if "preset" in table.values else [_read(table)]
    if not questions:
        questions = _said_in(language, asked.asks.usual)
    if len(questions) > MOST_QUESTIONS:
        reader.fault(Code.TOO_MANY, KEY, count=len(questions), most=MOST_QUESTIONS)
    columns = [question.column for question in questions]
    if len(set(columns)) < len(columns):
        reader.fault(Code.SAME_QUESTION, KEY, "key")
    return [question.as_dict() for question in questions]


def _preset(table: Reader, asked: Asked, language: str) -> list[TrialQuestion]:
    presets = asked.asks.presets if asked.asks else {}
    name = table.one_of("preset", list(presets))
    return _said_in(language, presets[name].questions) if name in presets else []


def _said_in(language: str, questions: tuple[TrialQuestion, ...]) -> list[TrialQuestion]:
    """Texts that are marked for translation, in the study's language."""
    with override(language):
        return [
            TrialQuestion(
                **question.as_dict()
                | {
                    name: gettext(getattr(question, name))
                    for name in ("text", "low", "high")
                    if getattr(question, name)
                }
            )
            for question in questions
        ]


def _read(table: Reader) -> TrialQuestion:
    usual = TrialQuestion("", "")
    kind = table.one_of("kind", [kind.value for kind in AnswerKind], default=usual.kind)
    with_ends = kind != AnswerKind.YES_NO
    return TrialQuestion(
        key=table.slug("key"),
        text=table.text("text", longest=500),
        kind=kind,
        points=table.one_of("points", list(POINTS), default=usual.points)
        if kind == AnswerKind.POINTS or "points" not in table.values
        else usual.points,
        low=table.text("low", longest=100) if with_ends else table.text("low", longest=100, default=""),
        high=table.text("high", longest=100) if with_ends else table.text("high", longest=100, default=""),
        scale=table.text("scale", longest=60, default=""),
        reversed=table.flag("reversed"),
    )
