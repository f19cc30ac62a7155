"""What every command shares: one clear error and exit code 2, a table or JSON on stdout, progress on stderr."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from explain.cam import CamError

from .errors import BadInputError


class AnswerCommand(BaseCommand):
    """A command with `--json`. Subclasses write `arguments(parser)` and `run(**options)`, which returns its answer."""

    run: Callable[..., "Answer"]

    def add_arguments(self, parser: CommandParser) -> None:
        self.arguments(parser)
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")

    def arguments(self, parser: CommandParser) -> None:
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            answer = self.run(**options)
        except (BadInputError, CamError) as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(json.dumps(answer.data, indent=2) if options["json"] else answer.table)
        if answer.failed:
            raise CommandError(answer.failed, returncode=answer.status)


class Answer:
    """What a command found: plain data for `--json`, a table or a text for people, and what failed, if something did.

    `status`: the exit status where something failed.
    """

    def __init__(
        self,
        *,
        data: Any,
        header: Sequence[str] = (),
        rows: Iterable[Sequence[object]] = (),
        text: str = "",
        notes: Sequence[str] = (),
        failed: str = "",
        status: int = 1,
    ) -> None:
        self.data, self.failed, self.status = data, failed, status
        self.table = "\n".join([text or table(header, rows), *notes])


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A plain table: words to the left, numbers to the right.

    >>> print(table(["set", "photos"], [["samples", 49]]))
    set      photos
    samples      49
    """
    rows = [list(row) for row in rows]
    numeric = [
        all(isinstance(row[i], int | float) or row[i] == "–" for row in rows) and bool(rows)
        for i in range(len(header))
    ]
    texts = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(line[i]) for line in texts) for i in range(len(header))]
    lines = (
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        )
        for line in texts
    )
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


class Bar:
    """A progress bar on stderr, there from the first `bar(done, total)` on."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._bar: tqdm | None = None

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            self._bar = tqdm(total=total, unit=f" {self._unit}", file=sys.stderr, dynamic_ncols=True)
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def say(self, text: str) -> None:
        """A remark, without breaking the bar."""
        tqdm.write(text, file=sys.stderr)
