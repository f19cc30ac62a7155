"""The fields of a form in which is typed how people go back to a recruitment site, and by whose signature they come.

All of it may change while an opened study is paused, so the set-up and the page that changes a study have the same fields.
"""

from typing import Any

from django import forms

from .recruitment import COMPLETION_URL, ENDS, FINISHED

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
PLACES = "{PROLIFIC_PID} and every other parameter that came in are filled in."


def put(table: dict[str, Any], key: str, value: Any) -> None:
    """Set a key, or leave it out where nothing is said."""
    if value is None or value is False or value == "" or value == [] or value == {}:
        table.pop(key, None)
    else:
        table[key] = value


def way_fields() -> dict[str, forms.Field]:
    """For each end an address and a code, when people go back by themselves, and Prolific's keys."""
    fields: dict[str, forms.Field] = {}
    for end in ENDS:
        fields[_url_field(end)] = (
            forms.CharField(
                required=False,
                label="Where people go when they are done",
                help_text="The address that a recruitment site such as Prolific gives you. {code} becomes the completion code; "
                + PLACES,
            )
            if end == FINISHED
            else forms.CharField(required=False, label=f"{WHO[end]}: address", help_text=PLACES)
        )
        fields[f"{end}_code"] = forms.CharField(
            required=False,
            label=f"{WHO[end]}: the site’s code",
            help_text="Shown to them, and put in for {code}.",
        )
    return fields | {
        "return_after": forms.IntegerField(
            required=False,
            label="Send people back by themselves after so many seconds",
            help_text="They see it run down and can stop it. Empty: they press a button.",
        ),
        "prolific_key": forms.CharField(
            required=False,
            label="Prolific’s public keys",
            widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
            help_text="Of secured URLs: what https://api.prolific.com/.well-known/study/jwks.json shows. "
            "Nobody comes in without Prolific’s signature then.",
        ),
    }


def _url_field(end: str) -> str:
    return COMPLETION_URL if end == FINISHED else f"{end}_url"


WAY_KEYS: dict[tuple[str, ...], str] = {
    **{(WAYS, end): f"{end}_code" for end in ENDS},
    **{(WAYS, end, "url"): _url_field(end) for end in ENDS},
    **{(WAYS, end, "code"): f"{end}_code" for end in ENDS},
    **{(key,): key for key in (COMPLETION_URL, "return_after", "prolific_key")},
}
"""Keys below `[recruitment]` -> the field that shows their faults."""


def read_ways(table: dict[str, Any]) -> dict[str, Any]:
    """What the fields show of a protocol's `[recruitment]`."""
    ways = table.get(WAYS, {})
    said = {f"{end}_{key}": value for end, way in ways.items() for key, value in way.items()}
    finished = said.pop(f"{FINISHED}_url", None)
    return {
        **{key: table.get(key) for key in ("return_after", "prolific_key")},
        COMPLETION_URL: table.get(COMPLETION_URL) or finished,
        **said,
    }


def write_ways(table: dict[str, Any], cleaned: dict[str, Any]) -> None:
    """Put what was typed into `[recruitment]`. An address of who is through stays under the one of its two names that it has."""
    ways = {end: dict(way) for end, way in table.get(WAYS, {}).items()}
    for key in ("return_after", "prolific_key"):
        put(table, key, cleaned[key])
    finished = ways.get(FINISHED, {})
    if "url" in finished:
        put(finished, "url", cleaned[COMPLETION_URL])
    else:
        put(table, COMPLETION_URL, cleaned[COMPLETION_URL])
    for end in ENDS:
        way = ways.setdefault(end, {})
        put(way, "code", cleaned[f"{end}_code"])
        if end != FINISHED:
            put(way, "url", cleaned[f"{end}_url"])
    put(table, WAYS, {end: way for end, way in ways.items() if way})
