"""What volunteers fill in."""

from django import forms


class ConsentForm(forms.Form):
    consent = forms.BooleanField(
        error_messages={"required": "Please tick the box if you agree; without it you cannot take part."}
    )


class AnswerForm(forms.Form):
    """One press of a button on the trial page, with or without JavaScript."""

    position = forms.IntegerField(min_value=1)
    value = forms.IntegerField(min_value=-2, max_value=100)
    answer_id = forms.UUIDField()
    response_ms = forms.IntegerField(min_value=0, max_value=2**31 - 1, required=False)


class UndoForm(forms.Form):
    answer_id = forms.UUIDField()
