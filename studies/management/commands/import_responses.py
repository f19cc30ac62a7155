"""`import_responses SLUG answers.csv`: answers that were collected elsewhere, all or none."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from explain.core.errors import BadInputError
from studies.exports import import_responses
from studies.models import find_study
from studies.trial_types import trial_types

from .scores import dump


class Command(BaseCommand):
    help = "Import answers from a CSV file with the columns " + " or ".join(
        f"item,participant,{kind.files.column}" for kind in trial_types()
    )

    def add_arguments(self, parser):
        parser.add_argument("slug")
        parser.add_argument("path", type=Path, metavar="answers.csv")
        parser.add_argument("--json", action="store_true", help="JSON on stdout")

    def handle(self, *, slug, path: Path, json: bool, **options):
        try:
            study = find_study(slug)
            if not study.is_frozen:
                self.stderr.write(
                    f"{slug} is not open yet: the import closes it, so that what it asks can no longer change."
                )
            answers, participants = import_responses(study=study, path=path)
        except BadInputError as error:
            raise CommandError(str(error), returncode=2) from error
        if json:
            self.stdout.write(dump({"study": slug, "responses": answers, "participants": participants}))
        else:
            self.stdout.write(f"{answers} answers of {participants} participants imported into {slug}.")
