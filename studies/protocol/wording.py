"""What volunteers read, in plain words of the study's language, unless a protocol says otherwise. From the paper's
procedure, section 4.

A text may name {class} (in a question), {trials}, {minutes} and {title}, and instructions the buttons that their trial
type names (`{same}`); an empty line begins a new paragraph.
"""

from string import Formatter

from django.utils.translation import gettext, override
from django.utils.translation import gettext_noop as _

from studies.core.languages import DEFAULT
from studies.trial_types import trial_type

from .consent import TEXT as CONSENT_TEXT

PLACES = {
    "question": {"class"},
    "instructions": {"trials", "minutes", "title"},
    "consent": {"trials", "minutes", "title"},
    "thanks": {"trials", "title"},
}

_THANKS = _("Every answer you gave has been saved. You have helped us learn how people judge such maps.")

_PICTURES = {
    "overlay": _(
        "A map is the photo with colours laid over it. According to the map, red and yellow parts of the photo "
        "mattered most, blue parts hardly at all."
    ),
    "masked": _(
        "A map is the photo with everything but some parts blacked out. According to the map, what you can still "
        "see mattered most."
    ),
    "heat": _(
        "A map is a picture of colours alone. According to the map, the parts of the photo where it is red and yellow "
        "mattered most, those where it is blue hardly at all."
    ),
}


def _defaults(task: str) -> dict[str, str | list[str]]:
    """The texts of a trial type as they are marked for translation: its own, and those that every type shares."""
    asked = trial_type(task).asked
    shared = {"consent": CONSENT_TEXT, "thanks": _THANKS}
    return {"question": asked.question, "instructions": asked.instructions, **shared, **asked.own_wording}


def default_wording(task: str, picture: str, language: str = DEFAULT) -> dict[str, str | list[str]]:
    with override(language):
        wording = {
            key: gettext(text) if isinstance(text, str) else [gettext(line) for line in text]
            for key, text in _defaults(task).items()
        }
        explained = str(wording["instructions"]).replace("{picture}", gettext(_PICTURES[picture]))
    return wording | {"instructions": explained}


def unknown_places(key: str, text: str, task: str) -> set[str]:
    """The {names} in a text that nothing will be put in for; {""} for a lone brace."""
    try:
        used = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return {""}
    buttons = trial_type(task).asked.button_names({}) if key == "instructions" else {}
    return used - PLACES.get(key, set()) - set(buttons)


def fill_in(text: str, **values: object) -> str:
    """A text with its {places} filled in."""
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text
