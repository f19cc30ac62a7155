"""What volunteers read, in plain words of the study's language, unless a protocol says otherwise. From the paper's
procedure, section 4.

A text may name {class} (in a question), {trials}, {minutes} and {title}; an empty line begins a new paragraph.
"""

from string import Formatter

from django.utils.translation import gettext, override
from django.utils.translation import gettext_noop as _

from studies.core.languages import DEFAULT
from studies.trial_types import trial_type

PLACES = {
    "question": {"class"},
    "instructions": {"trials", "minutes", "title"},
    "consent": {"trials", "minutes", "title"},
    "thanks": {"trials", "title"},
}

_CONSENT = _("""You are invited to take part in a study of what computers look at when they recognise what is in a photo. \
You will see {trials} photos, one after the other, and give one answer about each. It takes about {minutes} minutes. \
You need no knowledge of computers or of artificial intelligence.

Taking part is voluntary. You can stop at any time by closing the page, without giving a reason. The link that you get \
is yours alone: with it you can come back later and go on where you stopped.

We store your answers and how long each took. We store neither your name nor your address, and we do not follow you \
to other sites. The answers are used for research and may be published; nobody can tell from them who you are.""")

_THANKS = _("Every answer you gave has been stored. You have helped to find out which maps people can trust.")

_PICTURES = {
    "overlay": _(
        "A map is the photo with colours laid over it. Red and yellow mark what the computer relied on most; "
        "blue marks what hardly mattered to it."
    ),
    "masked": _(
        "A map is the photo with all but one part blacked out. What you can still see is what the computer "
        "relied on most."
    ),
    "heat": _(
        "A map is a picture of colours alone. Red and yellow mark the places in the photo that the computer relied "
        "on most; blue marks what hardly mattered to it."
    ),
}


def _defaults(task: str) -> dict[str, str | list[str]]:
    """The texts of a trial type as they are marked for translation: its own, and those that every type shares."""
    asked = trial_type(task).asked
    shared = {"consent": _CONSENT, "thanks": _THANKS}
    return {"question": asked.question, "instructions": asked.instructions, **shared, **asked.own_wording}


def default_wording(task: str, picture: str, language: str = DEFAULT) -> dict[str, str | list[str]]:
    with override(language):
        wording = {
            key: gettext(text) if isinstance(text, str) else [gettext(line) for line in text]
            for key, text in _defaults(task).items()
        }
        explained = str(wording["instructions"]).replace("{picture}", gettext(_PICTURES[picture]))
    return wording | {"instructions": explained}


def unknown_places(key: str, text: str) -> set[str]:
    """The {names} in a text that nothing will be put in for; {""} for a lone brace."""
    try:
        used = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return {""}
    return used - PLACES.get(key, set())


def fill_in(text: str, **values: object) -> str:
    """A text with its {places} filled in."""
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text
