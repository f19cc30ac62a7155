"""Evaluate maps: the paper's tables 1 and 2, and how well maps point, for any set, network and methods."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from explain import evaluation, tasks
from explain.core.commands import Answer, AnswerCommand, Bar
from explain.core.errors import BadInputError
from explain.evaluation import (
    PROTOCOLS,
    STEP_NAMES,
    EvaluationProgress,
    EvaluationProtocol,
    EvaluationTable,
    ShareTable,
    as_text,
    at_share,
    changes,
    changes_as_text,
    check_plot_path,
    find_protocol,
    share_table,
    shares_as_text,
    table_of,
    write_plot,
    write_rows,
)
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
            "--share",
            metavar="0.1,0.2",
            help="instead: the figures with intervals at these parts of the photo kept, by the protocol's mask",
        )
        parser.add_argument(
            "--plot", type=Path, metavar="FILE.svg", help="with --share: also draw the figures into this file"
        )
        parser.add_argument(
            "--steps",
            action="store_true",
            help="instead: what each step from the masks paper and authors to authors-code changes",
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
        share: str | None,
        plot: Path | None,
        steps: bool,
        target: str,
        workers: bool,
        rows: Path | None,
        **_: Any,
    ) -> Answer:
        image_set = find_set(set_name)
        by_protocol = [
            evaluation.ask_for_evaluation(
                networks=find_networks(networks),
                methods=[name for name in map(str.strip, methods.split(",")) if name],
                protocol=name,
                target=target,
            )
            for name in _protocols(protocol, share, plot, steps)
        ]
        asked = [of_network for of_protocol in by_protocol for of_network in of_protocol]
        self._compute(image_set, asked, workers)
        if rows is not None:
            write_rows(path=rows, image_set=image_set, asked=asked)
        by_network = list(zip(*by_protocol, strict=True))
        if steps:
            return _steps(image_set, by_network, target)
        if share is not None:
            return _shares(image_set, by_network, target, plot)
        tables = [table_of(image_set=image_set, asked=of_network) for of_network in asked]
        return _Tables(image_set, asked[0].protocol, target, tables)

    def _compute(self, image_set: ImageSet, asked: list[EvaluationProgress], workers: bool) -> None:
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


def _protocols(protocol: str, share: str | None, plot: Path | None, steps: bool) -> list[str]:
    """The names of the protocols to evaluate by. Raises BadInputError for options that do not go together."""
    if plot is not None and share is None:
        raise BadInputError("--plot draws the figures of --share; give both, or leave --plot out")
    if steps:
        if share is not None or protocol != "paper":
            raise BadInputError(
                "--steps has protocols of its own; leave --share and --protocol out, or --steps"
            )
        return list(STEP_NAMES)
    if share is None:
        return [protocol]
    if plot is not None:
        check_plot_path(plot)
    base = find_protocol(protocol)
    parts = [part for part in map(str.strip, share.split(",")) if part]
    if not parts:
        raise BadInputError("--share: name at least one part of the photo, such as 0.1,0.2,0.3")
    wanted = {at.share: at.name for at in (at_share(base, part) for part in parts)}
    return [wanted[part] for part in sorted(wanted)]


def _by_workers(
    image_set: ImageSet,
    asked: list[EvaluationProgress],
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


ByNetwork = Sequence[Sequence[EvaluationProgress]]  # of each network, one for each protocol


def _shares(image_set: ImageSet, by_network: ByNetwork, target: str, plot: Path | None) -> Answer:
    """The figures at every share: a table for each network, and the plot where one was asked for."""
    protocols = [of_protocol.protocol for of_protocol in by_network[0]]
    tables: list[ShareTable] = [share_table(image_set=image_set, asked=asked) for asked in by_network]
    if plot is not None:
        write_plot(path=plot, tables=tables, protocol=protocols[0], what=image_set.name)
    return Answer(
        data={
            "set": image_set.name,
            "protocols": [protocol.to_json() for protocol in protocols],
            "target": target,
            "tables": [evaluated.to_json() for evaluated in tables],
        },
        text="\n\n".join(
            shares_as_text(evaluated, image_set.name, protocols, target) for evaluated in tables
        ),
        notes=[f"Drawn into {plot}."] if plot is not None else [],
    )


def _steps(image_set: ImageSet, by_network: ByNetwork, target: str) -> Answer:
    """What each step towards the authors' code changes: a table for each network."""
    data, texts = [], []
    with Bar("masks of photos") as bar:
        for asked in by_network:
            made = changes(image_set=image_set, asked=asked, report=bar)
            data += [change.to_json() for change in made]
            texts.append(changes_as_text(made, asked[0].network.name, image_set, target))
    protocols = [of_protocol.protocol.to_json() for of_protocol in by_network[0]]
    return Answer(
        data={"set": image_set.name, "protocols": protocols, "target": target, "changes": data},
        text="\n\n".join(texts),
    )


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
