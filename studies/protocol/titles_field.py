"""The field of a form in which titles of classes are typed: in the set-up, and where a paused study's words change."""

from collections.abc import Mapping
from typing import Any

from django import forms

from studies.core import languages

from .titles import from_lines, to_lines


class TitlesField(forms.CharField):
    """Titles of one language: lines of text on the page, a dict by class in the code."""

    def __init__(self, language: str) -> None:
        super().__init__(
            required=False,
            label=f"Names of classes in {languages.name_of(language)}",
            widget=forms.Textarea(attrs={"rows": 5}),
            help_text="A line for each: the class, an equals sign, and what participants read for it, as in “hammer = Hammer”. "
            "Every other class is called as in the set of photos. Results and files keep the class’s own name.",
        )

    def prepare_value(self, value: Any) -> Any:
        return to_lines(value) if isinstance(value, Mapping) else value

    def clean(self, value: Any) -> dict[str, str]:  # type: ignore[override]
        try:
            return from_lines(super().clean(value))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
