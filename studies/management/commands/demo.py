"""`demo`: everything on the sample photos, from an empty database to a running site. Safe to run again."""

import time

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.urls import reverse

from blindsight.places import INSTALLED, program
from studies.management import local_site
from studies.models import Invitation, Study
from studies.setup import PACKAGED

NETWORKS = PACKAGED
METHODS = "grad-cam,ablation-cam,pixel-ablation-cam"
# A stated taste, so that there is something to see. It is no finding: every table says "simulated".
PEOPLE = {
    "method-choice": "--participants 15 --at-once 15 "
    "--prefer pixel-ablation-cam=4,ablation-cam=3,grad-cam=2,same=1",
    "reliability": "--participants 8 --at-once 8 --mean 0.8",
}


class Command(BaseCommand):
    help = (
        "Sample photos, two real networks, their maps, one study filled by simulated volunteers, one for you."
    )

    def add_arguments(self, parser):
        parser.add_argument("--no-serve", action="store_true", help="stop after the tables")

    def handle(self, *, no_serve, **options):
        if not no_serve:
            local_site.check_address(local_site.ADDRESS)
        local_site.check_worker()
        began = time.monotonic()
        self.step("Database")
        password = local_site.prepare()
        self.step("Photos and networks")
        self.run(
            "import_images", settings.BASE_DIR / "samples/photos/manifest.csv", "--set", "samples", "--yes"
        )
        for name, load in NETWORKS.items():
            self.run("add_network", name, "--load", load)
        with local_site.worker():
            self.step("Explanation maps, computed by a Celery worker")
            self.run("precompute", "samples", "--networks", ",".join(NETWORKS), "--methods", METHODS)
            for slug in PEOPLE:
                self.fill(slug)
            self.tables()
            self.stderr.write(f"\nReady after {time.monotonic() - began:.0f} s.")
            if no_serve:
                self.stderr.write(
                    f"Log in: {local_site.login_in_words(password)}. The site, later: {'blindsight' if INSTALLED else 'make'} serve"
                )
            else:
                self.serve(password)

    def step(self, title: str) -> None:
        self.stderr.write(self.style.MIGRATE_HEADING(f"\n{title}"))

    def run(self, command: str, *arguments: object) -> None:
        """Run a command as anyone would, and show it first, so that it can be repeated."""
        words = [str(argument) for argument in arguments]
        shown = " ".join(words).replace(f"{settings.BASE_DIR}/", "")
        self.stderr.write(self.style.SQL_KEYWORD(f"$ {program()} {command} {shown}"))
        call_command(command, *words)

    def fill(self, slug: str) -> None:
        """Create and open a study and let simulated volunteers answer; skip what is done."""
        self.step(f"Study {slug}")
        study = Study.objects.filter(slug=slug).first()
        if study is None:
            self.run("create_study", settings.BASE_DIR / f"docs/protocols/{slug}.toml")
            study = Study.objects.get(slug=slug)
        if not study.is_frozen:
            self.run("open_study", slug)
        if not study.participants.exists():
            self.run("simulate", slug, "--seed", "1", *PEOPLE[slug].split())

    def tables(self) -> None:
        for slug in PEOPLE:
            self.step(f"Scores of {slug}")
            self.run("scores", slug)

    def serve(self, password: str | None) -> None:
        """The site until Ctrl-C, and where to go."""
        study = Study.objects.get(slug="reliability")
        _, token = Invitation.issue(study, label="from the demo")
        site = f"http://{local_site.ADDRESS}"
        self.stderr.write(
            f"\n  Take part yourself   {site}{reverse('join', args=[token])}"
            f"\n  Results              {site}{reverse('study-results', args=['method-choice'])}"
            f"\n  Log in               {local_site.login_in_words(password)}"
            "\n\nCtrl-C stops the site and the worker.\n"
        )
        local_site.serve_until_stopped(local_site.ADDRESS)
