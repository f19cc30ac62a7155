"""A backup of the whole site, while it runs."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.backup import back_up
from explain.core.commands import Answer, AnswerCommand, Bar


class Command(AnswerCommand):
    help = "Write every row and every file into a folder, with counts and hashes, while the site runs."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to", required=True, type=Path, metavar="FOLDER", help="again into the same: only what is new"
        )

    def run(self, *, to: Path, **_: Any) -> Answer:
        with Bar("files") as bar:
            kept = back_up(to, bar)
        failed = ""
        if kept.missing:
            failed = f"{len(kept.missing)} files have a row but are not there ({kept.missing[0]} …); see manage.py check_files"
        return Answer(
            data={"folder": str(to), "rows": kept.rows, "files": kept.files, "missing": kept.missing},
            header=["table", "rows"],
            rows=list(kept.rows.items()),
            notes=[f"{kept.files} files. Put it back into an empty site: manage.py restore {to}"],
            failed=failed,
        )
