"""How many bytes a trial's pictures take and how far they are from what was drawn, by encoder: `python -m bench encoders`.

The sample photos with maps of both sample networks, in each way that a study can show them. SSIM is that of Wang et al. (2004) over 8 bits,
a Gaussian window of 11 × 11 with σ 1.5, averaged over the three colour channels, so that coarser colours count. Times are CPU time of
one thread, encoders in turns, as a ratio to today's choice: the machine need not be quiet for them.
"""

import io
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter

from bench.timing import options, report
from explain.cam import Network, explain
from explain.cam.rendering import encoding, render

ROOT = Path(__file__).parent.parent
NETWORKS = ("package:efficientnet_lite0", "package:squeezenet1_1")
METHODS = ("grad-cam", "pixel-ablation-cam")
KINDS = ("overlay", "masked", "heat")
ENCODERS = {
    "JPEG 85, 4:4:4 (before)": ("JPEG", {"quality": 85, "subsampling": 0}),
    "WebP 85 (chosen)": ("WEBP", {"quality": encoding.QUALITIES[0], "method": encoding.EFFORT}),
    "WebP 85, most effort": ("WEBP", {"quality": encoding.QUALITIES[0], "method": 6}),
    "WebP 60 (the least)": ("WEBP", {"quality": encoding.QUALITIES[-1], "method": encoding.EFFORT}),
    "AVIF 70, speed 8": ("AVIF", {"quality": 70, "speed": 8}),
}
CHOSEN = "WebP 85 (chosen)"


def drawn(paths: list[Path]) -> list[dict[str, list[np.ndarray]]]:
    """Of each photo its frame and its maps by kind."""
    nets = [Network.load(spec, weights="DEFAULT") for spec in NETWORKS]
    photos = []
    for path in paths:
        photo = Image.open(path).convert("RGB")
        frame = render.frame_picture(photo)
        placed = []
        for net in nets:
            maps = explain(net, net.preprocess(photo)[None], METHODS).maps.values()
            crop = net.crop_box(*photo.size)
            placed += [render.place(cells[0].numpy(), crop, render.frame_box(*photo.size)) for cells in maps]
        photos.append(
            {"photo": [frame]}
            | {kind: [render.picture(kind, frame, one) for one in placed] for kind in KINDS}
        )
    return photos


def encoded(picture: np.ndarray, name: str) -> bytes:
    kind, settings = ENCODERS[name]
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind, **settings)
    return buffer.getvalue()


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Structural similarity of two pictures (H, W, 3) uint8: the mean over pixels and colour channels."""

    def blur(values: np.ndarray) -> np.ndarray:
        return gaussian_filter(values, (1.5, 1.5, 0), radius=(5, 5, 0))[5:-5, 5:-5]

    x, y = a.astype(np.float32), b.astype(np.float32)
    mean_x, mean_y = blur(x), blur(y)
    of_x, of_y = blur(x * x) - mean_x**2, blur(y * y) - mean_y**2
    both = blur(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    found = (2 * mean_x * mean_y + c1) * (2 * both + c2) / ((mean_x**2 + mean_y**2 + c1) * (of_x + of_y + c2))
    return float(found.mean())


def row(name: str, kind: str, pictures: list[np.ndarray]) -> dict:
    files = [encoded(picture, name) for picture in pictures]
    alike = [
        ssim(picture, np.asarray(Image.open(io.BytesIO(file)).convert("RGB")))
        for picture, file in zip(pictures, files, strict=True)
    ]
    sizes = [len(file) for file in files]
    return {
        "encoder": name,
        "kind": kind,
        "pictures": len(files),
        "kb": round(statistics.mean(sizes) / 1000, 1),
        "kb_most": round(max(sizes) / 1000, 1),
        "ssim": round(statistics.mean(alike), 4),
        "ssim_least": round(min(alike), 4),
    }


def study(photos: list[dict[str, list[np.ndarray]]], kind: str) -> dict:
    """The pictures of all photos as a study of that kind makes them, with three maps a trial."""
    files = [encoding.encode_alike([*photo["photo"], *photo[kind][:3]]) for photo in photos]
    length = encoding.common_length(encoding.needed(file) for each in files for file in each)
    lower = sum(
        each[0] != encoded(photo["photo"][0], CHOSEN) for photo, each in zip(photos, files, strict=True)
    )
    return {"kind": kind, "length": length, "trial_kb": round(4 * length / 1000), "lower": lower}


def times(pictures: list[np.ndarray], rounds: int) -> dict[str, float]:
    """CPU time of each encoder as a ratio to the chosen one's: the median over rounds in which they take turns."""
    ratios: dict[str, list[float]] = {name: [] for name in ENCODERS}
    for _ in range(rounds):
        taken = {}
        for name in ENCODERS:
            began = time.process_time()
            for picture in pictures:
                encoded(picture, name)
            taken[name] = time.process_time() - began
        for name, seconds in taken.items():
            ratios[name].append(seconds / taken[CHOSEN])
    return {name: round(statistics.median(found), 2) for name, found in ratios.items()}


def main() -> None:
    quick = options().quick
    torch.manual_seed(0)
    paths = sorted((ROOT / "samples/photos").glob("*.jpg"))[:: 8 if quick else 2]
    photos = drawn(paths)
    rows = []
    for kind in ("photo", *KINDS):
        pictures = [picture for photo in photos for picture in photo[kind][: 1 if quick else 3]]
        for name in ENCODERS:
            rows.append(row(name, kind, pictures))
            print(f"  {rows[-1]}", file=sys.stderr, flush=True)
    mixed = [photo[kind][0] for photo in photos[:4] for kind in ("photo", *KINDS)]
    report(
        {
            "rows": rows,
            "studies": [study(photos, kind) for kind in KINDS],
            "times": times(mixed, 3 if quick else 7),
            "photos": len(photos),
        },
        ("pillow",),
    )


def markdown(results: dict) -> str:
    found, machine = results["encoders"]["rows"], results["encoders"]["machine"]
    versions = results["encoders"]["versions"]
    lines = [
        "# A trial's pictures: bytes and likeness by encoder",
        "",
        f"`python -m bench encoders`: {found['photos']} of the sample photos, two networks × two methods, 448 × 448 pixels; Pillow {versions['pillow']}; "
        f"load average {machine['load']}, so times are ratios of CPU time alone, in turns in one process.",
        "",
        "SSIM by Wang et al. (2004), averaged over red, green and blue: 1 is the picture as it was drawn. KB of 1,000 bytes, before files are filled up.",
        "",
    ]
    kinds = ["photo", *KINDS]
    head = "| encoder | CPU time | " + " | ".join(f"{kind}: KB, most; SSIM, least" for kind in kinds) + " |"
    lines += [head, "| --- | ---: |" + " ---: |" * len(kinds)]
    for name in ENCODERS:
        cells = [
            f"{one['kb']}, {one['kb_most']}; {one['ssim']:.3f}, {one['ssim_least']:.3f}"
            for kind in kinds
            for one in found["rows"]
            if one["encoder"] == name and one["kind"] == kind
        ]
        lines.append(f"| {name} | {found['times'][name]:.2f} | {' | '.join(cells)} |")
    lines += [
        "",
        "A study of all these photos with three maps a trial, as it is made ready (explain/cam/rendering/encoding.py): every file has the study's one length.",
        "",
        "| kind | bytes of each file | a trial's four pictures, KB | before, KB | photos that took a lower quality |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {one['kind']} | {one['length']:,} | {one['trial_kb']} | 393 | {one['lower']} of {found['photos']} |"
        for one in found["studies"]
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
