"""Work asked for on a page: one row each, done by a worker, looked at by a page that waits.

A job that fails keeps what it was given and can be tried again. No torch until a job needs it.
"""

import logging
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db.models import Q, QuerySet

from explain import networks
from explain.cam import CamError
from explain.cam.errors import DownloadError
from explain.core import clock
from explain.core.errors import BadInputError, in_words
from explain.core.storable import storable
from explain.map_sets import import_maps, plan_maps, preview_picture, request_of
from explain.models import Job, Network
from explain.networks import add_network
from explain.photos import import_images, plan_import

from .downloads import watched

log = logging.getLogger(__name__)
BEAT_SECONDS = 0.5
PATIENCE_SECONDS = 8  # a job that waits longer has no worker
SAMPLES = "samples"
UPLOADS = ("file", "boxes")  # arguments that are names in storage
LOOK_FIRST = "look_first"
"""The argument of a job whose photos are only looked at, until whoever brought them has said that they come in."""
OPTIONS = re.compile(r" \(--[a-z][^)]*\)|--name (?=\S+: )")
"""What an error says for the command line alone."""
ANSWERED_WITHIN = timedelta(days=1)
"""So long what was uploaded and looked at is kept for an answer."""


Report = Callable[[int, int], None]
"""Says how far a job is: so many done, of so many."""


@dataclass(frozen=True)
class JobKind:
    """A kind of work that a page may ask of a worker.

    name      as it is stored
    title     as people read it
    do        does a job, reports how far it is, and returns its result for the page
    own_page  whether the job has a page of its own; without one the page that it was asked from shows it
    """

    name: str
    title: str
    do: Callable[[Job, Report], dict[str, Any]]
    own_page: bool = True


def register(kind: JobKind) -> None:
    """Make a kind of work known, once for each process: another app does it in its `AppConfig.ready`."""
    registered = KINDS.setdefault(kind.name, kind)
    if registered != kind:
        raise ValueError(
            f"{kind.name}: {registered.do} does this kind of work already; name the new one otherwise"
        )
    Job._meta.get_field("kind").choices = [
        (known_kind.name, known_kind.title) for known_kind in KINDS.values()
    ]


def kind_of(job: Job) -> JobKind:
    """The kind of a job. LookupError where nobody here knows it: the site and its workers are of different versions."""
    if job.kind not in KINDS:
        raise LookupError(
            f"{job.kind}: this worker does no such work, only {', '.join(KINDS)}; start it again with the site's version"
        )
    return KINDS[job.kind]


def ask(*, kind: str, arguments: dict[str, Any], user: Any, back: str = "") -> Job:
    """Store a job that a worker is to do. The caller sends it to the workers (tasks.send_job)."""
    return Job.objects.create(kind=kind, arguments=arguments, created_by=user, back=back)


def keep_upload(file: File) -> str:
    """Store an uploaded file in a folder with a random name, under its own plain name. Returns its name in storage."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(str(file.name)).name).lstrip(".-")[-80:] or "file"
    return default_storage.save(f"uploads/{secrets.token_hex(16)}/{plain}", file)


def run_job(job_id: int) -> Job | None:
    """Do a job that waits; None if another worker has it. What goes wrong is kept in its row, not raised."""
    now = clock.now()
    taken = Job.objects.filter(pk=job_id, state=Job.State.PENDING).update(
        state=Job.State.RUNNING, worker=f"{socket.gethostname()}:{os.getpid()}", heartbeat_at=now, error=""
    )
    if not taken:
        return None
    job = Job.objects.get(pk=job_id)
    try:
        job.result = storable(kind_of(job).do(job, _Reporter(job)))
        job.state = Job.State.DONE
    except (BadInputError, CamError) as error:
        job.state, job.error = Job.State.FAILED, storable(_plain_error(job, error))
        _forget_files(job)  # what was given is at fault: the same once more would be refused again
    except Exception as error:
        log.exception("%s failed", job)
        job.state, job.error = Job.State.FAILED, storable(in_words(error)[:2000])
    except BaseException:  # a worker told to stop: not the job's fault
        Job.objects.filter(pk=job_id).update(state=Job.State.PENDING)
        raise
    job.finished_at = clock.now()
    job.save(update_fields=["state", "result", "error", "finished_at", "picture", "arguments"])
    return job


class _Reporter:
    """Writes a job's progress into its row, at most once in BEAT_SECONDS: a write for every photo would be too many."""

    def __init__(self, job: Job) -> None:
        self.job, self.last = job, 0.0

    def __call__(self, done: int, total: int) -> None:
        if done == total or time.monotonic() - self.last > BEAT_SECONDS:
            self.last = time.monotonic()
            rows = Job.objects.filter(pk=self.job.pk)
            rows.update(done=done, total=total, heartbeat_at=clock.now())


def _bring_photos(job: Job, report: Report) -> dict[str, Any]:
    arguments = job.arguments
    samples = arguments.get("samples", False)
    path = settings.BASE_DIR / "samples/photos" if samples else local(arguments["file"])
    boxes = local(arguments["boxes"]) if arguments.get("boxes") else None
    if arguments.get(LOOK_FIRST):
        _forget_unanswered()
        return {
            "plan": plan_import(path=path, set_name=arguments["set"], boxes=boxes, progress=report).to_json()
        }
    imported = import_images(path=path, set_name=arguments["set"], boxes=boxes, progress=report)
    for network, load in arguments.get("networks", {}).items():
        add_network(name=network, load=load)
    _forget_files(job)  # photos are stored one by one by now
    photos = imported.image_set.images
    return {
        "set": imported.image_set.name,
        "added": imported.added,
        "already_there": imported.already_there,
        "updated": imported.updated,
        "repeated": imported.repeated,
        "ignored": imported.ignored[:20],
        "ignored_count": len(imported.ignored),
        "remarks": imported.remarks,
        "warnings": imported.warnings,
        "photos": photos.count(),
        "classes": photos.order_by().values("class_name").distinct().count(),
        "boxed": photos.exclude(boxes=[]).count(),
    }


def _bring_maps(job: Job, report: Report) -> dict[str, Any]:
    """Of maps and of finished pictures: the job's arguments say which."""
    request = request_of(job.arguments, path=local(job.arguments["file"]))
    if job.arguments.get(LOOK_FIRST):
        _forget_unanswered()
        plan = plan_maps(request, report)
        job.picture.save("preview.jpg", ContentFile(preview_picture(plan.samples)), save=False)
        return {"plan": _for_a_page(plan.to_json()), "labels": [sample.label for sample in plan.samples]}
    imported = import_maps(request, user=job.created_by, progress=report)
    _forget_files(job)
    return {**_for_a_page(imported.to_json()), "set": request.images}


def _for_a_page(told: dict[str, Any]) -> dict[str, Any]:
    """What an import says, without the options of its command."""
    return {**told, "remarks": [OPTIONS.sub("", remark) for remark in told["remarks"]]}


def _looked_at() -> QuerySet[Job]:
    """Jobs whose photos or maps have been looked at and are not answered yet."""
    return Job.objects.filter(state=Job.State.DONE, arguments__has_key=LOOK_FIRST)


def add_looked_at(job: Job) -> bool:
    """Let the photos or maps of a job come in that it has looked at: it waits for a worker again. False where it was answered before."""
    arguments = {key: value for key, value in job.arguments.items() if key != LOOK_FIRST}
    again = {"state": Job.State.PENDING, "arguments": arguments, "result": {}, "done": 0, "total": 0}
    return bool(_looked_at().filter(pk=job.pk).update(**again, created_at=clock.now()))


def cancel_looked_at(job: Job) -> bool:
    """Delete a job whose photos or maps have been looked at, with all that was uploaded for it. False where it was answered before."""
    cancelled = bool(_looked_at().filter(pk=job.pk).update(state=Job.State.FAILED, error="cancelled"))
    if cancelled:
        _forget_files(job)
        job.delete()
    return cancelled


def _forget_unanswered() -> None:
    for job in _looked_at().filter(finished_at__lt=clock.now() - ANSWERED_WITHIN):
        cancel_looked_at(job)


def _try_network(job: Job, report: Report) -> dict[str, Any]:
    with _weights_for(job, report) as arguments:
        trial_run = networks.try_network(**arguments, set_name=job.arguments.get("set", ""))
    if trial_run.picture:
        job.picture.save("check.jpg", File(trial_run.picture), save=False)
    return trial_run.to_json()


def _add_network(job: Job, report: Report) -> dict[str, Any]:
    with _weights_for(job, report) as arguments:
        network, is_new = add_network(name=job.arguments["name"], **arguments)
    return {
        "network": network.name,
        "layer": network.layer,
        "classes": len(network.class_names),
        "is_random": network.is_random,
        "notes": network.notes,
        "added": is_new,
    }


@contextmanager
def _weights_for(job: Job, report: Report) -> Iterator[dict[str, Any]]:
    """How to load the network that a job is about; while its library's weights come down, its page hears of it."""
    arguments = _network_arguments(job)
    if job.arguments.get("file"):
        yield arguments
        return
    try:
        with watched(report, networks.megabytes_to_fetch(arguments["load"], arguments["weights"])):
            yield arguments
    except DownloadError as error:
        raise BadInputError(
            f"The weights of {error.network} could not be downloaded ({error.reason}), so nothing was added. Try again when the "
            f"server can reach {urlsplit(error.url).hostname or error.url}, or fetch {error.url} elsewhere and give it under "
            "“Weights of your own”."
        ) from error


def _network_arguments(job: Job) -> dict[str, Any]:
    arguments = job.arguments
    if not arguments.get("file") and arguments.get("weights"):
        networks.check_weights_name(arguments["load"], arguments["weights"])
    weights = str(local(arguments["file"])) if arguments.get("file") else arguments.get("weights") or None
    return {
        "load": arguments["load"],
        "layer": arguments.get("layer") or None,
        "weights": weights,
        "described": arguments.get("described"),
    }


# By name. In the order in which they stand in the choices of the column.
KINDS: dict[str, JobKind] = {
    kind.value: JobKind(kind.value, kind.label, do)
    for kind, do in (
        (Job.Kind.PHOTOS, _bring_photos),
        (Job.Kind.MAPS, _bring_maps),
        (Job.Kind.PICTURES, _bring_maps),
        (Job.Kind.TRY, _try_network),
        (Job.Kind.NETWORK, _add_network),
    )
}


def _plain_error(job: Job, error: Exception) -> str:
    """The error without the path of this machine: files are named as they were uploaded."""
    text = str(error)
    for key in UPLOADS:
        if name := job.arguments.get(key):
            path = local(name)
            text = text.replace(str(path), path.name).replace(f"{path.parent}/", "")
    return OPTIONS.sub("", text.replace("--set ", "set ").replace("--set: ", ""))


def _forget_files(job: Job) -> None:
    """Delete the files that a job was given, except those that another job or a network still needs."""
    files = [job.arguments.pop(key) for key in UPLOADS if job.arguments.get(key)]
    if files:
        job.arguments["forgotten"] = True
        Job.objects.filter(pk=job.pk).update(arguments=job.arguments)
        for name in {*files} - {*uploads()}:
            local(name).unlink(missing_ok=True)
            default_storage.delete(name)


def uploads(alias: str = "default") -> Iterator[str]:
    """The names in storage of all uploads that a job or a network still needs."""
    brought = Q(kind__in=(Job.Kind.PHOTOS, Job.Kind.MAPS, Job.Kind.PICTURES), state=Job.State.DONE)
    brought = brought & ~Q(arguments__has_key=LOOK_FIRST)
    needing = Job.objects.using(alias).exclude(brought)
    for arguments in needing.values_list("arguments", flat=True):
        yield from (arguments[key] for key in UPLOADS if arguments.get(key))
    kept = Network.objects.using(alias).filter(weights__contains="/uploads/")
    for weights in kept.values_list("weights", flat=True):
        yield f"uploads/{weights.rpartition('/uploads/')[2]}"


def local(name: str) -> Path:
    """An uploaded file as a file of this machine: where it is stored, or a copy of what lies in an object store."""
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:
        path = Path(settings.DATA_DIR) / name
        if not path.exists() and default_storage.exists(name):
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
            try:
                with default_storage.open(name) as stored, draft.open("wb") as copy:
                    shutil.copyfileobj(stored, copy)
                draft.replace(path)  # half a copy must not be taken for the whole when it is tried again
            finally:
                draft.unlink(missing_ok=True)
        return path


def try_again(job: Job) -> bool:
    """Make a job that failed, or whose worker is gone, wait again, if what it was given is still there."""
    if job.arguments.get("forgotten"):
        return False
    again = Job.objects.filter(pk=job.pk).exclude(state__in=[Job.State.DONE, Job.State.PENDING])
    if job.state == Job.State.RUNNING and not is_silent(job):
        return False
    return bool(again.update(state=Job.State.PENDING, error="", created_at=clock.now()))


def is_silent(job: Job) -> bool:
    """Whether a job is being done, but its worker has not been heard of for BATCH_STALE_SECONDS."""
    return job.state == Job.State.RUNNING and (
        job.heartbeat_at is None or job.heartbeat_at < clock.gone_before()
    )


def is_under_way(job: Job) -> bool:
    """Whether a job waits or is being done, so that there is nothing to try again."""
    return job.state == Job.State.PENDING or (job.state == Job.State.RUNNING and not is_silent(job))


def to_json(job: Job) -> dict[str, Any]:
    """How far a job is, for the page that waits."""
    return {
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "no_worker": waits_for_a_worker(job),
        "silent": is_silent(job),
    }


def waits_for_a_worker(job: Job) -> bool:
    """Whether a job has waited so long that no worker seems to be there."""
    limit = clock.now() - timedelta(seconds=PATIENCE_SECONDS)
    return job.state == Job.State.PENDING and job.created_at < limit


def waiting() -> list[int]:
    return list(Job.objects.filter(state=Job.State.PENDING).order_by("pk").values_list("pk", flat=True))
