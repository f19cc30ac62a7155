"""The part of the step "Design" that is about recruitment sites: how people come from one, and how they go back."""

from typing import Any

from django import forms

from studies.protocol import (
    COMPLETION_URL,
    FRAME,
    OF_MTURK,
    RECRUITMENT,
    WAY_KEYS,
    Key,
    put,
    read_ways,
    way_fields,
    write_ways,
)

from .base import Source, StepForm

TEXTS = ("prolific_study", "person")


def site_fields() -> dict[str, forms.Field]:
    return {
        "parameters": forms.CharField(
            required=False,
            label="Further parameters in links",
            help_text="Names, with commas between them. What Prolific, MTurk, Sona and CloudResearch call theirs is known.",
        ),
        "person": forms.CharField(
            required=False,
            label="Parameter that says who somebody is",
            help_text="For a site other than these four.",
        ),
        "frame": forms.BooleanField(
            required=False,
            label="MTurk shows the study in its frame",
            help_text="For a task with an ExternalQuestion. Otherwise no page of the study can be shown in a frame.",
        ),
        "prolific_study": forms.CharField(
            required=False,
            label="The study’s id on Prolific",
            help_text="With the keys: the signature must name it.",
        ),
    }


OF_WAYS = way_fields()
FINISHED_URL = OF_WAYS.pop(COMPLETION_URL)  # stands among the other fields of the step
FIELDS = {**OF_WAYS, **site_fields()}
KEYS: dict[Key, str] = {
    **{(RECRUITMENT, *key): field for key, field in WAY_KEYS.items()},
    **{(RECRUITMENT, key): key for key in (*TEXTS, "parameters", FRAME)},
}


def read_sites(source: Source) -> dict[str, Any]:
    table = source.get(RECRUITMENT, {})
    return {
        **{key: table.get(key) for key in TEXTS},
        "parameters": ", ".join(table.get("parameters", [])),
        FRAME: table.get(FRAME) == OF_MTURK,
        **read_ways(table),
    }


def write_sites(source: Source, cleaned: dict[str, Any]) -> None:
    table = dict(source.get(RECRUITMENT, {}))
    for key in TEXTS:
        put(table, key, cleaned[key])
    put(table, "parameters", [name.strip() for name in cleaned["parameters"].split(",") if name.strip()])
    put(table, FRAME, OF_MTURK if cleaned[FRAME] else "")
    write_ways(table, cleaned)
    put(source, RECRUITMENT, table)


class SitesForm(StepForm):
    """A step with these fields behind its own."""

    SITES = tuple(FIELDS)

    def __init__(self, data=None, *, source: Source) -> None:
        self.base_fields = {**self.base_fields, **FIELDS}  # type: ignore[misc]  # of this form alone
        super().__init__(data, source=source)

    def says_of_sites(self) -> bool:
        """Whether anything is said there, or wrong, so that it is to be seen at once."""
        return any(self[name].value() or self[name].errors for name in FIELDS)
