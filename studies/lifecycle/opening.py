"""From a study that is ready to an open one, whose trials are made and whose questions are frozen and hashed."""

import secrets
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone

from explain.core.errors import BadInputError
from studies.models import CheckMap, Event, Study
from studies.protocol import unsaid
from studies.trial_types import trial_type_of
from studies.trials import lay_out_trials

from . import similarity
from .check_maps import drop_files, make_check_maps
from .fingerprint import check_hashes, code_version, record_version, seal
from .nonce import without_nonce
from .study_pictures import prepare_pictures, prepared_hashes


class OpeningError(BadInputError):
    """A study that cannot be opened as it is."""


class AlikeError(OpeningError):
    """Two arms look the same, and whoever opens the study has not said that they have seen it."""


def open_study(
    *,
    study: Study,
    user=None,
    alike_seen: bool = False,
    simulated_only: bool = False,
    progress: Callable[[int, int], object] = lambda *_: None,
) -> Study:
    """Open a study that is ready: make every trial, and freeze and hash all that it asks.

    Pictures and their comparison, where they are missing, are made here and now.

    Args:
        alike_seen: whoever opens it has seen which arms look the same (similarity.py).
        simulated_only: it lets nobody in but simulated volunteers, so nobody need be told who is responsible.

    Raises:
        AlikeError: two arms look the same on more than half of the photos, and `alike_seen` is not given.
        OpeningError: the study is not ready, or has no items or fewer arms than its trial type compares.
        AttentionError: its photos do not allow the attention checks that it wants.
    """
    if study.state != Study.State.READY:
        raise OpeningError(f"{study.slug}: is {study.state}; only a ready study can be opened.")
    fewest = trial_type_of(study).asked.fewest_arms
    if study.arms.count() < fewest or not study.items.exists():
        least = "fewer than two arms" if fewest == 2 else f"fewer arms than {fewest}"
        raise OpeningError(f"{study.slug}: has no items or {least}; make it from a protocol.")
    if not simulated_only and (reason := lacks_consent(study)):
        raise OpeningError(f"{study.slug}: {reason}")
    # Files are written and read before the transaction begins: it holds SQLite's only write lock. Of a study that is
    # prepared none is: a worker has done it (similarity_job.py).
    prepare_pictures(study, progress)
    alike = _alike(study, alike_seen)
    version = code_version()
    nonce = study.nonce or new_nonce()
    check_maps = make_check_maps(study, nonce)
    pictures = prepared_hashes(study)
    there = CheckMap.objects.filter(item__study=study).select_related("item")
    pictures |= check_hashes(there) | check_hashes(check_maps)
    try:
        return _open(study, user, pictures, check_maps, version, alike, nonce, simulated_only)
    except BaseException:
        drop_files(check_maps)
        raise


def lacks_consent(study: Study) -> str:
    """Why real people cannot be asked to agree yet, in a sentence that names the keys and where to fill them in; "" if they can."""
    if not (keys := unsaid(study.protocol)):
        return ""
    verb = "is" if len(keys) == 1 else "are"
    return (
        f"{', '.join(keys)} {verb} empty: before people agree, they are told who is responsible, at which institution, and "
        "whom to write to. Say it in the step “Wording” of the set-up, or under [consent] in the protocol; a study that is for "
        "simulated volunteers alone is opened with manage.py open_study --simulated-only."
    )


def new_nonce() -> str:
    """A secret of 256 bits that nobody can work out from what is published."""
    return secrets.token_hex(32)


def _open(
    study: Study,
    user: Any,
    pictures: dict[str, str],
    check_maps: list[CheckMap],
    version: str,
    alike: list[list[Any]],
    nonce: str,
    simulated_only: bool,
) -> Study:
    with transaction.atomic():
        study = Study.objects.select_for_update().get(pk=study.pk)
        if study.state != Study.State.READY:
            raise OpeningError(f"{study.slug}: was opened by someone else at this moment.")
        if not all(pictures.values()) or prepared_hashes(study).items() - pictures.items():
            raise OpeningError(f"{study.slug}: its pictures were changed meanwhile; open it again.")
        named = {"nonce": "named by its protocol"} if study.nonce else {}
        study.nonce, study.protocol = study.nonce or nonce, without_nonce(study.protocol)
        trials = lay_out_trials(study)
        CheckMap.objects.bulk_create(check_maps)
        study.state, study.opened_at, study.code_version = Study.State.OPEN, timezone.now(), version
        study.alike_seen = alike
        study.simulated_only = simulated_only
        study.protocol_sha256, sealed = seal(study, pictures)
        study.save()
        record_version(study, sealed, user=user)
        data = {"trials": trials, "sha256": study.protocol_sha256}
        seen = (
            {"seen_to_look_the_same": [f"{first} and {second}" for first, second, _ in alike]}
            if alike
            else {}
        )
        Event.objects.create(study=study, user=user, kind=Event.Kind.OPENED, data=data | seen | named)
    return study


def _alike(study: Study, seen: bool) -> list[list[Any]]:
    """The pairs of arms that look the same with their shares; measured now if they have not been."""
    pairs = similarity.pairs_of(study) if similarity.is_measured(study) else similarity.measure(study)
    too_alike = [pair for pair in pairs if pair.too_alike]
    if too_alike and not seen:
        raise AlikeError(
            *(f"arms: {pair.in_words}." for pair in too_alike),
            "If two maps look identical, participants cannot prefer either. Look at them on the study's page “Do the arms "
            "look alike”; to open it all the same, say that you have seen it (--alike-seen).",
        )
    return sorted([pair.first, pair.second, pair.alike] for pair in too_alike)
