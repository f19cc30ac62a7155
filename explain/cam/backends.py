"""What runs the network. Once ablation costs nothing, one pass from photos to scores is the whole price of a map.

    torch         PyTorch, channels last. The default, and the reference for the others
    openvino      exported once to OpenVINO (x86 and ARM CPUs), in float32
    onnxruntime   exported once to ONNX, run by ONNX Runtime, in float32
    bf16          PyTorch in bfloat16: for browsing. Its features differ by per cents, so `manifest()["exact"]` is False
                  and a frozen study must not use it

openvino and onnxruntime are optional (requirements-fast.txt). An export gives features and class scores of one pass. It is
tried on a photo of noise and refused unless both are within 1e-5 of torch's, as a share of their largest value. Exports
read photos of the size that the network's preprocessing gives. Of several names the first that is not refused is taken.
"""

import hashlib
import importlib.metadata
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .cut import Cut, Run
from .errors import CamError, InputError, nearest

BACKENDS = ("torch", "openvino", "onnxruntime", "bf16")
EXPORTED = ("openvino", "onnxruntime")
TOLERANCE = 1e-5

FORMAT = 2
"""Of what is kept in the cache: features and class scores."""

Session = Callable[[np.ndarray], Sequence[np.ndarray]]
Whole = Callable[[Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Program:
    """features   photos (B, 3, H, W) -> features (B, K, h, w)
    whole         photos -> features and class scores (B, classes) of one pass; None where the head gives the scores
    version       of the program that runs an export; empty for PyTorch
    difference    from torch's, of features or scores of a photo of noise, as a share of the largest; 0 for PyTorch
    """

    features: Run
    whole: Whole | None = None
    version: str = ""
    difference: float = 0.0


class BackendError(CamError):
    """A back end that is not installed, or does not give the network's features."""


def open_backend(name: str, cut: Cut, example: Tensor, *, cache: Path | None, key: str) -> Program:
    """The network of `cut` as the back end `name` runs it.

    example   a photo (1, 3, H, W) of the only size that an export will read
    cache     a folder for exports, so that the next process need not export; None keeps nothing
    key       names the export in the cache: it must change with weights, layer and size
    Raises BackendError.
    """
    if name not in BACKENDS:
        raise BackendError(
            f"back end {name!r} does not exist{nearest(name, BACKENDS) or ';'} choose from {', '.join(BACKENDS)}"
        )
    if name == "torch":
        return Program(cut.trunk)
    if name == "bf16":
        return Program(_bfloat16(cut.trunk))
    _check_possible(name, cut, example)
    assert isinstance(cut.trunk, nn.Module)
    assert cut.graph is not None
    module = _Both(cut.trunk, cut.graph).eval()
    opener = {"openvino": _openvino, "onnxruntime": _onnxruntime}[name]
    try:
        whole = _in_parallel(opener(module, example, cache, key), example)
        outputs = whole(example)
    except Exception as problem:  # exporters fail in ways of their own
        reason = str(problem).strip().split("\n")[0][:200] or type(problem).__name__
        raise BackendError(f"back end {name} cannot run this network ({reason}); use torch") from problem
    difference = _checked_difference(name, outputs, module, example)
    return Program(lambda photos: whole(photos)[0], whole, importlib.metadata.version(name), difference)


def is_installed(name: str) -> bool:
    """Whether the packages are there that a back end needs."""
    return not _missing_packages(name)


class _Both(nn.Module):
    """Features and class scores of one pass."""

    def __init__(self, trunk: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.trunk, self.head = trunk, head

    def forward(self, photos: Tensor) -> tuple[Tensor, Tensor]:
        features = self.trunk(photos)
        return features, self.head(features.clone())  # the head may begin with an in-place activation


def _bfloat16(trunk: Run) -> Run:
    def run(photos: Tensor) -> Tensor:
        with torch.autocast(photos.device.type, torch.bfloat16):
            return trunk(photos).float()

    return run


def _check_possible(name: str, cut: Cut, example: Tensor) -> None:
    if missing := _missing_packages(name):
        raise BackendError(
            f"back end {name}: {missing[0]} is not installed; pip install -r requirements-fast.txt, or blindsight[fast]"
        )
    if not isinstance(cut.trunk, nn.Module):
        raise BackendError(f"back end {name}: the network could not be traced at {cut.layer!r}; use torch")
    if example.device.type != "cpu" or example.dtype != torch.float32:
        raise BackendError(f"back end {name} runs on the CPU in float32; use torch on {example.device}")


def _missing_packages(name: str) -> list[str]:
    needs = {"openvino": ("openvino",), "onnxruntime": ("onnxruntime", "onnx", "onnxscript")}.get(name, ())
    return [package for package in needs if find_spec(package) is None]


def _in_parallel(new_session: Callable[[], Session], example: Tensor) -> Whole:
    """Photos one by one, as many at a time as torch has threads, each by a session with one thread of its own.

    So no photo's bits depend on its company or on the number of threads.
    """
    workers = ThreadPoolExecutor(torch.get_num_threads(), thread_name_prefix="trunk")
    own = threading.local()

    def run_on_photo(photo: np.ndarray) -> Sequence[np.ndarray]:
        if not hasattr(own, "session"):
            own.session = new_session()
        return own.session(photo[None])

    def run(photos: Tensor) -> tuple[Tensor, Tensor]:
        if photos.shape[1:] != example.shape[1:]:
            raise InputError(
                f"the exported trunk reads photos {tuple(example.shape[1:])}, not {tuple(photos.shape[1:])};"
                " use the torch back end for another size"
            )
        outputs = list(workers.map(run_on_photo, photos.contiguous().numpy()))
        features, logits = (torch.from_numpy(np.concatenate(parts)) for parts in zip(*outputs, strict=True))
        return features, logits

    return run


@torch.no_grad()
def _checked_difference(
    name: str, outputs: tuple[Tensor, Tensor], module: nn.Module, example: Tensor
) -> float:
    """The larger of the differences of features and scores from torch's. BackendError where it is over TOLERANCE."""
    largest = 0.0
    for kind, expected, output in zip(("feature", "class score"), module(example), outputs, strict=True):
        if output.shape != expected.shape:
            raise BackendError(
                f"back end {name} gives {kind}s {tuple(output.shape)} and torch {tuple(expected.shape)}; use torch"
            )
        difference = float((output - expected).abs().max() / expected.abs().max().clamp_min(1e-12))
        if not difference <= TOLERANCE:
            raise BackendError(
                f"back end {name} differs from torch by {difference:.1e} of the largest {kind}, over {TOLERANCE:.0e};"
                " use torch for this network"
            )
        largest = max(largest, difference)
    return largest


def _exported(cache: Path | None, key: str, suffix: str, export: Callable[[Path], None]) -> Path:
    """The export's path: written to a folder beside and then moved into place, so that none is ever half there."""
    folder = Path(cache) if cache else Path(tempfile.mkdtemp(prefix="trunk-"))
    name = hashlib.sha256(f"{key} {FORMAT} {torch.__version__} {suffix}".encode()).hexdigest()[:32]
    home = folder / name
    if not home.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=folder))
        export(draft / f"network{suffix}")
        try:
            draft.rename(home)
        except OSError:  # another process was faster: its export is as good
            return draft / f"network{suffix}"
    return home / f"network{suffix}"


def _openvino(module: nn.Module, example: Tensor, cache: Path | None, key: str) -> Callable[[], Session]:
    # Its conversion would tell Google Analytics that a network was converted, and how; without this package it tells nobody.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    def export(path: Path) -> None:
        with torch.no_grad():
            model = openvino.convert_model(module, example_input=example)
        model.reshape(list(example.shape))
        openvino.save_model(model, path, compress_to_fp16=False)

    path = _exported(cache, f"{key} openvino {openvino.__version__}", ".xml", export)
    threads = torch.get_num_threads()
    how = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": threads}
    compiled = openvino.Core().compile_model(str(path), "CPU", how)

    def new_session() -> Session:
        request = compiled.create_infer_request()

        def run(photo: np.ndarray) -> list[np.ndarray]:
            outputs = request.infer(photo)
            return [outputs[0].copy(), outputs[1].copy()]

        return run

    return new_session


def _onnxruntime(module: nn.Module, example: Tensor, cache: Path | None, key: str) -> Callable[[], Session]:
    import onnxruntime

    def export(path: Path) -> None:
        torch.onnx.export(
            module,
            (example,),
            path,
            input_names=["photos"],
            output_names=["features", "logits"],
            dynamo=True,
            verbose=False,
        )

    path = _exported(cache, f"{key} onnxruntime {onnxruntime.__version__}", ".onnx", export)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda: lambda photo: session.run(None, {"photos": photo})
