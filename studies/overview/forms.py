"""The form of an invitation."""

from django import forms

from studies.models import Invitation
from studies.participation import is_over, lets_nobody_in


class InvitationForm(forms.ModelForm):
    class Meta:
        model = Invitation
        fields = ["label", "quota", "expires_at", "simulated"]
        labels = {
            "label": "Label",
            "quota": "Maximum number of participants",
            "expires_at": "Expires",
            "simulated": "For trying it out",
        }
        help_texts = {
            "label": "Becomes the participants’ group in exports. Volunteers do not see it.",
            "quota": "Leave empty for no limit.",
            "simulated": "Whoever comes by it counts as simulated: kept apart from people’s answers, and to be deleted before "
            "anybody real has come.",
            "expires_at": "UTC. Leave empty for as long as the study is open.",
        }
        widgets = {
            "expires_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def clean_expires_at(self):
        value = self.cleaned_data["expires_at"]
        if is_over(value):
            raise forms.ValidationError("This moment has passed. Choose a later one, or none.")
        return value

    def clean_quota(self):
        value = self.cleaned_data["quota"]
        if lets_nobody_in(value):
            raise forms.ValidationError("Let at least one person in, or leave it empty.")
        return value
