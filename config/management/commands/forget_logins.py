"""Addresses of staff are kept for so many days."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from explain.core.commands import Answer, AnswerCommand
from explain.core.errors import BadInputError
from studies.access import forget_logins


class Command(AnswerCommand):
    help = (
        "Delete what is known of log-ins and failed log-ins of staff, their addresses and browsers, that are older than "
        "LOGIN_DAYS. Each log-in does this, too; run it daily where weeks may pass without one."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, help="instead of LOGIN_DAYS; 0: all")

    def run(self, *, days: int | None = None, **_: Any) -> Answer:
        kept = settings.LOGIN_DAYS if days is None else days
        if kept < 0:
            raise BadInputError(f"--days {kept}: must be 0 or more")
        deleted = forget_logins(kept)
        return Answer(
            data={"days": kept, "deleted": deleted},
            header=["kept for days", "deleted"],
            rows=[[kept, deleted]],
        )
