"""Where somebody goes when it is over for them, and with which code: for every end what the protocol says of it.

It is made of what is known of them at that moment: of who withdraws before they are erased, of who declines of their link.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from studies.models import Participant, Study
from studies.protocol import CODE, FAILED_CHECKS, FINISHED, PLACE, RECRUITMENT
from studies.trials import checks_by_person, failed_checks

from .recruitment_sites import frames_of, mturk_address


@dataclass(frozen=True)
class WayBack:
    """`url` is empty where no address is known, `code` where none is to be shown; `mturk` is where an assignment is handed in."""

    url: str = ""
    code: str = ""
    mturk: str = ""
    assignment: str = ""
    after: int = 0  # seconds until they go back by themselves; 0: not by themselves
    in_frame: bool = False  # whether this page may be in a frame of the site that they go back to


def way_back(
    study: Study, end: str, external: Mapping[str, str] | None = None, own_code: str = ""
) -> WayBack:
    """The way back from one of the ends of `[recruitment.ways_back]`.

    Args:
        external: the parameters with which they came.
        own_code: the code that was made for them. It is not shown where the site has one of its own: a code in `code`, or
            an address with no place for another.
    """
    recruitment, external = study.protocol.get(RECRUITMENT, {}), external or {}
    way = _said(recruitment, end)
    address = way.get("url") or (study.completion_url if end in (FINISHED, FAILED_CHECKS) else "")
    mturk = mturk_address(external) if end in (FINISHED, FAILED_CHECKS) else ""
    fixed, in_frame = way.get("code", ""), bool(frames_of(study.protocol))
    is_wanted = mturk or not address or CODE in PLACE.findall(address)
    return WayBack(
        url=_filled(address, {**external, CODE: fixed or own_code}),
        code=fixed or (own_code if is_wanted else ""),
        mturk=mturk,
        assignment=external.get("assignmentId", ""),
        # Out of a frame nobody is led but by a press of their own.
        after=recruitment.get("return_after", 0) if address and not mturk and not in_frame else 0,
        in_frame=in_frame,
    )


def way_of(participant: Participant) -> WayBack:
    """The way back of somebody who is through, or was taken out."""
    study = participant.study
    end = FAILED_CHECKS if _failed(participant) else FINISHED
    return way_back(study, end, participant.external, participant.completion_code)


def hand_in_of(participant: Participant) -> WayBack | None:
    """How somebody at a limited link hands in the assignment with which they came by it, once nothing more is asked of them.

    Nothing else is shown there, and no code. None where MTurk did not send them.
    """
    link = participant.came_by
    if link is None or participant.state == Participant.State.ACTIVE:
        return None
    address = mturk_address(link.external)
    return WayBack(mturk=address, assignment=link.external["assignmentId"]) if address else None


def _failed(participant: Participant) -> bool:
    if participant.pk is None or participant.state != Participant.State.FINISHED:
        return False
    passed, given = checks_by_person(participant.study, [participant.pk])
    return failed_checks(participant.study, passed[participant.pk], given[participant.pk])


def _said(recruitment: Mapping, end: str) -> Mapping[str, str]:
    """What the protocol says of an end; who failed the checks goes where all go who are through, unless it says otherwise."""
    ways = recruitment.get("ways_back", {})
    return ways.get(end) or (ways.get(FINISHED, {}) if end == FAILED_CHECKS else {})


def _filled(address: str, values: Mapping[str, str]) -> str:
    """An address with its places filled in, each value as an address writes it. What did not come in is left empty."""
    return PLACE.sub(lambda place: quote(values.get(place[1], ""), safe=""), address)
