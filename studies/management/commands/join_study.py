"""Let an arm join a living comparison."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from explain.core.commands import Answer, AnswerCommand
from studies.arena import join
from studies.models import find_study


class Command(AnswerCommand):
    help = (
        'Let an arm join a living comparison (kind = "arena"): it is asked about more until its interval is as wide as the others’. '
        "Answers so far stay. A study that is open is paused for a moment, and goes on."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the study")
        parser.add_argument(
            "--arm",
            nargs="+",
            required=True,
            metavar="KEY=VALUE",
            help="as a protocol has it: network=resnet50 method=grad-cam name=NAME, or maps=SET",
        )
        parser.add_argument("--why", required=True, help="a sentence for those who read the record later")
        parser.add_argument("--embargo", action="store_true", help="leave it out of the page for everybody")
        parser.add_argument(
            "--alike-seen", action="store_true", help="you have seen that it looks the same as another arm"
        )

    def run(
        self,
        *,
        slug: str,
        arm: list[str],
        why: str,
        embargo: bool = False,
        alike_seen: bool = False,
        **_: Any,
    ) -> Answer:
        study = find_study(slug)
        version = join(study=study, arm=_read(arm), why=why, embargo=embargo, alike_seen=alike_seen)
        last = study.arms.order_by("index").last()
        assert last is not None, "it has just joined"
        data = {"study": slug, "arm": last.name, "arms": last.index + 1, "version": version.number}
        return Answer(
            data=data | {"embargo": embargo, "sha256": version.sha256},
            header=["", slug],
            rows=[*list(data.items())[1:], ("sha256", version.sha256)],
        )


def _read(words: list[str]) -> dict[str, Any]:
    arm: dict[str, Any] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign:
            raise CommandError(f"--arm {word}: is no KEY=VALUE, such as method=grad-cam.")
        arm[key] = True if value == "true" else value
    return arm
