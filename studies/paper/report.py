"""The paper's figures beside ours as one HTML file that needs nothing else, and the command behind each of them."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone

from explain import evaluation
from explain.core.commands import Bar
from explain.evaluation import VISIBLE, Pair, compare, find_protocol
from explain.models import Network
from explain.photos import find_set
from studies import results
from studies.exports import styles
from studies.lifecycle import code_version
from studies.models import Study
from studies.results import Summary, summary_of

from . import printed, stages, zoo
from .inputs import READINGS, Inputs
from .protocols import Adapted
from .tables import Beside, beside, nearness, verdict

STANDS_FOR = ("ResNet-50", "VGG-16")


@dataclass(frozen=True)
class StudyPart:
    """One study of the two: what was made, what came out, and the paper's figure for it."""

    protocol: Adapted
    why_not: str
    study: Study | None
    result: Summary | None
    chart: str
    printed: Mapping[str, float]


def paper_report(inputs: Inputs, made: Sequence[tuple[Adapted, str]], times: dict[str, list[dict]]) -> str:
    """The report as HTML."""
    image_set = find_set(inputs.set_name)
    tables = _tables(inputs)
    near = nearness(tables)
    studies = [_study_part(one, why) for one, why in made]
    networks = stages.all_networks(inputs)
    slugs = [one.slug for one, _ in made]
    found = zoo.points(image_set=image_set, networks=networks, slugs=slugs)
    context = {
        "inputs": inputs,
        "image_set": image_set,
        "photos": image_set.images.count(),
        "classes": image_set.images.order_by().values("class_name").distinct().count(),
        "boxed": image_set.images.exclude(boxes=[]).count(),
        "networks": networks,
        "stands_for": list(zip(networks, STANDS_FOR, strict=False)),
        "stamp": _stamp(inputs, studies),
        "differences": _differences(inputs, networks, studies),
        "tables": [
            {
                "protocol": find_protocol(name),
                "tables": rows,
                "command": _command(stages.evaluate_words(inputs, name), rows_to=name),
            }
            for name, rows in tables.items()
        ],
        "figure": _figure(inputs),
        "readings": READINGS,
        "near": near,
        "verdict": verdict(near),
        "pairs": _pairs(inputs),
        "visible": VISIBLE,
        "times": times,
        "studies": studies,
        "points": found,
        "zoo_chart": zoo.chart(found),
        "printed": printed,
        "styles": styles(),
        "made_at": timezone.now(),
        "code_version": code_version(),
    }
    return render_to_string("studies/paper/paper.html", context)


def _tables(inputs: Inputs) -> dict[str, list[Beside]]:
    image_set = find_set(inputs.set_name)
    return {
        name: [
            beside(image_set=image_set, asked=one, stands_for=stands_for)
            for one, stands_for in zip(stages.asked(inputs, name), STANDS_FOR, strict=True)
        ]
        for name in inputs.protocols
    }


def _pairs(inputs: Inputs) -> dict[str, list[Pair]]:
    image_set, found = find_set(inputs.set_name), {}
    for one in stages.asked(inputs, "paper"):
        with Bar("photos compared") as bar:
            found[one.network.name] = compare(image_set=image_set, asked=one, report=bar)
    return found


def _figure(inputs: Inputs) -> list[dict[str, Any]]:
    images = stages.figure_photos(inputs)
    return [
        {
            "network": one.network,
            "rows": [_figure_row(row) for row in evaluation.figure4_rows(images=images, asked=one)],
        }
        for one in stages.asked(inputs, "paper")
    ]


def _figure_row(row: evaluation.Row) -> dict[str, Any]:
    return {
        "image": row.image,
        "photo": _inline(row.photo),
        "methods": [
            {"method": method, "map": row.maps[method], "pictures": [_inline(picture) for picture in pictures]}
            for method, pictures in row.methods.items()
        ],
    }  # fmt: skip


def _inline(picture: evaluation.Picture) -> dict[str, str]:
    return {
        "src": f"data:image/jpeg;base64,{base64.b64encode(picture.jpeg).decode()}",
        "words": picture.words,
    }


def _study_part(protocol: Adapted, why_not: str) -> StudyPart:
    study = Study.objects.filter(slug=protocol.slug).first()
    result = summary_of(study) if study is not None else None
    answered = result is not None and bool(result.responses)
    chart = results.main_chart(result) if answered and result else ""
    return StudyPart(protocol, why_not, study, result, chart, protocol.of.printed)


def _stamp(inputs: Inputs, studies: Sequence[StudyPart]) -> str:
    """What stands on every page where it is not the paper's data or where people are simulated."""
    parts = ["sample photos and sample networks"] if inputs.samples else []
    if any(part.result is not None and part.result.simulated for part in studies):
        parts.append("simulated people")
    return " · ".join(parts)


def _differences(
    inputs: Inputs, networks: Sequence[Network], studies: Sequence[StudyPart]
) -> list[tuple[str, str, str]]:
    """(what, in the paper, here)"""
    image_set = find_set(inputs.set_name)
    here = [
        f"{one.name} ({one.load}, layer {one.layer}, SHA-256 {one.weights_sha256[:12]}…)" for one in networks
    ]
    people = [
        f"{part.result.participants} ({part.result.who_in_words})" for part in studies if part.result is not None
    ]  # fmt: skip
    return [
        (
            "Photos",
            "ImageNet 2012 validation, 50,000",
            f"the set {image_set}, {image_set.images.count():,} photos",
        ),
        (
            "Networks",
            "ResNet-50 and VGG-16, pre-trained on ImageNet; which weights is not said",
            "; ".join(here),
        ),
        ("Class that is explained", "not said", "the photo's label"),
        (
            "Explanation map",
            "the top 20 % of pixels, the rest 0 (and other masks in the authors' code)",
            "each table names its mask",
        ),
        (
            "Score ≤ 0",
            "not said; equation 6 has no meaning there",
            "left out of drops in activation, and counted",
        ),
        (
            "Photos of the studies",
            "five classes by F1, 50 photos each",
            "; ".join(f"{part.protocol.slug}: {', '.join(part.protocol.changes) or 'as in the paper'}" for part in studies[:2]),
        ),
        ("People", "15 volunteers in each study", "; ".join(people) or "nobody yet"),
    ]  # fmt: skip


def _command(words: Sequence[str], rows_to: str) -> str:
    return f"python manage.py {' '.join(words)} --rows {rows_to}-rows.csv"
