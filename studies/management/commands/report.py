"""`report SLUG --to report.html`: the study as one HTML file that needs nothing else."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from studies.exports import report_html, write
from studies.lifecycle import seal_json
from studies.results import WHO

from .scores import UNBLIND, answered_study, dump, end_with_seal, say_of_seal


class Command(BaseCommand):
    help = "Write a self-contained HTML report: methods, flow, scores, tests, charts, provenance, codebook."

    def add_arguments(self, parser):
        parser.add_argument("slug")
        parser.add_argument("--to", required=True, type=Path, metavar="report.html")
        parser.add_argument(
            "--who", choices=WHO, help="whose answers (default: real people's, if there are any)"
        )
        parser.add_argument("--unblind", **UNBLIND)
        parser.add_argument("--json", action="store_true", help="path and size as JSON on stdout")

    def handle(self, *, slug, to: Path, who, unblind, json: bool, **options):
        study = answered_study(slug, unblind)
        html = report_html(study, who)
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            write(to, [html.encode()])
        except OSError as error:
            raise CommandError(
                f"--to {to}: {error.strerror}. Choose a place you may write to.", returncode=2
            ) from error
        size = to.stat().st_size
        if json:
            self.stdout.write(dump(seal_json(study) | {"study": slug, "file": str(to), "bytes": size}))
        else:
            say_of_seal(study, self.stdout)
            self.stdout.write(f"{size:,} bytes  {to}")
        end_with_seal(study)
