"""Evaluate maps: the paper's tables 1 and 2, and how well maps point, for any set, network and methods."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from explain import evaluation, tasks
from explain.core.commands import Answer, AnswerCommand, Bar
from explain.core.errors import BadInputError
from explain.evaluation import PROTOCOLS, EvaluationProtocol, EvaluationTable, as_text, table_of, write_rows
from explain.models import ImageSet, Precompute
from explain.networks import find_networks
from explain.photos import find_set

POLL_SECONDS = 1.0
PATIENCE_SECONDS = 60
TRIES = 3


class Command(AnswerCommand):
    help = (
        "How much of a network's score each method's maps leave, and how well they point at the boxes. "
        "Run it again to go on: nothing is computed twice."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("set_name", metavar="SET")
        parser.add_argument("--networks", required=True, help="names, separated by commas")
        parser.add_argument("--methods", required=True, help="names, separated by commas")
        parser.add_argument(
            "--protocol", default="paper", help=f"what is done with a map: {', '.join(PROTOCOLS)}"
        )
        parser.add_argument(
            "--target", choices=Precompute.Target.values, default="label", help="the class that was explained"
        )
        parser.add_argument("--workers", action="store_true", help="by Celery workers, not in this process")
        parser.add_argument(
            "--rows", type=Path, help="also write the rows behind the tables to this CSV file"
        )

    def run(
        self,
        *,
        set_name: str,
        networks: str,
        methods: str,
        protocol: str,
        target: str,
        workers: bool,
        rows: Path | None,
        **_: Any,
    ) -> Answer:
        image_set = find_set(set_name)
        asked = evaluation.ask_for_evaluation(
            networks=find_networks(networks),
            methods=[name for name in map(str.strip, methods.split(",")) if name],
            protocol=protocol,
            target=target,
        )
        todo = evaluation.plan_evaluation(image_set=image_set, asked=asked)
        with Bar("photos") as bar:
            try:
                if workers:
                    _by_workers(image_set, asked, todo, bar)
                else:
                    evaluation.run_evaluation(todo, bar)
            except KeyboardInterrupt as interrupt:
                raise CommandError(
                    "stopped. What is computed is kept; run the same command again to go on.", returncode=130
                ) from interrupt
        if rows is not None:
            write_rows(path=rows, image_set=image_set, asked=asked)
        tables = [table_of(image_set=image_set, asked=of_network) for of_network in asked]
        return _Tables(image_set, asked[0].protocol, target, tables)


def _by_workers(
    image_set: ImageSet,
    asked: list[evaluation.EvaluationProgress],
    todo: list[evaluation.EvaluationTask],
    bar: Bar,
) -> None:
    """Send the batches and follow the rows until none is missing; send again what got lost."""
    total, tries, quiet_since = sum(len(batch.image_ids) for batch in todo), 0, time.monotonic()
    tasks.send_evaluations(todo)
    left = total
    while todo:
        time.sleep(POLL_SECONDS)
        todo = evaluation.plan_evaluation(image_set=image_set, asked=asked)
        now = sum(len(batch.image_ids) for batch in todo)
        bar(total - now, total)
        if now < left:
            left, quiet_since, tries = now, time.monotonic(), 0
        elif time.monotonic() - quiet_since > PATIENCE_SECONDS:
            tries, quiet_since = tries + 1, time.monotonic()
            if tries == TRIES:
                raise BadInputError(
                    f"{now} photos were sent {TRIES} times and no worker evaluated one; read the workers' log, start one "
                    "(celery -A config worker -Q gpu --pool=solo), or leave --workers out. What is computed is kept."
                )
            bar.say("Nothing was evaluated for a while: sent again.")
            tasks.send_evaluations(todo)


class _Tables(Answer):
    """A table for each network, with all that its figures depend on beside it."""

    def __init__(
        self, image_set: ImageSet, protocol: EvaluationProtocol, target: str, tables: list[EvaluationTable]
    ) -> None:
        self.failed = ""
        self.table = "\n\n".join(as_text(evaluated, image_set.name, protocol, target) for evaluated in tables)
        self.data = {
            "set": image_set.name,
            "protocol": protocol.to_json(),
            "target": target,
            "tables": [evaluated.to_json() for evaluated in tables],
        }
