"""Networks in ONNX files, run by ONNX Runtime: a chain of pieces, cut wherever everything passes one tensor.

Such a file is data: operators of the standard and weights. Custom operators, and weights in other files, are refused. There is no
going back through it, so methods that need gradients are refused in a sentence when they are asked for.
"""

import hashlib
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import CamError, InputError, UnknownNameError, shortened
from ..preprocessing import Preprocessing
from .description import Description
from .sources import Source

NO_GRADIENT = (
    "a network in an ONNX file has no gradients; choose a method that needs none, such as ablation-cam, pixel-ablation-cam, score-cam,"
    " recipro-cam, rise or occlusion, or bring the network as weights of its architecture"
)
_SCALE_UNKNOWN = (
    "An ONNX file does not say how photos are scaled: where mean or std are not given, ImageNet’s are taken. Give mean 0, 0, 0 and std"
    " 1, 1, 1 where it reads values 0 to 1."
)
_STANDARD = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
_FLOAT32 = 1  # TensorProto.FLOAT


def read_onnx(path: str | Path | None, wanted: Description) -> Source:
    """The network of an ONNX file; of its preprocessing only size and channels are known. Raises CamError in one line."""
    if path is None or not Path(path).is_file():
        raise UnknownNameError(
            f"network onnx:file: {path or 'no file is given'}; give the path of an .onnx file as its weights"
        )
    missing = [package for package in ("onnx", "onnxruntime") if find_spec(package) is None]
    if missing:
        raise CamError(
            f"network {path}: {missing[0]} is not installed; pip install -r requirements-fast.txt, or blindsight[fast]"
        )
    content = Path(path).read_bytes()
    try:
        graph = _Graph(content)
        module = OnnxNetwork(graph, content)
    except CamError as problem:
        raise CamError(f"network {path}: {problem}") from problem.__cause__
    except Exception as problem:  # what a damaged file makes the readers stumble over can be anything
        line = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        raise CamError(
            f"network {path}: it is no ONNX file that can be run here ({line[:160]}); export it again"
        ) from problem
    height, width = graph.size
    known = Preprocessing((height, width), round(max(height, width) / 0.875))
    is_scaled = wanted.mean and wanted.std
    notes = () if is_scaled or graph.channels != len(known.mean) else (_SCALE_UNKNOWN,)
    return Source(module.eval(), known, None, graph.channels, notes)


class OnnxNetwork(nn.Module):
    """photos (B, C, H, W) -> class scores (B, classes), or a table of outputs where there are several.

    Its parts are the pieces between tensors that everything passes, called as the tensor at their end.
    """

    def __init__(self, graph: "_Graph", content: bytes) -> None:
        super().__init__()
        digest = hashlib.sha256(content).digest()
        self.register_buffer(
            "file", torch.tensor(list(digest), dtype=torch.uint8)
        )  # what tells its weights apart
        ends = [*graph.cuts, ""]
        starts = [graph.input, *graph.cuts]
        for start, end in zip(starts, ends, strict=True):
            outputs = [end] if end else graph.outputs
            self.add_module(graph.part_name(end or "scores"), _Piece(graph.piece(start, outputs), outputs))

    def forward(self, photos: Tensor) -> Tensor | dict[str, Tensor]:
        value: Any = photos
        for piece in self.children():
            value = piece(value)
        return value


class _Piece(nn.Module):
    """One session. A copy is the same: it keeps nothing of what it has run."""

    def __init__(self, program: bytes, outputs: list[str]) -> None:
        import onnxruntime

        super().__init__()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(program, options, providers=["CPUExecutionProvider"])
        self.outputs = outputs

    def __deepcopy__(self, _memo: object) -> "_Piece":
        return self

    def forward(self, value: Tensor) -> Tensor | dict[str, Tensor]:
        results = _NoGradient.apply(value, self.session, self.outputs)
        return results[0] if len(results) == 1 else dict(zip(self.outputs, results, strict=True))


class _NoGradient(torch.autograd.Function):
    """Runs a session; going back through it is refused in words."""

    @staticmethod
    def forward(_context: Any, value: Tensor, session: Any, outputs: list[str]) -> tuple[Tensor, ...]:
        (given,) = session.get_inputs()
        array = np.ascontiguousarray(value.detach().to("cpu", torch.float32).numpy())
        return tuple(
            torch.from_numpy(result).to(value) for result in session.run(outputs, {given.name: array})
        )

    @staticmethod
    def backward(_context: Any, *_gradients: Tensor) -> Any:
        raise InputError(NO_GRADIENT)


class _Graph:
    """What an ONNX file says: its input, outputs, and the tensors that everything passes."""

    def __init__(self, content: bytes) -> None:
        import onnx

        model = onnx.load_model_from_string(content)
        self._check(model)
        onnx.checker.check_model(model)
        self.model = onnx.shape_inference.infer_shapes(model)
        self.graph = self.model.graph
        kept = {one.name for one in self.graph.initializer}
        inputs = [one for one in self.graph.input if one.name not in kept]
        if len(inputs) != 1:
            names = shortened(one.name for one in inputs)
            raise CamError(
                f"it reads {len(inputs)} inputs ({names}), and here it is given a photo alone; export it with the others filled in"
            )
        self.input, self.outputs = inputs[0].name, [one.name for one in self.graph.output]
        shape = [side.dim_value or 0 for side in inputs[0].type.tensor_type.shape.dim]
        if len(shape) != 4 or inputs[0].type.tensor_type.elem_type != _FLOAT32:
            raise CamError(
                f"it reads {inputs[0].name} of shape {tuple(shape)}; photos are float32 of shape (B, C, H, W), so export it so"
            )
        if shape[1] not in (0, 1, 3) and shape[3] in (1, 3):
            raise CamError("it reads photos as (B, H, W, C); export it for (B, C, H, W)")
        self.channels, self.size = shape[1] or 3, (shape[2] or 224, shape[3] or 224)
        self.cuts = self._cuts()
        self._extractor = onnx.utils.Extractor(self.model)
        self._names: dict[str, str] = {}

    def piece(self, start: str, ends: list[str]) -> bytes:
        return self._extractor.extract_model([start], ends).SerializeToString()

    def part_name(self, tensor: str) -> str:
        name = re.sub(r"\W+", "_", tensor).strip("_") or "part"
        taken = self._names.values()
        if name in taken or name == "file":
            name = f"{name}_{len(self._names)}"
        self._names[tensor] = name
        return name

    def _check(self, model: Any) -> None:
        if any(_lies_elsewhere(tensor) for tensor in _tensors(model)):
            raise CamError(
                "its weights lie in another file; save it as one file (torch.onnx.export(…, external_data=False))"
            )
        strange = sorted({node.domain for node in model.graph.node} - {*_STANDARD})
        if strange or len(model.functions):
            raise CamError(
                f"it uses operators of its own ({shortened(strange) or 'functions'}), which are not run here; export it with standard ones"
            )

    def _cuts(self) -> list[str]:
        """Tensors of cells or tokens that all paths from photo to scores pass, in the order of running."""
        shown = {one.name: one.type.tensor_type for one in self.graph.value_info}
        last_use = {name: number for number, node in enumerate(self.graph.node) for name in node.input}
        last_use |= {name: len(self.graph.node) for name in self.outputs}
        cuts: list[str] = []
        live = {self.input}
        for number, node in enumerate(self.graph.node):
            if live.intersection(
                node.input
            ):  # what does not come from the photo is part of every piece that needs it
                live.update(name for name in node.output if name in last_use)
            live = {name for name in live if last_use[name] > number}
            if len(live) == 1 and (tensor := next(iter(live))) in shown and tensor not in (self.input, *cuts):
                kind = shown[tensor]
                if kind.elem_type == _FLOAT32 and len(kind.shape.dim) in (3, 4):
                    cuts.append(tensor)
        return cuts


def _tensors(message: Any) -> Iterator[Any]:
    """Every tensor of an ONNX message, wherever it stands: weights, constants, those of branches and loops, sparse ones."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for one in [value] if hasattr(value, "ListFields") else value:
            if field.message_type.name == "TensorProto":
                yield one
            else:
                yield from _tensors(one)


def _lies_elsewhere(tensor: Any) -> bool:
    return bool(tensor.external_data) or tensor.data_location == tensor.EXTERNAL
