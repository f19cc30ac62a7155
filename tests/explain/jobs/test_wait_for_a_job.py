"""A job is done by one worker, once; who asked for it sees how it stands, and nobody else does."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from explain import maps, tasks
from explain.jobs import jobs
from explain.models import Batch, ImageSet, Job
from tests.factories import jpeg, make_network

pytestmark = pytest.mark.django_db
State = Job.State


@pytest.fixture
def nobody(monkeypatch):
    """The ids of jobs that are sent to workers, of which there is none."""
    ids: list[int] = []
    monkeypatch.setattr(tasks, "tell", lambda task, *sent: ids.extend(sent))
    return ids


def photos_by(do) -> jobs.JobKind:
    """Bringing photos in, done otherwise."""
    return replace(jobs.KINDS[Job.Kind.PHOTOS], do=do)


@pytest.fixture
def did(monkeypatch):
    """The jobs that were done, in order; what they are is no matter here."""
    done: list[int] = []
    monkeypatch.setitem(jobs.KINDS, Job.Kind.PHOTOS, photos_by(lambda job, _: {"told": done.append(job.pk)}))
    return done


def job(user, state=State.PENDING, kind=Job.Kind.PHOTOS, **fields) -> Job:
    return Job.objects.create(kind=kind, state=state, created_by=user, **fields)


def long_ago(settings) -> object:
    return timezone.now() - timedelta(seconds=settings.BATCH_STALE_SECONDS + 60)


def test_of_two_workers_one_does_the_job(researcher, did):
    wanted = job(researcher, error="of the last try")
    first = jobs.run_job(wanted.pk)
    assert jobs.run_job(wanted.pk) is None
    assert did == [wanted.pk]
    wanted.refresh_from_db()
    assert (first.state, wanted.state, wanted.error) == ("done", "done", "")
    assert wanted.worker
    assert wanted.heartbeat_at is not None


@pytest.mark.parametrize("state", [State.RUNNING, State.DONE, State.FAILED])
def test_a_job_that_does_not_wait_is_not_done(researcher, did, state):
    assert jobs.run_job(job(researcher, state).pk) is None
    assert did == []


def test_a_worker_that_is_told_to_stop_gives_its_job_back_and_no_other(researcher, monkeypatch, did):
    def stopped(_job, _report):
        raise SystemExit

    others = [job(researcher, state).pk for state in (State.RUNNING, State.DONE, State.FAILED)]
    wanted = job(researcher)
    with monkeypatch.context() as stopping:
        stopping.setitem(jobs.KINDS, Job.Kind.PHOTOS, photos_by(stopped))
        with pytest.raises(SystemExit):
            jobs.run_job(wanted.pk)
    states = dict(Job.objects.values_list("pk", "state"))
    assert states == dict(zip([*others, wanted.pk], ("running", "done", "failed", "pending"), strict=True))
    assert jobs.run_job(wanted.pk).state == "done"
    assert did == [wanted.pk]


def test_the_page_hears_how_far_a_job_is_and_that_its_worker_lives(researcher, settings, monkeypatch):
    wanted = job(researcher, State.RUNNING, heartbeat_at=long_ago(settings))
    other = job(researcher, State.RUNNING, heartbeat_at=long_ago(settings))
    monkeypatch.setattr(jobs, "BEAT_SECONDS", float("inf"))
    report = jobs._Reporter(wanted)
    report(1, 3)  # too soon after the last
    wanted.refresh_from_db()
    assert (wanted.done, wanted.total, jobs.is_silent(wanted)) == (0, 0, True)
    monkeypatch.setattr(jobs, "BEAT_SECONDS", -1)
    report(2, 3)
    wanted.refresh_from_db()
    assert (wanted.done, wanted.total, jobs.is_silent(wanted)) == (2, 3, False)
    monkeypatch.setattr(jobs, "BEAT_SECONDS", float("inf"))
    report(3, 3)  # the last is always told
    wanted.refresh_from_db()
    other.refresh_from_db()
    assert (wanted.done, other.done, jobs.is_silent(other)) == (3, 0, True)


@pytest.mark.parametrize(
    ("state", "silent", "again"),
    [
        (State.FAILED, False, True),
        (State.RUNNING, True, True),
        (State.RUNNING, False, False),
        (State.PENDING, False, False),
        (State.DONE, False, False),
        (State.DONE, True, False),
    ],
)
def test_only_what_failed_or_lost_its_worker_is_tried_again(researcher, settings, state, silent, again):
    beat = long_ago(settings) if silent else timezone.now()
    asked = timezone.now() - timedelta(days=1)
    wanted = job(researcher, state, heartbeat_at=beat, error="No space left")
    other = job(researcher, State.FAILED)
    Job.objects.update(created_at=asked)
    assert jobs.try_again(wanted) is again
    wanted.refresh_from_db()
    other.refresh_from_db()
    assert (wanted.state, wanted.error) == ((State.PENDING, "") if again else (state, "No space left"))
    assert (wanted.created_at > asked) is again  # who waits is told of a missing worker only after a while
    assert other.state == State.FAILED


def test_a_job_that_was_done_while_somebody_looked_is_not_done_once_more(researcher):
    wanted = job(researcher, State.FAILED)
    Job.objects.update(state=State.DONE)
    assert not jobs.try_again(wanted)
    wanted.refresh_from_db()
    assert wanted.state == State.DONE


def test_how_a_job_stands(researcher, settings, monkeypatch):
    def standing(**fields):
        wanted = job(researcher, **fields)
        told = jobs.to_json(wanted)
        return told["silent"], told["no_worker"], jobs.is_under_way(wanted)

    now = timezone.now()
    nearly = now - timedelta(seconds=settings.BATCH_STALE_SECONDS - 30)
    assert standing(state=State.RUNNING, heartbeat_at=now) == (False, False, True)
    assert standing(state=State.RUNNING, heartbeat_at=nearly) == (False, False, True)
    assert standing(state=State.RUNNING, heartbeat_at=long_ago(settings)) == (True, False, False)
    assert standing(state=State.RUNNING, heartbeat_at=None) == (True, False, False)
    assert standing(state=State.PENDING) == (False, False, True)
    assert standing(state=State.DONE, heartbeat_at=long_ago(settings)) == (False, False, False)
    monkeypatch.setattr(jobs, "PATIENCE_SECONDS", -60)
    assert standing(state=State.PENDING) == (False, True, True)
    assert standing(state=State.FAILED) == (False, False, False)
    told = jobs.to_json(job(researcher, State.RUNNING, done=2, total=5))
    assert (told["state"], told["done"], told["total"]) == ("running", 2, 5)


def test_whoever_waits_on_a_page_goes_before_the_batches_first_come_first_served(
    researcher, did, monkeypatch
):
    first, second = job(researcher), job(researcher)
    job(researcher, State.RUNNING)
    monkeypatch.setattr(maps, "run_next", lambda: did.append(-7))
    tasks.run_batch(7)
    assert did == [first.pk, second.pk, -7]


def test_a_worker_that_starts_takes_up_batches_of_dead_workers_and_jobs_that_wait(
    researcher, nobody, settings, monkeypatch
):
    network = make_network()
    run = ImageSet.objects.create(name="tools").precomputes.create(methods=["grad-cam"])
    dead = Batch.objects.create(
        precompute=run,
        network=network,
        state="running",
        heartbeat_at=long_ago(settings),
        worker="elsewhere:1",
    )
    waits = job(researcher)
    job(researcher, State.DONE)
    monkeypatch.setattr(tasks, "queue_length", lambda: 1)
    tasks.take_up_what_was_left()
    assert nobody == [dead.pk, waits.pk]


PAGES = {"job": "get", "job-state": "get", "job-picture": "get", "job-retry": "post"}


@pytest.mark.parametrize("name", PAGES)
def test_a_job_is_seen_by_who_asked_for_it_and_by_an_admin(
    client, researcher, stranger, admin_user, nobody, django_user_model, name
):
    wanted = job(researcher, State.FAILED, back="/")
    wanted.picture.save("check.jpg", ContentFile(jpeg(1)))
    address = reverse(name, args=[wanted.pk])
    look = getattr(client, PAGES[name])
    answer = look(address)
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("login"))
    client.force_login(django_user_model.objects.create_user("reader"))
    assert look(address).status_code == 403
    client.force_login(stranger)
    assert look(address).status_code == 404
    wanted.refresh_from_db()
    assert (wanted.state, nobody) == (State.FAILED, [])
    for user in (researcher, admin_user):
        client.force_login(user)
        assert look(address).status_code in (200, 302)
        assert not look(address).headers.get("Location", "").startswith(reverse("login"))
    assert bool(nobody) is (name == "job-retry")


def test_a_job_is_tried_again_by_a_click_and_by_nothing_that_only_looks(client, researcher, nobody):
    wanted = job(researcher, State.FAILED)
    client.force_login(researcher)
    assert client.get(reverse("job-retry", args=[wanted.pk])).status_code == 405
    assert client.post(reverse("job-state", args=[wanted.pk])).status_code == 405
    assert client.post(reverse("job-picture", args=[wanted.pk])).status_code == 405
    wanted.refresh_from_db()
    assert wanted.state == State.FAILED


def test_how_a_job_stands_is_never_kept_by_a_browser_and_its_picture_only_by_ones_own(client, researcher):
    wanted = job(researcher, State.RUNNING)
    client.force_login(researcher)
    assert client.get(reverse("job-state", args=[wanted.pk]))["Cache-Control"] == "no-store"
    assert client.get(reverse("job-picture", args=[wanted.pk])).status_code == 404
    wanted.picture.save("check.jpg", ContentFile(jpeg(1)))
    answer = client.get(reverse("job-picture", args=[wanted.pk]))
    assert b"".join(answer.streaming_content) == jpeg(1)
    assert answer["Cache-Control"].startswith("private")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_comparison_of_arms_is_shown_by_its_study(client, researcher):
    wanted = job(researcher, State.DONE, "likeness", back="/studies/mine/")
    client.force_login(researcher)
    assert client.get(reverse("job", args=[wanted.pk]))["Location"] == "/studies/mine/"


@pytest.mark.parametrize(
    ("back", "kept"),
    [
        ("/studies/mine/", "/studies/mine/"),
        ("https://elsewhere.example/", ""),
        ("//elsewhere.example/", ""),
        ("javascript:alert(1)", ""),
        ("/" + "x" * 199, "/" + "x" * 199),
        ("/" + "x" * 200, ""),
        ("", ""),
    ],
)
def test_a_job_leads_back_to_a_page_of_ours_only(client, researcher, nobody, back, kept):
    client.force_login(researcher)
    client.post(reverse("photos-new"), {"samples": "1", "back": back})
    asked = Job.objects.get()
    assert (asked.back, asked.kind, asked.created_by) == (kept, Job.Kind.PHOTOS, researcher)
    assert asked.arguments == {"samples": True, "set": "samples"}
    assert nobody == [asked.pk]
    page = client.get(reverse("photos-new"), {"back": back})
    assert page.context["back"] == kept


def tried(user, **fields) -> Job:
    layers = [["layer1", 8, 14, 14], ["layer2", 16, 7, 7]]
    result = {
        "layer": "layer2",
        "layers": layers,
        "top": [["hammer", 0.5]],
        "photo": "1.jpg",
        "classes": 2,
        "blank": False,
    }
    fields = {"state": State.DONE, "kind": Job.Kind.TRY, "result": result, "back": "/studies/mine/"} | fields
    return job(user, arguments={"load": "timm:test_efficientnet", "file": "uploads/1/mine.pth"}, **fields)


def test_a_network_that_was_tried_is_tried_at_another_layer_or_added_on_the_same_weights(
    client, researcher, nobody
):
    before = tried(researcher)
    client.force_login(researcher)
    address = reverse("job", args=[before.pk])
    page = client.get(address)
    assert page.context["form"].initial == {"name": "test-efficientnet", "layer": "layer2"}
    assert [name for name, _ in page.context["form"].fields["layer"].choices] == ["layer2", "layer1"]
    client.post(address, {"again": "1", "layer": "layer1", "name": "mine"})
    client.post(address, {"layer": "layer1", "name": "mine"})
    arguments = {**before.arguments, "layer": "layer1"}
    again, added = Job.objects.exclude(pk=before.pk).order_by("pk")
    assert (again.kind, again.arguments, again.back) == (Job.Kind.TRY, arguments, "/studies/mine/")
    assert (added.kind, added.arguments) == (Job.Kind.NETWORK, {**arguments, "name": "mine"})
    assert nobody == [again.pk, added.pk]


@pytest.mark.parametrize(
    "fields",
    [{"state": State.FAILED}, {"state": State.RUNNING}, {"kind": Job.Kind.NETWORK}],
)
def test_a_network_that_was_not_tried_to_the_end_cannot_be_added(client, researcher, nobody, fields):
    before = tried(researcher, **fields)
    client.force_login(researcher)
    page = client.post(reverse("job", args=[before.pk]), {"layer": "layer1", "name": "mine"})
    assert page.context["form"] is None
    assert Job.objects.count() == 1
