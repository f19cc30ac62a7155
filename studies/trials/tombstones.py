"""Who has withdrawn, in a file beside the database: a backup from before that day must not bring them back.

One line of JSON for each person, appended and never changed: the study, when, and two hashes by which the person's row is
known again, in a backup that has it as it was. Nothing in it says who they are, what they answered, or by which link they came:

    person   SHA-256 of the study, their number in it and the moment they agreed, which no other row ever has
    link     SHA-256 of the stored hash of the link that they had when they left

Of somebody who is erased only the second is known, which is what their row keeps. Without `person` a line is as good.

The file outlives the database and every restore. Keep it where a lost disk does not take it along (WITHDRAWN_FILE).
"""

import hashlib
import json
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from explain.core.file_lock import file_lock
from studies.models import Participant

log = logging.getLogger("blindsight.withdrawn")
KEYS = ("person", "link")


@dataclass(frozen=True)
class Tombstones:
    """Lines of such files, each person once, and how many lines could not be read."""

    lines: list[dict[str, str]]
    damaged: int = 0

    @property
    def keys(self) -> set[str]:
        return {line[key] for line in self.lines for key in KEYS if key in line}

    @property
    def studies(self) -> set[str]:
        return {line["study"] for line in self.lines}


def own_file() -> Path:
    return Path(settings.WITHDRAWN_FILE)


def tombstone(participant: Participant) -> dict[str, str]:
    """The line of somebody who is about to leave, or has left: then with what their row keeps, and without a time."""
    line = {"study": participant.study.slug}
    if participant.state == Participant.State.WITHDRAWN:
        return line | {"link": participant.token_sha256}
    at = timezone.now().astimezone(UTC).isoformat(timespec="seconds")
    return line | {"person": person_key(participant), "link": link_of(participant), "at": at}


def keys_of(participant: Participant) -> set[str]:
    """Both hashes of a row, as a tombstone may have them."""
    return {person_key(participant), link_of(participant)}


def person_key(participant: Participant) -> str:
    """By what somebody's row is known again in a backup, as long as it has the moment at which they agreed."""
    agreed: datetime | None = participant.consented_at
    moment = agreed.astimezone(UTC).isoformat(timespec="microseconds") if agreed else ""
    return _sha256(f"{participant.study.slug} {participant.number} {moment}")


def link_of(participant: Participant) -> str:
    """What stands for the link of somebody who takes part, and leads neither to it nor to its stored hash."""
    return _stands_for(participant.token_sha256)


def somebody_who_left(token_sha256: str) -> Participant | None:
    """Who withdrew and had this link when they left. Only who has the link itself can ask."""
    left = Participant.objects.filter(state=Participant.State.WITHDRAWN).select_related("study")
    return left.filter(token_sha256=_stands_for(token_sha256)).first()


def _stands_for(token_sha256: str) -> str:
    return _sha256(f"link {token_sha256}")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def note_when_gone(participant: Participant) -> None:
    """Append the tombstone of somebody who is about to leave, once it is certain that they have left."""
    line = tombstone(participant)

    def note() -> None:
        try:
            append(own_file(), [line])
        except OSError as error:
            # They have left all the same; what is lacking is put down by the next backup.
            log.error("%s: a withdrawal could not be noted (%s); run manage.py backup", own_file(), error)

    transaction.on_commit(note)


def append(path: Path, lines: Iterable[dict[str, str]]) -> int:
    """Append the tombstones that a file lacks, and return how many. What stands in it is never changed."""
    lines = list(lines)
    if not lines:
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(path, wait=True):
        known = read([path]).keys
        new = [line for line in lines if not {line.get(key) for key in KEYS} & known]
        text = "".join(json.dumps(line) + "\n" for line in new)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            if path.stat().st_size and not path.read_bytes().endswith(b"\n"):
                text = "\n" + text  # a line that was cut off stays one line
            os.write(descriptor, text.encode() if new else b"")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return len(new)


def read(paths: Iterable[Path]) -> Tombstones:
    """The tombstones of these files together. A file that is not there holds none."""
    lines: dict[str, dict[str, str]] = {}
    damaged = 0
    for path in {path.resolve() for path in paths}:
        for text in path.read_text("utf-8", errors="replace").splitlines() if path.exists() else []:
            line = _parsed(text)
            if line:
                key = line.get("person") or line["link"]
                lines[key] = line | lines.get(key, {})
            damaged += not line and bool(text.strip())
    return Tombstones(list(lines.values()), damaged)


def _parsed(text: str) -> dict[str, str]:
    try:
        line: Any = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(line, dict) or not isinstance(line.get("study"), str):
        return {}
    return line if any(isinstance(line.get(key), str) for key in KEYS) else {}
