"""`demo`: everything on the sample photos, from an empty database to a running site. Safe to run again."""

import contextlib
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.urls import reverse

from studies.models import Invitation, Study
from studies.setup import PACKAGED

NETWORKS = PACKAGED
METHODS = "grad-cam,ablation-cam,pixel-ablation-cam"
ADDRESS = "127.0.0.1:8000"
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
        began = time.monotonic()
        self.step("Database")
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        password = self.make_admin()
        self.step("Photos and networks")
        self.run(
            "import_images", settings.BASE_DIR / "samples/photos/manifest.csv", "--set", "samples", "--yes"
        )
        for name, load in NETWORKS.items():
            self.run("add_network", name, "--load", load)
        with self.worker():
            self.step("Explanation maps, computed by a Celery worker")
            self.run("precompute", "samples", "--networks", ",".join(NETWORKS), "--methods", METHODS)
            for slug in PEOPLE:
                self.fill(slug)
            self.tables()
            self.stderr.write(f"\nReady after {time.monotonic() - began:.0f} s.")
            if not no_serve:
                self.serve(password)

    def step(self, title: str) -> None:
        self.stderr.write(self.style.MIGRATE_HEADING(f"\n{title}"))

    def run(self, command: str, *arguments: object) -> None:
        """Run a command as anyone would, and show it first, so that it can be repeated."""
        words = [str(argument) for argument in arguments]
        shown = " ".join(words).replace(f"{settings.BASE_DIR}/", "")
        self.stderr.write(self.style.SQL_KEYWORD(f"$ manage.py {command} {shown}"))
        call_command(command, *words)

    def make_admin(self) -> str | None:
        """A superuser with a random password, shown once; nothing if there is one already."""
        User = get_user_model()
        if User.objects.filter(is_superuser=True).exists():
            return None
        password = secrets.token_urlsafe(12)
        User.objects.create_superuser("admin", password=password)
        return password

    @contextlib.contextmanager
    def worker(self) -> Iterator[None]:
        """A Celery worker for as long as the block runs, its log in a file."""
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "config",
            "worker",
            "-Q",
            "gpu",
            "--pool=solo",
            "-l",
            "INFO",
        ]
        with (settings.DATA_DIR / "worker.log").open("a") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=settings.BASE_DIR)  # noqa: S603
            try:
                yield
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()

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
        site = f"http://{ADDRESS}"
        login = (
            f"admin / {password}"
            if password
            else "the account you have (reset: manage.py changepassword admin)"
        )
        self.stderr.write(
            f"\n  Take part yourself   {site}{reverse('join', args=[token])}"
            f"\n  Results              {site}{reverse('study-results', args=['method-choice'])}"
            f"\n  Log in               {login}"
            "\n\nCtrl-C stops the site and the worker.\n"
        )
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "config.wsgi",
            "-b",
            ADDRESS,
            "--workers",
            "2",
            "--threads",
            "4",
        ]
        process = subprocess.Popen(command, cwd=settings.BASE_DIR)  # noqa: S603
        with contextlib.suppress(KeyboardInterrupt):
            process.wait()
        process.wait()
