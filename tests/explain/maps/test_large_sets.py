"""What is done for each batch, or again and again, must not grow with the set: counted in rows that are read."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from django.db.models.sql.compiler import SQLCompiler

from explain.core import sparing
from explain.evaluation import evaluate
from explain.maps import missing, runs
from explain.maps.missing import missing_maps, parameters_hash
from explain.models import Batch, ExplanationMap, Image, ImageSet, Prediction
from tests.factories import make_image

METHODS = ("grad-cam", "hirescam")


@contextmanager
def rows_read(monkeypatch) -> Iterator[SimpleNamespace]:
    """Counts the rows that the database hands to queries."""
    counted, original = SimpleNamespace(rows=0), SQLCompiler.results_iter

    def counting(self, *args, **options):
        for row in original(self, *args, **options):
            counted.rows += 1
            yield row

    with monkeypatch.context() as patch:
        patch.setattr(SQLCompiler, "results_iter", counting)
        yield counted


def with_maps(image_set: ImageSet, network, count: int) -> list[Image]:
    """More photos in the set, each with its prediction and its maps."""
    first = image_set.images.order_by("pk").first()
    there = image_set.images.count()
    Image.objects.bulk_create(
        Image(
            image_set=image_set, class_name=first.class_name, class_index=587, width=9, height=9,
            original_name=f"{number}.jpg", source_sha256=f"{number:064}", content_sha256=f"{number:064}",
        )
        for number in range(there, there + count)
    )  # fmt: skip
    images = list(image_set.images.order_by("pk")[there:])
    Prediction.objects.bulk_create(
        Prediction(image=image, network=network, top_class=587, top_probability=0.5) for image in images
    )
    ExplanationMap.objects.bulk_create(
        ExplanationMap(
            image=image, network=network, layer=network.layer, method=method, target=587,
            parameters_hash=parameters_hash(network, method), values=bytes(4), height=1, width=1,
        )
        for image in images
        for method in METHODS
    )  # fmt: skip
    return images


@pytest.mark.django_db
def test_a_batch_reads_rows_of_its_own_photos_however_many_the_set_has(tools, network, monkeypatch):
    images = with_maps(tools, network, 2)

    def read() -> int:
        with rows_read(monkeypatch) as counted:
            for target in ("label", "top"):
                assert missing_maps(images=images, network=network, methods=METHODS, target=target) == {}
                (asked,) = evaluate.ask_for_evaluation(
                    networks=[network], methods=METHODS, protocol="paper", target=target
                )
                assert len(asked.missing(images, image__in=images)) == 4
        return counted.rows

    few = read()
    with_maps(tools, network, 40)
    assert read() == few > 0


@pytest.mark.django_db
def test_few_photos_and_many_lack_the_same(tools, network, monkeypatch):
    with_maps(tools, network, 3)
    ExplanationMap.objects.filter(image__original_name="4.jpg", method="hirescam").delete()
    images = list(tools.images.order_by("pk"))
    expected = {image.pk: list(METHODS) for image in images[:3]} | {images[4].pk: ["hirescam"]}
    for few in (0, 1000):
        monkeypatch.setattr(missing, "FEW", few)
        assert missing_maps(images=images, network=network, methods=METHODS, target="label") == expected


@pytest.mark.django_db
def test_progress_is_read_in_as_few_rows_of_many_batches_as_of_few(tools, network, monkeypatch):
    run = runs.plan_run(image_set=tools, networks=[network], methods=METHODS)
    now = runs.clock.now()

    def finish(count: int) -> None:
        for _ in range(count):
            batch = Batch.objects.create(
                precompute=run, network=network, state="done", started_at=now, finished_at=now
            )
            batch.images.set(tools.images.all())

    finish(runs.RECENT)
    with rows_read(monkeypatch) as few:
        runs.run_progress(run)
    finish(30)
    with rows_read(monkeypatch) as many:
        state = runs.run_progress(run)
    assert many.rows == few.rows > 0
    assert (state.photos, state.photos_done) == (3 + 3 * (30 + runs.RECENT), 3 * (30 + runs.RECENT))


@pytest.mark.django_db
def test_an_evaluation_of_many_protocols_looks_for_the_maps_of_a_network_once(tools, network, monkeypatch):
    Image.objects.all().delete()
    make_image(tools, 1)
    with_maps(tools, network, 5)
    tools.images.order_by("pk").first().delete()
    asked = [
        evaluate.ask_for_evaluation(
            networks=[network], methods=METHODS, protocol=f"paper/{share}", target="label"
        )[0]
        for share in ("0.1", "0.3", "0.4")
    ]
    with rows_read(monkeypatch) as counted:
        todo = evaluate.plan_evaluation(image_set=tools, asked=asked)
    assert [len(task.image_ids) for task in todo] == [5, 5, 5]
    assert counted.rows == 5 + 5 * len(
        METHODS
    )  # the photos, and their maps: no row of an evaluation is there yet


def test_who_looks_takes_a_small_share_of_the_time(monkeypatch):
    """A look takes 2 s, a batch 1 s: after a look come 38 s of work, whatever the number of batches."""
    now, looks = [0.0], []
    monkeypatch.setattr(sparing.time, "monotonic", lambda: now[0])

    def look() -> None:
        looks.append(now[0])
        now[0] += 2

    seldom = sparing.sparingly(look, share=0.05)
    for _ in range(100):
        seldom()
        now[0] += 1
    assert looks == [0, 40, 80]
