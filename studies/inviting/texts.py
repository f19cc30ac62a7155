"""What people read before they open a link, in the study's language: the words of a poster and of an e-mail.

Of the study they say what its consent page says, too, and nothing of what is compared.
"""

import re
from dataclasses import dataclass

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from studies.models import Invitation, Study
from studies.protocol import CONSENT, HEADINGS, requirements_of
from studies.trials import expected_trials, minutes_for

TAG = re.compile(r"</?b>")


@dataclass(frozen=True)
class Words:
    """All of it as plain text in the study's language."""

    subject: str
    invited: str
    asked: str
    facts: list[str]
    notes: list[str]  # what somebody has to know of this link
    here: str  # what stands before the link in an e-mail
    scan: str  # and beside the code on a poster
    people: list[tuple[str, str]]  # heading, who: the contact person, and who is responsible

    def email(self, title: str, link: str) -> str:
        """The text of an e-mail, without its subject."""
        parts = [
            f"{self.invited}: {title}",
            self.asked,
            "\n".join(f"– {fact}" for fact in self.facts),
            f"{self.here}\n{link}",
            "\n".join(self.notes),
            "\n".join(f"{heading}: {who}" for heading, who in self.people),
        ]
        return "\n\n".join(part for part in parts if part)


def words_of(study: Study, invitation: Invitation) -> Words:
    """The words for one invitation of a study, with its own figures."""
    with translation.override(study.language):
        return Words(
            subject=gettext("Invitation to a study: {title}").format(title=study.title),
            invited=gettext("You are invited to a study"),
            asked=gettext("You will see photos, one after the other, and give one answer about each."),
            facts=_facts(study),
            notes=_notes(study, invitation),
            here=gettext("To take part, open this address:"),
            scan=gettext("Scan this code, or open this address:"),
            people=_people(study),
        )


def _facts(study: Study) -> list[str]:
    """As the consent page has them; without photos yet nobody knows how many and how long."""
    trials = expected_trials(study)
    minutes = minutes_for(trials)
    facts = {"trials": trials, "minutes": minutes}
    about = [
        ngettext("<b>%(trials)s</b> photo", "<b>%(trials)s</b> photos", trials) % facts,
        ngettext("about <b>%(minutes)s</b> minute", "about <b>%(minutes)s</b> minutes", minutes) % facts,
    ]
    known = about if study.items.exists() else []
    return [TAG.sub("", fact) for fact in [*known, gettext("no account, no name")]]


def _notes(study: Study, invitation: Invitation) -> list[str]:
    notes = [gettext("Taking part is voluntary, and you can stop at any time.")]
    if requirements_of(study.protocol).no_phone:
        notes.append(gettext("It cannot be answered well on a phone: the pictures would be too small."))
    if requirements_of(study.protocol).keyboard:
        notes.append(gettext("You need a keyboard."))
    if invitation.personal:
        notes.append(gettext("This link is for you alone. Please do not pass it on."))
    if invitation.expires_at:
        day = date_format(invitation.expires_at, "DATE_FORMAT")
        notes.append(gettext("You can take part until {date}.").format(date=day))
    return notes


def _people(study: Study) -> list[tuple[str, str]]:
    said = study.protocol.get(CONSENT, {})
    return [
        (gettext(HEADINGS[key]), said[key])
        for key in ("contact", "responsible", "institution")
        if said.get(key)
    ]
