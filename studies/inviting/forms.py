"""The form of many personal links at once."""

from django import forms

from studies.models import Invitation
from studies.participation import MOST_AT_ONCE, is_over


class PersonalLinksForm(forms.ModelForm):
    people = forms.IntegerField(
        label="How many people",
        min_value=1,
        max_value=MOST_AT_ONCE,
        help_text=f"One link for each, {MOST_AT_ONCE} at most at once.",
        error_messages={
            "max_value": f"Make {MOST_AT_ONCE} at most at once, and more in several steps.",
            "min_value": "Make one link at least.",
        },
    )

    class Meta:
        model = Invitation
        fields = ["label", "expires_at"]
        labels = {"label": "Label", "expires_at": "Expires"}
        help_texts = {
            "label": "One for all of them: it becomes their group in exports. Name no single person.",
            "expires_at": "UTC. Leave empty for as long as the study is open.",
        }
        widgets = {
            "expires_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        }

    field_order = ("people", "label", "expires_at")

    def clean_expires_at(self):
        value = self.cleaned_data["expires_at"]
        if is_over(value):
            raise forms.ValidationError("This moment has passed. Choose a later one, or none.")
        return value
