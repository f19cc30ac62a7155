"""What volunteers fill in."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from studies.protocol import QuestionTime

from .complaints import LONGEST


class ConsentForm(forms.Form):
    """What somebody agrees to. `sha256`: of the text as it is now; the page brings along of which text it was (`read`)."""

    consent = forms.BooleanField(
        error_messages={"required": _("Please tick the box if you agree; without it you cannot take part.")}
    )
    read = forms.CharField(required=False)

    def __init__(self, sha256: str, data: Any = None) -> None:
        super().__init__(data)
        self.sha256 = sha256

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("read") not in ("", self.sha256):
            changed = _(
                "This text has changed since you opened the page. Please read it again before you agree."
            )
            self.add_error("consent", changed)
        return cleaned


# In words of our own: Django's are for whoever fills in databases, and in some languages hardly to be understood.
WRONG = {
    "required": _("Please answer this question."),
    "invalid_choice": _("Please choose one of the answers."),
    "max_length": _("Please write no more than 500 characters."),
    **dict.fromkeys(
        ("invalid", "min_value", "max_value"), _("Please write a whole number from 0 to 1,000,000.")
    ),
}


class ComplaintForm(forms.Form):
    """What somebody writes by “Something is wrong”."""

    text = forms.CharField(
        max_length=LONGEST,
        label=_("What is wrong?"),
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={
            "required": _("Please write what is wrong."),
            "max_length": _("Please write no more than 1,000 characters."),
        },
    )


class QuestionsForm(forms.Form):
    """The questions of a protocol, as fields."""

    def __init__(self, questions: list[dict[str, Any]], data=None):
        super().__init__(data, label_suffix="")  # whatever ends a question is in its text
        self.questions = questions
        for question in questions:
            self.fields[question["key"]] = _field(question)

    def answers(self) -> dict[str, str | int | None]:
        return {question["key"]: self.cleaned_data[question["key"]] for question in self.questions}

    def is_eligible(self) -> bool:
        return all(_is_eligible(question, self.cleaned_data[question["key"]]) for question in self.questions)


def _field(question: dict[str, Any]) -> forms.Field:
    common: dict[str, Any] = {
        "label": question["text"],
        "required": question["required"],
        "error_messages": WRONG,
    }
    if question["kind"] == "number":
        return forms.IntegerField(min_value=0, max_value=10**6, **common)
    if question["kind"] == "text":
        box = (
            forms.Textarea(attrs={"rows": 4})
            if question.get("when") == QuestionTime.AFTER
            else forms.TextInput
        )
        return forms.CharField(max_length=500, widget=box, **common)
    choices = [("", _("Please choose")), *((option, option) for option in question["options"])]
    return forms.ChoiceField(choices=choices, **common)


def _is_eligible(question: dict[str, Any], answer: Any) -> bool:
    eligible = question.get("eligible")
    if not eligible:
        return True
    if question["kind"] == "number":
        return answer is not None and eligible[0] <= answer <= eligible[1]
    return answer in eligible
