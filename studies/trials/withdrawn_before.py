"""After an older backup was put back: whoever had withdrawn since is withdrawn again."""

from pathlib import Path

from studies.models import Participant

from . import tombstones
from .allocation import withdraw
from .tombstones import Tombstones


def withdraw_again(stones: Tombstones) -> int:
    """Withdraw everybody of these tombstones whom the database has as somebody who takes part; how many they were."""
    rows = Participant.objects.filter(study__slug__in=stones.studies).select_related("study")
    keys, again = stones.keys, 0
    for participant in rows.exclude(state=Participant.State.WITHDRAWN).order_by("pk"):
        if tombstones.keys_of(participant) & keys:
            withdraw(participant=participant)
            again += 1
    return again


def not_noted() -> list[dict[str, str]]:
    """Tombstones of those who have withdrawn and of whom this site's file does not know."""
    known = tombstones.read([tombstones.own_file()]).keys
    left = Participant.objects.filter(state=Participant.State.WITHDRAWN).select_related("study")
    return [line for line in map(tombstones.tombstone, left) if line["link"] not in known]


def note_all(*paths: Path) -> None:
    """Append the tombstone of everybody who has withdrawn to these files, where one lacks it, and to each what the others have."""
    left = Participant.objects.filter(state=Participant.State.WITHDRAWN).select_related("study")
    lines = [*tombstones.read(paths).lines, *map(tombstones.tombstone, left)]
    for path in paths:
        tombstones.append(path, lines)
