"""The part of the step "Design" that is about recruitment sites: how people come from one, and how they go back."""

from typing import Any

from django import forms

from studies.protocol import ENDS, FINISHED, FRAME, OF_MTURK, RECRUITMENT, Key

from .base import Source, StepForm, put

# Which end it is, as researchers read it.
WHO = {
    "finished": "Who is through",
    "screened": "Who is not eligible",
    "declined": "Who does not agree",
    "full": "Who comes when all places are taken",
    "failed_checks": "Who missed the attention checks",
    "withdrew": "Who withdraws",
}
WAYS = "ways_back"
TEXTS = ("prolific_key", "prolific_study", "person", "return_after")
PLACES = "{PROLIFIC_PID} and every other parameter that came in are filled in."


def way_fields() -> dict[str, forms.Field]:
    """For each end an address and a code. The address of who is through is the field completion_url."""
    fields: dict[str, forms.Field] = {}
    for end in ENDS:
        if end != FINISHED:
            fields[f"{end}_url"] = forms.CharField(
                required=False, label=f"{WHO[end]}: address", help_text=PLACES
            )
        fields[f"{end}_code"] = forms.CharField(
            required=False,
            label=f"{WHO[end]}: the site’s code",
            help_text="Shown to them, and put in for {code}.",
        )
    return fields


def site_fields() -> dict[str, forms.Field]:
    return {
        "return_after": forms.IntegerField(
            required=False,
            label="Send people back by themselves after so many seconds",
            help_text="They see it run down and can stop it. Empty: they press a button.",
        ),
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
        "prolific_key": forms.CharField(
            required=False,
            label="Prolific’s public keys",
            widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
            help_text="Of secured URLs: what https://api.prolific.com/.well-known/study/jwks.json shows. "
            "Nobody comes in without Prolific’s signature then.",
        ),
        "prolific_study": forms.CharField(
            required=False,
            label="The study’s id on Prolific",
            help_text="With the keys: the signature must name it.",
        ),
    }


FIELDS = {**way_fields(), **site_fields()}
KEYS: dict[Key, str] = {
    **{(RECRUITMENT, WAYS, end): f"{end}_code" for end in ENDS},
    **{
        (RECRUITMENT, WAYS, end, "url"): "completion_url" if end == FINISHED else f"{end}_url"
        for end in ENDS
    },
    **{(RECRUITMENT, WAYS, end, "code"): f"{end}_code" for end in ENDS},
    **{(RECRUITMENT, key): key for key in (*TEXTS, "parameters", FRAME)},
}  # fmt: skip


def read_sites(source: Source) -> dict[str, Any]:
    table = source.get(RECRUITMENT, {})
    ways = table.get(WAYS, {})
    said = {f"{end}_{key}": value for end, way in ways.items() for key, value in way.items()}
    return {
        **{key: table.get(key) for key in TEXTS},
        "parameters": ", ".join(table.get("parameters", [])),
        FRAME: table.get(FRAME) == OF_MTURK,
        "completion_url": table.get("completion_url") or said.pop(f"{FINISHED}_url", None),
        **said,
    }


def write_sites(source: Source, cleaned: dict[str, Any]) -> None:
    table = dict(source.get(RECRUITMENT, {}))
    ways = {end: dict(way) for end, way in table.get(WAYS, {}).items()}
    for key in TEXTS:
        put(table, key, cleaned[key])
    put(table, "parameters", [name.strip() for name in cleaned["parameters"].split(",") if name.strip()])
    put(table, FRAME, OF_MTURK if cleaned[FRAME] else "")
    finished = ways.get(FINISHED, {})
    put(*(finished, "url") if "url" in finished else (table, "completion_url"), cleaned["completion_url"])
    for end in ENDS:
        way = ways.setdefault(end, {})
        put(way, "code", cleaned[f"{end}_code"])
        if end != FINISHED:
            put(way, "url", cleaned[f"{end}_url"])
    put(table, WAYS, {end: way for end, way in ways.items() if way})
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
