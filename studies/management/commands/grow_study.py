"""Ask for more answers to each photo of a paused study, or let arms join and leave a living comparison."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from explain.core.commands import Answer, AnswerCommand
from studies.arena import join, leave, release
from studies.lifecycle import grow
from studies.models import ProtocolVersion, Study, find_study


class Command(AnswerCommand):
    help = (
        "Ask for more answers to each photo of a paused study: a new version of its protocol, with the trials that it lacks. "
        "Answers so far stay, orders stay balanced, and no study shrinks. Or, of a living comparison (kind = “arena”), let an arm join, "
        "leave or be shown to everybody; one that is open is paused for a moment, and goes on."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the study")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--responses-per-item", type=int, metavar="N", help="from now on")
        what.add_argument(
            "--arm",
            nargs="+",
            metavar="KEY=VALUE",
            help="an arm joins, as a protocol has it: network=resnet50 method=grad-cam name=NAME, or maps=SET",
        )
        what.add_argument("--leave", metavar="NAME", help="ask about this arm no more; its answers stay")
        what.add_argument("--release", metavar="NAME", help="show this arm to everybody from now on")
        parser.add_argument("--why", required=True, help="a sentence for those who read the record later")
        parser.add_argument("--people", type=int, metavar="N", help="how many people are planned from now on")
        parser.add_argument(
            "--embargo", action="store_true", help="leave the arm that joins out of the page for everybody"
        )
        parser.add_argument(
            "--alike-seen", action="store_true", help="you have seen that it looks the same as another arm"
        )

    def run(
        self,
        *,
        slug: str,
        why: str,
        responses_per_item: int | None = None,
        people: int | None = None,
        **options: Any,
    ) -> Answer:
        study = find_study(slug)
        if responses_per_item is None:
            return _arms(study, why, options)
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


def _arms(study: Study, why: str, options: dict[str, Any]) -> Answer:
    name = options.get("leave") or options.get("release")
    version: ProtocolVersion
    if options.get("arm"):
        seen = {key: bool(options.get(key)) for key in ("embargo", "alike_seen")}
        version = join(study=study, arm=_read(options["arm"]), why=why, **seen)
        name = study.arms.order_by("index").values_list("name", flat=True).last()
    else:
        version = (leave if options.get("leave") else release)(study=study, name=str(name), why=why)
    data = {"study": study.slug, "arm": name, "version": version.number, "sha256": version.sha256}
    return Answer(data=data, header=["", study.slug], rows=list(data.items())[1:])


def _read(words: list[str]) -> dict[str, Any]:
    arm: dict[str, Any] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign:
            raise CommandError(f"--arm {word}: is no KEY=VALUE, such as method=grad-cam.")
        arm[key] = True if value == "true" else value
    return arm
