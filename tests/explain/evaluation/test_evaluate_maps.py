"""The paper's tables from stored rows: each figure by a plain re-statement, each row once, each mistake one line."""

import csv
import io
import json

import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command
from django.forms.models import model_to_dict
from PIL import Image as PillowImage

from explain import tasks
from explain.cam.errors import InputError
from explain.evaluation import evaluate
from explain.evaluation.protocols import PROTOCOLS
from explain.evaluation.tables import table_of
from explain.management.commands import evaluate as command
from explain.maps import runs
from explain.maps.batches import run_pending
from explain.models import Evaluation, ExplanationMap, Image, Network
from explain.networks.registry import load_network

METHODS = ["grad-cam", "ablation-cam", "pixel-ablation-cam"]


@pytest.fixture
def maps(photos, tiny):
    """Five photos with a map of each of three methods."""
    run_pending(runs.plan_run(image_set=photos, networks=[tiny], methods=METHODS), lambda: None)
    return photos


def ask(network, protocol="paper", methods=METHODS, target="label"):
    return evaluate.ask_for_evaluation(networks=[network], methods=methods, protocol=protocol, target=target)


def evaluated(image_set, network, protocol="paper", **how):
    asked = ask(network, protocol, **how)
    evaluate.run_evaluation(
        evaluate.plan_evaluation(image_set=image_set, asked=asked), lambda done, total: None
    )
    return table_of(image_set=image_set, asked=asked[0])


def pixels(image, net) -> torch.Tensor:
    return net.preprocess(PillowImage.open(io.BytesIO(image.file.read())))


def scores(net, photo: torch.Tensor, target: int) -> tuple[float, float]:
    """Confidence and activation by the plain module, without anything of explain.cam but its preprocessing."""
    with torch.no_grad():
        logits = net.module(photo[None].float())[0].double()
    return float(logits.exp()[target] / logits.exp().sum()), float(logits[target])


def large_map(row, size) -> np.ndarray:
    """The map at the size of the input: bilinear between the centres of cells, worked out here."""
    cells = row.array().astype(float)

    def weights(small: int, large: int) -> np.ndarray:
        at = np.clip((np.arange(large) + 0.5) * small / large - 0.5, 0, small - 1)
        low = np.minimum(at.astype(int), small - 1)
        high, part = np.minimum(low + 1, small - 1), at - low
        matrix = np.zeros((large, small))
        matrix[np.arange(large), low] += 1 - part
        matrix[np.arange(large), high] += part
        return matrix

    return weights(cells.shape[0], size[0]) @ cells @ weights(cells.shape[1], size[1]).T


def shown(net, photo: torch.Tensor, mask: np.ndarray) -> torch.Tensor:
    """E = mask ∘ I on the photo's own colours, so that what is hidden is black."""
    mean, std = (np.array(v)[:, None, None] for v in (net.preprocessing.mean, net.preprocessing.std))
    colours = photo.double().numpy() * std + mean
    return torch.from_numpy((colours * mask - mean) / std)


def top_fifth(row, size) -> np.ndarray:
    large = large_map(row, size)
    order = np.lexsort((np.arange(large.size), -large.round(12).reshape(-1)))  # by value, then by place
    mask = np.zeros(large.size)
    mask[order[: round(0.2 * large.size)]] = 1
    return mask.reshape(large.shape)


def authors_mask(row, size) -> np.ndarray:
    large = large_map(row, size)
    soft = large / large.max()
    soft[soft < np.percentile(soft, 80)] = 0
    return soft / soft.max()


def test_the_paper_s_table_equals_equations_6_and_7_stated_plainly(maps, tiny):
    """Average drop = 100/N Σ max(0, Y − O)/Y (6); increase = 100/N Σ 1[Y < O] (7)."""
    table = evaluated(maps, tiny)
    net = load_network(tiny)
    for method in METHODS:
        drops, rises = {"confidence": [], "activation": []}, {"confidence": [], "activation": []}
        for row in ExplanationMap.objects.filter(method=method).select_related("image"):
            photo = pixels(row.image, net)
            whole = scores(net, photo, row.target)
            left = scores(net, shown(net, photo, top_fifth(row, photo.shape[1:])), row.target)
            for name, y, o in zip(drops, whole, left, strict=True):
                if y > 0:
                    drops[name].append(max(0, y - o) / y)
                    rises[name].append(y < o)
        for name in drops:
            figures = getattr(table, name)[method]
            assert figures.photos == len(drops[name])
            assert figures.excluded == 5 - len(drops[name])
            assert figures.average_drop == pytest.approx(100 * np.mean(drops[name]), rel=1e-5, abs=1e-5)
            assert figures.increase == pytest.approx(100 * np.mean(rises[name]))


def test_each_stored_score_equals_the_plain_statement_to_a_millionth(maps, tiny):
    evaluated(maps, tiny)
    net = load_network(tiny)
    for stored in Evaluation.objects.select_related("image"):
        row = ExplanationMap.objects.get(image=stored.image, method=stored.method)
        photo = pixels(stored.image, net)
        left = scores(net, shown(net, photo, top_fifth(row, photo.shape[1:])), row.target)
        assert (stored.confidence, stored.activation) == pytest.approx(
            scores(net, photo, row.target), rel=1e-6, abs=1e-6
        )
        assert (stored.confidence_left, stored.activation_left) == pytest.approx(left, rel=1e-6, abs=1e-6)


def test_the_authors_protocol_equals_their_steps_stated_plainly(maps, tiny):
    evaluated(maps, tiny, "authors", methods=["grad-cam"])
    net = load_network(tiny)
    for stored in Evaluation.objects.select_related("image"):
        row = ExplanationMap.objects.get(image=stored.image, method=stored.method)
        if row.blank:
            continue
        photo = pixels(stored.image, net)
        left = scores(net, shown(net, photo, authors_mask(row, photo.shape[1:])), row.target)
        assert (stored.confidence_left, stored.activation_left) == pytest.approx(left, rel=1e-6, abs=1e-6)


def test_each_protocol_gives_other_figures_in_rows_of_its_own(maps, tiny):
    left = {}
    for name in PROTOCOLS:
        evaluated(maps, tiny, name, methods=["grad-cam"])
        rows = Evaluation.objects.filter(protocol=name).order_by("image")
        assert rows.count() == 5
        left[name] = tuple(rows.values_list("activation_left", flat=True))
    assert left.pop("curves") == (None,) * 5
    assert len(set(left.values())) == len(left) == 6


def test_a_finished_row_is_never_computed_again(maps, tiny, monkeypatch):
    first = evaluated(maps, tiny)
    before = list(Evaluation.objects.order_by("pk").values())
    assert len(before) == 15
    monkeypatch.setattr(evaluate, "load_network", None)
    assert evaluate.plan_evaluation(image_set=maps, asked=ask(tiny)) == []
    assert evaluated(maps, tiny) == first
    assert list(Evaluation.objects.order_by("pk").values()) == before


def test_an_interrupted_run_goes_on_where_it_stopped(maps, tiny, settings, monkeypatch):
    settings.BATCH_SIZE = 2
    todo = evaluate.plan_evaluation(image_set=maps, asked=ask(tiny))
    assert [len(batch.image_ids) for batch in todo] == [2, 2, 1]
    original, seen = evaluate.evaluate_photos, []

    def stops(**batch):
        if len(seen) == 1:
            raise KeyboardInterrupt
        seen.append(batch["image_ids"])
        return original(**batch)

    monkeypatch.setattr(evaluate, "evaluate_photos", stops)
    with pytest.raises(CommandError, match="run the same command again") as caught:
        call_command("evaluate", "photos", networks="tiny", methods=",".join(METHODS))
    assert caught.value.returncode == 130
    kept = set(Evaluation.objects.values_list("pk", flat=True))
    assert len(kept) == 6
    monkeypatch.setattr(evaluate, "evaluate_photos", original)
    rest = evaluate.plan_evaluation(image_set=maps, asked=ask(tiny))
    assert [pk for batch in rest for pk in batch.image_ids] == [*todo[1].image_ids, *todo[2].image_ids]
    evaluate.run_evaluation(rest, lambda done, total: None)
    assert Evaluation.objects.count() == 15
    assert kept < set(Evaluation.objects.values_list("pk", flat=True))


def test_only_the_methods_that_are_missing_are_measured(maps, tiny):
    evaluated(maps, tiny, methods=["grad-cam"])
    before = list(Evaluation.objects.order_by("pk").values())
    evaluated(maps, tiny)
    assert list(Evaluation.objects.filter(method="grad-cam").order_by("pk").values()) == before
    assert Evaluation.objects.count() == 15


def test_a_photo_s_figures_do_not_depend_on_its_company(maps, tiny):
    evaluated(maps, tiny)
    together = set(Evaluation.objects.values_list("image", "method", "confidence_left", "activation_left"))
    Evaluation.objects.all().delete()
    for (todo,) in [evaluate.plan_evaluation(image_set=maps, asked=ask(tiny))]:
        for pk in reversed(todo.image_ids):
            for method in METHODS:
                alone = vars(todo) | {"image_ids": [pk], "methods": [method]}
                assert evaluate.evaluate_photos(**alone) == 1
    assert (
        set(Evaluation.objects.values_list("image", "method", "confidence_left", "activation_left"))
        == together
    )


def test_a_batch_that_comes_twice_does_nothing(maps, tiny):
    (todo,) = evaluate.plan_evaluation(image_set=maps, asked=ask(tiny))
    assert evaluate.evaluate_photos(**vars(todo)) == 15
    assert evaluate.evaluate_photos(**vars(todo)) == 0


def test_maps_that_are_named_get_the_rows_of_these_maps_and_no_others(maps, tiny):
    def figures():
        rows = Evaluation.objects.order_by("image", "method")
        return list(
            rows.values_list("image", "method", "confidence_left", "activation_left", "parameters_hash")
        )

    evaluated(maps, tiny)
    expected = figures()
    Evaluation.objects.all().delete()
    keys = list(ExplanationMap.objects.order_by("-pk").values_list("pk", flat=True))
    assert evaluate.evaluate_maps(map_ids=keys[:4], protocol="paper") == 4
    assert evaluate.evaluate_maps(map_ids=keys, protocol="paper") == 11
    assert evaluate.evaluate_maps(map_ids=keys, protocol="paper") == 0
    assert figures() == expected
    # a map that was made with other parameters than those of today
    ExplanationMap.objects.filter(pk=keys[0]).update(parameters_hash="1" * 64)
    assert evaluate.evaluate_maps(map_ids=keys, protocol="paper") == 1
    ExplanationMap.objects.filter(pk=keys[1]).update(target=None)
    Evaluation.objects.all().delete()
    assert evaluate.evaluate_maps(map_ids=keys[:2], protocol="paper") == 1


def test_a_score_that_is_no_number_stores_nothing(maps, tiny, monkeypatch):
    net = load_network(tiny)
    monkeypatch.setattr(
        type(net), "logits_checked", lambda self, batch: torch.full((len(batch), 1000), np.nan)
    )
    with pytest.raises(InputError, match="a score that is no number"):
        evaluated(maps, tiny)
    assert not Evaluation.objects.exists()


def test_scores_that_are_never_above_zero_are_said_in_a_sentence(maps, tiny):
    evaluated(maps, tiny)
    Evaluation.objects.update(activation=-1.0)
    table = table_of(image_set=maps, asked=ask(tiny)[0])
    assert table.activation == {}
    assert table.notes == ("No photo has an activation above 0, so there is no drop in it to speak of.",)
    assert table.confidence["grad-cam"].photos == 5


def test_photos_with_boxes_tell_how_well_a_map_points(maps, tiny):
    """A box of the whole photo holds every map; two photos have none and are not in these figures."""
    boxed = list(maps.images.order_by("pk")[:3])
    for image in boxed:
        image.boxes = [[0, 0, image.width, image.height]]
        image.save()
    localisation = evaluated(maps, tiny).localisation["grad-cam"]
    seen = ExplanationMap.objects.filter(method="grad-cam", image__in=boxed)
    not_blank = 100 * np.mean([not row.blank for row in seen])
    assert localisation.photos == 3
    assert localisation.pointing == pytest.approx(not_blank)
    assert localisation.energy == pytest.approx(not_blank)
    assert 0 < localisation.iou_50 <= localisation.iou_10 <= 1


def test_a_corrected_box_is_evaluated_again(maps, tiny):
    evaluated(maps, tiny)
    image = maps.images.first()
    image.boxes = [[10, 10, 60, 60]]
    image.save()
    (todo,) = evaluate.plan_evaluation(image_set=maps, asked=ask(tiny))
    assert todo.image_ids == [image.pk]
    assert evaluated(maps, tiny).localisation["grad-cam"].photos == 1


def test_curves_give_insertion_and_deletion(maps, tiny):
    table = evaluated(maps, tiny, "curves", methods=["grad-cam"])
    rows = Evaluation.objects.all()
    assert table.curves["grad-cam"].insertion == pytest.approx(np.mean([row.insertion for row in rows]))
    assert all(0 <= row.deletion <= 1 for row in rows)
    assert table.confidence == table.activation == {}


def test_missing_maps_are_named_with_the_command_that_makes_them(maps, tiny):
    ExplanationMap.objects.filter(method="ablation-cam", image=maps.images.first()).delete()
    with pytest.raises(CommandError) as caught:
        call_command("evaluate", "photos", networks="tiny", methods="grad-cam,ablation-cam,hirescam")
    assert caught.value.returncode == 2
    assert str(caught.value).splitlines() == [
        "1 of 5 photos have no map of ablation-cam by tiny.",
        "5 of 5 photos have no map of hirescam by tiny.",
        "First run: manage.py precompute photos --networks tiny --methods grad-cam,ablation-cam,hirescam",
    ]
    assert not Evaluation.objects.exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"methods": "no-cam"}, "unknown method no-cam; choose from grad-cam, "),
        ({"methods": ","}, "--methods: name at least one method"),
        ({"networks": "huge"}, "there is no network “huge”"),
        ({"protocol": "hard"}, "--protocol hard: there is no such protocol; choose from paper, "),
    ],
)
def test_what_does_not_exist_is_one_line(maps, tiny, options, complaint):
    with pytest.raises(CommandError) as caught:
        call_command("evaluate", "photos", **{"networks": "tiny", "methods": "grad-cam", **options})
    assert caught.value.returncode == 2
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_prints_the_paper_s_table_and_what_it_depends_on(maps, tiny, capfd):
    call_command("evaluate", "photos", networks="tiny", methods=",".join(METHODS))
    out, bar = capfd.readouterr()
    assert "5/5" in bar
    lines = out.splitlines()
    assert lines[0] == "tiny (layer bn2) on photos, N = 5; explained: the photo's label"
    assert (
        lines[1]
        == "Protocol paper. Mask: exactly the top 20 % of the upsampled map, by stable sort. Fill: black."
    )
    assert lines[3].split() == ["metric", *METHODS]
    call_command("evaluate", "photos", "--networks=tiny", f"--methods={','.join(METHODS)}", "--json")
    told = json.loads(capfd.readouterr().out)
    assert told["protocol"]["name"] == "paper"
    assert (told["protocol"]["mask"], told["protocol"]["fill"], told["protocol"]["share"]) == (
        "top",
        "black",
        0.2,
    )
    drop = told["tables"][0]["confidence"]["grad-cam"]["average_drop"]
    assert lines[4].split()[-3] == f"{drop:.2f}"
    wins = [figures["win"] for figures in told["tables"][0]["confidence"].values()]
    assert sum(wins) == pytest.approx(100)


def test_the_top_class_is_evaluated_when_asked_for(photos, tiny):
    run_pending(
        runs.plan_run(image_set=photos, networks=[tiny], methods=["grad-cam"], target="top"), lambda: None
    )
    with pytest.raises(CommandError, match="5 of 5 photos have no map"):
        call_command("evaluate", "photos", networks="tiny", methods="grad-cam")
    call_command("evaluate", "photos", networks="tiny", methods="grad-cam", target="top")
    tops = dict(Image.objects.values_list("pk", "predictions__top_class"))
    assert dict(Evaluation.objects.values_list("image", "target")) == tops


def test_workers_get_the_batches_and_the_command_follows_them(maps, tiny, settings, monkeypatch):
    """The message carries plain values, and what the worker stores is what the command would have."""
    settings.BATCH_SIZE = 2
    evaluated(maps, tiny)
    inline = set(Evaluation.objects.values_list("image", "method", "confidence_left"))
    Evaluation.objects.all().delete()
    sent = []

    def worker(**batch):
        sent.append(json.loads(json.dumps(batch)))
        if len(sent) != 2:  # one message gets lost
            tasks.evaluate_photos(**sent[-1])

    monkeypatch.setattr(tasks.evaluate_photos, "delay_on_commit", worker)
    monkeypatch.setattr(command, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(command, "PATIENCE_SECONDS", 0.05)
    call_command("evaluate", "photos", networks="tiny", methods=",".join(METHODS), workers=True)
    assert [len(batch["image_ids"]) for batch in sent] == [2, 2, 1, 2]
    assert set(Evaluation.objects.values_list("image", "method", "confidence_left")) == inline
    Evaluation.objects.all().delete()
    monkeypatch.setattr(tasks.evaluate_photos, "delay_on_commit", lambda **batch: None)
    with pytest.raises(
        CommandError, match="5 photos were sent 3 times and no worker evaluated one; read the"
    ):
        call_command("evaluate", "photos", networks="tiny", methods="grad-cam", workers=True)


def test_the_rows_behind_a_table_give_its_figures_again(maps, tiny, tmp_path):
    path = tmp_path / "rows.csv"
    call_command("evaluate", "photos", networks="tiny", methods=",".join(METHODS), rows=path)
    confidence = table_of(image_set=maps, asked=ask(tiny)[0]).confidence["ablation-cam"]
    with path.open() as file:
        rows = [row for row in csv.DictReader(file) if row["method"] == "ablation-cam"]
    drops = [
        max(0.0, float(row["confidence"]) - float(row["confidence_left"])) / float(row["confidence"])
        for row in rows
    ]
    assert 100 * np.mean(drops) == pytest.approx(confidence.average_drop, rel=1e-12)
    named = ExplanationMap.objects.in_bulk([int(row["map"]) for row in rows])
    assert [named[int(row["map"])].image.original_name for row in rows] == [row["photo"] for row in rows]
    with pytest.raises(CommandError, match="Is a directory"):
        call_command("evaluate", "photos", networks="tiny", methods="grad-cam", rows=tmp_path)


def test_the_rows_name_the_maps_of_their_own_layer(maps, tiny, tmp_path):
    """The same weights cut elsewhere make maps that differ in nothing else; a row must not send a reader to those."""
    maps_at_layer = ExplanationMap.objects.filter(method="grad-cam")
    own = set(maps_at_layer.values_list("pk", flat=True))
    other = Network.objects.create(
        **{**model_to_dict(tiny, exclude=["id"]), "name": "cut", "layer": "blocks"}
    )
    copies = list(maps_at_layer)
    for copy in copies:
        copy.pk, copy.network, copy.layer = None, other, other.layer
    ExplanationMap.objects.bulk_create(copies)
    path = tmp_path / "rows.csv"
    call_command("evaluate", "photos", networks="tiny", methods="grad-cam", rows=path)
    with path.open(encoding="utf-8") as file:
        assert {int(row["map"]) for row in csv.DictReader(file)} == own


def test_staff_read_the_rows_in_the_admin(maps, tiny, client, admin_user):
    evaluated(maps, tiny, methods=["grad-cam"])
    client.force_login(admin_user)
    page = client.get("/admin/explain/evaluation/")
    assert page.status_code == 200
    assert page.context["cl"].result_count == 5
