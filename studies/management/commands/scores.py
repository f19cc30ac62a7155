"""`scores SLUG [--json] [--who real|simulated|all] [--protocol-version N]`: the paper's table, with intervals."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from explain.core.errors import BadInputError
from studies.lifecycle import EXIT_STATUS, seal_in_words
from studies.models import Event, Study, find_study
from studies.monitoring import need_of
from studies.protocol import HIDDEN, results_hidden
from studies.results import (
    WHO,
    Reading,
    Summary,
    UnknownPartError,
    part_of,
    scores_json,
    summarise,
)


class Command(BaseCommand):
    help = "Scores of a study with 95 % intervals: a table, or JSON with --json. Exit code 3 if the study's seal is broken."

    def add_arguments(self, parser):
        parser.add_argument("slug")
        parser.add_argument("--unblind", **UNBLIND)
        parser.add_argument("--json", action="store_true", help="JSON on stdout")
        parser.add_argument(
            "--who",
            choices=WHO,
            help="whose answers (default: real people's, or simulated ones if only those exist)",
        )
        parser.add_argument(
            "--protocol-version",
            type=int,
            metavar="N",
            help="only answers under this version of the protocol",
        )

    def handle(self, *, slug, json: bool, who, protocol_version, unblind, **options):
        study = answered_study(slug, unblind)
        try:
            part = part_of(study, who, version=protocol_version)
        except UnknownPartError as error:
            raise CommandError(str(error), returncode=2) from error
        if json:
            self.stdout.write(dump(scores_json(study, part)))
        else:
            say_of_seal(study, self.stdout)
            result = summarise(Reading(study, part))
            self.stdout.write(f"{table(result)}\n{need_of(study).in_words}".rstrip())
        end_with_seal(study)


def dump(data: dict) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False)


def answered_study(slug: str, unblind: bool) -> Study:
    """The study, if its answers may be seen now. Looking at hidden ones (--unblind) goes on record."""
    try:
        study = find_study(slug)
    except BadInputError as error:
        raise CommandError(str(error), returncode=2) from error
    if results_hidden(study):
        if not unblind:
            raise CommandError(
                f"{HIDDEN} Close it first, or look with --unblind, which goes on record.", returncode=2
            )
        Event.objects.create(study=study, kind=Event.Kind.UNBLINDED, data={"by": "command line"})
    return study


def say_of_seal(study: Study, out: Any) -> None:
    """At the top of what a command says, where the seal is broken: that it is, and what differs."""
    if seal := seal_in_words(study):
        out.write(f"{seal.text}\n")


def end_with_seal(study: Study) -> None:
    """After all has been written: exit status 3 where the seal is broken, so that no script takes it for granted."""
    if seal := seal_in_words(study):
        raise CommandError(seal.headline, returncode=EXIT_STATUS)


UNBLIND: dict[str, Any] = {
    "action": "store_true",
    "help": "look at results that the protocol hides; goes on record",
}


def table(result: Summary) -> str:
    """The summary as text."""
    lines = [f"{result.study}: {result.title}", result.who_in_words.capitalize(), ""]
    if result.responses:
        lines += [
            *result.outcome.in_text(),
            "",
            f"{result.responses} answers by {result.participants} participants on {result.items} items.",
        ]
    return "\n".join([*lines, result.headline if result.responses else "", *result.notes]).rstrip()
