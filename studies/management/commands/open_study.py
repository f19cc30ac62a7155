"""Open a study that is ready: freeze what it asks, make its trials, print a link."""

from typing import Any

from django.core.management.base import CommandParser

from explain.core.commands import Answer, AnswerCommand, Bar
from studies.lifecycle import NAMED, open_study, orders_are_known
from studies.models import Invitation, find_study
from studies.participation import link
from studies.protocol import remarks_on_source


class Command(AnswerCommand):
    help = "Open a study that is ready: freeze and hash what it asks, make every trial, print a link for volunteers."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the study")
        parser.add_argument(
            "--base-url", default="", help="where the site answers, such as https://study.example.org"
        )

        parser.add_argument(
            "--alike-seen", action="store_true", help="open it although arms look the same: you have seen it"
        )

        parser.add_argument(
            "--simulated-only",
            action="store_true",
            help="let in nobody but simulated volunteers: then nobody need be told who is responsible for it",
        )

    def run(
        self,
        *,
        slug: str,
        base_url: str = "",
        alike_seen: bool = False,
        simulated_only: bool = False,
        **_: Any,
    ) -> Answer:
        ready = find_study(slug)
        named = [NAMED] if orders_are_known(ready) else []
        with Bar("photos") as progress:
            study = open_study(
                study=ready, alike_seen=alike_seen, simulated_only=simulated_only, progress=progress
            )
        token = Invitation.issue(study, label="from opening", simulated=simulated_only)[1]
        data = {
            "study": study.slug,
            "trials": study.trials.count(),
            "code_version": study.code_version,
            "sha256": study.protocol_sha256,
            "invitation": link(token, base_url),
        }
        return Answer(
            data=data,
            header=["", study.slug],
            rows=list(data.items())[1:],
            notes=[
                *remarks_on_source(study.protocol),
                *named,
                *([_SIMULATED] if simulated_only else []),
                *_NOTES,
            ],
        )


_SIMULATED = "It lets in nobody but simulated volunteers (--simulated-only)."
_NOTES = [
    "The link lets anyone in who has it, and is shown only now. `manage.py invite` makes others, with limits.",
]
