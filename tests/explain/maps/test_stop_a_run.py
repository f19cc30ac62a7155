"""A run that is stopped stops, and frees the worker; several runs take turns; what was made stays."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from explain import tasks
from explain.core.errors import BadInputError
from explain.maps import batches, remove_run, run_next, runs, stop_run
from explain.maps.batches import claim_batch, run_batch
from explain.maps.turns import next_batch, turn_of
from explain.models import Batch, ExplanationMap, ImageSet, Job, Precompute
from studies.lifecycle import change_state
from studies.lifecycle.transitions import delete_study
from studies.models import Event, Study
from studies.setup import create_draft, preparation
from tests.factories import make_image, make_network

from .test_make_each_map_once import plan

pytestmark = pytest.mark.django_db
State = Batch.State


@pytest.fixture
def two_runs(photos, tiny, settings):
    """Five photos in batches of two, by two methods in runs of their own: three batches each."""
    settings.BATCH_SIZE = 2
    return plan(photos, tiny), plan(photos, tiny, methods=["hirescam"])


def states(run: Precompute) -> list[str]:
    return list(run.batches.order_by("pk").values_list("state", flat=True))


def test_what_waits_is_not_done_and_a_later_message_does_nothing(two_runs):
    first, second = two_runs
    waiting = runs.pending_batches(first)
    stop_run(second)
    run_batch(waiting[0])
    assert stop_run(first) == 2
    assert stop_run(first) == 0
    for pk in waiting:
        tasks.run_batch(pk)
    assert states(first) == ["done", "stopped", "stopped"]
    assert ExplanationMap.objects.count() == 2
    progress = runs.run_progress(first)
    assert (progress.finished, progress.stopped, progress.photos, progress.photos_done) == (True, True, 5, 2)


def test_a_worker_that_is_at_it_ends_after_the_photo_in_hand_and_stores_nothing(two_runs, monkeypatch):
    run, _ = two_runs
    monkeypatch.setattr(batches, "BEAT_SECONDS", -1)
    seen = []

    def report(progress, done, write=batches._Progress.__call__):
        write(progress, done)
        seen.append(done)
        if done == 1:
            assert runs.run_progress(run).photos_done == 1
            stop_run(run)

    monkeypatch.setattr(batches._Progress, "__call__", report)
    batch = run_batch(runs.pending_batches(run)[0])
    assert (batch.state, batch.photos_done, batch.error) == (State.STOPPED, 0, "")
    assert max(seen) == 1
    assert not ExplanationMap.objects.exists()


def test_who_was_stopped_and_comes_back_does_not_store_into_the_next_try(two_runs, monkeypatch):
    """It was stopped and taken up again while the first worker was at its last photo: the row counts its first try again."""
    run, _ = two_runs
    pk = runs.pending_batches(run)[0]
    lost = claim_batch(pk)
    stop_run(run)
    assert runs.retry_failed(run.batches.all()) == list(
        run.batches.order_by("pk").values_list("pk", flat=True)
    )
    again = claim_batch(pk)
    assert again.attempts == lost.attempts
    assert not batches.ours(lost).exists()
    assert batches.ours(again).exists()


def test_it_goes_on_where_it_stopped_and_asking_for_the_same_run_takes_it_up(two_runs, photos, tiny):
    run, other = two_runs
    stop_run(other)
    run_batch(runs.pending_batches(run)[0])
    stop_run(run)
    assert plan(photos, tiny).pk == run.pk
    while run_next() is not None:
        pass
    assert states(run) == ["done"] * 3
    assert states(other) == ["stopped"] * 3
    assert set(ExplanationMap.objects.values_list("method", flat=True)) == {"grad-cam"}


def test_runs_take_turns_batch_by_batch(two_runs):
    """Ten photos do not wait behind ten thousand, whatever the order of the messages."""
    first, second = two_runs
    taken = []
    while (pk := next_batch()) is not None:
        taken.append(claim_batch(pk).precompute_id)
    assert taken == [first.pk, second.pk] * 3


def test_a_batch_that_failed_once_comes_after_those_of_its_run_that_were_not_tried(two_runs):
    first, second = two_runs
    stop_run(second)
    tried, *rest = runs.pending_batches(first)
    Batch.objects.filter(pk=tried).update(attempts=1)
    assert [claim_batch(next_batch()).pk for _ in range(3)] == [*rest, tried]


def test_who_finds_its_batch_taken_does_the_next_so_that_no_message_is_used_up_for_nothing(
    two_runs, monkeypatch
):
    first, _ = two_runs
    taken = runs.pending_batches(first)[0]

    def late(original=next_batch):
        pk = original()
        if pk == taken:
            claim_batch(pk)  # another worker is a moment faster
        return pk

    monkeypatch.setattr(batches, "next_batch", late)
    done = run_next()
    assert done.state == State.DONE
    assert done.pk != taken


def test_a_run_that_waits_says_what_the_worker_is_busy_with_and_for_how_long(two_runs):
    first, second = two_runs
    now = timezone.now()
    begun = runs.pending_batches(second)
    Batch.objects.filter(pk=begun[0]).update(
        state=State.DONE, started_at=now - timedelta(seconds=50), finished_at=now - timedelta(seconds=20)
    )
    claim_batch(begun[1])
    turn = turn_of(first)
    assert (turn.busy_with, turn.before, turn.seconds) == ((second.pk,), 0, 30)
    progress = runs.run_progress(first)
    assert not progress.idle, "a worker is there, at something else"
    assert runs.run_progress(second).turn is None
    Batch.objects.filter(pk=begun[1]).update(heartbeat_at=now - timedelta(hours=1))
    assert runs.run_progress(first).idle, "its worker is gone"


def test_a_run_waits_for_a_job_and_for_runs_that_were_served_longer_ago(two_runs, admin_user):
    _, second = two_runs
    now = timezone.now()
    job = Job.objects.create(kind="network", state=Job.State.RUNNING, created_by=admin_user, heartbeat_at=now)
    turn = turn_of(second)
    assert (turn.busy_with, turn.job, turn.before, turn.seconds) == ((), "add a network", 1, None)
    assert not runs.run_progress(second).idle
    Job.objects.filter(pk=job.pk).update(heartbeat_at=now - timedelta(hours=1))
    assert runs.run_progress(second).idle, "its worker is gone"


def test_a_run_that_waits_is_looked_at_in_as_few_queries_behind_many_runs_as_behind_few(
    two_runs, photos, tiny, django_assert_max_num_queries
):
    """Whoever waits looks every two seconds."""
    for method in ("layer-cam", "grad-cam++", "xgrad-cam", "eigen-cam"):
        plan(photos, tiny, methods=[method])
    waiting = plan(photos, tiny, methods=["ablation-cam"])
    with django_assert_max_num_queries(6):
        assert turn_of(waiting).before == 6


def test_the_command_says_that_its_run_was_stopped(photos, tiny, monkeypatch):
    def stopped(run, report):
        stop_run(run)

    monkeypatch.setattr("explain.management.commands.precompute.run_pending", stopped)
    with pytest.raises(CommandError, match="was stopped on its page, with 1 of its batches left"):
        call_command("precompute", photos.name, networks=tiny.name, methods="grad-cam", inline=True)


def test_a_run_under_way_is_not_removed_and_the_maps_of_one_that_is_removed_stay(two_runs):
    run, other = two_runs
    stop_run(other)
    run_batch(runs.pending_batches(run)[0])
    with pytest.raises(BadInputError, match="is under way; stop it first"):
        remove_run(run)
    stop_run(run)
    remove_run(run)
    assert list(Precompute.objects.all()) == [other]
    assert ExplanationMap.objects.count() == 2


@pytest.fixture
def waiting(db):
    """A function that makes a study that waits for a run."""
    image_set = ImageSet.objects.create(name="tools")
    make_image(image_set, 1)
    run = plan(image_set, make_network("tiny"), target="top")

    def make(slug: str) -> Study:
        study = create_draft(source={"version": 1, "slug": slug, "title": slug, "task": "choice"})
        Study.objects.filter(pk=study.pk).update(state=Study.State.PRECOMPUTING, precompute=run)
        study.refresh_from_db()
        return study

    make.run = run
    return make


@pytest.mark.parametrize("leave", [lambda study: change_state(study=study, to="draft"), "delete"])
def test_a_study_that_no_longer_waits_stops_its_run_unless_another_waits_for_it(waiting, leave, admin_user):
    def go(study):
        delete_study(study=study, user=admin_user) if leave == "delete" else leave(study)

    one, other = waiting("one"), waiting("other")
    go(one)
    assert states(waiting.run) == ["pending"]
    go(other)
    assert states(waiting.run) == ["stopped"]
    assert not Event.objects.filter(kind=Event.Kind.MAPS_GIVEN_UP).exists()


def test_who_waits_for_a_run_that_somebody_stopped_hears_of_it_and_can_ask_again(waiting):
    study = waiting("one")
    stop_run(waiting.run)
    study.refresh_from_db()
    assert (study.state, study.precompute) == ("draft", None)
    event = study.events.get(kind=Event.Kind.MAPS_GIVEN_UP)
    assert event.data["why"] == f"somebody stopped {waiting.run}; what it had made is kept"


def test_a_study_that_no_longer_waits_leaves_the_run_that_somebody_asked_for_by_itself(waiting, admin_user):
    Precompute.objects.update(created_by=admin_user)
    change_state(study=waiting("one"), to="draft")
    assert states(waiting.run) == ["pending"]


@pytest.mark.parametrize("looks", ["what is missing", "all is there"])
def test_a_study_that_is_stopped_while_a_worker_looks_at_it_stays_stopped(photos, tiny, monkeypatch, looks):
    """The worker had read it before: it would be made ready, or its maps would be made for nobody."""
    source = {"version": 1, "slug": "mine", "title": "Mine", "task": "choice", "photos": {"set": "photos"}}
    arms = [{"network": "tiny", "method": method} for method in ("grad-cam", "hirescam")]
    study = create_draft(source={**source, "design": {"seed": 1}, "arms": arms})
    if looks == "all is there":
        run_batch(runs.pending_batches(plan(photos, tiny, methods=["grad-cam", "hirescam"]))[0])
    Study.objects.filter(pk=study.pk).update(state=Study.State.PRECOMPUTING)
    study.refresh_from_db()
    change_state(study=Study.objects.get(pk=study.pk), to="draft")
    assert not preparation.advance(study)
    study.refresh_from_db()
    assert (study.state, study.precompute, study.arms.count()) == ("draft", None, 0)
    assert not study.events.filter(kind__in=[Event.Kind.READY, Event.Kind.MAPS_GIVEN_UP]).exists()
    assert not Batch.objects.filter(state__in=[State.PENDING, State.RUNNING]).exists()
