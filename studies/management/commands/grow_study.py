"""Ask for more answers to each photo of a paused study."""

from typing import Any

from django.core.management.base import CommandParser

from explain.core.commands import Answer, AnswerCommand
from studies.lifecycle import grow
from studies.models import find_study


class Command(AnswerCommand):
    help = (
        "Ask for more answers to each photo of a paused study: a new version of its protocol, with the trials that it lacks. "
        "Answers so far stay, orders stay balanced, and no study shrinks."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the study")
        parser.add_argument("--responses-per-item", type=int, required=True, metavar="N", help="from now on")
        parser.add_argument("--why", required=True, help="a sentence for those who read the record later")
        parser.add_argument("--people", type=int, metavar="N", help="how many people are planned from now on")

    def run(
        self, *, slug: str, responses_per_item: int, why: str, people: int | None = None, **_: Any
    ) -> Answer:
        study = find_study(slug)
        version = grow(study=study, responses_per_item=responses_per_item, why=why, people=people)
        data = {
            "study": slug,
            "version": version.number,
            "from": study.responses_per_item,
            "to": responses_per_item,
            "trials": (responses_per_item - study.responses_per_item) * study.items.count(),
            "sha256": version.sha256,
        }
        return Answer(
            data=data,
            header=["", slug],
            rows=list(data.items())[1:],
            notes=["The study is still paused. Resume it, and people are given the new trials, too."],
        )
