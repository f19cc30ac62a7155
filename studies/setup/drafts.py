"""A study that is being set up: its protocol so far, and what is still wrong with it.

The protocol is the whole truth, whether it was typed into a file or into the pages; the same code checks it.
"""

import secrets
from typing import Any

from explain import map_sources
from explain.selection import ClassesChoice
from studies.lifecycle import new_study
from studies.models import Event, Study
from studies.protocol import (
    MISSHAPEN,
    Code,
    Fault,
    NotSeenYetError,
    Protocol,
    ProtocolError,
    check_protocol,
    choose_classes,
    faults_of_length,
    faults_of_methods,
    find_networks,
    find_set,
)
from studies.trial_types import trial_type, trial_type_in

# Without these nothing could be listed, not even a draft.
NEEDED = {("slug",), ("title",), ("task",)}


def new_protocol(*, title: str, slug: str, task: str) -> dict[str, Any]:
    """A protocol that says nothing yet but what the study is called and what its trials ask."""
    return {
        "version": 1,
        "slug": slug,
        "title": title,
        "task": task,
        "photos": {},
        "arms": [dict(arm) for arm in trial_type(task).asked.first_arms],
        "design": {"seed": secrets.randbelow(10**6)},
    }


def copy_of(source: dict[str, Any], *, title: str, slug: str) -> dict[str, Any]:
    """The protocol of another study under a name of its own, with a seed of its own: the two draw their photos and orders apart.

    What only repeats the orders of that study, its nonce and how it grew, does not come along: no page shows it.
    """
    design = {
        key: value for key, value in source.get("design", {}).items() if key not in ("nonce", "grown_from")
    }
    return {
        **source,
        "title": title,
        "slug": slug,
        "design": {**design, "seed": secrets.randbelow(10**6)},
    }


def free_slug(slug: str) -> str:
    """The slug with the first number from 2 on that no study has."""
    base = slug[:90]
    taken = set(Study.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(name for number in range(2, len(taken) + 3) if (name := f"{base}-{number}") not in taken)


def create_draft(*, source: dict[str, Any], user=None) -> Study:
    """Store a study of which there is only a protocol so far. Whoever makes it is its researcher.

    Raises ProtocolError if the slug is missing or taken, or if something is not of the kind that the pages can show.
    """
    faults: list[Fault] = []
    try:
        check_protocol(source)
    except ProtocolError as error:
        faults = [fault for fault in error.faults if fault.key in NEEDED or fault.code in MISSHAPEN]
    faults = faults or faults_of_length(source)
    if faults:
        raise ProtocolError(*faults)
    with new_study(source["slug"]):
        study = _mirrored(Study(), source)
        if user is not None:
            study.researchers.add(user)
        Event.objects.create(study=study, user=user, kind=Event.Kind.DRAFTED)
    return study


def save_draft(*, study: Study, source: dict[str, Any]) -> None:
    """Keep a draft's protocol, whole or not. Raises ProtocolError where the study is no draft any more."""
    if study.state != Study.State.DRAFT:
        state = {"study": study.slug, "state": study.get_state_display()}
        raise ProtocolError(Fault((), Code.NO_DRAFT, state))
    if faults := faults_of_length(source):
        raise ProtocolError(*faults)
    _mirrored(study, source)


def _mirrored(study: Study, source: dict[str, Any]) -> Study:
    """Save a draft's protocol, and what lists and heads of pages show of it; the rest follows when it becomes ready."""
    study.slug, study.title, study.task = source["slug"], source["title"], source["task"]
    study.protocol = source
    study.save()
    return study


def faults_of(source: dict[str, Any]) -> list[Fault]:
    """What the protocol's own check says, key by key; nothing of what is or is not in the database."""
    try:
        check_protocol(source)
    except ProtocolError as error:
        return error.faults
    return []


def faults_here(protocol: Protocol) -> list[Fault]:
    """What is wrong with a protocol that checks, given the photos and networks that are here.

    Photos that a network has still to look at are no fault: it will, when the maps are made.
    """
    faults = faults_of_methods(protocol)
    try:
        find_networks(protocol)
    except ProtocolError as error:
        faults += error.faults
    try:
        chosen = choose_classes(protocol)
    except NotSeenYetError:
        return faults
    except ProtocolError as error:
        return list(dict.fromkeys(faults + error.faults))
    strange = [
        Fault(("arms", "network"), Code.NETWORK_KNOWS_NOT, {"network": name, "classes": classes})
        for name, classes in chosen.strange.items()
    ]
    return faults + strange + _boxes_missing(protocol, chosen)


def _boxes_missing(protocol: Protocol, chosen: ClassesChoice) -> list[Fault]:
    """Attention checks need photos with a box. Which photos are drawn is not known here: this counts all they come from."""
    wanted = protocol.attention_checks
    if not wanted:
        return []
    classes = [row.name for row in chosen.classes if row.chosen]
    boxed = find_set(protocol).images.filter(class_name__in=classes).exclude(boxes=[]).count()
    if boxed >= wanted:
        return []
    return [Fault(("design", "attention_checks"), Code.NO_BOXES, {"wanted": wanted, "boxed": boxed})]


def all_faults(source: dict[str, Any]) -> list[Fault]:
    """Faults of the protocol itself; if there are none, those with what is here."""
    return faults_of(source) or faults_here(check_protocol(source))


def completed(source: dict[str, Any]) -> dict[str, Any]:
    """A protocol with what is not chosen yet filled in for the moment, so that its photos and networks can be looked at."""
    names = map_sources.network_names(source.get("arms", []))
    asked = trial_type_in(source).asked
    if asked.compares_networks and len(names) == 2:
        arms = [map_sources.stand_ins(name)[0] for name in names]
    else:
        arms = [arm for name in names or ["-"] for arm in map_sources.stand_ins(name)]
    if asked.compares_networks:
        arms = arms[: asked.most_arms]
    return {**source, "arms": arms, "analysis": {}}


PACKAGED = {"efficientnet-lite0": "package:efficientnet_lite0", "squeezenet1-1": "package:squeezenet1_1"}
