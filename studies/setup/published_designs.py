"""Designs that the literature uses, each with the protocol that runs it here: what the gallery shows, and docs/gallery.md says."""

import tomllib
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from studies.protocol import check_protocol

SELVARAJU = "Selvaraju, Cogswell, Das, Vedantam, Parikh & Batra, Grad-CAM, ICCV 2017"
HIVE = "Kim, Meister, Ramaswamy, Fong & Russakovsky, HIVE, ECCV 2022"


@dataclass(frozen=True)
class PublishedDesign:
    """A design with the question that it answers.

    protocol   the file in docs/protocols, without its ending
    question   what it finds out
    seen       what volunteers see and answer, in a sentence
    maps       how many pictures stand beside the photo in a trial; 0: one picture that holds several maps
    answers    a few of the buttons, for the sketch
    used_by    who used it, author, title, place and year
    ours       what is decided here where they leave it open, or do otherwise
    """

    protocol: str
    title: str
    question: str
    seen: str
    maps: int
    answers: tuple[str, ...]
    used_by: tuple[str, ...]
    ours: str

    @property
    def file(self) -> str:
        return f"docs/protocols/{self.protocol}.toml"

    def text(self) -> str:
        """The protocol's file, as it ships."""
        return (settings.BASE_DIR / self.file).read_text("utf-8")

    def source(self) -> dict[str, Any]:
        return tomllib.loads(self.text())

    def arms(self) -> list[str]:
        """The names of its arms."""
        return [arm.name for arm in check_protocol(self.source()).arms]


DESIGNS = (
    PublishedDesign(
        protocol="method-choice",
        title="The best of several maps",
        question="Which of several methods do people find best for the same answer of the same network?",
        seen="A photo, and its maps by three methods in random order: the best one, or “the same”.",
        maps=3,
        answers=("A", "B", "C", "same"),
        used_by=("The study that Blindsight was made to repeat, its section 4.3",),
        ours="Orders are balanced over people and photos; intervals are over both. The paper’s own photos and network: paper-method-choice.toml.",
    ),
    PublishedDesign(
        protocol="reliability",
        title="Which of two networks is more reliable",
        question="Do people see from maps alone which of two networks is the better one?",
        seen="A photo that both networks get right, and a map of each: which seems more reliable, from −2 to +2.",
        maps=2,
        answers=("−2", "−1", "0", "+1", "+2"),
        used_by=(f"{SELVARAJU} (its section on trust)", "The study that Blindsight was made to repeat, its section 4.4"),
        ours="Only photos that both get right, so that people judge the maps and not the mistakes. The paper’s own photos and networks: paper-reliability.toml.",
    ),
    PublishedDesign(
        protocol="pairs",
        title="Many methods, two at a time",
        question="In which order do people put many methods, without looking at all of them at once?",
        seen="A photo and two of the maps: the better one, or “the same”.",
        maps=2,
        answers=("left", "same", "right"),
        used_by=("Jeyakumar, Noor, Cheng, Garcia & Srivastava, How can I explain this to you?, NeurIPS 2020",),
        ours="Pairs are balanced and connected; strengths by Bradley–Terry–Davidson with ties; noise and a spot in the middle run along as controls.",
    ),
    PublishedDesign(
        protocol="rank",
        title="A ranking with ties",
        question="In which order do people put four methods, where some may be equally good?",
        seen="A photo and four maps, to be put in an order; several may share a place.",
        maps=4,
        answers=("1", "2", "3", "4"),
        used_by=("Time is Not Enough: the form of its 6 and 20 graders, as its public code has it",),
        ours="Ranks by drag, taps or keys; mean rank, share of first places, Plackett–Luce with ties.",
    ),
    PublishedDesign(
        protocol="best-worst",
        title="The best and the worst",
        question="Which of four methods stands out, to either side?",
        seen="A photo and four maps: the best and the worst.",
        maps=4,
        answers=("best", "worst"),
        used_by=("Louviere, Flynn & Marley, Best–Worst Scaling, Cambridge University Press 2015 (the design)",),
        ours="A map that no network made stands among them as a control.",
    ),
    PublishedDesign(
        protocol="satisfaction",
        title="Satisfaction with one map",
        question="How satisfied are people with each method’s explanation?",
        seen="A photo and one map, with the eight statements of the Explanation Satisfaction Scale on five points.",
        maps=1,
        answers=("1", "2", "3", "4", "5"),
        used_by=("Hoffman, Mueller, Klein & Litman, Metrics for Explainable AI, 2018; Frontiers in Computer Science 2023",),
        ours="Each person meets every method; satisfaction-between.toml gives each person one method alone.",
    ),
    PublishedDesign(
        protocol="verify",
        title="A human–network team",
        question="Are people right more often with an explanation than without one, and where: where the network is right, or where it is wrong?",
        seen="A photo, what the network says of it, and a map or none: is the network right?",
        maps=1,
        answers=("wrong", "right"),
        used_by=("Nguyen, Kim & Nguyen, The effectiveness of feature attribution methods, NeurIPS 2021",),
        ours="Half of the photos are ones that the network gets wrong; a placebo and no explanation are arms, and everything is split by right and wrong.",
    ),
    PublishedDesign(
        protocol="hive-agreement",
        title="HIVE: agreement",
        question="Do people believe the network more when they see an explanation, also where it is wrong?",
        seen="A photo, what the network says and a map: is it right, in four steps of confidence?",
        maps=1,
        answers=("sure wrong", "wrong", "right", "sure right"),
        used_by=(HIVE,),
        ours="HIVE asked about one method at a time and had no control: a placebo and no explanation stand beside it here.",
    ),
    PublishedDesign(
        protocol="hive-distinction",
        title="HIVE: distinction; class discrimination",
        question="Can people tell from maps of several classes which one the network chooses?",
        seen="A photo and the maps of four classes, lettered and without their names: which belongs to the network’s answer? Chance is right in a quarter.",
        maps=0,
        answers=("A", "B", "C", "D"),
        used_by=(HIVE, f"{SELVARAJU} (its section on class discrimination asked which of two classes one map shows)"),
        ours="The right one stands in each place equally often; no explanation and a placebo show what guessing gives.",
    ),
)  # fmt: skip


def design_of(protocol: str) -> PublishedDesign | None:
    return next((design for design in DESIGNS if design.protocol == protocol), None)
