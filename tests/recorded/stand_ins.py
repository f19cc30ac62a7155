"""Every protocol that ships, created and opened by the commands over photos, networks and maps that stand in for real ones.

Their bytes are written here, so the SHA-256 of each opened study, and every file exported of it, is the same on any machine.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import django

CLASSES = ("acorn", "broom", "church", "drum", "espresso", "flute")
NETWORKS = ("efficientnet-lite0", "squeezenet1-1", "resnet50", "vgg16")
METHODS = (
    *("grad-cam", "ablation-cam", "pixel-ablation-cam", "grad-cam++", "hirescam", "layer-cam"),
    *("random", "centre"),
)
SETS = {"samples": 3, "imagenet-val": 50}  # photos of each class
SIDE = 7  # cells of a map


def main(to: Path) -> None:
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from .demo import Outputs, same_orders_each_time
    from .interface import interface

    same_orders_each_time()

    call_command("migrate", verbosity=0)
    make_stand_ins()
    outputs = Outputs(hashes_of_machine=False)
    protocols = sorted((settings.BASE_DIR / "docs/protocols").glob("*.toml"))
    for path in protocols:
        of_protocol(outputs, path)
    to.write_text(json.dumps({"interface": interface(), "anywhere": outputs.anywhere}), "utf-8")


def digest(*words: object) -> bytes:
    return hashlib.sha256(" ".join(map(str, words)).encode()).digest()


def make_stand_ins() -> None:
    from explain.models import ExplanationMap, Image, ImageSet, Network, Prediction

    networks = [_network(name) for name in NETWORKS]
    Network.objects.bulk_create(networks)
    for name, each in SETS.items():
        image_set = ImageSet.objects.create(name=name)
        shown = picture("photo")
        images = [
            _image(image_set, shown, place, number) for place in range(len(CLASSES)) for number in range(each)
        ]
        Image.objects.bulk_create(images)
        Prediction.objects.bulk_create(
            Prediction(
                image=image,
                network=network,
                top_class=_said(name, network, image),
                top_probability=0.5,
                label_probability=0.5,
                likeliest=_likeliest(_said(name, network, image)) if _of_all_classes(name, network) else [],
            )
            for image in images
            for network in networks
        )
        ExplanationMap.objects.bulk_create(
            _map(image, network, method, target)
            for image in images
            for network in networks
            for method in METHODS
            for target in (
                _likeliest(image.class_index) if _of_all_classes(name, network) else [image.class_index]
            )
        )


def _said(set_name: str, network: Any, image: Any) -> int:
    """What a network takes a photo for: one of them is wrong about some of the samples, as a study of its answers needs."""
    is_wrong = set_name == "samples" and network.name == "squeezenet1-1" and image.class_index % 2 == 1
    return (image.class_index + is_wrong) % len(CLASSES)


def _of_all_classes(set_name: str, network: Any) -> bool:
    """Whether the network has maps of all its classes of each photo, and says which are the likeliest: a study shows them side by side."""
    return set_name == "samples" and network.name == "squeezenet1-1"


def _likeliest(first: int) -> list[int]:
    return [(first + place) % len(CLASSES) for place in range(len(CLASSES))]


def _network(name: str) -> Any:
    from explain.models import Network

    preprocessing = {"size": [64, 64], "resize": 64, "mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bilinear"}  # fmt: skip
    return Network(
        name=name,
        load="package:stand-in",
        layer="features",
        class_names=list(CLASSES),
        preprocessing=preprocessing,
        weights_sha256=digest(name).hex(),
    )


def _image(image_set: Any, shown: str, place: int, number: int) -> Any:
    from explain.models import Image

    name = f"{CLASSES[place]}-{number}.jpg"
    return Image(
        image_set=image_set,
        file=shown,
        picture=shown,
        original_name=name,
        class_name=CLASSES[place],
        class_index=place,
        width=64,
        height=64,
        source_sha256=digest("source", name).hex(),
        content_sha256=digest("content", name).hex(),
        boxes=[[4, 4, 24, 24]],
    )


def _map(image: Any, network: Any, method: str, target: int) -> Any:
    from explain.models import ExplanationMap

    shown = picture(network.name, method)
    return ExplanationMap(
        image=image,
        network=network,
        layer=network.layer,
        method=method,
        target=target,
        parameters_hash=digest("parameters", method).hex(),
        values=cells(
            image.original_name, network.name, method, *([target] if target != image.class_index else [])
        ),
        height=SIDE,
        width=SIDE,
        overlay=shown,
        masked=shown,
        heat=shown,
        manifest={"made by": "stand_ins.py"},
    )


def cells(*words: object) -> bytes:
    """The values of a map: float32, little-endian, small whole numbers."""
    import numpy as np

    numbers = digest(*words, 0) + digest(*words, 1)
    return np.frombuffer(numbers[: SIDE * SIDE], np.uint8).astype("<f4").tobytes()


_stored: dict[str, str] = {}


def picture(*words: str) -> str:
    """The name of a stored picture of one colour: a plain pixel map, which no library has to encode."""
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    name = f"stand-ins/{'-'.join(words)}.ppm"
    if name not in _stored:
        content = b"P6 16 16 255\n" + digest(*words)[:3] * 256
        _stored[name] = default_storage.save(name, ContentFile(content))
    return _stored[name]


def of_protocol(outputs: Any, path: Path) -> None:
    """One protocol: created, opened, filled with answers from a file, exported."""
    from django.conf import settings

    from studies.models import Study

    from .demo import command, files_of

    slug = path.stem
    outputs.json(f"create_study {path.name} --json", command("create_study", path, "--json"))
    outputs.json(f"open_study {slug} --json", command("open_study", slug, "--json"))
    study = Study.objects.get(slug=slug)
    outputs.anywhere[f"SHA-256 of {slug}, opened"] = study.protocol_sha256
    orders = study.trials.order_by("pk").values_list("item__index", "order")
    outputs.anywhere[f"trials of {slug}, as laid out"] = hashlib.sha256(
        json.dumps(list(orders)).encode()
    ).hexdigest()
    outputs.json(f"show_protocol {slug} --json", command("show_protocol", slug, "--json"))
    outputs.text(f"show_protocol {slug}", command("show_protocol", slug))
    asked = ("power", path, "--people", "20,30", "--studies", 10)
    outputs.json(f"power {path.name} --json", command(*asked, "--json"))
    answers = settings.DATA_DIR / f"{slug}.csv"
    answers.write_text(_answers(study), "utf-8")
    outputs.json(f"import_responses {slug} --json", command("import_responses", slug, answers, "--json"))
    files_of(outputs, slug)
    outputs.json(f"scores {slug} --json", command("scores", slug, "--json"))


def _answers(study: Any) -> str:
    """Answers of three people (six where each meets one arm alone) about each photo, as they might have been collected elsewhere."""
    from studies.trial_types import Comparison, comparison_of, trial_type_of

    alone = comparison_of(study) == Comparison.BETWEEN
    kind, arms = trial_type_of(study), list(study.arms.order_by("index").values_list("name", flat=True))
    cells: dict[int, str] = {}
    for cell, value in kind.files.readings(arms).items() if not kind.answers.several else ():
        cells.setdefault(value, cell)
    listed = list(cells.values())

    def said(draw: bytes, person: str) -> Any:
        if listed:
            return listed[draw[0] % len(listed)]
        shown = int.from_bytes(draw[1:8]) % len(kind.answers.shown_values(1))
        arm = ord(person) if alone else draw[0]
        return f'"{kind.files.wide_cell(kind.answers.stored_value([arm % len(arms)], shown), arms)}"'

    lines = [f"item,participant,{kind.files.column}"]
    for index in study.items.order_by("index").values_list("index", flat=True):
        for person in "abcdef" if alone else "abc":
            lines.append(f"{index},{person},{said(digest(study.slug, index, person), person)}")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
