"""The paper's figure 1: one channel of a layer removed, beside one cell removed in all channels. Imports torch when it runs.

Everything in it is measured on one photo: the sheets are the layer's own channels, the drops are those of equation 4.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw

from explain.cam.rendering import render
from explain.cam.rendering.palettes import colour
from explain.core.errors import BadInputError
from explain.maps import crop_of
from explain.models import Image, Network
from explain.networks import load_network
from explain.photos import label_target, pixels_of

from ..figure4 import Picture, picture_of
from .page import Block, Figure, Panel, PanelRow

CHANNEL, CELL = "ablation-cam", "pixel-ablation-cam"
SIDE = 336
SHEETS = 6  # channels of the layer that are drawn
RED = (214, 39, 40)


@dataclass(frozen=True)
class Measured:
    """One photo through the layer. features (K, h, w), the drops (K,) and (h, w), and both maps (h, w)."""

    score: float
    features: np.ndarray
    channel_drops: np.ndarray
    cell_drops: np.ndarray
    maps: dict[str, np.ndarray]

    @property
    def channel(self) -> int:
        """Whose removal costs most."""
        return int(self.channel_drops.argmax())

    @property
    def cell(self) -> tuple[int, int]:
        """Row and column of the cell whose removal costs most."""
        row, column = np.unravel_index(self.cell_drops.argmax(), self.cell_drops.shape)
        return int(row), int(column)


def channel_against_cell(image: Image, network: Network) -> Figure:
    """Figure 1, of one photo. Raises BadInputError where the network does not know what the photo shows."""
    measured = _measured(image, network)
    channels, height, width = measured.features.shape
    row, column = measured.cell
    drop_of_channel = float(measured.channel_drops.max())
    drop_of_cell = float(measured.cell_drops.max())
    columns = ("Photo, and the layer’s cells", "One ablation", "The drop of each", "The map")
    return Figure(
        title="Figure 1. A channel ablated, and a cell ablated",
        notes=(
            f"{network.name} ({network.load}, SHA-256 {network.weights_sha256[:12]}…), layer {network.layer}: {channels} channels of "
            f"{height} × {width} cells. {image.original_name}, a photo of {image.class_name}: Y = {measured.score:.2f}.",
            f"Above: channel {measured.channel} (red) is set to zero in all cells; Y falls by {100 * drop_of_channel:.2f}\u00a0%. There are "
            f"{channels} such drops; the map is the sum of the channels, each times its drop. Below: the cell in row {row + 1}, column {column + 1} "
            f"(red) is set to zero in all {channels} channels; Y falls by {100 * drop_of_cell:.2f}\u00a0%. There are {height * width} such "
            "drops, one for each place of the photo. In the third column red is the greatest drop, blue the least.",
            f"The sheets are the {SHEETS} channels whose removal costs most; the brighter, the greater the activation.",
        ),
        blocks=(
            Block(
                columns,
                (
                    _row("Ablation-CAM: one channel", image, network, measured, CHANNEL),
                    _row("Pixel Ablation-CAM: one cell", image, network, measured, CELL),
                ),
            ),
        ),
    )


def _measured(image: Image, network: Network) -> Measured:
    from explain.cam import explain

    target = label_target(image, network)
    if target is None:
        raise BadInputError(
            f"{image.original_name}: {network} has no class “{image.class_name}”; name another photo"
        )
    net = load_network(network)
    batch = net.preprocess(pixels_of(image))[None]
    out = explain(net, batch, [CHANNEL, CELL], targets=[target])
    return Measured(
        score=float(out.logits[0, target]),
        features=net.features(batch)[0].cpu().numpy(),
        channel_drops=out.drops["channel"][0].numpy(),
        cell_drops=out.drops["cell"][0].numpy(),
        maps={name: out.maps[name][0].numpy() for name in (CHANNEL, CELL)},
    )


def _row(label: str, image: Image, network: Network, measured: Measured, method: str) -> PanelRow:
    is_channel = method == CHANNEL
    drops = _as_square(measured.channel_drops) if is_channel else measured.cell_drops
    least, most = float(np.nanmin(drops)), float(np.nanmax(drops))
    of = (
        f"channel {measured.channel}"
        if is_channel
        else "row {}, column {}".format(*[1 + n for n in measured.cell])
    )
    return PanelRow(
        (
            Panel(_photo(image, network, measured, None if is_channel else measured.cell)),
            Panel(_sheets(measured, is_channel), f"{of}: drop {100 * most:.2f}\u00a0%"),
            Panel(
                picture_of(
                    _colours(drops, least, most), f"the drops of {'channels' if is_channel else 'cells'}"
                ),
                f"{100 * least:.2f} to {100 * most:.2f}\u00a0%".replace("-", "−"),
            ),
            Panel(_map(image, network, measured.maps[method], method)),
        ),
        label,
    )


def _photo(image: Image, network: Network, measured: Measured, cell: tuple[int, int] | None) -> Picture:
    """What the network sees of the photo, with the layer's cells over it, and one of them in red."""
    box = crop_of(network, image)
    pixels = pixels_of(image).convert("RGB").resize((SIDE, SIDE), PillowImage.Resampling.LANCZOS, box=box)
    draw = ImageDraw.Draw(pixels)
    height, width = measured.cell_drops.shape
    for place in range(1, height):
        draw.line((0, place * SIDE / height, SIDE, place * SIDE / height), fill="white")
    for place in range(1, width):
        draw.line((place * SIDE / width, 0, place * SIDE / width, SIDE), fill="white")
    words = f"{image.class_name} ({image.original_name}) under {height} × {width} cells"
    if cell is not None:
        _outline(draw, cell, (height, width), SIDE, (0, 0))
        words += f", that in row {cell[0] + 1}, column {cell[1] + 1} in red"
    return picture_of(np.asarray(pixels), words)


def _sheets(measured: Measured, is_channel: bool) -> Picture:
    """Channels one behind the other, the foremost the one that costs most: black where they are set to zero."""
    order = np.argsort(-measured.channel_drops)[:SHEETS]
    features = measured.features.copy()
    if is_channel:
        features[measured.channel] = 0
    else:
        features[:, measured.cell[0], measured.cell[1]] = 0
    top = np.maximum(measured.features[order].max(), 1e-12)
    step = SIDE // (4 * SHEETS)
    side = SIDE - step * (len(order) - 1)
    page = PillowImage.new("RGB", (SIDE, SIDE), "white")
    draw = ImageDraw.Draw(page)
    for depth in reversed(range(len(order))):
        corner = (step * depth, SIDE - side - step * depth)
        grey = np.uint8(255 * np.clip(features[order[depth]] / top, 0, 1) ** 0.5)
        page.paste(PillowImage.fromarray(grey).resize((side, side), PillowImage.Resampling.NEAREST), corner)
        edge = (*corner, corner[0] + side - 1, corner[1] + side - 1)
        is_removed = is_channel and order[depth] == measured.channel
        draw.rectangle(edge, outline=RED if is_removed else "white", width=4 if is_removed else 2)
        if not is_channel:
            _outline(draw, measured.cell, features.shape[1:], side, corner)
    words = "the layer’s channels, " + (
        f"channel {measured.channel} at zero" if is_channel else "one cell at zero in all of them"
    )
    return picture_of(np.asarray(page), words)


def _outline(
    draw: Any, cell: tuple[int, int], cells: tuple[int, ...], side: int, corner: tuple[int, int]
) -> None:
    high, wide = side / cells[0], side / cells[1]
    x, y = corner[0] + cell[1] * wide, corner[1] + cell[0] * high
    draw.rectangle((x, y, x + wide, y + high), outline=RED, width=3)


def _as_square(drops: np.ndarray) -> np.ndarray:
    """Drops of channels (K,) row by row in a square, NaN where it has more places than there are channels."""
    side = int(np.ceil(np.sqrt(len(drops))))
    square = np.full(side * side, np.nan)
    square[: len(drops)] = drops
    return square.reshape(side, side)


def _colours(values: np.ndarray, least: float, most: float) -> np.ndarray:
    """Values in colours from the least to the greatest, white where there is none: (SIDE, SIDE, 3) uint8."""
    defined = np.isfinite(values)
    spread = most - least or 1.0
    shown = colour(np.where(defined, (values - least) / spread, 0))
    shown = np.where(defined[..., None], shown, 255).astype(np.uint8)
    return np.asarray(PillowImage.fromarray(shown).resize((SIDE, SIDE), PillowImage.Resampling.NEAREST))


def _map(image: Image, network: Network, cells: np.ndarray, method: str) -> Picture:
    """The map over the frame that people are shown."""
    frame = render.frame_box(image.width, image.height)
    placed = render.place(cells, crop_of(network, image), frame, SIDE)
    photo = render.frame_picture(pixels_of(image), SIDE)
    return picture_of(render.overlay(photo, placed), f"the map of {method} over {image.class_name}")
