"""What a worker does once a study is ready: its pictures (study_pictures.py), then how alike its arms look (similarity.py).

A job that the pages wait for.
"""

from typing import Any

from django.urls import reverse

from explain import jobs, tasks
from explain.models import Job
from studies.models import Event, Study

from . import similarity_job
from .opening import OpeningError
from .similarity import ChangedError, arms_of, is_measured, measure
from .study_pictures import is_prepared, prepare_pictures


class NotComparedError(OpeningError):
    """A study that waits for the comparison of its arms before it can be opened."""


def ask_to_compare(*, study: Study, user: Any) -> Job:
    """Have pictures made and the arms compared by a worker, unless one is doing it already; the job."""
    job = job_of(study)
    if job is None or not jobs.is_under_way(job):
        arguments = {"study": study.pk, "arms": arms_of(study)}
        back = reverse("study-alike", args=[study.slug])
        job = jobs.ask(kind=LIKENESS.name, arguments=arguments, user=user, back=back)
    tasks.send_job(job)
    return job


def job_of(study: Study) -> Job | None:
    """The latest comparison that was asked for of the arms as they are now."""
    job = Job.objects.filter(kind=LIKENESS.name, arguments__study=study.pk).first()
    return job if job is not None and job.arguments["arms"] == arms_of(study) else None


def check_compared(*, study: Study, user: Any) -> None:
    """Raise NotComparedError, and ask for what is missing, where pictures are, or it is not known how alike the arms look."""
    if waits_for_nothing(study) or not study.items.exists():
        return
    job = ask_to_compare(study=study, user=user)
    study.refresh_from_db(fields=["likeness"])
    if waits_for_nothing(study):
        return
    far = f" ({job.done} of {job.total} photos)" if job.total else ""
    raise NotComparedError(
        f"{study.slug}: its pictures are made first, and how alike its arms look is measured{far}; open it when that is known."
    )


def waits_for_nothing(study: Study) -> bool:
    """Whether a study that is ready has all that can be made before it is opened."""
    return is_measured(study) and is_prepared(study)


def _compare(job: Job, report: jobs.Report) -> dict[str, Any]:
    study = Study.objects.filter(pk=job.arguments["study"]).first()
    if study is None or arms_of(study) != job.arguments["arms"]:
        raise ChangedError("The study was changed before its arms were compared; compare them again.")
    prepare_pictures(study, lambda done, total: report(done // 2, total))
    result = {"pairs": len(measure(study, lambda done, total: report((total + done) // 2, total)))}
    Event.objects.create(study=study, user_id=job.created_by_id, kind=Event.Kind.ARMS_COMPARED, data=result)
    return result


LIKENESS = jobs.JobKind(
    name="likeness",
    title="compare what a study’s arms look like",
    do=_compare,
    own_page=False,
)
"""apps.py registers it, so that every worker can do it."""


def comparison(study: Study) -> dict[str, Any]:
    """How far the comparison of a study's arms is, for a page that waits for it: empty where none is asked for."""
    job = similarity_job.job_of(study)
    if job is None or job.state == Job.State.DONE:
        return {}
    return {"job": job, "standing": jobs.to_json(job), "under_way": jobs.is_under_way(job)}
