"""`payments SLUG --to payments.csv`: whom to pay, apart from the answers."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from explain.core.commands import Answer, AnswerCommand
from explain.core.errors import BadInputError
from studies.exports import write
from studies.models import find_study
from studies.payments import payments_csv, people_to_pay


class Command(AnswerCommand):
    help = "Write whom to pay into a file: recruitment ids, sessions, codes, states and reasons; no answers. Keep it apart from them."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the study")
        parser.add_argument("--to", required=True, type=Path, metavar="payments.csv")

    def run(self, *, slug: str, to: Path, **options: Any) -> Answer:
        study = find_study(slug)
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            write(to, [payments_csv(study).encode()])
            os.chmod(to, 0o600)  # it names people
        except OSError as error:
            raise BadInputError(f"--to {to}: {error.strerror}. Choose a place you may write to.") from error
        people = people_to_pay(study).count()
        data = {"study": slug, "file": str(to), "people": people}
        return Answer(data=data, text=f"{people} people  {to}")
