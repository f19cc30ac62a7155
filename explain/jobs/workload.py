"""How much there is to do and how much is done, over all runs and jobs: for whoever keeps the site running."""

from dataclasses import dataclass

from django.db.models import Count, QuerySet

from explain.models import Batch, ExplanationMap, Job


@dataclass(frozen=True)
class Workload:
    """Batches and jobs by state; `silent`: batches whose worker has not been heard of for BATCH_STALE_SECONDS."""

    batches: dict[str, int]
    silent: int
    jobs: dict[str, int]
    maps: int


def current_workload() -> Workload:
    """The workload at this moment, in four queries."""
    return Workload(
        batches=dict.fromkeys(Batch.State.values, 0) | _by_state(Batch.objects.all()),
        silent=Batch.objects.stale().count(),
        jobs=dict.fromkeys(Job.State.values, 0) | _by_state(Job.objects.all()),
        maps=ExplanationMap.objects.count(),
    )


def _by_state(rows: QuerySet) -> dict[str, int]:
    return dict(rows.order_by().values_list("state").annotate(Count("pk")))
