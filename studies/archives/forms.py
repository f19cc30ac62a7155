"""What an archive is asked for on its page."""

from typing import Any

from django import forms

from explain.core.errors import BadInputError

from .contents import Wanted
from .licences import USUAL, licence_named


class ArchiveForm(forms.Form):
    """`offered`: for a field whether the one who asks may have what it is about; else it is not there."""

    licence = forms.CharField(
        required=False,
        label="Licence",
        max_length=60,
        help_text="Its SPDX name, such as CC-BY-4.0. Empty: none is given, and others may read the archive but not use it.",
        widget=forms.TextInput({"list": "licences", "autocomplete": "off"}),
    )
    maps = forms.BooleanField(required=False, label="Raw maps, not their hashes alone")
    free_text = forms.BooleanField(
        required=False,
        label="What people wrote in their own words",
        help_text="Read it before you publish it: somebody may have written who they are.",
    )
    recruitment_ids = forms.BooleanField(
        required=False,
        label="Recruitment sites’ ids for people",
        help_text="With them people can be found. Never publish such an archive.",
    )
    usual = USUAL

    def __init__(self, *args: Any, offered: dict[str, bool], **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in (name for name, may in offered.items() if not may):
            del self.fields[name]

    def clean_licence(self):
        try:
            return licence_named(self.cleaned_data["licence"])
        except BadInputError as error:
            raise forms.ValidationError(str(error)) from error

    def wanted(self, who: str) -> Wanted:
        """What a valid form asks for."""
        told = self.cleaned_data
        return Wanted(
            licence=told["licence"],
            who=who,
            free_text=told.get("free_text", False),
            recruitment_ids=told.get("recruitment_ids", False),
            maps=told["maps"],
        )
