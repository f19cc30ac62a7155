"""What volunteers read, with the study's own figures filled in."""

from django.utils.translation import gettext

from studies.models import Study
from studies.protocol import fill_in
from studies.trial_types import trial_type_of
from studies.trials import study_facts


def text(study: Study, key: str, trials: int | None = None) -> str:
    """A text of the study's wording. Instructions name buttons by what the study calls them."""
    buttons = trial_type_of(study).asked.button_names(study.wording) if key == "instructions" else {}
    return fill_in(study.wording.get(key, ""), **study_facts(study, trials), **buttons)


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
