"""Questions in the words of the literature, and what is asked where a protocol asks nothing."""

from django.utils.translation import gettext_noop as _

from ..questions import QuestionPreset, TrialQuestion

USUAL = (
    TrialQuestion(
        "rating",
        _("How well does the map show what is named beside the photo?"),
        low=_("not at all"),
        high=_("very well"),
    ),
)

DISAGREE, AGREE = _("I disagree strongly"), _("I agree strongly")
SATISFACTION = (
    ("understand", _("From the explanation, I understand how the program works.")),
    ("satisfying", _("This explanation of how the program works is satisfying.")),
    ("detail", _("This explanation of how the program works has sufficient detail.")),
    ("complete", _("This explanation of how the program works seems complete.")),
    ("use", _("This explanation of how the program works tells me how to use it.")),
    ("useful", _("This explanation of how the program works is useful to my goals.")),
    ("accuracy", _("This explanation of the program shows me how accurate the program is.")),
    ("trust", _("This explanation lets me judge when I should trust and not trust the program.")),
)

PRESETS = {
    preset.name: preset
    for preset in (
        QuestionPreset(
            "explanation-satisfaction",
            "Explanation Satisfaction Scale: eight statements on five points (Hoffman, Mueller, Klein & Litman 2018, 2023)",
            tuple(
                TrialQuestion(key, text, points=5, low=DISAGREE, high=AGREE, scale="satisfaction")
                for key, text in SATISFACTION
            ),
        ),
    )
}
