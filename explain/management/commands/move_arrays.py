"""Large maps out of rows into files, once after an update."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from explain import maps
from explain.core.commands import Answer, AnswerCommand, Bar


class Command(AnswerCommand):
    help = (
        "Move maps that are too large for a row of the database into files of their own; older versions kept all in rows. "
        "The site may run meanwhile. Stop it at any time, and run it again to go on."
    )

    def arguments(self, parser: CommandParser) -> None:
        pass

    def run(self, **_: Any) -> Answer:
        with Bar("maps") as bar:
            try:
                moved = maps.move_arrays(bar)
            except KeyboardInterrupt as interrupt:
                raise CommandError(
                    "stopped. What is moved is moved; run the same command again to go on.", returncode=130
                ) from interrupt
        left = maps.large_in_rows().count()
        return Answer(
            data={"moved": moved, "left": left},
            header=["", "maps"],
            rows=[["moved into files", moved], ["large and still in rows", left]],
            notes=["The database has room again for what comes; to make its file smaller: VACUUM."]
            if moved
            else [],
        )
