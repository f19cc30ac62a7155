"""Two colour scales of 256 steps, each interpolated between 17 anchors.

`turbo` (Google, 2019) is what readers of CAM papers expect. `cividis` (Nuñez, Anderton and Renslow, 2018) looks
the same with and without colour blindness.
"""

import numpy as np

from ..errors import UnknownNameError

_ANCHORS = {
    "turbo": "30123b 4040a1 466be3 4193fe 28bbeb 17dcc2 32f197 6dfd62 a4fc3b cdeb34 edcf39 fdab33 fa7d20 ea500d"
    " d02f04 a91501 7a0402",
    "cividis": "00224d 002d69 1a386f 31436c 434e6b 52596c 61646f 6e7073 7c7b78 8b8778 9b9376 aba072 bbad6c ccbb63"
    " dec957 efd846 fde737",
}
PALETTE_NAMES = tuple(_ANCHORS)


def _steps(anchors: str) -> np.ndarray:
    colours = np.array([list(bytes.fromhex(anchor)) for anchor in anchors.split()], dtype=np.float64)
    at = np.linspace(0, len(colours) - 1, 256)
    channels = [np.interp(at, np.arange(len(colours)), colours[:, c]) for c in range(3)]
    return np.stack(channels, axis=1).astype(np.float32)


_TABLES = {name: _steps(anchors) for name, anchors in _ANCHORS.items()}


def colours_of(palette: str) -> np.ndarray:
    """The 256 steps of a palette: (256, 3) float32 in 0..255.

    Raises UnknownNameError for a palette that does not exist.
    """
    if palette not in _TABLES:
        raise UnknownNameError(f"palette {palette!r} does not exist; choose {' or '.join(PALETTE_NAMES)}")
    return _TABLES[palette]


def steps_of(values: np.ndarray) -> np.ndarray:
    """Which step of a palette `values` in 0..1 take on a fixed scale: integers in 0..255, of the same shape."""
    return np.rint(np.clip(values, 0.0, 1.0) * 255).astype(np.intp)


def colour(values: np.ndarray, palette: str = "turbo") -> np.ndarray:
    """Colours of `values` in 0..1 on a fixed scale: (..., 3) float32 in 0..255.

    Raises UnknownNameError for a palette that does not exist.
    """
    return np.take(colours_of(palette), steps_of(values), axis=0)
