"""`simulate SLUG --participants 15 --seed 1`: simulated volunteers over the real pages."""

import contextlib

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from studies.models import Study
from studies.simulate import SAME, Preference, SimulationError, local_server, simulate


class Command(BaseCommand):
    help = "Send simulated volunteers through the real pages. Their answers are marked as simulated for good."

    def add_arguments(self, parser):
        parser.add_argument("slug")
        parser.add_argument("--participants", type=int, default=15)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--prefer", help="shares of a choice study: ARM=0.5,OTHER=0.3,same=0.2 (default: all alike)"
        )
        parser.add_argument("--mean", type=float, default=0.0, help="mean rating, positive for the first arm")
        parser.add_argument("--spread", type=float, default=1.0, help="spread of one person's ratings")
        parser.add_argument("--dropout", type=float, default=0.0, help="chance of leaving after an answer")
        parser.add_argument("--at-once", type=int, default=4, help="people who take part at the same time")
        parser.add_argument(
            "--base-url", help="where the site runs (default: a server of this command's own)"
        )

    def handle(
        self, *, slug, participants, seed, prefer, mean, spread, dropout, at_once, base_url, **options
    ):
        study = Study.objects.filter(slug=slug).first()
        if study is None:
            raise CommandError(f"{slug}: no such study. `studies` in the browser lists them.", returncode=2)
        if study.state != Study.State.OPEN:
            raise CommandError(f"{slug} is {study.state}, not open. Run: open_study {slug}", returncode=2)
        if participants < 1:
            raise CommandError(f"--participants {participants}: at least 1.", returncode=2)
        preference = Preference(self.shares(study, prefer), mean=mean, spread=spread, dropout=dropout)
        self.stderr.write(f"{participants} simulated volunteers prefer: {preference.in_words(study)}")
        server = contextlib.nullcontext(base_url) if base_url else local_server()
        with server as address, tqdm(total=participants, unit="person", desc="simulated") as bar:
            try:
                answers = simulate(
                    study=study,
                    participants=participants,
                    seed=seed,
                    preference=preference,
                    base_url=address,
                    at_once=at_once,
                    report=lambda _answers: bar.update(),
                )
            except SimulationError as error:
                raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"{answers} simulated answers by {participants} simulated volunteers in {slug}")

    def shares(self, study: Study, prefer: str | None) -> dict[str, float]:
        names = [*study.arms.values_list("name", flat=True), SAME]
        if not prefer:
            return dict.fromkeys(names, 1.0)
        shares = {}
        for part in prefer.split(","):
            name, _, number = part.partition("=")
            if name.strip() not in names:
                raise CommandError(
                    f"--prefer: no arm {name.strip()!r}. Arms: {', '.join(names)}", returncode=2
                )
            try:
                shares[name.strip()] = float(number)
            except ValueError:
                raise CommandError(f"--prefer: {part!r} is not NAME=NUMBER", returncode=2) from None
        if min(shares.values()) < 0 or sum(shares.values()) <= 0:
            raise CommandError("--prefer: shares must be 0 or more, and not all 0", returncode=2)
        return shares
