"""Draws docs/images/engine.png: why every map costs one forward pass. Run: PYTHONPATH=. python docs/engine_picture.py"""

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.patches import FancyArrowPatch, Rectangle

from explain.cam import Network, explain
from explain.cam.rendering import render

HERE = Path(__file__).resolve().parent
PHOTO = HERE.parent / "samples" / "photos" / "tabby-1.jpg"
METHODS = ["grad-cam", "ablation-cam", "pixel-ablation-cam"]
INK, QUIET, TRUNK, HEAD = "#1d2733", "#5a6775", "#c9d7e8", "#f3d9b1"


def box(axes, x, width, height, colour, title, text) -> None:
    axes.add_patch(
        Rectangle((x, 0.5 - height / 2), width, height, facecolor=colour, edgecolor=INK, linewidth=1)
    )
    axes.text(x + width / 2, 0.53, title, ha="center", va="center", fontsize=14, color=INK, weight="bold")
    axes.text(x + width / 2, 0.43, text, ha="center", va="center", fontsize=9, color=INK)


def arrow(axes, start, end, bend=0.0) -> None:
    style = f"arc3,rad={bend}"
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=14, color=INK, connectionstyle=style)
    )


def main() -> None:
    net = Network.load("package:efficientnet_lite0")
    photo = Image.open(PHOTO).convert("RGB")
    out = explain(net, net.preprocess(photo)[None], METHODS)
    framed, frame = render.frame_picture(photo), render.frame_box(*photo.size)

    figure = plt.figure(figsize=(12, 4.6), dpi=110, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, 12)
    axes.set_ylim(-0.25, 1.15)
    axes.axis("off")
    box(axes, 2.35, 2.5, 0.5, TRUNK, "trunk", "99 % of the work\nruns once")
    box(axes, 7.0, 1.5, 0.34, HEAD, "head", "a formula, or\nvectors only")
    picture(figure, framed, (0.025, 0.33, 0.15, 0.36), "photo")
    cells = np.asarray(net.features(net.preprocess(photo)[None])[0].sum(0))
    picture(figure, cells, (0.445, 0.36, 0.105, 0.30), "features\n1,280 channels, 7 × 7 cells")
    arrow(axes, (2.1, 0.5), (2.32, 0.5))
    arrow(axes, (4.88, 0.5), (5.25, 0.5))
    arrow(axes, (6.65, 0.5), (6.97, 0.5))
    arrow(axes, (7.75, 0.31), (6.0, 0.2), bend=-0.35)
    axes.text(6.9, -0.03, "1,280 channels and 49 cells set to zero, one by one:\nnothing before the layer runs again",
              ha="center", va="center", fontsize=9.5, color=INK)  # fmt: skip
    for n, name in enumerate(METHODS):
        placed = render.place(out.maps[name][0].numpy(), net.crop_box(*photo.size), frame)
        picture(figure, render.overlay(framed, placed), (0.735 + 0.088 * n, 0.38, 0.083, 0.22), name)
    arrow(axes, (8.53, 0.5), (8.78, 0.5))
    axes.text(
        0.3, 1.05, "Why a map costs one forward pass", fontsize=15, color=INK, weight="bold", va="center"
    )
    axes.text(
        0.3,
        -0.16,
        "Other libraries run the whole network again for every channel or cell.",
        fontsize=9.5,
        color=QUIET,
    )
    figure.savefig(HERE / "images" / "engine.png")


def picture(figure, pixels, place, title) -> None:
    axes = figure.add_axes(place)
    axes.imshow(pixels, cmap="viridis", aspect="equal")
    axes.set_title(title, fontsize=8, color=INK, pad=4)
    axes.axis("off")


if __name__ == "__main__":
    main()
