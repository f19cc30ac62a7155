"""A backup, put back."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.backup import restore
from explain.core.commands import Answer, AnswerCommand, Bar


class Command(AnswerCommand):
    help = "Check a backup and put it back into an empty site (only `migrate` has run on it)."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        parser.add_argument(
            "--withdrawn",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help="a withdrawn.jsonl of elsewhere: whoever stands in it is withdrawn again, as by that of the folder and this site",
        )

    def run(self, *, folder: Path, withdrawn: list[Path], **_: Any) -> Answer:
        with Bar("files") as bar:
            kept = restore(folder, bar, withdrawn)
        return Answer(
            data={
                "folder": str(folder),
                "rows": kept.rows,
                "files": kept.files,
                "missing": kept.missing,
                "withdrawn_again": kept.withdrawn_again,
            },
            header=["table", "rows"],
            rows=list(kept.rows.items()),
            notes=[
                f"{kept.files} files. All counts and hashes are those of the backup.",
                f"Withdrawn again, since they had left after the backup was made: {kept.withdrawn_again}.",
            ],
            failed=_damaged(kept.damaged_lines),
        )


def _damaged(lines: int) -> str:
    if not lines:
        return ""
    return (
        f"everything was restored, but {lines} lines of withdrawn.jsonl could not be read: "
        "somebody who had left may be back; compare the file with an older copy of it"
    )
