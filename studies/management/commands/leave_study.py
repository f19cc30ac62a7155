"""Let an arm leave a living comparison."""

from typing import Any

from django.core.management.base import CommandParser

from explain.core.commands import Answer, AnswerCommand
from studies.arena import leave
from studies.models import find_study


class Command(AnswerCommand):
    help = (
        'Ask about an arm of a living comparison (kind = "arena") no more. It keeps its row, its rank and its answers. '
        "A study that is open is paused for a moment, and goes on."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the study")
        parser.add_argument("name", help="the arm, by name")
        parser.add_argument("--why", required=True, help="a sentence for those who read the record later")

    def run(self, *, slug: str, name: str, why: str, **_: Any) -> Answer:
        version = leave(study=find_study(slug), name=name, why=why)
        data = {"study": slug, "arm": name, "version": version.number, "sha256": version.sha256}
        return Answer(data=data, header=["", slug], rows=list(data.items())[1:])
