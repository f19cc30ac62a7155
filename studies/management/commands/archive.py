"""`archive SLUG --to study.zip`: one file of a study for a repository, with all that others need to read and recompute it."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from explain.core.errors import BadInputError
from studies.archives import Wanted, licence_named, write_archive
from studies.lifecycle import seal_json
from studies.results import WHO

from .scores import UNBLIND, answered_study, dump, end_with_seal, say_of_seal


class Command(BaseCommand):
    help = (
        "Write a study as one ZIP: RO-Crate outside, Psych-DS inside, with Croissant, Frictionless, protocol, preregistration, report and "
        "the programs that compute its figures again. Exit code 3 if its seal is broken."
    )

    def add_arguments(self, parser):
        parser.add_argument("slug")
        parser.add_argument("--to", required=True, type=Path, metavar="study.zip")
        parser.add_argument(
            "--licence",
            default="",
            metavar="SPDX",
            help="under which others may use it, such as CC-BY-4.0 (default: none)",
        )
        parser.add_argument(
            "--who", choices=WHO, help="whose answers the figures are of; all are in the tables"
        )
        parser.add_argument(
            "--with-maps", action="store_true", help="the raw maps too, not their hashes alone"
        )
        parser.add_argument(
            "--with-free-text", action="store_true", help="what people wrote in their own words too"
        )
        parser.add_argument(
            "--with-recruitment-ids",
            action="store_true",
            help="the ids that recruitment sites have for people too",
        )
        parser.add_argument("--unblind", **UNBLIND)
        parser.add_argument(
            "--json", action="store_true", help="the files with their hashes as JSON on stdout"
        )

    def handle(self, *, slug, to: Path, licence: str, who, unblind, json: bool, **options):
        try:
            wanted = Wanted(
                licence=licence_named(licence),
                who=who,
                free_text=options["with_free_text"],
                recruitment_ids=options["with_recruitment_ids"],
                maps=options["with_maps"],
            )
        except BadInputError as error:
            raise CommandError(f"--licence: {error}", returncode=2) from error
        study = answered_study(slug, unblind)
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            files = write_archive(study=study, to=to, wanted=wanted)
        except OSError as error:
            raise CommandError(
                f"--to {to}: {error.strerror}. Choose a place you may write to.", returncode=2
            ) from error
        except BadInputError as error:
            raise CommandError(str(error), returncode=2) from error
        if json:
            listed = [{"path": file.path, "bytes": file.size, "sha256": file.sha256} for file in files]
            self.stdout.write(
                dump(
                    seal_json(study)
                    | {"study": slug, "file": str(to), "licence": wanted.licence.name, "files": listed}
                )
            )
        else:
            say_of_seal(study, self.stdout)
            for file in files:
                self.stdout.write(f"{file.size:>12,} bytes  {file.path}")
            self.stdout.write(f"{to.stat().st_size:>12,} bytes  {to}\n{wanted.licence.in_words}")
        end_with_seal(study)
