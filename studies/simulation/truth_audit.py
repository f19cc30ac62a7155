"""Whether anything that a volunteer's browser gets tells if the network is right, or which of several maps is: of studies whose trials
show what it says.

Each page of a trial is compared with every other once what may differ is taken out: what the network says, positions, seals and tokens.
What is left must be the same for right and wrong; lengths, times and places must not go with the truth either.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from string import ascii_uppercase
from typing import Any, NamedTuple, Protocol

import numpy as np
from bs4 import BeautifulSoup

from studies.models import Study, Trial, hash_token
from studies.trial_types import trial_type_of

ALARM = 0.002
DRAWS = 4999
CELLS = 2_000_000  # truths drawn at once
OWN = ("position", "title", "question", "pictures", "parts")  # of a trial for scripts: what screen() gives
CHANGING = re.compile(r"[\w-]{20,}|\d+(\.\d+)?")  # seals, tokens, ids; positions and counts


class Fact(NamedTuple):
    """Something true of an item that nobody may be told: in words, and of `Item.prediction`."""

    words: str
    of: Callable[[Mapping[str, Any]], bool]


NETWORK_RIGHT = Fact("whether the network is right", lambda prediction: bool(prediction["right"]))


@dataclass(frozen=True)
class TrialPage:
    """The page of one trial as it came, and what the network says there."""

    prediction: Mapping[str, Any]
    position: int
    headers: Mapping[str, str]
    body: str
    seconds: float

    @property
    def right(self) -> bool:
        return bool(self.prediction["right"])

    @cached_property
    def own(self) -> dict[str, Any]:
        """This trial in the JSON that scripts read."""
        block = BeautifulSoup(self.body, "html.parser").select_one("script#block")
        trials = json.loads(block.string or "{}").get("trials", []) if block else []
        return next((trial for trial in trials if trial.get("position") == self.position), {})

    @cached_property
    def bare(self) -> str:
        """The page without its JSON, which has later trials too, without what the network says and without all that changes."""
        soup = BeautifulSoup(self.body, "html.parser")
        for script in soup.select("script"):
            script.extract()
        text = str(soup)
        for told in sorted(
            {str(self.own.get(key, "")) for key in ("question", "title")}, key=len, reverse=True
        ):
            text = text.replace(told, "…") if told else text
        return CHANGING.sub("", text)


class Came(Protocol):
    """What a browser got for an address."""

    @property
    def address(self) -> str: ...
    @property
    def headers(self) -> dict[str, str]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def seconds(self) -> float: ...


def pages_of(replies: Iterable[Came]) -> Iterator[TrialPage]:
    """The pages of main trials whose item has a prediction. Asked while those who came are in the database."""
    for reply in replies:
        if b'id="answer"' not in reply.body:
            continue
        field = BeautifulSoup(reply.body, "html.parser").select_one("form#answer input[name=position]")
        token, position = reply.address.split("/")[2], int(str(field["value"])) if field else 0
        trial = Trial.objects.select_related("item").get(
            participant__token_sha256=hash_token(token), position=position
        )
        if trial.kind == Trial.Kind.MAIN and trial.item.prediction is not None:
            body = reply.body.decode("utf-8", "replace")
            yield TrialPage(trial.item.prediction, position, reply.headers, body, reply.seconds)


def truth_leaks(study: Study, pages: Iterable[TrialPage], seed: int) -> list[str]:
    """What tells whether the network is right, or which map is: a text, header, length or time of a page, or the order of the trials."""
    rows = study.trials.filter(kind=Trial.Kind.MAIN).exclude(order="").order_by("pk")
    predictions = rows.values_list("item__prediction", flat=True)
    said = [(place, prediction) for place, prediction in enumerate(predictions) if prediction is not None]
    came, leaks = list(pages), []
    for fact in facts_of(study):
        leaks += leaks_of(came, [(place, fact.of(prediction)) for place, prediction in said], seed, fact)
    return list(dict.fromkeys(leaks)) + (
        [f"a page holds {word!r}, and names no class" for word in _named(study, came)]
    )


def facts_of(study: Study) -> list[Fact]:
    """All that is true of the study's items and must not be known before the answer."""
    asked = trial_type_of(study).asked
    if asked.panels == 1:
        return [NETWORK_RIGHT]

    def stands(place: int) -> Fact:
        return Fact(
            f"whether map {ascii_uppercase[place]} is right",
            lambda prediction: prediction["places"][asked.right_class] == place,
        )

    return [NETWORK_RIGHT, *map(stands, range(asked.panels))]


def leaks_of(
    pages: Iterable[TrialPage],
    laid_out: Iterable[tuple[int, bool]],
    seed: int,
    fact: Fact = NETWORK_RIGHT,
) -> list[str]:
    """What tells the truth, one sentence each; empty where nothing does.

    Args:
        pages: of main trials.
        laid_out: every trial of the study as (its place in the order of claiming, whether the fact is so).
        fact: what is looked for.
    """
    pages = list(pages)
    leaks = [f"{what} of a trial tells {fact.words}" for what in _what_differs(pages, fact)]
    leaks += [
        f"a page holds {word!r}, the photo's label, where the network says something else"
        for word in _labels(pages)
    ]
    measured: dict[str, Callable[[TrialPage], float]] = {
        "the length of a page": lambda page: len(page.bare),
        "the length of headers": lambda page: sum(map(len, page.headers.values())),
        "the time that a page takes": lambda page: page.seconds,
    }
    right = np.array([fact.of(page.prediction) for page in pages], bool)
    random = np.random.default_rng(seed)
    for name, measure in measured.items():
        leaks += _goes_with(name, np.array([measure(page) for page in pages]), right, random, fact)
    places = list(laid_out)
    return leaks + _goes_with(
        "the order of trials",
        np.array([place for place, _ in places]),
        np.array([is_so for _, is_so in places]),
        random,
        fact,
    )


def _what_differs(pages: list[TrialPage], fact: Fact) -> list[str]:
    """Parts of a page that are never the same where the fact is so and where it is not.

    One page alone says nothing: somebody's first one differs from all others, whatever it is about.
    """
    so = sum(fact.of(page.prediction) for page in pages)
    if min(so, len(pages) - so) < 2:
        return []
    parts: dict[str, Callable[[TrialPage], str]] = {
        "the text": lambda page: page.bare,
        "the JSON": lambda page: CHANGING.sub(
            "", json.dumps({key: value for key, value in page.own.items() if key not in OWN}, sort_keys=True)
        ),
        "a header": lambda page: CHANGING.sub(
            "", json.dumps({k: v for k, v in page.headers.items() if k != "date"}, sort_keys=True)
        ),
    }
    differing = []
    for name, part in parts.items():
        seen: dict[bool, set[str]] = defaultdict(set)
        for page in pages:
            seen[fact.of(page.prediction)].add(part(page))
        if len(seen) == 2 and not seen[True] & seen[False]:
            differing.append(name)
    return differing


def _labels(pages: list[TrialPage]) -> list[str]:
    """Labels that stand on pages of photos that the network gets wrong, in the page itself or in the trial's JSON."""
    found = set()
    for page in pages:
        label, says = (str(page.prediction[key]) for key in ("label", "says"))
        text = page.bare + json.dumps(page.own, ensure_ascii=False).replace(says, "")
        if (
            not page.right
            and len(label) > 2
            and re.search(rf"(?<![\w-]){re.escape(label)}(?![\w-])", text, re.IGNORECASE)
        ):
            found.add(label)
    return sorted(found)


def _named(study: Study, pages: list[TrialPage]) -> list[str]:
    """Classes that stand on pages of trials which name none."""
    if trial_type_of(study).asked.panels == 1:
        return []
    found = set()
    for page in pages:
        text = page.bare + json.dumps(page.own, ensure_ascii=False)
        words = {str(page.prediction[key]) for key in ("label", "says")}
        found |= {
            word for word in words if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text, re.IGNORECASE)
        }
    return sorted(word for word in found if len(word) > 2)


def _goes_with(
    what: str, values: np.ndarray, right: np.ndarray, random: np.random.Generator, fact: Fact
) -> list[str]:
    """By exchanging the truth at random: whether values of right and of wrong ones lie apart more than chance has it."""
    if not right.any() or right.all():
        return []
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    ranks -= ranks.mean()  # then both means lie as far apart as the sum of one group is from nothing

    seen = abs(float(ranks[right].sum()))
    at_once = max(1, CELLS // len(right))
    rounds = (np.tile(right, (min(at_once, DRAWS - done), 1)) for done in range(0, DRAWS, at_once))
    drawn = (np.abs(random.permuted(each, axis=1) @ ranks) for each in rounds)
    as_far = sum(int((far >= seen - 1e-6).sum()) for far in drawn)
    p = (1 + as_far) / (1 + DRAWS)
    return [f"{what} goes with {fact.words} (p = {p:.2g})"] if p < ALARM else []
