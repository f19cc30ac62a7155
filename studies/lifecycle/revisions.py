"""Versions of a protocol: what differs between two, and the few things that may change after opening.

An opened study keeps its photos, arms, design, questions and plan for good. While it is paused its wording, the way
back to a recruitment site and the keys of one may change: that makes a new version with a hash of its own, and every answer knows the
version that it was given under.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from explain.core.errors import BadInputError
from studies.models import Event, ProtocolVersion, Study
from studies.protocol import (
    RECRUITMENT,
    Protocol,
    ProtocolError,
    check_protocol,
    faults_of_length,
    in_full,
    put,
)
from studies.trial_types import trial_type_of
from studies.trials import maps_shown

from .fingerprint import full_protocol, picture_hashes, record_version, seal
from .nonce import published_protocol
from .predictions import check_titles

CHANGEABLE = (
    "wording.",
    "recruitment.completion_url",
    "recruitment.ways_back.",
    "recruitment.return_after",
    "recruitment.prolific_key",
)


class RevisionError(BadInputError):
    """A change that an opened study cannot take."""


@dataclass(frozen=True)
class Difference:
    """One key whose values differ; None where a protocol does not have it."""

    key: str
    before: Any
    after: Any


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    """The keys in which two protocols differ, in full: a default that is spelt out is no difference."""
    old, new = dict(flat_keys(in_full(before))), dict(flat_keys(in_full(after)))
    keys = list(dict.fromkeys([*old, *new]))
    return [Difference(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]


def flat_keys(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """`arms[2].method` and the like, with their values. Lists of plain values stay whole."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat_keys(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        for number, inner in enumerate(value, start=1):
            yield from flat_keys(inner, f"{path}[{number}]")
    else:
        yield path, value


def find_version(study: Study, number: int | None = None) -> dict[str, Any]:
    """The protocol of a version in full, as it may be seen now; without a number the present one, of a draft too."""
    if number is None:
        return published_protocol(study, full_protocol(study))
    version = study.versions.filter(number=number).first()
    if version is None:
        known = ", ".join(map(str, study.versions.values_list("number", flat=True))) or "none yet"
        raise BadInputError(f"{study.slug}: has no version {number} of its protocol (there is: {known}).")
    return published_protocol(study, version.protocol)


def revise(*, study: Study, source: dict[str, Any], why: str, user=None) -> ProtocolVersion:
    """Go on under another wording or another way back: a new version, with who changed it and why.

    Raises:
        ProtocolError: `source` is no sound protocol, too long for a file of one, or how it writes classes would tell (predictions.py).
        RevisionError: the study is not paused, no reason is given, nothing changes, or more would change than may.
    """
    revised = check_protocol(source)
    if faults := faults_of_length(source):
        raise ProtocolError(*faults)
    check_reason(why)
    _check_changes(study, revised)
    check_titles(revised, list(study.items.values_list("prediction", flat=True)))
    pictures = picture_hashes(study)  # files are read before the transaction
    with transaction.atomic():
        study = paused(study)
        changed = _check_changes(study, revised)
        version = next_version(study, revised, pictures, why=why, user=user)
        data = {
            "version": version.number,
            "sha256": version.sha256,
            "keys": [change.key for change in changed],
        }
        Event.objects.create(
            study=study, user=user, kind=Event.Kind.PROTOCOL_CHANGED, data=data | {"why": version.why}
        )
    return version


def paused(study: Study) -> Study:
    """The study's row, locked. Raises RevisionError where it is not paused: while people answer its protocol stays as it is."""
    study = Study.objects.select_for_update().get(pk=study.pk)
    if study.state != Study.State.PAUSED:
        raise RevisionError(f"{study.slug}: is {study.state}; its protocol changes while it is paused only.")
    return study


def next_version(
    study: Study, revised: Protocol, pictures: dict[str, str], *, why: str, user: Any
) -> ProtocolVersion:
    """Put a locked study under a revised protocol, seal it anew and keep the version. `pictures`: picture_hashes()."""
    study.wording, study.completion_url = revised.wording, revised.completion_url
    study.responses_per_item = revised.responses_per_item
    study.protocol, study.version = revised.complete, study.version + 1
    study.protocol_sha256, sealed = seal(study, pictures)
    names = (
        "wording",
        "completion_url",
        "responses_per_item",
        "protocol",
        "version",
        "protocol_sha256",
    )
    Study.objects.filter(pk=study.pk).change_what_is_frozen(**{name: getattr(study, name) for name in names})
    return record_version(study, sealed, why=why.strip(), user=user)


def check_reason(why: str) -> None:
    if not why.strip():
        raise RevisionError(
            "why: is missing; say in a sentence why the protocol changes, for those who read it later."
        )


def reworded(
    study: Study, *, wording: dict[str, Any], recruitment: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The study's protocol with another wording, and with another `[recruitment]` where one is given."""
    source = copy.deepcopy(full_protocol(study)) | {"wording": wording}
    if recruitment is not None:
        put(source, RECRUITMENT, recruitment)
    return source


def _check_changes(study: Study, revised: Protocol) -> list[Difference]:
    changed = differences(full_protocol(study), revised.complete)
    if not changed:
        raise RevisionError(f"{study.slug}: nothing changes.")
    fixed = [change.key for change in changed if not change.key.startswith(CHANGEABLE)]
    if fixed:
        raise RevisionError(
            *(
                f"{key}: cannot change once the study has been opened; only wording, recruitment.completion_url, "
                "recruitment.ways_back, recruitment.return_after and recruitment.prolific_key can. "
                "Make a new study for it."
                for key in fixed
            )
        )
    shown = maps_shown(study)
    before, after = (trial_type_of(one).answers.shown_values(shown) for one in (study, revised))
    if before != after:
        raise RevisionError(
            "wording: would change which answers there are, not only what they are called, and that cannot change once the study has "
            "been opened. Make a new study for it."
        )
    return changed
