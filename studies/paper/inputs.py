"""What `repeat_paper` works on, and what is missing of it: everything at once, each with its remedy."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from explain.core.errors import BadInputError
from explain.evaluation import PROTOCOLS
from explain.models import ImageSet, Network
from explain.photos import MANIFEST

SAMPLE_NETWORKS = {
    "efficientnet-lite0": "package:efficientnet_lite0",
    "squeezenet1-1": "package:squeezenet1_1",
    "efficientnet-lite1": "package:efficientnet_lite1",
}
READINGS = ("pixel-ablation-cam", "pixel-ablation-cam/authors", "pixel-ablation-cam/weights")
METHODS = ("grad-cam", "ablation-cam", "ablation-cam++", *READINGS)
TARGET = "label"  # the class that is explained, everywhere in the report
# where the authors' public code cuts them; other networks have no place in it
LAYERS = {"resnet50": " --layer layer4", "vgg16": " --layer features.30"}
SIMULATION_RULES = ("localisation", "shares")


@dataclass(frozen=True)
class Inputs:
    """networks: the first stands where the paper has ResNet-50, the second where it has VGG-16; more are for reliability alone.

    rule: what simulated people go by; empty where real people are to come.
    """

    samples: bool
    set_name: str
    images: Path | None
    ground_truth: Path | None
    devkit: Path | None
    boxes: Path | None
    networks: tuple[str, ...]
    protocols: tuple[str, ...]
    rule: str
    workers: bool
    figures: tuple[str, ...]
    to: Path

    @property
    def folder(self) -> Path:
        """Where adapted protocols and measured times are kept, so that a later run goes on."""
        return settings.DATA_DIR / "paper" / self.set_name


def check_inputs(inputs: Inputs) -> None:
    """Raise BadInputError with a line for each thing that is missing or wrong."""
    faults = [*_photos(inputs), *_networks(inputs)]
    unknown = [name for name in inputs.protocols if name not in PROTOCOLS]
    if unknown:
        faults.append(f"--protocols: there is no {', '.join(unknown)}; choose from {', '.join(PROTOCOLS)}")
    if faults:
        raise BadInputError(*faults)


def remarks_on_inputs(inputs: Inputs) -> list[str]:
    """What is not there and can be done without, and what the report lacks for it."""
    if inputs.samples or inputs.boxes:
        return []
    return [
        "--boxes is not given: where the photos have no boxes yet there is no localisation; give the unpacked folder of "
        "ILSVRC2012_bbox_val_v3 (it is taken in when the command is run again)."
    ]


def _photos(inputs: Inputs) -> list[str]:
    if inputs.samples:
        return []
    if inputs.images is None:
        if ImageSet.objects.filter(name=inputs.set_name).exists():
            return []
        return [
            "--images: no photos are given, and there is no set "
            f"{inputs.set_name}; give the folder of ILSVRC2012_val_00000001.JPEG … (or --samples for the sample photos)"
        ]
    faults = [
        f"--{name} {path}: there is no such file or folder; check the path"
        for name, path in (
            ("images", inputs.images),
            ("ground-truth", inputs.ground_truth),
            ("devkit", inputs.devkit),
            ("boxes", inputs.boxes),
        )
        if path is not None and not path.exists()
    ]
    if not faults and not (inputs.ground_truth or inputs.devkit) and _is_flat(inputs.images):
        faults.append(
            f"--ground-truth: what the photos of {inputs.images} show is not said; give --devkit ILSVRC2012_devkit_t12, or "
            "--ground-truth with a list of synsets, or photos in folders by synset"
        )
    return faults


def _is_flat(folder: Path) -> bool:
    """Photos side by side, with neither class folders nor a manifest."""
    return (
        folder.is_dir()
        and not (folder / MANIFEST).exists()
        and not any(entry.is_dir() for entry in folder.iterdir())
    )


def _networks(inputs: Inputs) -> list[str]:
    if inputs.samples:
        return []
    if len(inputs.networks) < 2:
        return [
            "--networks: name two networks, in place of the paper's ResNet-50 and VGG-16, separated by commas"
        ]
    known = set(Network.objects.values_list("name", flat=True))
    return [
        f"--networks: there is no network {name}; add it: manage.py add_network {name} --load torchvision:{name} "
        f"--weights IMAGENET1K_V1{LAYERS.get(name, '')} (what the authors' public code loads; or --weights PATH for a file)"
        for name in inputs.networks
        if name not in known
    ]
