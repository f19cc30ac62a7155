"""What Prometheus is told: what waits, who is at work, what is stored. Never what a study compares.

All of it is counted in the database when it is asked for, so any host gives the same figures, whatever its processes
did and however often they were restarted. No label names a study, a network, a method, a person or a host: its values
come from a fixed list, so that nothing is told and the number of series never grows.
"""

from collections.abc import Iterator, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from explain import jobs
from explain.core import clock
from explain.jobs import current_workload
from studies.monitoring import site_totals

__all__ = ["CONTENT_TYPE_LATEST", "text"]
Samples = list[tuple[dict[str, str], float]]  # labels, value


def text() -> bytes:
    """All figures in Prometheus' text format, by a fixed number of queries."""
    registry = CollectorRegistry()
    registry.register(_Site())
    return generate_latest(registry)


class _Site(Collector):
    """Counts all figures when a registry asks for them, and never before."""

    def collect(self) -> Iterator[Metric]:
        yield from _maps()
        yield from _workers()
        yield from _studies()


def _maps() -> Iterator[Metric]:
    work = current_workload()
    yield _gauge("batches", "Batches of photos that maps are made for.", _by("state", work.batches))
    yield _gauge("batches_silent", "Running batches whose worker has gone silent.", [({}, work.silent)])
    yield _gauge("jobs", "What people asked workers for on a page.", _by("state", work.jobs))
    yield _gauge("maps", "Explanation maps that are stored.", [({}, work.maps)])


def _workers() -> Iterator[Metric]:
    seen = jobs.workers_seen()
    present = sum(worker.is_there for worker in seen)
    counts = {"there": present, "silent": len(seen) - present}
    yield _gauge("workers", "Workers heard of in the last day.", _by("state", counts))
    # An age and no time stamp: it is measured by the database's clock, which Prometheus does not have.
    oldest: Samples = [({}, (clock.now() - seen[-1].heartbeat_at).total_seconds())] if seen else []
    yield _gauge(
        "worker_oldest_heartbeat_seconds", "Age of the last sign of the worker silent longest.", oldest
    )


def _studies() -> Iterator[Metric]:
    totals = site_totals()
    yield _gauge("studies", "Studies.", _by("state", totals.studies))
    yield _gauge("trials_left", "Trials of open studies without their answer.", _by("state", totals.left))
    yield _gauge(
        "participants_at_work", "Participants who hold trials at this moment.", [({}, totals.at_work)]
    )
    answers: Samples = [
        ({"status": status, "simulated": str(simulated).lower()}, count)
        for (status, simulated), count in totals.answers.items()
    ]
    yield _gauge("answers", "Answers that are stored.", answers)


def _by(label: str, counts: Mapping[str, int]) -> Samples:
    return [({label: str(value)}, count) for value, count in counts.items()]


def _gauge(name: str, description: str, samples: Samples) -> Metric:
    """A gauge, since rows can be deleted: nothing that is counted here only ever grows."""
    family = GaugeMetricFamily(f"blindsight_{name}", description)
    for labels, value in samples:
        family.add_sample(family.name, labels, value)
    return family
