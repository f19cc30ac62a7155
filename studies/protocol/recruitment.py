"""How people come from a recruitment site and go back there. `[recruitment]` in study.toml, all of it optional:

people = 15                       # how many are planned
parameters = ["lab_id"]           # what links bring besides what Prolific, MTurk, Sona and CloudResearch call theirs
person = "lab_id"                 # which of these says who somebody is
return_after = 10                 # seconds after which somebody goes back by themselves; left out: by a button alone
frame = "mturk"                   # MTurk shows volunteers' pages in its frame (ExternalQuestion); nobody may without this
prolific_key = '''{"keys": […]}''' # Prolific's public keys: nobody comes in without its signature then
prolific_study = "66f0…"          # the study's id there, which the signature must name

[recruitment.ways_back.finished]  # and screened, declined, full, failed_checks, withdrew
url = "https://…?cc={code}"       # {code}, {PROLIFIC_PID} and every other parameter that came in are filled in
code = "C1A2B3"                   # the site's own; without it whoever is through gets a code of their own

`completion_url` is another name of `ways_back.finished.url`.
"""

import re
from collections.abc import Mapping
from typing import Any

from .faults import Code
from .parser import NAME, Reader
from .public_keys import is_public_key

RECRUITMENT = "recruitment"
COMPLETION_URL = "completion_url"
FINISHED, SCREENED, DECLINED, FULL, FAILED_CHECKS, WITHDREW = ENDS = (
    "finished", "screened", "declined", "full", "failed_checks", "withdrew",
)  # fmt: skip
# A code of one's own is made for who is through; for the other ends there is the site's.
WITH_OWN_CODE = (FINISHED, FAILED_CHECKS)
CODE = "code"
FRAME, OF_MTURK = "frame", "mturk"

# Site -> the parameter that says who someone is, and what else the site passes on.
SITES = {
    "prolific": ("PROLIFIC_PID", ("STUDY_ID", "SESSION_ID")),
    "mturk": ("workerId", ("assignmentId", "hitId", "turkSubmitTo")),
    "sona": ("survey_code", ()),
    "cloudresearch": ("participantId", ("assignmentId", "projectId")),
}
OWN = "site"  # what a site is called whose parameter the protocol names
MOST_PARAMETERS = 10
PLACE = re.compile(r"\{([^{}]*)\}")


def sites_of(recruitment: Mapping[str, Any]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Site -> who somebody is, and what else it passes on, for a study: its own parameters come with whichever site it is."""
    more = tuple(recruitment.get("parameters", ()))
    sites = {site: (who, (*others, *more)) for site, (who, others) in SITES.items()}
    own = recruitment.get("person")
    return {OWN: (own, more), **sites} if own else sites


def names_way_back(source: Mapping[str, Any]) -> bool:
    """Whether a protocol names an address or code by which a site knows who took part: whoever has it can say that they did."""
    recruitment = source.get(RECRUITMENT, {})
    return bool(recruitment.get(COMPLETION_URL) or recruitment.get("ways_back"))


def read_recruitment(table: Reader) -> str:
    """Check what the protocol says of recruitment sites; faults are noted in the reader. Its `completion_url`."""
    parameters = table.texts("parameters")
    if len(parameters) > MOST_PARAMETERS:
        table.fault(Code.TOO_MANY, "parameters", count=len(parameters), most=MOST_PARAMETERS)
    person = table.text("person", longest=100, default="")
    for key, names in (("parameters", parameters), ("person", [person] if person else [])):
        for name in names:
            if not NAME.fullmatch(name) or name == CODE:
                table.fault(Code.NO_PARAMETER, key, value=name)
    table.number("return_after", least=3, most=600, default=None)
    table.one_of(FRAME, [OF_MTURK], default="")
    places = {who for who, _ in SITES.values()} | {name for _, others in SITES.values() for name in others}
    places |= {*parameters, person} - {""}
    url = _url(table, COMPLETION_URL, places | {CODE})
    ways = table.table("ways_back", required=False)
    for end in ENDS:
        way = ways.table(end, required=False)
        has_code = bool(way.text("code", longest=50, default="")) or end in WITH_OWN_CODE
        own = _url(way, "url", places | {CODE} if has_code else places)
        if end == FINISHED and own and url:
            way.fault(Code.SAID_TWICE, "url", other=f"{RECRUITMENT}.{COMPLETION_URL}")
    return url


def _url(table: Reader, key: str, places: set[str]) -> str:
    url = table.text(key, longest=500, default="")
    if url and not url.startswith("https://"):
        table.fault(Code.NO_HTTPS, key, value=url)
    for place in sorted(set(PLACE.findall(url)) - places):
        table.fault(Code.NO_SUCH_PLACE, key, place=place)
    return url


def read_prolific_key(table: Reader) -> str:
    keys = table.text("prolific_key", longest=10_000, default="")
    if keys and not is_public_key(keys):
        table.fault(Code.NO_PUBLIC_KEY, "prolific_key")
    return keys
