"""What recruitment sites put into a link, and where they want people back."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from studies.protocol import FRAME, OF_MTURK, RECRUITMENT, sites_of

LONGEST = 100
# A link says where an assignment is handed in (`turkSubmitTo`), and anyone can write a link: these two and no other.
MTURK = ("https://www.mturk.com", "https://workersandbox.mturk.com")
# Which pages may show a study in a frame, by what the protocol calls the site (`frame`): those on which MTurk's workers work.
FRAMES = {OF_MTURK: ("https://worker.mturk.com", "https://workersandbox.mturk.com", "https://www.mturk.com")}
PREVIEW = "ASSIGNMENT_ID_NOT_AVAILABLE"
# What a site should have filled in (`{{%PROLIFIC_PID%}}`, `${e://Field/PID}`, `[[PID]]`), and what is in no id: a NUL, a line's end,
# what stands for bytes that are no text (many ids would be one), and what turns the reading about in a list of whom to pay.
NO_ID = re.compile(r"[{}$%<>\[\]\x00-\x1f\x7f-\x9f\ufffd\u2028-\u202e\u2066-\u2069]")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def read_parameters(query: Mapping[str, str], recruitment: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Who a recruitment site says this is (`prolific:PID`, or "" without a site), and all that it passed on.

    `recruitment`: what the protocol says of sites. Unknown parameters are left out, and values are cut: they come from anyone who can write a link. Ask `is_unfilled` first.
    """
    for site, (who, others) in sites_of(recruitment).items():
        if person := query.get(who, "")[:LONGEST].strip():
            return f"{site}:{person}", _passed_on(query, (who, *others))
    return "", _passed_on(query, recruitment.get("parameters", ()))


def _passed_on(query: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: CONTROL.sub("", query[name])[:LONGEST] for name in names if query.get(name)}


def is_unfilled(query: Mapping[str, str], recruitment: Mapping[str, Any]) -> bool:
    """Whether a link says who somebody is by what cannot be an id, as where a site did not fill its placeholder in.

    All who come by such a link would be taken for one person, and the second would be shown the first one's code.
    """
    return any(NO_ID.search(query.get(who, "")) for who, _ in sites_of(recruitment).values())


def is_preview(query: Mapping[str, str]) -> bool:
    """Whether someone on MTurk only looks at the task and has not accepted it: nothing may be answered."""
    return query.get("assignmentId") == PREVIEW


def frames_of(protocol: Mapping[str, Any]) -> tuple[str, ...]:
    """The origins of the pages that may show a study's own in a frame; none unless its protocol says so."""
    return FRAMES.get(protocol.get(RECRUITMENT, {}).get(FRAME, ""), ())


def mturk_address(external: Mapping[str, str]) -> str:
    """Where a worker's assignment is handed in; "" for anyone whom MTurk did not send."""
    site = external.get("turkSubmitTo", "").rstrip("/")
    accepted = external.get("assignmentId", PREVIEW) != PREVIEW
    return f"{site}/mturk/externalSubmit" if site in MTURK and accepted else ""
