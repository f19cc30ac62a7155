"""Celery tasks: they call maps, jobs and evaluation. Messages carry ids and names, and may be lost or come twice."""

from collections.abc import Iterable
from typing import Any

from celery import current_app, shared_task
from celery.signals import worker_ready, worker_shutdown
from django.conf import settings
from kombu.exceptions import ChannelError, OperationalError

from explain.core.errors import BrokerGoneError

from . import evaluation, jobs, maps
from .jobs import Presence
from .maps import pending_batches, requeue_stale, retry_failed
from .models import Batch, Job, Precompute


@shared_task(name="explain.run_batch")
def run_batch(batch_id: int) -> None:
    """Compute the batch whose turn it is; send it again if it failed and may be tried again.

    Jobs go first, because somebody waits for them on a page; there may be thousands of batches. The message tells that
    `batch_id` waits, and so that there is something to do; runs take turns (maps/turns.py).
    """
    for job_id in jobs.waiting():
        jobs.run_job(job_id)
    batch = maps.run_next()
    again = [batch.pk] if batch is not None and batch.state == Batch.State.PENDING else []
    send([*again, *requeue_stale()])


@shared_task(name="explain.run_job")
def run_job(job_id: int) -> None:
    """Do what somebody asked for on a page."""
    jobs.run_job(job_id)


def send_job(job: Job) -> None:
    tell(run_job, job.pk)


@shared_task(name="explain.evaluate_photos")
def evaluate_photos(**batch: Any) -> None:
    """Evaluate the maps of some photos: the fields of an EvaluationTask. The same message again does nothing."""
    evaluation.evaluate_photos(**batch)


def send_evaluations(todo: Iterable[evaluation.EvaluationTask]) -> None:
    """Send the workers batches to evaluate. What a lost message asked for is planned again."""
    for batch in todo:
        tell(evaluate_photos, **vars(batch))


def send(batch_ids: Iterable[int]) -> None:
    """Send the workers pending batches, once the rows are committed. Sending them twice does no harm."""
    for batch_id in batch_ids:
        tell(run_batch, batch_id)


def take_up(run: Precompute) -> None:
    """Have workers do what a run still lacks, failed and stopped batches too, and whatever dead workers left."""
    retry_failed(run.batches.all())
    send(dict.fromkeys([*requeue_stale(), *pending_batches(run)]))


def tell(task: Any, *ids: int, **fields: Any) -> None:
    """Send a task its message once the rows are committed."""
    # ImportError: no package here speaks to a broker of this kind
    try:
        task.delay_on_commit(*ids, **fields)
    except (OperationalError, ImportError) as error:
        raise BrokerGoneError(
            f"the broker {_broker()} cannot be reached ({error}); start it, check CELERY_BROKER_URL, or on the command line use --inline"
        ) from error


def send_lost() -> None:
    """Send every pending batch again if the queue is empty: then their messages are lost."""
    waiting = Batch.objects.filter(state=Batch.State.PENDING)
    if waiting.exists() and not queue_length():
        send(waiting.values_list("pk", flat=True))


def queue_length() -> int:
    """Messages that no worker has taken."""
    with current_app.connection_for_read() as connection:
        try:
            queue = connection.default_channel.queue_declare(settings.CELERY_TASK_DEFAULT_QUEUE, passive=True)
        except ChannelError:  # Redis has no queue where there is nothing in it
            return 0
        except (OperationalError, ImportError) as error:  # ImportError as in `tell`
            raise BrokerGoneError(f"the broker {_broker()} cannot be reached ({error}); start it") from error
    return queue.message_count


def _broker() -> str:
    with current_app.connection_for_read() as connection:
        return connection.as_uri()  # without its password


@worker_ready.connect
def take_up_what_was_left(**_: Any) -> None:
    """A worker that starts looks for batches whose worker died and whose messages were lost."""
    send(requeue_stale())
    send_lost()
    for job_id in jobs.waiting():
        tell(run_job, job_id)


_presence: list[Presence] = []


@worker_ready.connect
def say_that_it_is_there(**_: Any) -> None:
    _presence.append(Presence())
    _presence[-1].begin()


@worker_shutdown.connect
def take_leave(**_: Any) -> None:
    while _presence:
        _presence.pop().end()
