"""No map is computed twice and none is lost: what is planned, what waits already, and who had a batch last."""

import pytest
from django.db import IntegrityError, transaction

from explain.core.errors import BadInputError
from explain.maps import compute
from explain.maps import runs as precompute
from explain.maps.batches import run_batch, run_pending
from explain.maps.missing import missing_maps
from explain.models import Batch, Evaluation, ExplanationMap, Image, ImageSet, Precompute, Prediction
from explain.photos.importer import import_images
from tests.explain.photo_files import make_folder, photo_bytes
from tests.factories import make_image, make_map, make_network

from .test_precompute import METHODS, named_files, stored_files

pytestmark = pytest.mark.django_db
State = Batch.State


def plan(image_set, *networks, methods=("grad-cam",), **options) -> Precompute:
    return precompute.plan_run(image_set=image_set, networks=networks, methods=list(methods), **options)


def photos_of(run: Precompute) -> list[list[int]]:
    return [sorted(batch.images.values_list("pk", flat=True)) for batch in run.batches.order_by("pk")]


@pytest.mark.parametrize("state", [State.PENDING, State.RUNNING, State.FAILED])
def test_photos_that_wait_or_are_worked_on_are_not_planned_twice(tools, network, state):
    run = plan(tools, network)
    Batch.objects.update(state=state)
    assert plan(tools, network).pk == run.pk
    assert Batch.objects.count() == 1
    assert Batch.objects.get().state == (State.PENDING if state == State.FAILED else state)


def test_photos_of_a_batch_that_is_done_and_made_nothing_of_them_are_planned_again(tools, network):
    run = plan(tools, network)
    Batch.objects.update(state=State.DONE)
    plan(tools, network)
    assert photos_of(run) == [sorted(tools.images.values_list("pk", flat=True))] * 2


def test_what_waits_for_one_network_says_nothing_of_another(tools, network):
    """One run of two networks; the batches of the first are under way, those of the second were lost."""
    other = make_network("other")
    run = plan(tools, network, other)
    run.batches.filter(network=other).delete()
    plan(tools, network, other)
    assert sorted(run.batches.values_list("network__name", flat=True)) == ["other", "tiny"]


def test_a_run_is_the_same_only_for_the_same_photos_networks_methods_and_target(tools, network):
    other, others = make_network("other"), ImageSet.objects.create(name="others")
    make_image(others, 1)
    first = plan(tools, network, methods=["grad-cam", "hirescam"])
    assert plan(tools, network, methods=["hirescam", "grad-cam"]).pk == first.pk
    runs = [
        plan(others, network, methods=["grad-cam", "hirescam"]),
        plan(tools, network, methods=["grad-cam"]),
        plan(tools, other, methods=["grad-cam", "hirescam"]),
        plan(tools, network, other, methods=["grad-cam", "hirescam"]),
        plan(tools, network, methods=["grad-cam", "hirescam"], target="top"),
    ]
    assert len({run.pk for run in [first, *runs]}) == 6


def test_only_the_photos_that_are_asked_for_are_planned(tools, network, researcher):
    first = tools.images.first()
    run = plan(tools, network, images=[first], user=researcher)
    assert photos_of(run) == [[first.pk]]
    assert run.created_by == researcher
    with pytest.raises(BadInputError, match="the set tools has no photos"):
        plan(tools, network, images=[])


def test_predictions_alone_need_no_class_that_the_network_knows(tools, network):
    Image.objects.update(class_name="my bicycle", class_index=None)
    with pytest.raises(BadInputError, match="has no class for 3 of 3 photos"):
        plan(tools, network)
    assert len(photos_of(plan(tools, network, methods=[]))) == 1
    assert len(photos_of(plan(tools, network, target="top"))) == 1


def test_a_network_says_something_of_photos_whose_class_it_does_not_know(photos, tiny):
    strange = photos.images.order_by("pk").first()
    Image.objects.filter(pk=strange.pk).update(class_name="my bicycle", class_index=None)
    run_pending(plan(photos, tiny, methods=[]), lambda: None)
    shares = dict(Prediction.objects.values_list("image_id", "label_probability"))
    assert len(shares) == 5
    assert [pk for pk, share in shares.items() if share is None] == [strange.pk]
    assert not ExplanationMap.objects.exists()


def test_photos_that_are_used_in_place_need_no_file_at_all(inbox, tiny, settings):
    make_folder(inbox, {"hammer/1.jpg": photo_bytes(1, (200, 170))})
    image_set = import_images(path=inbox, set_name="s", in_place=True).image_set
    run_pending(plan(image_set, tiny), lambda: None)
    assert ExplanationMap.objects.count() == 1
    assert stored_files(settings) == set()


def lacks(image_set, network, methods=("grad-cam", "hirescam"), target="label") -> dict[int, list[str]]:
    images = list(image_set.images.order_by("pk"))
    return missing_maps(images=images, network=network, methods=methods, target=target)


def whole_map(image, network, method="grad-cam", **fields) -> ExplanationMap:
    row = make_map(image, network, method)
    hashed = compute.parameters_hash(network, method)
    ExplanationMap.objects.filter(pk=row.pk).update(**{"parameters_hash": hashed, **fields})
    return row


def said(image, network, top=587) -> None:
    Prediction.objects.create(image=image, network=network, top_class=top, top_probability=0.5)


def test_a_photo_lacks_a_map_until_it_has_that_very_one(tools, network):
    """Of this network, layer, method, class and parameters: any other map says something else."""
    first, second, third = tools.images.order_by("pk")
    for image in (first, second, third):
        said(image, network)
    other = make_network("other")  # the same weights under another name
    whole_map(first, other)
    whole_map(first, network, layer="earlier")
    whole_map(first, network, target=588)
    whole_map(first, network, parameters_hash="1" * 64)
    whole_map(second, network)
    whole_map(third, network)
    whole_map(third, network, "hirescam")
    assert lacks(tools, network) == {first.pk: ["grad-cam", "hirescam"], second.pk: ["hirescam"]}


def test_a_photo_without_a_prediction_of_this_network_lacks_it_though_it_has_its_maps(tools, network):
    other = make_network("other")
    for image in tools.images.all():
        whole_map(image, network)
        said(image, other)
    assert lacks(tools, network, ["grad-cam"]) == {image.pk: [] for image in tools.images.all()}


def test_the_map_of_the_top_class_is_not_that_of_the_label(tools, network):
    first, second, third = tools.images.order_by("pk")
    for image, top in ((first, 587), (second, 3), (third, 3)):
        said(image, network, top)
    for image in (first, second):
        whole_map(image, network)
    whole_map(third, network, target=3)
    assert lacks(tools, network, ["grad-cam"], "top") == {second.pk: ["grad-cam"]}
    assert lacks(tools, network, ["grad-cam"]) == {third.pk: ["grad-cam"]}


def test_two_workers_that_store_the_same_map_at_the_same_moment_store_it_once(
    photos, tiny, fine_maps, settings, monkeypatch
):
    """Both look, neither sees the other's rows, and the unique key stops the second: it looks again."""
    first, second = plan(photos, tiny, methods=METHODS), plan(photos, tiny)
    store, look, looked = compute.BatchComputation.store, compute.maps_there, []

    def overtaken(self):
        if self.batch.precompute_id == first.pk:
            run_pending(second, lambda: None)
            monkeypatch.setattr(compute, "maps_there", blind_at_first)
        return store(self)

    def blind_at_first(**where):
        looked.append(where)
        return look(**where) if len(looked) > 1 else set()

    monkeypatch.setattr(compute.BatchComputation, "store", overtaken)
    run_pending(first, lambda: None)
    assert (first.batches.get().state, first.batches.get().attempts, len(looked)) == (State.DONE, 1, 2)
    assert ExplanationMap.objects.count() == 15
    assert ExplanationMap.objects.filter(batch__precompute=second).count() == 5
    assert Prediction.objects.count() == 5
    assert stored_files(settings) == named_files()


def test_a_clash_that_does_not_end_is_a_failure_and_no_map_is_half_stored(
    photos, tiny, settings, monkeypatch
):
    run = plan(photos, tiny)
    before, tries = stored_files(settings), []

    def clash(_rows):
        tries.append(1)
        raise IntegrityError("a_map_is_computed_once")

    monkeypatch.setattr(ExplanationMap.objects, "bulk_create", clash)
    batch = run_batch(precompute.pending_batches(run)[0])
    assert (batch.state, len(tries)) == (State.PENDING, 3)
    assert "IntegrityError" in batch.error
    assert not Prediction.objects.exists()
    assert stored_files(settings) == before


def test_the_database_itself_keeps_a_second_row_of_one_map_prediction_or_evaluation_out(tools, network):
    """Whatever two processes do at once: each key's last field is turned, and then the row is another one."""
    image = tools.images.first()
    keys = {
        make_map(image, network, "grad-cam"): {"layer": "x", "method": "x", "target": 1, "parameters_hash": "x"},
        Prediction.objects.create(image=image, network=network, top_class=1, top_probability=1.0): {},
        Evaluation.objects.create(
            image=image, network=network, layer="a", method="a", target=0, protocol="a", parameters_hash="a",
            confidence=1, activation=1,
        ): {"layer": "x", "method": "x", "target": 1, "protocol": "x", "parameters_hash": "x"},
    }  # fmt: skip
    for row, fields in keys.items():
        row.pk = None
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)
        fields = {"image": tools.images.last(), "network": make_network(f"other-{len(fields)}"), **fields}
        for name, value in fields.items():
            before, row.pk = getattr(row, name), None
            setattr(row, name, value)
            row.save(force_insert=True)
            setattr(row, name, before)
