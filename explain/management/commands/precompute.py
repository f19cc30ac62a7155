"""Make the maps of a set: by Celery workers, or in this process."""

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Count, Q

from explain import maps, tasks
from explain.core.commands import Answer, AnswerCommand, Bar
from explain.core.errors import BadInputError, BrokerGoneError
from explain.core.sparing import sparingly
from explain.maps import run_pending
from explain.models import Batch, ExplanationMap, Precompute
from explain.networks import find_networks
from explain.photos import find_set

POLL_SECONDS = 0.5
RECOVER_SECONDS = 5
PATIENCE_SECONDS = 15
NO_WORKER = (
    "No worker has taken a batch so far. Start one in another terminal:\n"
    "  celery -A config worker -Q gpu --pool=solo\n"
    "or press Ctrl-C and run this command again with --inline. Nothing is lost either way."
)


class Command(AnswerCommand):
    help = "Compute the explanation maps of a set that are not there yet, and their pictures. Run it again to go on."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("set_name", metavar="SET")
        parser.add_argument("--networks", required=True, help="names, separated by commas")
        parser.add_argument("--methods", required=True, help="names, separated by commas")
        parser.add_argument(
            "--target",
            default="label",
            help="the class that is explained: label, top, or top-4 for the photo's four likeliest classes, its own among them",
        )
        parser.add_argument("--inline", action="store_true", help="in this process, without a worker")

    def run(
        self, *, set_name: str, networks: str, methods: str, target: str, inline: bool, **_: Any
    ) -> Answer:
        began = time.monotonic()
        chosen = [name for name in map(str.strip, methods.split(",")) if name]
        if not chosen:
            raise BadInputError("--methods: name at least one method")
        run = maps.plan_run(
            image_set=find_set(set_name),
            networks=find_networks(networks),
            methods=chosen,
            target=target,
        )
        with Bar("photos") as bar:
            try:
                _Follower(run, bar).follow(inline=inline)
            except KeyboardInterrupt as interrupt:
                raise CommandError(
                    "stopped watching. What is computed is kept; run the same command again to go on.",
                    returncode=130,
                ) from interrupt
        return _answer(run, time.monotonic() - began)


class _Follower:
    """Watches a run until nothing waits and nothing runs, and brings back what dead workers left."""

    def __init__(self, run: Precompute, bar: Bar) -> None:
        self.precompute, self.bar = run, bar
        self.done_before = maps.run_progress(run).photos_done
        self.warn_at: float | None = time.monotonic() + PATIENCE_SECONDS
        self.broker_gone = False

    def follow(self, *, inline: bool) -> None:
        if not inline:
            tasks.send(maps.pending_batches(self.precompute))
        recover_at = time.monotonic() + RECOVER_SECONDS
        while not self.report().finished:
            if inline:
                run_pending(self.precompute, sparingly(self.report))
                maps.requeue_stale()
            elif time.monotonic() > recover_at:
                self.recover()
                recover_at = time.monotonic() + RECOVER_SECONDS
            time.sleep(POLL_SECONDS)

    def recover(self) -> None:
        """Bring back what dead workers and a broker that lost its messages left. While the broker is away, wait for it."""
        try:
            tasks.send(maps.requeue_stale())
            tasks.send_lost()
        except BrokerGoneError as error:
            if not self.broker_gone:
                self.bar.say(f"{error}. This run goes on when it is back.")
            self.broker_gone = True
        else:
            self.broker_gone = False

    def report(self) -> maps.RunProgress:
        state = maps.run_progress(self.precompute)
        if state.photos:
            self.bar(state.photos_done, state.photos)
        self._warn_without_worker(state)
        return state

    def _warn_without_worker(self, state: maps.RunProgress) -> None:
        """Once, after a while in which nothing ran and nothing was finished."""
        if self.warn_at is None:
            return
        if state.batches[Batch.State.RUNNING] or state.photos_done > self.done_before:
            self.warn_at = None
        elif time.monotonic() > self.warn_at:
            self.bar.say(NO_WORKER)
            self.warn_at = None


def _answer(run: Precompute, seconds: float) -> Answer:
    state = maps.run_progress(run)
    rows = _counts(run)
    failures = [
        {"batch": batch.pk, "network": batch.network.name, "error": batch.error}
        for batch in state.failures
        if batch.state == Batch.State.FAILED
    ]
    data = {
        "run": run.pk,
        "set": run.image_set.name,
        "target": run.target,
        "maps": [dict(zip(("network", "method", "maps", "blank"), row, strict=True)) for row in rows],
        "batches": state.batches,
        "failures": failures,
        "seconds": round(seconds, 1),
    }
    stopped = state.batches[Batch.State.STOPPED]
    failed = [f"batch {failure['batch']} ({failure['network']}): {failure['error']}" for failure in failures]
    if stopped:
        failed.append(f"{run} was stopped on its page, with {stopped} of its batches left")
    return Answer(
        data=data,
        header=("network", "method", "maps", "blank"),
        rows=rows,
        notes=[f"{state.photos_done} of {state.photos} photos in {seconds:.0f} s.", *_ran_elsewhere(run)],
        failed="\n".join([*failed, "Run the same command again to go on."]) if failed else "",
    )


def _ran_elsewhere(run: Precompute) -> list[str]:
    """A sentence for each network whose last map of these another program than PyTorch made, or one that was to and could not."""
    sentences = []
    for network in run.networks.all():
        maps_of_it = ExplanationMap.objects.filter(network=network, image__image_set=run.image_set)
        manifest = maps_of_it.order_by("-pk").values_list("manifest", flat=True).first() or {}
        if "difference_from_torch" in manifest:
            sentences.append(
                f"{network} ran on {manifest['backend']} {manifest['backend_version']}, within "
                f"{manifest['difference_from_torch']:.0e} of torch."
            )
        elif refused := manifest.get("backends_refused"):
            sentences.append(f"{network} ran on torch: {'; '.join(refused.values())}.")
    return sentences


def _counts(run: Precompute) -> list[tuple[str, str, int, int]]:
    """Photos with a map by network and method, whichever run made it."""
    counts = {
        (row["network__name"], row["method"]): (row["maps"], row["blank_maps"])
        for row in ExplanationMap.objects.filter(image__image_set=run.image_set)
        .order_by()
        .values("network__name", "method")
        .annotate(
            maps=Count("image", distinct=True), blank_maps=Count("image", distinct=True, filter=Q(blank=True))
        )
    }
    return [
        (network.name, method, *counts.get((network.name, method), (0, 0)))
        for network in run.networks.all()
        for method in run.methods
    ]
