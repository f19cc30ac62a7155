"""TRUNK_BACKEND: another program runs the network where it is as exact as torch; what ran, and how far off, is recorded."""

import json

import numpy as np
import pytest
import torch
from django.core.management import call_command

from explain.cam import backends
from explain.models import Evaluation, ExplanationMap, Prediction
from explain.networks import registry

METHODS = "grad-cam,ablation-cam,pixel-ablation-cam"


@pytest.fixture(autouse=True)
def fresh(settings, tmp_path):
    settings.TRUNKS_DIR = tmp_path / "trunks"
    settings.TORCH_DEVICE = "cpu"
    registry._load.cache_clear()
    yield
    registry._load.cache_clear()


def precompute(capsys) -> dict:
    call_command("precompute", "photos", "--networks=tiny", f"--methods={METHODS}", "--inline", "--json")
    return json.loads(capsys.readouterr().out)


def maps() -> dict[tuple[int, str], np.ndarray]:
    return {(row.image_id, row.method): row.array().copy() for row in ExplanationMap.objects.all()}


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize(("asked", "taken"), [("auto", "openvino"), ("onnxruntime", "onnxruntime")])
def test_maps_predictions_and_figures_come_from_another_program(photos, tiny, settings, capsys, asked, taken):
    precompute(capsys)
    assert "difference_from_torch" not in ExplanationMap.objects.first().manifest
    by_torch = maps()
    ExplanationMap.objects.all().delete()
    Prediction.objects.all().delete()

    settings.TRUNK_BACKEND = asked
    call_command("f1", "photos", "--network=tiny", "--json")
    assert Prediction.objects.count() == 5
    capsys.readouterr()
    call_command("precompute", "photos", "--networks=tiny", f"--methods={METHODS}", "--inline")
    assert f"tiny ran on {taken} " in "".join(capsys.readouterr())
    for key, cells in maps().items():
        assert np.abs(cells - by_torch[key]).max() <= 1e-4 * np.abs(by_torch[key]).max()
    for manifest in ExplanationMap.objects.values_list("manifest", flat=True):
        assert (manifest["backend"], manifest["exact"]) == (taken, True)
        assert 0 <= manifest["difference_from_torch"] <= backends.TOLERANCE
        assert manifest["backend_version"]
    assert settings.TRUNKS_DIR.is_dir()  # the next process need not export

    call_command("evaluate", "photos", "--networks=tiny", f"--methods={METHODS}")
    figures = list(
        Evaluation.objects.order_by("image", "method").values_list("confidence", "confidence_left")
    )
    Evaluation.objects.all().delete()
    settings.TRUNK_BACKEND = "torch"
    call_command("evaluate", "photos", "--networks=tiny", f"--methods={METHODS}")
    expected = Evaluation.objects.order_by("image", "method").values_list("confidence", "confidence_left")
    np.testing.assert_allclose(figures, list(expected), rtol=1e-4)


def test_a_program_that_is_not_as_exact_is_not_taken_and_that_is_said(
    photos, tiny, settings, capsys, caplog, monkeypatch
):
    precompute(capsys)
    by_torch = maps()
    ExplanationMap.objects.all().delete()

    def opened(module, *_):
        def run(photo):
            with torch.no_grad():
                features, logits = module(torch.from_numpy(photo))
            return [1.001 * features.numpy(), logits.numpy()]

        return lambda: run

    monkeypatch.setattr(backends, "_openvino", opened)
    settings.TRUNK_BACKEND = "openvino"
    call_command("precompute", "photos", "--networks=tiny", f"--methods={METHODS}", "--inline")
    why = "back end openvino differs from torch by 1.0e-03 of the largest feature"
    assert f"tiny ran on torch: {why}" in "".join(capsys.readouterr())
    assert f"network tiny runs on torch: {why}" in caplog.text
    for manifest in ExplanationMap.objects.values_list("manifest", flat=True):
        assert manifest["backend"] == "torch"
        assert manifest["backends_refused"]["openvino"].startswith(why)
    assert {key: cells.tobytes() for key, cells in maps().items()} == {
        key: cells.tobytes() for key, cells in by_torch.items()
    }


def test_an_exporter_that_fails_in_a_way_of_its_own_is_no_end_of_the_run(tiny, settings, monkeypatch):
    def fails(*_):
        raise RuntimeError("unsupported operator\nand a page of text")

    monkeypatch.setattr(backends, "_openvino", fails)
    monkeypatch.setattr(backends, "_onnxruntime", fails)
    settings.TRUNK_BACKEND = "auto"
    net = registry.load_network(tiny)
    assert net.backend == "torch"
    assert net.refused == {
        name: f"back end {name} cannot run this network (unsupported operator); use torch"
        for name in backends.EXPORTED
    }


def test_what_is_tried(settings, monkeypatch):
    monkeypatch.setattr(backends, "is_installed", lambda name: name == "onnxruntime")
    tried = {}
    for asked in ("torch", "auto", "openvino"):
        settings.TRUNK_BACKEND = asked
        tried[asked] = registry.trunk_backends("cpu")
        assert registry.trunk_backends("cuda") == ("torch",)
    assert tried == {"torch": ("torch",), "auto": ("onnxruntime", "torch"), "openvino": ("openvino", "torch")}
