"""The paper's two studies on other photos and networks: the shipped protocols, and what was changed in them."""

import itertools
import math
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings

from studies.protocol import check_protocol, choose_classes, to_toml

from . import printed
from .inputs import Inputs

PAPERS_NETWORKS = ("resnet50", "vgg16")
CHOOSING = ("min_f1", "top_share", "top_classes", "per_class")


@dataclass(frozen=True)
class PaperStudy:
    """One of the paper's two studies: its shipped protocol, and what the paper prints of it.

    told  options of `simulate` by which people prefer what the paper prints
    """

    shipped: str
    printed: Mapping[str, float]
    told: tuple[str, ...]

    def rule_options(self, rule: str) -> tuple[str, ...]:
        """Options of `simulate` for one of `inputs.SIMULATION_RULES`."""
        return {"localisation": ("--rule", "localisation"), "shares": self.told}[rule]


METHOD_CHOICE = PaperStudy(
    shipped="paper-method-choice",
    printed=printed.CHOICE,
    told=(
        "--prefer",
        ",".join(f"{name}={score / printed.ITEMS:.3f}" for name, score in printed.CHOICE.items()),
    ),
)
RELIABILITY = PaperStudy(
    shipped="paper-reliability",
    printed={"mean rating": printed.RATING},
    told=("--mean", str(printed.RATING)),
)


@dataclass(frozen=True)
class Adapted:
    """One of the two as it is run: its protocol, where that lies, and what was changed in the shipped file.

    What differs from the paper is not told by that: `study_differences` reckons it from the study itself.
    """

    slug: str
    source: dict[str, Any]
    path: Path
    changes: tuple[str, ...]
    of: PaperStudy
    is_papers: bool = True  # False for a pair of networks that the paper does not have


def adapted(inputs: Inputs) -> list[Adapted]:
    """The choice study on the first network, and the reliability study for each pair of networks."""
    pairs = list(itertools.combinations(inputs.networks, 2))
    ratings = [_adapt(inputs, RELIABILITY, f"-{one}-{other}", (one, other)) for one, other in pairs]
    return [
        _adapt(inputs, METHOD_CHOICE, "", inputs.networks[:1]),
        *(
            replace(rating, is_papers=pair == inputs.networks[:2])
            for pair, rating in zip(pairs, ratings, strict=True)
        ),
    ]


def _adapt(inputs: Inputs, study: PaperStudy, suffix: str, networks: tuple[str, ...]) -> Adapted:
    shipped = study.shipped
    source = tomllib.loads((settings.BASE_DIR / f"docs/protocols/{shipped}.toml").read_text("utf-8"))
    source = deepcopy(source)
    changes = []
    instead = dict(zip(PAPERS_NETWORKS, networks, strict=False))
    for arm in source["arms"]:
        arm["network"] = instead[arm["network"]]
    changes += [f"{new} in place of {old}" for old, new in instead.items() if new != old]
    source["slug"] = f"{shipped}-{inputs.set_name}{suffix}"
    source["photos"]["set"] = inputs.set_name
    if inputs.samples:
        dropped = [key for key in CHOOSING if source["photos"].pop(key, None) is not None]
        changes.append(f"all photos of the set, without {', '.join(dropped)}")
    return Adapted(source["slug"], source, inputs.folder / f"{shipped}{suffix}.toml", tuple(changes), study)


def write(one: Adapted, people: int) -> None:
    """Write the protocol as a file, its share of answers for each person cut to the photos that it chooses."""
    items = choose_classes(check_protocol(one.source)).count
    design = one.source["design"]
    design["trials_per_participant"] = math.ceil(items * design["responses_per_item"] / people)
    one.path.parent.mkdir(parents=True, exist_ok=True)
    one.path.write_text(to_toml(one.source), "utf-8")
