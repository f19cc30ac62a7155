"""From one database to another by one command."""

from typing import Any

from django.core.management.base import CommandParser

from config.moving import move
from explain.core.commands import Answer, AnswerCommand, Bar


class Command(AnswerCommand):
    help = "Copy every row into another, empty database (SQLite to PostgreSQL). Stop the site first; files stay where they are."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to", required=True, metavar="URL", help="such as postgres://USER:PASSWORD@HOST/NAME"
        )

    def run(self, *, to: str, **_: Any) -> Answer:
        with Bar("rows") as bar:
            counts = move(to, bar)
        return Answer(
            data={"rows": counts},
            header=["table", "rows"],
            rows=list(counts.items()),
            notes=["Now set DATABASE_URL to the new database and start the site. The old one is as it was."],
        )
