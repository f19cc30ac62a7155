"""What people agree to: who answers for the study, and the text that says what is stored. `[consent]` in study.toml:

responsible = "Dr. Ada Lovelace"      # needed before real people may take part, as are the next two
institution = "University of Example"
contact = "ada@example.org"           # whom to write to
ethics = "Board of Example, 12/2026"  # all others are optional
payment = "…"                         # what somebody gets for taking part
retention = "…"                       # how long what is stored is kept
rights = "…"                          # which rights somebody has, and whom they can complain to
withdraw_until = "…"                  # until when, and how, somebody can withdraw

Volunteers read each below the study's consent text, under a heading in their language.
"""

from typing import Any, NamedTuple

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from .parser import Reader

CONSENT = "consent"
NEEDED = ("responsible", "institution", "contact")

# Key and heading, in the order in which they are read.
HEADINGS = {
    "responsible": _("Responsible for this study"),
    "institution": _("Institution"),
    "contact": _("Contact"),
    "ethics": _("Ethics approval"),
    "payment": _("What you get for taking part"),
    "retention": _("How long it is kept"),
    "rights": _("Your rights"),
    "withdraw_until": _("Until when you can withdraw"),
}
LONGEST = 1000

TEXT = _("""You are invited to take part in a study of maps that are meant to show which parts of a photo mattered when a \
computer recognised what is in it. You will see {trials} photos, one after the other, and give one answer about each. It \
takes about {minutes} minutes. You need no knowledge of computers or of artificial intelligence.

Taking part is voluntary. If you do not agree, close this page. If you agree, you can still stop at any time without giving \
a reason; what you answered before you stopped counts, unless you withdraw. The link that you get is yours alone: with it you \
can come back later and go on where you stopped.

This is stored: when you agree, begin, pause and finish; each answer, when it came and how long it took; answers that you take \
back and those to practice examples; what you tell about yourself if you are asked; what your browser sends that cannot be \
used; and how each answer came about: what you picked first and when, how often you changed it, how long the page was out of \
sight, whether you looked at the photo beneath the maps and how strong the maps were, the size of your window and how fine \
your screen is. If a recruitment site sent you, the ids that it has for you, its study and your visit are stored as well, and \
by your completion code it learns that you took part. This device keeps a cookie that remembers that you take part, and \
answers that could not be sent yet.

You are not asked for your name or your address. Where you can write freely, write nothing that tells who you are. The answers \
are used for research and may be published.

To withdraw, follow the link at the end of the instructions or on the last page, or write to those who are responsible. All of \
this is then erased, and nothing that is left in the study leads to you. What was published before cannot be called back, and \
copies made for safety are cleared when they are replaced or used.""")


class Particular(NamedTuple):
    """One of the things that a study says of itself: its heading, and what it says."""

    heading: str
    text: str


def read_consent(reader: Reader) -> None:
    """Check the table in a protocol; faults are noted in the reader."""
    table = reader.table(CONSENT, required=False)
    for key in HEADINGS:
        table.text(key, longest=LONGEST, default="")


def particulars(source: dict[str, Any]) -> list[Particular]:
    """What a protocol says of who is responsible and of people's rights, in the language that is set."""
    table = source.get(CONSENT, {})
    return [Particular(gettext(heading), table[key]) for key, heading in HEADINGS.items() if table.get(key)]


def unsaid(source: dict[str, Any]) -> list[str]:
    """What a protocol must say before real people may be asked to agree, and does not: the names of keys."""
    table = source.get(CONSENT, {})
    return [f"{CONSENT}.{key}" for key in NEEDED if not str(table.get(key, "")).strip()]
