"""How many people a study needs, simulated by a worker: a job that its page waits for."""

from dataclasses import asdict
from typing import Any

from django.urls import reverse

from explain import jobs, tasks
from explain.core.errors import BadInputError
from explain.models import Job
from studies.analysis.answers import AnswersError
from studies.analysis.power import Assumptions
from studies.models import Study
from studies.protocol import ProtocolError, check_protocol, on_page_with_key, plan_sha256

from .power_analysis import TooFewPeopleError, analyse_power, picture_power

STUDIES = 200  # simulated for each number of people where the fewest are looked for
STUDIES_OF_PICTURE = 100  # for each of its fields


class ChangedProtocolError(BadInputError):
    """The protocol is another one by now."""


def ask_for_power(*, study: Study, assumptions: Assumptions, user: Any) -> Job:
    """Have a worker simulate the study's protocol as it is now; a job that has not begun, or is under way, for the same is taken.

    Raises BadInputError where the protocol lacks what a simulation needs.
    """
    arguments = {"study": study.pk, "plan": _plan(study), "assumed": asdict(assumptions)}
    job = job_of(study)
    if job is None or job.arguments != arguments or not jobs.is_under_way(job):
        back = reverse("study-power", args=[study.slug])
        job = jobs.ask(kind=POWER.name, arguments=arguments, user=user, back=back)
    tasks.send_job(job)
    return job


def job_of(study: Study) -> Job | None:
    """The latest that was asked for."""
    return Job.objects.filter(kind=POWER.name, arguments__study=study.pk).first()


def is_of_today(job: Job, study: Study) -> bool:
    """Whether the study's protocol is still the one that the job simulated."""
    try:
        return bool(job.arguments["plan"] == _plan(study))
    except BadInputError:
        return False


def _plan(study: Study) -> str:
    try:
        return plan_sha256(check_protocol(study.protocol).complete)
    except ProtocolError as error:
        raise BadInputError(*map(on_page_with_key, error.faults)) from error


def _simulate(job: Job, report: jobs.Report) -> dict[str, Any]:
    study = Study.objects.filter(pk=job.arguments["study"]).first()
    if study is None or not is_of_today(job, study):
        raise ChangedProtocolError("The protocol was changed before it was simulated; ask again.")
    protocol, assumed = check_protocol(study.protocol), Assumptions(**job.arguments["assumed"])
    people = [protocol.people] if protocol.people else []
    try:
        analysis = analyse_power(
            protocol=protocol,
            people=people,
            assumptions=assumed,
            studies=STUDIES,
            needed=True,
            report=lambda done, total: report(done, 2 * total),
        )
        picture = picture_power(
            protocol=protocol,
            assumptions=assumed,
            studies=STUDIES_OF_PICTURE,
            report=lambda done, total: report(total + done, 2 * total),
        )
    except TooFewPeopleError as error:
        raise BadInputError(on_page_with_key(error.fault)) from error
    except ProtocolError as error:
        raise BadInputError(*map(on_page_with_key, error.faults)) from error
    except AnswersError as error:
        raise BadInputError(str(error)) from error
    sentences = {"assumed": analysis.assumed, "whose": analysis.whose}
    return analysis.to_json() | sentences | {"picture": asdict(picture)}


POWER = jobs.JobKind(
    name="power",
    title="simulate how many people a study needs",
    do=_simulate,
    own_page=False,
)
"""apps.py registers it, so that every worker can do it."""
