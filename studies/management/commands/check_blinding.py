"""Take part as volunteers do and report everything that could tell which arm made a picture."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from explain.core.commands import Answer, AnswerCommand
from studies.models import find_study
from studies.simulation import check_blinding


class Command(AnswerCommand):
    help = (
        "Crawl whole sessions of a study as a volunteer and report every byte that could tell an arm. Leaves no "
        "trace: whatever it answers is rolled back. Exit code 1 if there is a leak."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the study; it must have been opened")
        parser.add_argument("--seed", type=int, default=0, help="of the classifier's chance level")

    def run(self, *, slug: str, seed: int, **_: Any) -> Answer:
        checks = check_blinding(study=find_study(slug), seed=seed)
        leaks = [leak for check in checks for leak in check.leaks]
        return Answer(
            data={"study": slug, "blind": not leaks, "checks": [asdict(check) for check in checks]},
            header=["check", "looked at", "verdict"],
            rows=[(check.name, check.looked_at, "LEAK" if check.leaks else "blind") for check in checks],
            notes=[f"  {leak}" for leak in leaks[:20]],
            failed=f"{slug}: {len(leaks)} leaks." if leaks else "",
        )
