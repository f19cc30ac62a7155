"""`export SLUG --to DIR [--format csv,jsonl,parquet,xlsx]`: every answer, the codebook and the scores as files."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from blindsight.places import how_to_install
from explain.core.errors import BadInputError
from studies.exports import FORMATS, export
from studies.lifecycle import seal_json
from studies.results import WHO

from .scores import UNBLIND, answered_study, dump, end_with_seal, say_of_seal


class Command(BaseCommand):
    help = "Write a study's answers (one a row), a codebook and the scores into a folder. Exit code 3 if its seal is broken."

    def add_arguments(self, parser):
        parser.add_argument("slug")
        parser.add_argument(
            "--to", required=True, type=Path, metavar="DIR", help="folder; made if it is missing"
        )
        parser.add_argument(
            "--format", default="csv", help=f"one or more of {', '.join(FORMATS)} (default: csv)"
        )
        parser.add_argument(
            "--bom", action="store_true", help="begin CSV with a byte order mark, by which Excel knows UTF-8"
        )
        parser.add_argument("--who", choices=WHO, help="whose answers scores.json is about; all are exported")
        parser.add_argument("--unblind", **UNBLIND)
        parser.add_argument("--json", action="store_true", help="the paths as JSON on stdout")

    def handle(self, *, slug, to: Path, format: str, bom: bool, who, json: bool, unblind, **options):
        study = answered_study(slug, unblind)
        formats = [name.strip() for name in format.split(",")]
        if unknown := [name for name in formats if name not in FORMATS]:
            raise CommandError(f"--format {unknown[0]}: not one of {', '.join(FORMATS)}", returncode=2)
        try:
            written = export(study=study, to=to, formats=formats, who=who, bom=bom)
        except OSError as error:
            raise CommandError(
                f"--to {to}: {error.strerror}. Choose a folder you may write to.", returncode=2
            ) from error
        except BadInputError as error:
            raise CommandError(str(error), returncode=2) from error
        except ModuleNotFoundError as error:
            raise CommandError(
                f"--format {format}: {error.name} is not installed here. Choose csv or jsonl, or {how_to_install('worker')}.",
                returncode=2,
            ) from error
        if json:
            self.stdout.write(
                dump(seal_json(study) | {"study": slug, "files": [str(path) for path in written]})
            )
        else:
            say_of_seal(study, self.stdout)
            for path in written:
                self.stdout.write(f"{path.stat().st_size:>12,} bytes  {path}")
        end_with_seal(study)
