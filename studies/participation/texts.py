"""What volunteers read, with the study's own figures filled in."""

from django.utils.translation import gettext

from studies.models import Study
from studies.protocol import fill_in
from studies.trials import study_facts


def text(study: Study, key: str, trials: int | None = None) -> str:
    return fill_in(study.wording.get(key, ""), **study_facts(study, trials))


def screen_texts() -> dict[str, str]:
    """What static/js/trial.js says, in the language of the page."""
    return {
        "progress": gettext("{number} of {total}"),
        "saving": gettext("Saving …"),
        "saved": gettext("Answer saved"),
        "kept": gettext("No connection. Safe on this device, to be sent later: {count}"),
        "stale": gettext("This page is out of date. Please open your link again."),
        "picture": gettext("A picture did not come. Trying again …"),
    }
