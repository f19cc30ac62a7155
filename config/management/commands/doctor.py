"""What is wrong with this installation, and what to do."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from config.doctor import SEAL, examine
from explain.core.commands import Answer, AnswerCommand
from studies.lifecycle import EXIT_STATUS


class Command(AnswerCommand):
    help = (
        "Look at settings, secrets, database, clock, broker, workers, storage, device and the seals of opened studies, "
        "every picture included; exit code 1 where one is wrong, 3 where a seal is broken."
    )
    requires_system_checks: list[str] = []

    def arguments(self, parser: CommandParser) -> None:
        pass

    def run(self, **_: Any) -> Answer:
        findings = examine()
        wrong = [finding for finding in findings if finding.state == "wrong"]
        return Answer(
            data=[asdict(finding) | {"state": finding.state} for finding in findings],
            header=["", "looked at", "found", "what to do"],
            rows=[[finding.state, finding.what, finding.said, finding.remedy] for finding in findings],
            failed=f"{len(wrong)} things are wrong" if wrong else "",
            status=EXIT_STATUS if any(finding.what == SEAL for finding in wrong) else 1,
        )
