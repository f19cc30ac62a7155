"""A study's protocol as a study.toml, or what differs between two."""

from typing import Any

from django.core.management.base import CommandParser

from explain.core.commands import Answer, AnswerCommand
from explain.core.errors import BadInputError
from studies.lifecycle import differences, find_version
from studies.models import find_study
from studies.protocol import to_toml


class Command(AnswerCommand):
    help = (
        "Print a study's protocol in full, as a study.toml that makes the same study again. "
        "SLUG@2 is version 2. With --against: what differs from another study's, or another version's."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", metavar="SLUG[@VERSION]")
        parser.add_argument("--against", metavar="SLUG[@VERSION]")

    def run(self, *, study: str, against: str | None = None, **_: Any) -> Answer:
        protocol = _protocol(study)
        if against is None:
            return Answer(data=protocol, text=to_toml(protocol))
        changes = differences(protocol, _protocol(against))
        return Answer(
            data=[{"key": change.key, study: change.before, against: change.after} for change in changes],
            header=["key", study, against],
            rows=[[change.key, _cell(change.before), _cell(change.after)] for change in changes],
            notes=[] if changes else ["The two protocols ask the same."],
        )


def _protocol(name: str) -> dict[str, Any]:
    slug, _, number = name.partition("@")
    if number and not number.isdecimal():
        raise BadInputError(f"{name}: the version is a whole number: {slug}@1")
    return find_version(find_study(slug), int(number) if number else None)


def _cell(value: Any) -> str:
    return "–" if value is None else " ".join(str(value).split())
