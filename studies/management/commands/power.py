"""`power study.toml [--json]`: how likely the study is to find what it looks for, at several numbers of people."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from explain.core.commands import Answer, AnswerCommand, Bar
from studies.analysis.answers import AnswersError
from studies.analysis.power import Assumptions, Needed
from studies.protocol import read_protocol
from studies.setup import PowerAnalysis, analyse_power
from studies.trial_types import Power, trial_type, trial_type_of, trial_types

BAR = 40  # characters for a power of 1


class Command(AnswerCommand):
    help = "Power and width of the intervals of a study's own design, by simulation. Nothing needs to be created first."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("protocol", type=Path, metavar="study.toml")
        parser.add_argument("--people", default="", help="numbers of people, separated by commas: 15,30,60")
        parser.add_argument(
            "--effect",
            type=float,
            help="; ".join(f"{entry.name}: {_effect(entry.power)}" for entry in trial_types()),
        )
        parser.add_argument("--same", type=float, default=0.06, help="share of “same” (default 0.06)")
        parser.add_argument(
            "--spread-items", type=float, default=0.8, help="how far photos differ (default 0.8)"
        )
        parser.add_argument(
            "--spread-people", type=float, default=0.5, help="how far people differ (default 0.5)"
        )
        parser.add_argument(
            "--left-out",
            type=float,
            default=0.0,
            help="share of people whom the protocol's rules leave out, where the others decide (default 0)",
        )
        parser.add_argument("--studies", type=int, default=200, help="simulated at each number (default 200)")
        parser.add_argument("--seed", type=int, default=0)

    def run(self, *, protocol: Path, people: str, studies: int, seed: int, **options: Any) -> Answer:
        read = read_protocol(protocol)
        effect = trial_type_of(read).power.effect if options["effect"] is None else options["effect"]
        try:
            with Bar("studies") as bar:
                analysis = analyse_power(
                    protocol=read,
                    people=_numbers(people),
                    assumptions=Assumptions(
                        effect,
                        options["same"],
                        options["spread_items"],
                        options["spread_people"],
                        options["left_out"],
                    ),
                    studies=studies,
                    seed=seed,
                    needed=True,
                    report=bar,
                )
        except AnswersError as error:
            raise CommandError(str(error), returncode=2) from error
        return _answer(analysis)


def _effect(kind: Power) -> str:
    return f"{kind.effect_of} (default {kind.effect:g})"


def _numbers(text: str) -> list[int]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if strange := [word for word in words if not word.isdecimal() or int(word) < 2]:
        raise AnswersError(f"--people {text}: {strange[0]} is no number of people from 2 up; give 15,30,60")
    return [int(word) for word in words]


def _answer(analysis: PowerAnalysis) -> Answer:
    rows = [
        [
            point.people,
            f"{point.answers_each:12.1f}",
            _percent(point.power),
            f"{point.interval[0]:.0%} to {point.interval[1]:.0%}".replace("%", " %"),
            "–" if point.width is None else f"{point.width:14.3f}",
            *([] if point.equivalence is None else [_percent(point.equivalence.power)]),
            "█" * round(point.power * BAR) or "▏",
        ]
        for point in analysis.points
    ]
    same = () if analysis.smallest_effect is None else ("“no difference”",)
    header = ("people", "answers each", "power", "its chance", "interval width", *same, "")
    return Answer(
        data=analysis.to_json(), header=header, rows=rows, notes=["", *analysis.notes, *_assumed(analysis)]
    )


def _needed(needed: Needed | None) -> list[str]:
    if needed is None:
        return []
    aim, power = (f"{share:.0%}".replace("%", " %") for share in (needed.aim, needed.power))
    if needed.people:
        return [f"People needed for a power of {aim}: {needed.people}."]
    return [
        f"No number of people up to {needed.most} gives a power of {aim} (at most {power}): ask about more photos, or for more "
        "answers to a photo."
    ]


def _percent(share: float) -> str:
    return f"{share:5.0%}".replace("%", " %")


def _assumed(analysis: PowerAnalysis) -> list[str]:
    width = f"Width: of the 95 % interval of {trial_type(analysis.task).power.width_of}."
    studies = analysis.points[0].studies
    return [
        *_needed(analysis.needed),
        f"Photos: {analysis.photos.count}, from {analysis.photos.source}.",
        analysis.assumed,
        f"Power: share of {studies} simulated studies in which the protocol's own decision finds this. {analysis.decision} {width}",
        *filter(None, [analysis.decision_of_equivalence, analysis.whose]),
        "Nobody has answered anything: every figure is simulated.",
    ]
