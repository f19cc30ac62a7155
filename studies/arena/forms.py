"""The forms by which an arm joins, leaves, or is shown to everybody."""

from typing import Any

from django import forms

from explain.models import ImageSet, Network

WHY = forms.CharField(
    max_length=500, label="Why", help_text="One sentence, for those who read the record later."
)


class JoinForm(forms.Form):
    """An arm: a method on a network, or maps that somebody brought."""

    network = forms.ChoiceField(required=False, label="Network")
    method = forms.CharField(
        required=False,
        max_length=200,
        label="Method",
        help_text="As a protocol has it, such as grad-cam. Its maps must have been computed for all photos of the study.",
    )
    maps = forms.ChoiceField(required=False, label="Or maps from files")
    name = forms.CharField(
        required=False,
        max_length=100,
        label="Name",
        help_text="For readers of the results; volunteers never see it.",
    )
    embargo = forms.BooleanField(
        required=False, label="Under embargo", help_text="Not on the page for everybody until you release it."
    )
    alike_seen = forms.BooleanField(
        required=False, label="Let it join even if it looks the same as another arm on most photos"
    )
    why = WHY

    def __init__(self, photo_set: ImageSet, data: Any = None):
        super().__init__(data, label_suffix="")
        networks = Network.objects.order_by("name").values_list("name", flat=True)
        self.fields["network"].choices = [("", "–"), *((name, name) for name in networks)]  # type: ignore[attr-defined]
        sets = photo_set.map_sets.filter(finished_at__isnull=False).order_by("name")
        self.fields["maps"].choices = [("", "–"), *((row.name, row.name) for row in sets)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("maps") and (cleaned.get("network") or cleaned.get("method")):
            raise forms.ValidationError("Choose a network and a method, or maps from files, not both.")
        if not cleaned.get("maps") and not cleaned.get("method"):
            raise forms.ValidationError("Choose a network and a method, or maps from files.")
        return cleaned

    @property
    def arm(self) -> dict[str, str]:
        """The arm as a protocol has it."""
        said = self.cleaned_data
        name = {"name": said["name"]} if said["name"] else {}
        if said["maps"]:
            return {"maps": said["maps"], **name}
        return {key: said[key] for key in ("network", "method") if said[key]} | name


class ArmForm(forms.Form):
    """One of the study's arms."""

    name = forms.ChoiceField(label="Arm")
    why = WHY

    def __init__(self, names: list[str], data: Any = None, *, prefix: str = ""):
        super().__init__(data, label_suffix="", prefix=prefix)
        self.fields["name"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]
