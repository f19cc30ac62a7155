"""What volunteers read, with the study's own figures filled in, and what their browsers are handed."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import numpy as np
from django.utils.translation import gettext

from explain.core.streams import Stream
from studies.models import Study
from studies.protocol import Particular, class_title, fill_in, particulars
from studies.trial_types import SHUFFLED, Named, trial_page_of, trial_type_of
from studies.trials import study_facts


def text(study: Study, key: str, trials: int | None = None) -> str:
    """A text of the study's wording. Instructions name buttons by what the study calls them; a paragraph that names a button that
    the study does not offer is left out."""
    buttons = trial_type_of(study).asked.button_names(study.wording) if key == "instructions" else {}
    lacking = [f"{{{name}}}" for name, words in buttons.items() if not words]
    said = study.wording.get(key, "")
    if lacking:
        paragraphs = re.split(r"\n\s*\n", said)
        said = "\n\n".join(one for one in paragraphs if not any(place in one for place in lacking))
    return fill_in(said, **study_facts(study, trials), **buttons)


@dataclass(frozen=True)
class Consent:
    """What somebody agrees to: the study's text, and who is responsible and what else it says of itself."""

    text: str
    particulars: list[Particular]

    @classmethod
    def of(cls, study: Study, trials: int) -> "Consent":
        return cls(text(study, "consent", trials), particulars(study.protocol))

    @property
    def sha256(self) -> str:
        """Of all of it, as it was read. Of a study that says no more than its text, of the text alone."""
        lines = [self.text, *(f"{heading}: {said}" for heading, said in self.particulars)]
        return sha256("\n\n".join(lines).encode()).hexdigest()


# A licence by which anybody may share a photo: Creative Commons, or none is needed.
FREE = re.compile(r"(cc0|cc[ -]by|public[ -]domain|pd\b|no known copyright)", re.IGNORECASE)


def photos_are_free(study: Study) -> bool:
    """Whether each photo of a study came with a free licence: only then is it said that they are of free collections."""
    licences = set(study.items.order_by().values_list("image__licence", flat=True).distinct())
    return bool(licences) and all(FREE.match(licence.strip()) for licence in licences)


def screen_texts() -> dict[str, str]:
    """What static/js/trial.js says, in the language of the page."""
    return {
        "progress": gettext("{number} of {total}"),
        "saving": gettext("Saving…"),
        "saved": gettext("Answer saved"),
        "kept": gettext("No connection. Answers saved on this device and still to be sent: {count}"),
        "stale": gettext("This page is out of date. Please open your link again."),
        "picture": gettext("A picture could not be loaded. Trying again…"),
    }


def page_context(study: Study) -> dict[str, Any]:
    """What templates show of the study's options of the trial page."""
    page = trial_page_of(study)
    return {"page_options": page, "sure": page.question}


def hand_out(
    study: Study,
    *,
    trials: list[dict[str, Any]],
    done: int,
    total: int,
    last: UUID | None,
    queue: str,
    link: str = "",
) -> dict[str, Any]:
    """What a browser is handed: trials to show, how far somebody is, and the answer that can be taken back.

    `queue` names what the browser keeps of theirs, and each answer says at which `link` it was given (links.py).
    """
    return {
        "trials": trials,
        "done": done,
        "total": total,
        "last": str(last) if last else None,
        "break_every": study.break_every,
        "version": study.version,
        "queue": queue,
        "link": link,
    }


def screen(
    study: Study,
    position: int,
    named: Named,
    pictures: list[str],
    parts: list[str] | None = None,
    looks: int | None = None,
) -> dict[str, Any]:
    """What a browser needs to show a trial: words, and the addresses of its photo and its maps. Nothing of the arms.

    `parts`: the questions in this trial's order, where that changes from trial to trial. `looks`: how often its maps were shown,
    where they are shown for a time.
    """
    title = class_title(study, named.class_name)
    order: dict[str, Any] = {"parts": parts} if parts else {}
    order |= {} if looks is None else {"looks": looks}
    return order | {
        "position": position,
        "title": title if named.probability is None else _with_confidence(title, named.probability),
        "question": fill_in(trial_type_of(study).page.question(study.wording), **{"class": title}),
        "pictures": pictures,
    }


def _with_confidence(title: str, probability: float) -> str:
    """What the network says and how sure it is, as a whole per cent: 100 only where it is certain, and never 0."""
    percent = min(99, max(1, round(100 * probability))) if probability < 1 else 100
    return gettext("{class}, {percent} % sure").replace("{class}", title).replace("{percent}", str(percent))


def parts_in_order(study: Study, person: int, position: int) -> list[str]:
    """The questions of one trial in its own order; none where it is the protocol's.

    The order is of the person and the position alone: what it is tells nothing of the arm.
    """
    if not study.wording.get(SHUFFLED):
        return []
    random = np.random.default_rng(Stream.QUESTION_ORDER.of(study.order_seed, person, position))
    return trial_type_of(study).page.parts_in_order(random)
