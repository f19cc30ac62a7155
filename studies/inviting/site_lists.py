"""What to type at a recruitment site, with a study's own addresses, and what is still missing here. docs/recruitment.md.

Pure: it looks at the protocol and at a link, and asks no database.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from studies.protocol import (
    DECLINED,
    FAILED_CHECKS,
    FINISHED,
    FRAME,
    FULL,
    OF_MTURK,
    RECRUITMENT,
    SCREENED,
    requirements_of,
)


@dataclass(frozen=True)
class Step:
    """One thing to do there; `value` is what to type, ready to copy."""

    what: str
    value: str = ""
    lines: int = 1


@dataclass(frozen=True)
class SiteList:
    key: str
    name: str
    steps: list[Step]
    missing: list[str]


@dataclass(frozen=True)
class Asked:
    """A study as a recruitment site sees it."""

    link: str
    title: str
    minutes: int  # for one person; 0: not known yet
    people: int  # who are still needed; 0: not known
    quota: int | None
    protocol: Mapping[str, Any]
    questions: Sequence[Mapping[str, Any]] = ()
    completion_url: str = ""
    attention_checks: int = 0

    @property
    def recruitment(self) -> Mapping[str, Any]:
        return self.protocol.get(RECRUITMENT, {})

    def way(self, end: str) -> tuple[str, str]:
        """Address and code of the site's own for one end; "" where the protocol has none."""
        ways = self.recruitment.get("ways_back", {})
        way = ways.get(end) or {}
        if end == FAILED_CHECKS and not way:  # they go where all go who are through
            return self.way(FINISHED)
        return way.get("url", "") or (self.completion_url if end == FINISHED else ""), way.get("code", "")

    def ends_reached(self) -> list[str]:
        """Beside `finished`, the ends that people of this study can come to."""
        screens = any(question.get("eligible") for question in self.questions)
        fails = self.attention_checks and self.protocol.get("exclusions", {}).get("missed_checks")
        return [*([SCREENED] if screens else []), *([FAILED_CHECKS] if fails else []), DECLINED, FULL]


WHO = {
    SCREENED: "who is not eligible by their own answers",
    FAILED_CHECKS: "who misses too many attention checks",
    DECLINED: "who does not agree",
    FULL: "who comes when all places are taken",
}


def site_lists(asked: Asked) -> list[SiteList]:
    """One list for each site that Blindsight knows."""
    return [
        SiteList(key, name, [*steps(asked)], [*_missing_anywhere(asked), *missing(asked)])
        for key, name, steps, missing in SITES
    ]


def _missing_anywhere(asked: Asked) -> list[str]:
    missing = []
    if not asked.link.startswith("https://"):
        missing.append(
            "This site is not reached by HTTPS, which recruitment sites ask of the addresses that they send people to."
        )
    if asked.quota is not None and asked.quota < max(asked.people, 2):
        missing.append(
            f"This invitation lets in {asked.quota}, and a recruitment site sends everybody by one link: make one with more places, or with no limit."
        )
    return missing


def _time(asked: Asked) -> list[Step]:
    return [Step("Estimated time, in minutes", str(asked.minutes))] if asked.minutes else []


def _places(asked: Asked, what: str) -> list[Step]:
    return [Step(f"{what}: who is still needed at least", str(asked.people))] if asked.people else []


def _device(asked: Asked, where: str) -> list[Step]:
    needs = requirements_of(asked.protocol)
    return [Step(f"{where}: no phones; this study refuses them")] if needs.no_phone else []


def _other_ends(asked: Asked) -> list[str]:
    return [
        f"No way back for {WHO[end]}: they stay on their last page here. Say ways_back.{end}, if the site has one for them."
        for end in asked.ends_reached()
        if asked.way(end) == ("", "")
    ]


def _finished(asked: Asked, host: str, name: str) -> list[str]:
    """What is missing of the way back of who is through; `host`: where it should lead."""
    url, code = asked.way(FINISHED)
    if not url and not code:
        return [
            f"No way back for who is through: copy the address or the code that {name} shows into ways_back.finished."
        ]
    if url and not _is_at(url, host):
        return [f"The way back for who is through leads to {urlsplit(url).hostname}, not to {name}."]
    return []


def _is_at(url: str, host: str) -> bool:
    at = urlsplit(url).hostname or ""
    return at == host or at.endswith(f".{host}")


# Prolific

PROLIFIC_PLACES = "?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"


def _prolific(asked: Asked) -> list[Step]:
    signed = [Step("Switch on secured URLs: this study lets in nobody without Prolific's signature")]
    return [
        Step("Title of the study", asked.title),
        Step("Study link", asked.link + PROLIFIC_PLACES),
        Step("How to record Prolific IDs: choose “I'll use URL parameters”. The link above has them already"),
        *(signed if asked.recruitment.get("prolific_key") else []),
        *_ways_there(asked),
        *_time(asked),
        *_places(asked, "Participants"),
        *_device(asked, "Devices"),
    ]


def _ways_there(asked: Asked) -> list[Step]:
    """The codes that the protocol has, for the site's list of completion paths."""
    url, code = asked.way(FINISHED)
    steps = [Step("Completion path of who is through, its code", code)] if code else []
    steps += [Step("Address that people go back to when they are through", url)] if url else []
    others = [(end, *asked.way(end)) for end in asked.ends_reached()]
    return steps + [Step(f"Path of {WHO[end]}", code or url) for end, url, code in others if code or url]


def _prolific_missing(asked: Asked) -> list[str]:
    return [*_finished(asked, "prolific.com", "Prolific"), *_other_ends(asked)]


# MTurk

FRAME_HEIGHT = 900  # pixels
QUESTION = """<ExternalQuestion xmlns="http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2006-07-14/ExternalQuestion.xsd">
  <ExternalURL>{link}</ExternalURL>
  <FrameHeight>{height}</FrameHeight>
</ExternalQuestion>"""


def _mturk(asked: Asked) -> list[Step]:
    limit = [
        Step("AssignmentDurationInSeconds: three times as long as it should take", str(asked.minutes * 180))
    ]
    return [
        Step("Title", asked.title),
        Step(
            "Question, as CreateHIT takes it",
            QUESTION.format(link=escape(asked.link), height=FRAME_HEIGHT),
            7,
        ),
        Step("The ids (workerId, assignmentId, hitId, turkSubmitTo) are added by MTurk itself"),
        Step("Nothing to copy for who is through: the last page hands the assignment in, with the code"),
        *(limit if asked.minutes else []),
        *_places(asked, "MaxAssignments"),
        Step("Try it at workersandbox.mturk.com first"),
    ]


def _mturk_missing(asked: Asked) -> list[str]:
    frame = 'No page of this study can be shown in MTurk\'s frame: say frame = "mturk" in [recruitment].'
    return [*([] if asked.recruitment.get(FRAME) == OF_MTURK else [frame]), *_other_ends(asked)]


# Sona

SONA_PLACE = "{survey_code}"


def _sona(asked: Asked) -> list[Step]:
    url, _ = asked.way(FINISHED)
    return [
        Step("Type of study: Online External Study"),
        Step("Study name", asked.title),
        Step("Study URL", f"{asked.link}?survey_code=%SURVEY_CODE%"),
        *(
            [Step("Client-side completion URL, as this study has it: compare it with Sona's", url)]
            if url
            else []
        ),
        *_time(asked),
        *_places(asked, "Timeslot, number of participants"),
    ]


def _sona_missing(asked: Asked) -> list[str]:
    missing, (url, _) = _finished(asked, "sona-systems.com", "Sona"), asked.way(FINISHED)
    if _is_at(url, "sona-systems.com") and SONA_PLACE not in url:
        missing.append(
            "The way back has no {survey_code}, so Sona does not learn who is through: put it where Sona's address has XXXX."
        )
    return missing


# CloudResearch


def _cloudresearch(asked: Asked) -> list[Step]:
    return [
        Step("Project name", asked.title),
        Step("Survey link", asked.link),
        Step(
            "The ids (participantId, assignmentId, projectId) are added by Connect itself: leave its URL parameters as they are"
        ),
        *_ways_there(asked),
        *_time(asked),
        *_places(asked, "Participants"),
        *_device(asked, "Devices"),
    ]


def _cloudresearch_missing(asked: Asked) -> list[str]:
    return [*_finished(asked, "cloudresearch.com", "CloudResearch"), *_other_ends(asked)]


Lister = Callable[[Asked], list[Step]]
Checker = Callable[[Asked], list[str]]
SITES: list[tuple[str, str, Lister, Checker]] = [
    ("prolific", "Prolific", _prolific, _prolific_missing),
    ("mturk", "MTurk", _mturk, _mturk_missing),
    ("sona", "Sona", _sona, _sona_missing),
    ("cloudresearch", "CloudResearch Connect", _cloudresearch, _cloudresearch_missing),
]
