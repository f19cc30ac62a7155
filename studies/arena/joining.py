"""An arm joins a study without an end, or leaves it: a new version of its protocol, sealed anew, and nothing that was answered is lost.

An arm that joins gets the next number, so what is stored of earlier answers means what it meant. One that leaves keeps its row and its
answers, and is asked about no more. Both ask that nobody is given a trial meanwhile: a study that is open is paused for the
moment in which rows are written, and goes on.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction

from explain.models import ExplanationMap
from studies.lifecycle import (
    RevisionError,
    change_state,
    check_hashes,
    check_reason,
    full_protocol,
    maps_for,
    next_version,
    paused,
    prepared_hashes,
)
from studies.models import Arm, CheckMap, Event, Item, ItemMap, ProtocolVersion, Study
from studies.protocol import Protocol, check_protocol, find_networks
from studies.trial_types import EMBARGO, HAS_LEFT, trial_type_of
from studies.trials import choose_again

from .pictures import Pictures, drawn

MOST_ALIKE = 0.5  # of the photos: as where a study is opened (lifecycle/similarity.py)


class ArenaError(RevisionError):
    """An arm that cannot join or leave like this."""


def why_not(study: Study) -> str:
    """Why arms can neither join a study nor leave it; "" if they can."""
    if not trial_type_of(study).layout.endless:
        return f'{study.slug}: has an end, so its arms are fixed. Arms join and leave a living comparison only: task pair with kind = "arena".'
    if study.state not in (Study.State.OPEN, Study.State.PAUSED):
        return f"{study.slug}: is {study.state}; arms join and leave while it is open or paused."
    return ""


def join(
    *,
    study: Study,
    arm: Mapping[str, Any],
    why: str,
    user=None,
    embargo: bool = False,
    alike_seen: bool = False,
) -> ProtocolVersion:
    """Let an arm join: its pictures are made as those of the others, and it is asked about more until its interval is as wide.

    Args:
        arm: as a protocol has it: network and method, or maps; and a name, or else it gets one.
        why: a sentence for those who read the record later.
        embargo: leave it out of the page for everybody until it is released.
        alike_seen: whoever lets it join has seen that it looks the same as another.

    Raises:
        ArenaError: the study has an end, is not open or paused, is changed by somebody else at this moment, or the arm looks like another.
        ProtocolError: there is no such arm, it is there already, there are too many, or its maps are missing; with the remedy.
    """
    check_reason(why)
    revised = _joined(study, arm, embargo)
    images = [item.image for item in study.items.select_related("image").order_by("index")]
    keys = {pk: row.pk for pk, (row,) in maps_for(revised, images, {})[-1].items()}
    rows = ExplanationMap.objects.select_related("network", "map_set__network").in_bulk(keys.values())
    maps = {photo: rows[pk] for photo, pk in keys.items()}
    columns = revised.arms[-1].source.columns(revised.arms[-1].keys, find_networks(revised))
    pictures = drawn(study, maps)  # files are made before the study is paused
    _check_alike(pictures, revised.arms[-1].name, alike_seen)
    replaced: list[str] = []

    def write(locked: Study) -> dict[str, Any]:
        row = Arm(study=locked, index=locked.arms.count(), name=revised.arms[-1].name, **columns)
        [row] = Arm.objects.add_to_what_is_frozen([row])
        replaced.extend(_show(changed))
        ItemMap.objects.add_to_what_is_frozen(
            [
                ItemMap(
                    item=item,
                    arm=row,
                    map=maps[item.image_id],
                    picture=new[item.pk][0],
                    picture_sha256=new[item.pk][1],
                )
                for item in locked.items.order_by("index")
            ]
        )
        return {"arm": row.name, "pictures_replaced": len(changed)}

    try:
        new, changed = pictures.store()
        version = _change(study, revised, why, user, Event.Kind.ARM_JOINED, write)
    except BaseException:
        pictures.drop()
        raise
    for name in replaced:
        default_storage.delete(name)
    return version


def leave(*, study: Study, name: str, why: str, user=None) -> ProtocolVersion:
    """Ask about an arm no more. Its row and all answers about it stay, and count.

    Raises ArenaError where there is no such arm, it has left already, or fewer than two would be left.
    """
    check_reason(why)
    _check_known(study, name)
    if name in trial_type_of(study).layout.has_left:
        raise ArenaError(f"{name}: has left {study.slug} already.")
    revised = _with_names(study, HAS_LEFT, lambda names: [*names, name])
    return _change(study, revised, why, user, Event.Kind.ARM_LEFT, lambda _: {"arm": name})


def release(*, study: Study, name: str, why: str, user=None) -> ProtocolVersion:
    """Show an arm on the page for everybody, where it was under embargo. Raises ArenaError where it was not."""
    check_reason(why)
    _check_known(study, name)
    if name not in trial_type_of(study).asked.hidden:
        raise ArenaError(f"{name}: is under no embargo in {study.slug}.")
    revised = _with_names(study, EMBARGO, lambda names: [one for one in names if one != name])
    return _change(study, revised, why, user, Event.Kind.ARM_RELEASED, lambda _: {"arm": name})


def _check_known(study: Study, name: str) -> None:
    if reason := why_not(study):
        raise ArenaError(reason)
    names = list(study.arms.values_list("name", flat=True))
    if name not in names:
        raise ArenaError(f"{name}: is no arm of {study.slug}; it has {', '.join(names)}.")


def _joined(study: Study, arm: Mapping[str, Any], embargo: bool) -> Protocol:
    """The study's protocol with one arm more."""
    if reason := why_not(study):
        raise ArenaError(reason)
    source = copy.deepcopy(full_protocol(study))
    source["arms"] = [*source["arms"], dict(arm)]
    revised = check_protocol(source)
    if not embargo:
        return revised
    options = source.setdefault(study.task, {})
    options[EMBARGO] = [*options.get(EMBARGO, []), revised.arms[-1].name]
    return check_protocol(source)


def _with_names(study: Study, key: str, changed: Callable[[list[str]], list[str]]) -> Protocol:
    source = copy.deepcopy(full_protocol(study))
    options = source.setdefault(study.task, {})
    options[key] = changed(list(options.get(key, [])))
    return check_protocol(source)


def _check_alike(pictures: Pictures, name: str, seen: bool) -> None:
    """Raise ArenaError where the newcomer's pictures are those of another arm on more than half of the photos."""
    photos = len(pictures.newcomer)
    twins = {other: same for other, same in pictures.alike.items() if same > MOST_ALIKE * photos}
    if twins and not seen:
        raise ArenaError(
            *(
                f"arms: {name} and {other} look the same on {same} of {photos} photos."
                for other, same in twins.items()
            ),
            "If two maps look identical, participants cannot prefer either. To let it join all the same, say that you have seen it "
            "(--alike-seen).",
        )


def _change(
    study: Study,
    revised: Protocol,
    why: str,
    user: Any,
    kind: Event.Kind,
    write: Callable[[Study], dict[str, Any]],
) -> ProtocolVersion:
    """Put the study under a revised protocol while it is paused; `write` writes what else changes, and says what is to be on record.

    It goes on in the transaction that writes: whatever comes in between, there is no new version of a study that was left paused.
    """
    version_before = study.version
    with _paused(study, user) as was_open, transaction.atomic():
        locked = paused(study)
        if locked.version != version_before:
            raise ArenaError(
                f"{study.slug}: its protocol was changed by someone else at this moment. Try again."
            )
        said = write(locked)
        locked.likeness = {}  # it was measured of other arms
        locked.save(update_fields=["likeness"])
        checks = CheckMap.objects.filter(item__study=locked).select_related("item")
        pictures = prepared_hashes(locked) | check_hashes(checks)
        version = next_version(locked, revised, pictures, why=why, user=user)
        said |= {"version": version.number, "sha256": version.sha256, "why": version.why}
        said["trials_chosen_again"] = choose_again(locked) if kind != Event.Kind.ARM_RELEASED else 0
        Event.objects.create(study=locked, user=user, kind=kind, data=said)
        if was_open:
            change_state(study=locked, to=Study.State.OPEN, user=user)
    return version


@contextmanager
def _paused(study: Study, user: Any) -> Iterator[bool]:
    """The study paused, and whether it was open. Where something fails it goes on, unless somebody has closed or resumed it meanwhile."""
    was_open = Study.objects.values_list("state", flat=True).get(pk=study.pk) == Study.State.OPEN
    if was_open:
        change_state(study=study, to=Study.State.PAUSED, user=user)
    try:
        yield was_open
    except BaseException:
        with transaction.atomic():
            now = Study.objects.select_for_update().get(pk=study.pk)
            if was_open and now.state == Study.State.PAUSED:
                change_state(study=now, to=Study.State.OPEN, user=user)
        raise


def _show(changed: Mapping[tuple[str, int], tuple[str, str]]) -> list[str]:
    """Name new files in the place of others; the names of those."""
    old: list[str] = []
    for (kind, pk), (name, sha256) in changed.items():
        if kind == "check":
            rows: Any = CheckMap.objects.filter(pk=pk)
            old += rows.values_list("file", flat=True)
            rows.change_what_is_frozen(file=name)
        else:
            rows = (Item if kind == "item" else ItemMap).objects.filter(pk=pk)
            old += rows.values_list("picture", flat=True)
            rows.change_what_is_frozen(picture=name, picture_sha256=sha256)
    return old
