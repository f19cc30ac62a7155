"""The stages of repeating the paper, each safe to run again: what is there already is not made twice."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError

from explain.core.commands import Bar
from explain.core.errors import BadInputError
from explain.core.machine import is_loaded, load_now, machine
from explain.evaluation import (
    SETTINGS,
    EvaluationProgress,
    ask_for_evaluation,
    layer_costs,
    layers_to_measure,
    photos_for_localisation,
    photos_named,
    sweep,
)
from explain.models import Image, ImageSet, Network
from explain.networks import find_networks, load_network
from explain.photos import find_set
from studies.models import Study

from . import printed, protocols
from .inputs import METHODS, SAMPLE_NETWORKS, TARGET, Inputs
from .protocols import Adapted

SWEPT = 12  # photos that Ablation-CAM++ is timed on
SWEEP_FILE, LAYERS_FILE = "sweep.json", "layers.json"
CELLS_MEASURED = 32  # of each layer: early ones have thousands, each as long as the next
STAGE_TITLES = ("Photos", "Networks", "Maps", "Evaluation", "Readings and times", "Studies", "Report")
Run = Callable[..., None]  # runs a command as anyone would, after showing it


def photos_stage(inputs: Inputs, run: Run) -> None:
    """The sample photos, or ImageNet's as they are published, used in place."""
    if inputs.samples:
        run(
            "import_images",
            settings.BASE_DIR / "samples/photos/manifest.csv",
            "--set",
            inputs.set_name,
            "--yes",
        )
    elif inputs.images is not None:
        given = {"--ground-truth": inputs.ground_truth, "--devkit": inputs.devkit, "--boxes": inputs.boxes}
        options = [word for name, path in given.items() if path is not None for word in (name, path)]
        place = ["--in-place"] if inputs.images.is_dir() else []
        run(
            "import_images", inputs.images, "--set", inputs.set_name, *options, *place, "--resumable", "--yes"
        )


def networks_stage(inputs: Inputs, run: Run) -> None:
    """Those of the samples are added; others are there, as `check` has seen."""
    for name in inputs.networks if inputs.samples else ():
        run("add_network", name, "--load", SAMPLE_NETWORKS[name])


def maps_stage(inputs: Inputs, run: Run) -> None:
    """All methods for the two networks of the tables; only the paper's own for further ones."""
    where = [] if inputs.workers else ["--inline"]
    two, more = inputs.networks[:2], inputs.networks[2:]
    run("precompute", inputs.set_name, "--networks", ",".join(two), "--methods", ",".join(METHODS), *where)
    if more:
        run("precompute", inputs.set_name, "--networks", ",".join(more), "--methods", printed.PIXEL, *where)


def evaluation_stage(inputs: Inputs, run: Run) -> None:
    where = ["--workers"] if inputs.workers else []
    for protocol in inputs.protocols:
        run(*evaluate_words(inputs, protocol), *where)


def evaluate_words(inputs: Inputs, protocol: str, of: tuple[str, ...] = ()) -> list[str]:
    """The command that makes, and shows again, the tables under a protocol: of all methods, or `of` some."""
    methods = ",".join(of or methods_under(protocol))
    return ["evaluate", inputs.set_name, "--networks", ",".join(inputs.networks[:2]), "--methods", methods, "--protocol", protocol]  # fmt: skip


def methods_under(protocol: str) -> tuple[str, ...]:
    """Curves take 42 passes for each map: only the paper's three methods get them."""
    return printed.METHODS if protocol == "curves" else METHODS


def asked(inputs: Inputs, protocol: str) -> list[EvaluationProgress]:
    two = find_networks(",".join(inputs.networks[:2]))
    return ask_for_evaluation(networks=two, methods=methods_under(protocol), protocol=protocol, target=TARGET)


def sweep_stage(inputs: Inputs) -> dict[str, list[dict]]:
    """Ablation-CAM++ against Ablation-CAM by network, measured once and kept in a file."""

    def measure(network: Network, bar: Bar) -> list[dict]:
        rows = sweep(network=network, images=_some(find_set(inputs.set_name)), report=bar)
        return [row.to_json() for row in rows]

    networks = find_networks(",".join(inputs.networks[:2]))
    return _measured_once(inputs, SWEEP_FILE, networks, json.dumps(SETTINGS), measure)


def layers_stage(inputs: Inputs) -> dict[str, list[dict]]:
    """What ablating cells costs at layers from the last to early ones, for the first network, measured once and kept in a file."""

    def measure(network: Network, bar: Bar) -> list[dict]:
        layers = layers_to_measure(load_network(network))
        (image,) = _some(find_set(inputs.set_name))[:1]
        costs = layer_costs(
            network=network, image=image, layers=layers, most_measured=CELLS_MEASURED, report=bar
        )
        return [row.to_json() for row in costs]

    return _measured_once(
        inputs, LAYERS_FILE, find_networks(inputs.networks[0]), f"{CELLS_MEASURED} cells", measure
    )


def _measured_once(
    inputs: Inputs,
    file: str,
    networks: Sequence[Network],
    how: str,
    measure: Callable[[Network, Bar], list[dict]],
) -> dict[str, list[dict]]:
    """Rows of each network from a file that keeps them: measured where they are not there, where the weights or `how` are
    others, and where the load was high when they were measured and is not now."""
    path = inputs.folder / file
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for network in networks:
        key = f"{network.weights_sha256}:{how}"
        rows = kept.get(network.name, {})
        if rows.get("of") != key or _is_worth_another_try(rows["rows"]):
            with Bar("times") as bar:
                kept[network.name] = {"of": key, "rows": measure(network, bar)}
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(kept, indent=1), "utf-8")
    return {network.name: kept[network.name]["rows"] for network in networks}


def _is_worth_another_try(rows: Sequence[dict]) -> bool:
    """Whether times were taken under a high load, and would not be now."""
    was_loaded = any(row.get("on") and is_loaded(row["on"]) for row in rows)
    return was_loaded and not is_loaded(machine(load_now()))


def _some(image_set: ImageSet) -> list[Image]:
    """A few photos, evenly spread over the set."""
    keys = list(image_set.images.order_by("pk").values_list("pk", flat=True))
    step = max(1, len(keys) // SWEPT)
    return list(Image.objects.filter(pk__in=keys[::step][:SWEPT]).order_by("pk"))


def studies_stage(inputs: Inputs, run: Run, say: Callable[[str], None]) -> list[tuple[Adapted, str]]:
    """Make, open and, where asked, fill both studies. Returns each with why it could not be made, or nothing."""
    made = []
    for one in protocols.adapted(inputs):
        try:
            _study(inputs, one, run)
            made.append((one, ""))
        except (BadInputError, CommandError) as error:
            say(f"{one.slug} is left out: {error}")
            made.append((one, str(error)))
    return made


def _study(inputs: Inputs, one: Adapted, run: Run) -> None:
    study = Study.objects.filter(slug=one.slug).first()
    if study is None:
        protocols.write(one, printed.PEOPLE)
        run("create_study", one.path)
        study = Study.objects.get(slug=one.slug)
    if study.state in Study.SETTING_UP:
        # simulated people do not look; the report says how often maps differ visibly
        run("open_study", one.slug, *(["--alike-seen"] if inputs.rule else []))
        study.refresh_from_db()
    if inputs.rule and study.state == Study.State.OPEN and not study.participants.exists():
        people = ["--participants", str(printed.PEOPLE), "--at-once", "4", "--seed", "1"]
        run("simulate", one.slug, *people, *one.of.rule_options(inputs.rule))


def figure_photos(inputs: Inputs) -> list[Image]:
    """The photos of figure 4: those named, else three of three classes whose boxes do not fill the frame."""
    image_set = find_set(inputs.set_name)
    if inputs.figures:
        named = photos_named(image_set, inputs.figures, "--figure-photos")
        return sorted(named, key=lambda image: (image.class_name, image.original_name))
    return photos_for_localisation(image_set)


def all_networks(inputs: Inputs) -> list[Network]:
    return find_networks(",".join(inputs.networks))


def report_stage(path: Path, html: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, "utf-8")
    except OSError as error:
        raise BadInputError(f"--to {path}: {error.strerror}; choose a place you may write to") from error
