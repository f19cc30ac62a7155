"""`serve`: site and worker for one's own work, from an empty folder or with what is there."""

from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import reverse

from studies.management import local_site
from studies.models import Study


class Command(BaseCommand):
    help = "Tables, static files, an admin, one worker and the site, until Ctrl-C. For one machine; docs/deploy.md is for the net."

    def add_arguments(self, parser):
        parser.add_argument("--address", default=local_site.ADDRESS, help=f"default {local_site.ADDRESS}")

    def handle(self, *, address, **options):
        local_site.check_address(address)
        local_site.check_worker()
        self.stderr.write("Tables and static files …")
        password = local_site.prepare()
        with local_site.worker():
            self.say_where(address, password)
            local_site.serve_until_stopped(address)

    def say_where(self, address: str, password: str | None) -> None:
        """Where to go first: to the first study if there is none yet."""
        first = reverse("studies") if Study.objects.exists() else reverse("setup-new")
        site = f"http://{address}"
        self.stderr.write(
            f"\n  {'Your studies' if Study.objects.exists() else 'A first study'}   {site}{first}"
            f"\n  Log in          {local_site.login_in_words(password)}"
            f"\n  Worker’s log    {settings.DATA_DIR / 'worker.log'}"
            "\n\nCtrl-C stops the site and the worker.\n"
        )
