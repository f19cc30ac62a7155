"""Figures of the maps that people of a study saw, measured by a worker: a job that its page waits for."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from explain import evaluation, jobs, tasks
from explain.core.errors import BadInputError
from explain.models import Job
from studies.models import Study

from .metric_agreement import maps_to_measure


def ask_for_metrics(*, study: Study, user: Any) -> Job:
    """Have a worker measure what is missing; a job that waits or is under way for the same study is taken."""
    job = job_of(study)
    if job is None or not jobs.is_under_way(job):
        back = reverse("study-humans", args=[study.slug])
        job = jobs.ask(kind=METRICS.name, arguments={"study": study.pk}, user=user, back=back)
    tasks.send_job(job)
    return job


def job_of(study: Study) -> Job | None:
    """The latest that was asked for."""
    return Job.objects.filter(kind=METRICS.name, arguments__study=study.pk).first()


def metrics_under_way(study: Study) -> dict[str, Any]:
    """How far it is, for a page that waits for it: empty where none is asked for, or all is done."""
    job = job_of(study)
    if job is None or job.state == Job.State.DONE:
        return {}
    return {"job": job, "standing": jobs.to_json(job), "under_way": jobs.is_under_way(job)}


def _measure(job: Job, report: jobs.Report) -> dict[str, Any]:
    study = Study.objects.filter(pk=job.arguments["study"]).first()
    if study is None:
        raise BadInputError("The study is gone, so its maps are not measured.")
    lacking = maps_to_measure(study)
    total, done, made = sum(map(len, lacking.values())), 0, 0
    report(0, total)
    for protocol, maps in lacking.items():
        for start in range(0, len(maps), settings.BATCH_SIZE):
            part = maps[start : start + settings.BATCH_SIZE]
            made += evaluation.evaluate_maps(map_ids=part, protocol=protocol)
            done += len(part)
            report(done, total)
    return {"measured": made}


METRICS = jobs.JobKind(
    name="metrics",
    title="measure the maps of a study",
    do=_measure,
    own_page=False,
)
"""apps.py registers it, so that every worker can do it."""
