"""`preregister study.toml --to prereg.html`: the study's plan as a document to file before there is data."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from explain.core.commands import Answer, AnswerCommand
from studies.analysis.answers import AnswersError
from studies.exports import write
from studies.preregistration import FORMATS, preregister, written
from studies.protocol import read_protocol


class Command(AnswerCommand):
    help = (
        "Write a study's plan for OSF and AsPredicted: hypotheses, design, sample, exclusions, analysis. What only you can say "
        "is marked. The ending of the file says which form: " + ", ".join(f".{name}" for name in FORMATS)
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("protocol", type=Path, metavar="study.toml")
        parser.add_argument("--to", required=True, type=Path, metavar="prereg.html")
        parser.add_argument("--effect", type=float, help="what power is reckoned for, as in `power --effect`")
        parser.add_argument(
            "--studies", type=int, default=200, help="simulated for the power (default 200); 0 leaves it out"
        )
        parser.add_argument("--seed", type=int, default=0)

    def run(
        self, *, protocol: Path, to: Path, effect: float | None, studies: int, seed: int, **_: Any
    ) -> Answer:
        ending = to.suffix.removeprefix(".").lower()
        if ending not in FORMATS:
            known = ", ".join(f".{name}" for name in FORMATS)
            raise CommandError(f"--to {to}: its name must end in one of {known}.", returncode=2)
        try:
            document = preregister(read_protocol(protocol), studies=studies, effect=effect, seed=seed)
            to.parent.mkdir(parents=True, exist_ok=True)
            write(to, [written(document, ending).encode()])
        except AnswersError as error:
            raise CommandError(str(error), returncode=2) from error
        except OSError as error:
            raise CommandError(
                f"--to {to}: {error.strerror}. Choose a place you may write to.", returncode=2
            ) from error
        gaps = sum(bool(question["to_fill_in"]) for question in document.as_json()["forms"]["osf"])
        return Answer(
            data={
                "study": document.study,
                "file": str(to),
                "plan_sha256": document.plan_sha256,
                "to_fill_in": gaps,
            },
            text=f"{to}: written. SHA-256 of the protocol: {document.plan_sha256}",
            notes=[f"{gaps} of the questions need words of yours; they are marked “To fill in”."],
        )
