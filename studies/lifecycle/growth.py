"""More answers for each photo of a study that was opened: a new version of its protocol, with the trials that it lacks.

What was laid out and answered stays as it is; the new trials go on where the deck of orders ended (analysis/orders.py), so that the
balance is that of a study that was planned as large. The protocol says in `design.grown_from` how large it was before: with the
nonce, all orders follow from it again. A study never shrinks, and none that plans looks grows: their levels are for its size.
"""

import copy
from typing import Any

from django.db import transaction

from studies.models import Event, ProtocolVersion, Study
from studies.protocol import Protocol, ProtocolError, check_protocol, faults_of_length
from studies.trial_types import trial_type_of
from studies.trials import lay_out_trials

from .fingerprint import full_protocol, picture_hashes
from .revisions import RevisionError, check_reason, next_version, paused


class GrowthError(RevisionError):
    """A study that cannot grow like this."""


def grow(
    *, study: Study, responses_per_item: int, why: str, people: int | None = None, user=None
) -> ProtocolVersion:
    """Ask for more answers to each photo of a paused study: lay the trials out, and keep the new version.

    Args:
        responses_per_item: how many answers each photo needs from now on.
        why: a sentence for those who read the record later.
        people: how many people are planned from now on, where the protocol says that and they are more now.

    Raises:
        GrowthError: it would not grow, or its protocol plans looks.
        RevisionError: the study is not paused, or no reason is given.
        ProtocolError: the protocol could not be like this, such as with more answers for a photo than people are planned.
    """
    check_reason(why)
    revised = _grown(study, responses_per_item, people)
    pictures = picture_hashes(study)  # files are read before the transaction
    with transaction.atomic():
        study = paused(study)
        revised = _grown(study, responses_per_item, people)
        before, study.responses_per_item = study.responses_per_item, revised.responses_per_item
        study.protocol = revised.complete
        trials = lay_out_trials(study, before)
        version = next_version(study, revised, pictures, why=why, user=user)
        data = {"from": before, "to": responses_per_item, "trials": trials, "version": version.number}
        Event.objects.create(
            study=study,
            user=user,
            kind=Event.Kind.GROWN,
            data=data | {"sha256": version.sha256, "why": version.why},
        )
    return version


def why_not(study: Study) -> str:
    """Why a study cannot grow, whatever is asked for; "" if it can, once it is paused."""
    if "looks" in study.protocol:
        return (
            f"{study.slug}: its protocol plans looks, whose levels are made for {study.responses_per_item} answers for each photo; "
            "with more of them the planned error would not hold. Make a new study for more answers."
        )
    if trial_type_of(study).layout.endless:
        return f"{study.slug}: has no end; trials follow as long as people come, so there is nothing to grow."
    if not study.trials.exists():
        return f"{study.slug}: nobody is asked here, so it cannot grow."
    return ""


def _grown(study: Study, each: int, people: int | None) -> Protocol:
    """The study's protocol once it has grown."""
    if reason := why_not(study):
        raise GrowthError(reason)
    if each <= study.responses_per_item:
        raise GrowthError(
            f"responses_per_item: is {study.responses_per_item} now and would be {each}; a study only grows. "
            f"Ask for {study.responses_per_item + 1} or more."
        )
    source: dict[str, Any] = copy.deepcopy(full_protocol(study))
    source["design"] = source.get("design", {}) | {
        "responses_per_item": each,
        "grown_from": list(study.stages),
    }
    if people is not None:
        _more_people(source, people)
    if faults := faults_of_length(source):
        raise ProtocolError(*faults)
    return check_protocol(source)


def _more_people(source: dict[str, Any], people: int) -> None:
    planned = source.get("recruitment", {}).get("people")
    if planned is not None and people < planned:
        raise GrowthError(f"people: {planned} are planned and would be {people}; a study only grows.")
    source["recruitment"] = source.get("recruitment", {}) | {"people": people}
