"""What a trial asks and how it is answered: one folder for each trial type, one interface, and a registry. No rows, no other room.

A new type is a folder here and an entry in registry.py. Everything else asks `trial_type_of(study)` and never which
type it is. This room lies beneath the models, so that every other room can ask it: it is handed plain data (orders of
arms, numbers of buttons, wording, columns of answers) and gives plain data back.
"""

from .base import (
    SHOWN_VALUES,
    AnswerError,
    Answers,
    Asked,
    IncompleteError,
    Layout,
    Named,
    OptionReader,
    Page,
    People,
    Power,
    Stated,
    TrialType,
)
from .comparison import (
    COMPARISON,
    Comparison,
    Room,
    comparison_in,
    comparison_of,
    next_blocks,
    next_condition,
)
from .handed import Before
from .in_files import Cells, FileColumn, Files, Rows
from .plan import PlanInWords
from .questions import (
    ASKS,
    MOST_QUESTIONS,
    OPTIONS,
    POINTS,
    SHUFFLED,
    AnswerKind,
    QuestionPreset,
    TrialQuestion,
    TrialQuestions,
)
from .registry import HasTask, answer_columns, trial_type, trial_type_in, trial_type_of, trial_types
from .results import Compared, ContrastRow, Further, LookVerdict, MainEffect, Outcome, Results, judged_json
from .trial_page import (
    TRIAL_PAGE,
    Scale,
    TrialPage,
    confidence_fault,
    page_said,
    read_trial_page,
    trial_page_fields,
    trial_page_of,
)

__all__ = [
    "ASKS",
    "COMPARISON",
    "MOST_QUESTIONS",
    "OPTIONS",
    "POINTS",
    "SHOWN_VALUES",
    "SHUFFLED",
    "TRIAL_PAGE",
    "AnswerError",
    "AnswerKind",
    "Answers",
    "Asked",
    "Before",
    "Cells",
    "Compared",
    "Comparison",
    "ContrastRow",
    "FileColumn",
    "Files",
    "Further",
    "HasTask",
    "IncompleteError",
    "Layout",
    "LookVerdict",
    "MainEffect",
    "Named",
    "OptionReader",
    "Outcome",
    "Page",
    "People",
    "PlanInWords",
    "Power",
    "QuestionPreset",
    "Results",
    "Room",
    "Rows",
    "Scale",
    "Stated",
    "TrialPage",
    "TrialQuestion",
    "TrialQuestions",
    "TrialType",
    "answer_columns",
    "comparison_in",
    "comparison_of",
    "confidence_fault",
    "judged_json",
    "next_blocks",
    "next_condition",
    "page_said",
    "read_trial_page",
    "trial_page_fields",
    "trial_page_of",
    "trial_type",
    "trial_type_in",
    "trial_type_of",
    "trial_types",
]
