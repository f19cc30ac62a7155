"""A network cut at one layer, with its preprocessing and class names."""

import threading
from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from .backends import EXPORTED, BackendError, open_backend
from .cut import Cut
from .errors import CamError, InputError, nearest
from .heads.apart import laid_out
from .heads.base import Head
from .heads.choose import choose_head
from .hooks import copy_of
from .layers import place
from .loading.description import Description, described
from .loading.names import is_program
from .loading.open import open_source
from .loading.weights import weights_hash
from .memory_format import fastest_format
from .preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from .scoring.class_names import checked_names, notes_on
from .scoring.output import SOFTMAX, Scored, scored
from .scoring.scores import score_of, scores_as
from .state import check_finite, check_ready, state_of


class Network:
    """Any classifier that maps photos (B, 3, H, W) to class scores (B, classes), cut at `layer`.

    module          the network in eval mode and `dtype`; a module in another mode or type is copied, never changed
    layer           where it is cut, by name or as the part itself; when not given the last one whose output has a place on
                    the photo: a convolution with its norm and activation, or a block of a transformer
    layout          how the layer's output is read as cells (see cam/places)
    cells           the same in words: "7 × 7 cells", or "14 × 14 tokens, without 1 that has no place on the photo"
    class_names     one for each class score
    notes           what had to be assumed, and what of a file of weights was taken: sentences for people
    output          which of several outputs of the module has the class scores, by key, attribute or place; empty: it has one
    score           how class scores become probabilities: softmax, or sigmoid, each for itself. By default sigmoid where the
                    module gives one score, which is then a class and its opposite, (B, 2)
    preprocessing   how a photo becomes an input; by default the central `size` of the photo resized to size / 0.875
    backend         what runs the network: torch, openvino, onnxruntime, or bf16 for browsing (see backends.py); of several
                    names the first that is not refused, and `refused` says why the others were
    cache           a folder that keeps exports from one process to the next
    head            scores from features (see cam/heads/base.py): chosen by the graph, or forced by name for tests

    Example:
        net = Network(module, layer="features.30", class_names=["cat", "dog"], size=224)
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        layer: str | nn.Module | None = None,
        class_names: Sequence[str] | None = None,
        size: int | tuple[int, int] = 224,
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
        preprocessing: Preprocessing | None = None,
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
        spec: str | None = None,
        output: str = "",
        score: str = "",
        head: str | None = None,
        backend: str | Sequence[str] = "torch",
        cache: str | Path | None = None,
    ) -> None:
        self.device, self.dtype = _device(device), dtype
        self.spec = spec or type(module).__name__
        asked = _layer_name(module, layer)
        self.preprocessing = preprocessing or Preprocessing.plain(size, mean, std)
        self._asked_backends = (backend,) if isinstance(backend, str) else tuple(backend)
        returned = self._scored(_ready(module, self.device, dtype), output, score)
        self.module, self.score, self.output = returned.module, returned.score, output
        self._cache, self._forced_head = Path(cache) if cache else None, head
        self._renewing = threading.RLock()
        self._prepare(asked)
        self.class_names = checked_names(self.spec, class_names, self._classes, returned)
        self.notes = tuple(notes_on(self.class_names, returned, is_named=class_names is not None))

    def _scored(self, module: nn.Module, output: str, score: str) -> Scored:
        """The module with class scores (B, classes) as its result."""
        check_finite(module, self.spec)
        remedy = "say what it reads: size, and channels by mean and std"
        if is_program(self.spec):
            remedy = "export it again for what it is to read"
        try:
            return scored(module, self._example(), output=output, score=score, remedy=remedy)
        except CamError as problem:
            raise CamError(f"network {self.spec}: {problem}") from problem.__cause__

    def _prepare(self, layer: str | None) -> None:
        """Cut the module as it is now."""
        self._state: Hashable = state_of(self.module)
        self._weights_sha256: str | None = None
        check_finite(self.module, self.spec)
        example = self._example()
        placed = place(self.module, layer, example)
        self.cut: Cut = placed.cut
        self.layer, self.layout, self.cells = placed.cut.layer, placed.layout, placed.layout.words
        self._open_backend(example)
        self._memory_format = torch.contiguous_format
        if self.backend not in EXPORTED:
            self._memory_format = fastest_format(self.module, self.cut.trunk, example)
        output = self._output(example)
        if self.layout.is_plain:
            self.head: Head = choose_head(self.cut, output, force=self._forced_head)
            scores = self.head.logits(output)
        else:
            self.head = laid_out(self.cut.head, self.layout, None)
            scores = laid_out(self.cut.head, self.layout, output).logits(self.layout.of_cells(output))
        if not scores.isfinite().all():
            raise CamError(
                f"network {self.spec}: its class scores for a photo of noise are not finite numbers;"
                " look for weights that are too large, or another dtype="
            )
        self._classes = scores.shape[1]

    def _open_backend(self, example: Tensor) -> None:
        """Take the first of the back ends that are asked for that is not refused. BackendError of the last where all are."""
        self.refused: dict[str, str] = {}
        for name in self._asked_backends:
            try:
                if name in EXPORTED and not self.layout.is_plain:
                    raise BackendError(
                        f"back end {name}: the features of {self.layer!r} are {self.cells}; use torch for this network"
                    )
                self._program = open_backend(name, self.cut, example, cache=self._cache, key=self._key(name))
            except BackendError as error:
                if name == self._asked_backends[-1]:
                    raise
                self.refused[name] = str(error)
            else:
                self.backend = name
                return

    def _renew(self) -> None:
        """Cut anew where the module's weights have changed, or a part of it was replaced, since it was cut."""
        check_ready(self.module, self.spec)
        if state_of(self.module) == self._state:
            return
        with self._renewing:
            if state_of(self.module) == self._state:
                return
            if self.backend in EXPORTED:
                raise CamError(
                    f"network {self.spec}: its weights have changed since it was exported to {self.backend}; load it again"
                )
            self._prepare(self.layer)

    @classmethod
    def load(
        cls,
        spec: str,
        weights: str | Path | None = None,
        layer: str | None = None,
        device: str | torch.device = "cpu",
        *,
        class_names: Sequence[str] | None = None,
        preprocessing: Preprocessing | None = None,
        description: Description | None = None,
        dtype: torch.dtype = torch.float32,
        backend: str | Sequence[str] = "torch",
        cache: str | Path | None = None,
        trust_code: bool | str = False,
    ) -> "Network":
        """A network by name.

        spec     torchvision:NAME, timm:NAME, package:NAME (squeezenet1_1, efficientnet_lite0, 1 or 2), onnx:file, or the path
                 of a .pt2 file by torch.export.save, where its code is trusted
        weights  "DEFAULT" or a name that the library has for others ("IMAGENET1K_V1", "tv_in1k"), both downloaded by
                 the library; a path (.pt or .pth read with weights_only, .safetensors); or None: random but the same
                 each time; for package: the packaged ones
        class_names, when given, also set the number of classes that is built; that of a file of weights is read from it
        description  what the network reads and says (see loading/description.py); None: as a network.toml beside the weights
                 says, if there is one. What went otherwise than asked, or had to be assumed, is in `notes`
        trust_code  True reads a .pt2 file, which runs what its maker wrote; its SHA-256 reads it if it is still that file

        Raises CamError for a name that does not exist, weights that do not fit, a layer that cannot be cut.
        """
        said = described(weights) if description is None else description
        if class_names:
            said = replace(said, classes=tuple(class_names))
        if (
            preprocessing is not None and weights is None
        ):  # random weights do not say how many channels they read
            said = replace(said, channels=preprocessing.channels)
        source = open_source(spec, weights, said, trust_code)
        assumed: tuple[str, ...] = ()
        if preprocessing is None:
            known = source.preprocessing or Preprocessing()
            preprocessing, assumed = said.preprocessing(known, source.channels)
        _check_size(spec, source.preprocessing, preprocessing)
        network = cls(
            source.module.to(_device(device), dtype),  # it is nobody else's, so it need not be copied
            layer=layer or said.layer or None,
            class_names=said.classes or source.class_names,
            preprocessing=preprocessing,
            output=said.output,
            score=said.score,
            device=device,
            dtype=dtype,
            spec=spec,
            backend=backend,
            cache=cache,
        )
        network.notes = (*source.notes, *assumed, *network.notes)
        return network

    def like(
        self, module: nn.Module | None = None, *, layer: str | None = None, head: str | None = None
    ) -> "Network":
        """A network that reads and says the same: of another module of this kind, or cut at another layer."""
        return Network(
            module or self.module,
            layer=layer or self.layer,
            class_names=self.class_names,
            preprocessing=self.preprocessing,
            device=self.device,
            dtype=self.dtype,
            spec=self.spec,
            score=self.score,
            head=head,
        )

    def probabilities(self, logits: Tensor) -> Tensor:
        """From class scores (B, classes): their softmax, or the sigmoid of each where they are so."""
        return scores_as(logits, score_of("probability", self.score))

    @property
    def weights_sha256(self) -> str:
        """SHA-256 over all parameters and buffers as they are now: the same whatever file they came from."""
        if self._weights_sha256 is None or state_of(self.module) != self._state:
            self._renew()
            self._weights_sha256 = weights_hash(self.module)
        return self._weights_sha256

    def preprocess(self, photo: Image.Image) -> Tensor:
        """A photo as the network reads it: (3, H, W) float32 on the CPU."""
        return torch.from_numpy(self.preprocessing(photo))

    def crop_box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """What the network sees of a photo of `width` × `height`: (x0, y0, x1, y1) in pixels of the photo."""
        return self.preprocessing.crop_box(width, height)

    @torch.no_grad()
    def features(self, batch: Tensor) -> Tensor:
        """The layer's cells (B, K, h, w) for a preprocessed batch (B, 3, H, W)."""
        return self.layout.of_cells(self._output(self.check_batch(batch))).contiguous()

    @torch.no_grad()
    def run(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, K, h, w) and class scores (B, classes) of one pass over a preprocessed batch (B, 3, H, W)."""
        if self._program.whole:
            return self._program.whole(self.check_batch(batch))
        features, logits, _ = self.run_with_head(batch)
        return features, logits

    @torch.no_grad()
    def run_with_head(self, batch: Tensor) -> tuple[Tensor, Tensor, Head]:
        """As `run`, and the head of this batch: with its photos' class and register tokens, where the layer gives tokens."""
        return self.run_checked(self.check_batch(batch))

    @torch.no_grad()
    def run_checked(self, batch: Tensor) -> tuple[Tensor, Tensor, Head]:
        """As `run_with_head`, for part of a batch that check_batch gave: whether the weights changed is not asked again."""
        self._check_size(batch)
        if self.layout.is_plain:
            features = self._output(batch)
            return features, self.head.logits(features), self.head
        output = self._output(batch)
        features = self.layout.of_cells(output).contiguous()
        head = laid_out(self.cut.head, self.layout, output)
        return features, head.logits(features), head

    def _output(self, batch: Tensor) -> Tensor:
        """The layer's output as it is."""
        photos = batch.contiguous(memory_format=self._memory_format)
        return self._program.features(photos).contiguous()

    def _check_size(self, batch: Tensor) -> None:
        """Raise InputError where the cells, or the head, are those of photos of another size."""
        if tuple(batch.shape[2:]) != self.preprocessing.size and (self.layout.tokens or self.cut.one_size):
            height, width = self.preprocessing.size
            raise InputError(
                f"this network is cut at {self.layer!r} for photos of {height} × {width} pixels, not of"
                f" {batch.shape[2]} × {batch.shape[3]}; stack photos by net.preprocess, or load it with another size"
            )

    def logits(self, batch: Tensor) -> Tensor:
        """The class scores (B, classes) for a preprocessed batch (B, 3, H, W)."""
        return self.logits_checked(self.check_batch(batch))

    @torch.no_grad()
    def logits_checked(self, batch: Tensor) -> Tensor:
        """As `logits`, for part of a batch that check_batch gave."""
        return self._program.whole(batch)[1] if self._program.whole else self.run_checked(batch)[1]

    def check_batch(self, batch: Tensor) -> Tensor:
        """The batch on the network's device, in its type. Raises InputError for another shape.

        Every way in goes through here: a module whose weights have changed since is cut anew first.
        """
        self._renew()
        if not isinstance(batch, Tensor) or batch.ndim != 4 or batch.shape[1] != len(self.preprocessing.mean):
            shape = tuple(batch.shape) if isinstance(batch, Tensor) else type(batch).__name__
            raise InputError(f"a batch has shape (B, 3, H, W), not {shape}; stack photos by net.preprocess")
        if not batch.is_floating_point():
            raise InputError(f"a batch of {batch.dtype} is not preprocessed; stack photos by net.preprocess")
        return batch.to(self.device, self.dtype)

    def manifest(self) -> dict[str, Any]:
        """What made a map, in plain values: enough to make it again."""
        return {
            **({} if self.layout.is_plain else {"cells": self.cells}),
            "network": self.spec,
            "weights_sha256": self.weights_sha256,
            "layer": self.layer,
            "head": self.head.kind,
            "preprocessing": self.preprocessing.to_json(),
            **({} if self.score == SOFTMAX else {"scores": self.score}),
            **({"output": self.output} if self.output else {}),
            "device": str(self.device),
            "backend": self.backend,
            **({"backend_version": self._program.version} if self._program.version else {}),
            **({"difference_from_torch": self._program.difference} if self.backend in EXPORTED else {}),
            **({"backends_refused": self.refused} if self.refused else {}),
            "exact": self.backend != "bf16" and self.dtype in (torch.float32, torch.float64),
            "threads": torch.get_num_threads(),
            "dtype": str(self.dtype).removeprefix("torch."),
            "torch": torch.__version__,
        }

    def _key(self, backend: str) -> str:
        """What an export depends on. Hashing the weights takes a moment, so torch is spared it."""
        if backend in ("torch", "bf16"):
            return ""
        return f"{self.spec} {self.weights_sha256} {self.layer} {self.preprocessing.size} {self.output!r} {self.score}"

    def _example(self) -> Tensor:
        """A photo of noise, the same each time, to try the network on."""
        noise = torch.Generator().manual_seed(0)
        shape = (1, len(self.preprocessing.mean), *self.preprocessing.size)
        return torch.randn(shape, generator=noise).to(self.device, self.dtype)


def _check_size(spec: str, exported: Preprocessing | None, asked: Preprocessing | None) -> None:
    """Raise CamError where photos are to have another size than an exported program reads."""
    if is_program(spec) and exported and asked and exported.size != asked.size:
        raise CamError(
            f"network {spec}: it was exported for photos of {exported.size[0]} × {exported.size[1]} pixels, not of "
            f"{asked.size[0]} × {asked.size[1]}; export it again for that size, or for any"
        )


def _ready(module: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """The module itself where it is ready to use, else a copy in eval mode on the device, in the type."""
    values = [*module.parameters(), *module.buffers()]
    fits = all(v.device == device and (v.dtype == dtype or not v.is_floating_point()) for v in values)
    if fits and not any(part.training for part in module.modules()):
        return module
    return copy_of(module).eval().to(device, dtype)


def _layer_name(module: nn.Module, layer: str | nn.Module | None) -> str | None:
    """The name of a layer that may be given as the part itself."""
    if layer is None or isinstance(layer, str):
        return layer or None
    parts = list(module.named_modules())
    name = (
        next((name for name, part in parts if part is layer), None) if isinstance(layer, nn.Module) else None
    )
    if not name:
        kind = type(layer).__name__
        close = nearest(kind, [name for name, _ in parts if name])
        raise CamError(
            f"layer=: this {kind} is no part of {type(module).__name__}{close or '; give a part of it, or the name of one'}"
        )
    return name


def _device(device: str | torch.device) -> torch.device:
    try:
        torch_device = torch.device(device)
        torch.empty(0, device=torch_device)
    except (RuntimeError, AssertionError) as problem:
        reason = str(problem).splitlines()[0]
        raise CamError(
            f"device {str(device)!r} cannot be used ({reason[:120]}); choose cpu or cuda"
        ) from problem
    if torch_device.type == "cuda" and torch_device.index is None:
        return torch.device("cuda", torch.cuda.current_device())
    return torch_device
