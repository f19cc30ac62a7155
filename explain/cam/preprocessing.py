"""From a photo to what a network reads, and from there back to pixels of the photo. No torch here."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from .errors import InputError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
INTERPOLATIONS = tuple(_FILTERS)
ORDERS = ("rgb", "bgr")


@lru_cache(maxsize=64)
def _scaled(mean: tuple[float, ...], std: tuple[float, ...]) -> np.ndarray:
    """(channels, 256) float32: what each of the 256 values of a pixel becomes, channel by channel."""
    values = np.arange(256, dtype=np.float32)[:, None] / 255
    scaled = (values - np.array(mean, np.float32)) / np.array(std, np.float32)
    return np.ascontiguousarray(scaled.T)


@dataclass(frozen=True)
class Preprocessing:
    """Resize the photo, cut the centre out, scale to mean 0 and deviation 1.

    size           (height, width) of the central crop, in pixels: what the network reads
    resize         the short edge after resizing, in pixels; None squashes the whole photo to `size`
    mean, std      one for each channel, as the network has them, for values in 0..1; with one, photos are read in grey
    interpolation  nearest, bilinear, bicubic or lanczos
    order          of the colours as the network has them: rgb or bgr
    """

    size: tuple[int, int] = (224, 224)
    resize: int | None = 256
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    interpolation: str = "bilinear"
    order: str = "rgb"

    def __post_init__(self) -> None:
        if len(self.mean) != len(self.std):
            raise InputError(
                f"{len(self.mean)} means and {len(self.std)} deviations; give one of each for each channel"
            )
        if self.order not in ORDERS:
            raise InputError(f"order {self.order!r} does not exist; choose {' or '.join(ORDERS)}")
        if self.interpolation not in _FILTERS:
            raise InputError(
                f"interpolation {self.interpolation!r} does not exist; choose {', '.join(_FILTERS)}"
            )
        if self.resize is not None and self.resize < max(self.size):
            raise InputError(
                f"a crop of {self.size[0]} × {self.size[1]} does not fit a photo whose short edge is resized to"
                f" {self.resize}; resize to {max(self.size)} or more"
            )

    def __call__(self, photo: Image.Image) -> np.ndarray:
        """The photo as the network reads it: (channels, height, width) float32. Raises InputError for channels that no photo has."""
        if self.channels not in (1, 3):
            raise InputError(
                f"a network that reads {self.channels} channels cannot be given photos, which have 1 (grey) or 3;"
                " give it batches of your own, and bring their maps from files"
            )
        mode = "RGB" if self.channels == 3 else "L"
        plain = photo if photo.mode == mode else photo.convert(mode)
        resized = plain.resize(self._resized(*plain.size), _FILTERS[self.interpolation])
        left, top = self._corner(*resized.size)
        height, width = self.size
        pixels = np.asarray(resized.crop((left, top, left + width, top + height)))
        if self.channels == 1:
            pixels = pixels[:, :, None]
        elif self.order == "bgr":
            pixels = pixels[:, :, ::-1]
        channels = enumerate(_scaled(self.mean, self.std))
        return np.stack([scaled.take(pixels[:, :, channel]) for channel, scaled in channels])

    @classmethod
    def plain(
        cls, size: int | tuple[int, int], mean: Sequence[float], std: Sequence[float]
    ) -> "Preprocessing":
        """The central `size` of the photo resized to size / 0.875."""
        height, width = (size, size) if isinstance(size, int) else size
        return cls((height, width), round(max(height, width) / 0.875), tuple(mean), tuple(std))

    @property
    def channels(self) -> int:
        return len(self.mean)

    def crop_box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """What the network sees of a photo of `width` × `height`: (x0, y0, x1, y1) in pixels of the photo."""
        wide, high = self._resized(width, height)
        left, top = self._corner(wide, high)
        x, y = width / wide, height / high
        return left * x, top * y, (left + self.size[1]) * x, (top + self.size[0]) * y

    def _resized(self, width: int, height: int) -> tuple[int, int]:
        if self.resize is None:
            return self.size[1], self.size[0]
        if width <= height:
            return self.resize, int(self.resize * height / width)
        return int(self.resize * width / height), self.resize

    def _corner(self, width: int, height: int) -> tuple[int, int]:
        return round((width - self.size[1]) / 2), round((height - self.size[0]) / 2)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON field; `Preprocessing.from_json` reads them back. The usual order of colours is not among them."""
        values = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}
        if self.order == ORDERS[0]:
            del values["order"]
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Preprocessing":
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**plain)
