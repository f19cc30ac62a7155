"""Studies of single maps with several questions, for tests of all that is not one button."""

from studies.protocol.wording import default_wording
from studies.trial_types import ASKS, SHUFFLED
from studies.trial_types.questions import TrialQuestion
from studies.trial_types.single.presets import PRESETS

ARMS = ("grad-cam", "ablation-cam")
POINTS = TrialQuestion(
    "clear", "How clear is this map?", points=7, low="not clear at all", high="very clear", scale="worth"
)
TURNED = TrialQuestion(
    "confusing", "How confusing is it?", points=7, low="not at all", high="very", scale="worth", reversed=True
)
YES_NO = TrialQuestion("use-it", "Would you use it?", kind="yes-no")
SLIDER = TrialQuestion("sure", "How sure are you?", kind="slider", low="not sure", high="quite sure")
FOUR = (POINTS, TURNED, YES_NO, SLIDER)
SATISFACTION = PRESETS["explanation-satisfaction"].questions


def asking(questions=FOUR, *, language="en", shuffle=False, picture="overlay"):
    """Fields of `make_study` for a study of single maps with these questions."""
    wording = default_wording("single", picture, language)
    return {
        "task": "single",
        "methods": ARMS,
        "language": language,
        "wording": wording
        | {ASKS: [question.as_dict() for question in questions]}
        | ({SHUFFLED: True} if shuffle else {}),
    }


def said(clear=6, confusing=2, use=1, sure=80):
    """The parts of an answer to the four, as a script sends them."""
    return {"clear": clear, "confusing": confusing, "use-it": use, "sure": sure}


def as_form(parts):
    return {f"part.{key}": str(value) for key, value in parts.items()}
