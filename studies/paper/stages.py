"""The stages of repeating the paper, each safe to run again: what is there already is not made twice."""

import json
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError

from explain.core.commands import Bar
from explain.core.errors import BadInputError
from explain.evaluation import SETTINGS, EvaluationProgress, ask_for_evaluation, sweep
from explain.models import Image, ImageSet, Network
from explain.networks import find_networks
from explain.photos import find_set
from studies.models import Study

from . import printed, protocols
from .inputs import METHODS, SAMPLE_NETWORKS, Inputs
from .protocols import Adapted

SWEPT = 12  # photos that Ablation-CAM++ is timed on
SWEEP_FILE = "sweep.json"
STAGE_TITLES = ("Photos", "Networks", "Maps", "Evaluation", "Readings and times", "Studies", "Report")
Run = Callable[..., None]  # runs a command as anyone would, after showing it


def photos_stage(inputs: Inputs, run: Run) -> None:
    """The sample photos, or ImageNet's as they are published, used in place."""
    if inputs.samples:
        run("import_images", settings.BASE_DIR / "samples/photos/manifest.csv", "--set", inputs.set_name)
    elif inputs.images is not None:
        given = {"--ground-truth": inputs.ground_truth, "--devkit": inputs.devkit, "--boxes": inputs.boxes}
        options = [word for name, path in given.items() if path is not None for word in (name, path)]
        place = ["--in-place"] if inputs.images.is_dir() else []
        run("import_images", inputs.images, "--set", inputs.set_name, *options, *place, "--resumable")


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
    return ask_for_evaluation(
        networks=two, methods=methods_under(protocol), protocol=protocol, target="label"
    )


def sweep_stage(inputs: Inputs) -> dict[str, list[dict]]:
    """Ablation-CAM++ against Ablation-CAM by network, measured once and kept in a file."""
    path = inputs.folder / SWEEP_FILE
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for network in find_networks(",".join(inputs.networks[:2])):
        key = f"{network.weights_sha256}:{json.dumps(SETTINGS)}"
        if kept.get(network.name, {}).get("of") != key:
            with Bar("settings") as bar:
                rows = sweep(network=network, images=_some(find_set(inputs.set_name)), report=bar)
            kept[network.name] = {"of": key, "rows": [row.to_json() for row in rows]}
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(kept, indent=1), "utf-8")
    return {name: found["rows"] for name, found in kept.items() if name in inputs.networks[:2]}


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
    """The photos of figure 4: those named, else three with boxes, of three classes."""
    images = find_set(inputs.set_name).images.order_by("class_name", "original_name")
    if inputs.figures:
        found = list(images.filter(original_name__in=inputs.figures))
        if missing := set(inputs.figures) - {image.original_name for image in found}:
            raise BadInputError(
                f"--figure-photos: {inputs.set_name} has no {', '.join(sorted(missing))}; name photos as the set does"
            )
        return found
    boxed = images.exclude(boxes=[])
    classes = list(boxed.order_by("class_name").values_list("class_name", flat=True).distinct())
    chosen = classes[:: max(1, len(classes) // 3)][:3]
    return [image for name in chosen if (image := boxed.filter(class_name=name).first()) is not None]


def all_networks(inputs: Inputs) -> list[Network]:
    return find_networks(",".join(inputs.networks))


def report_stage(path: Path, html: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, "utf-8")
    except OSError as error:
        raise BadInputError(f"--to {path}: {error.strerror}; choose a place you may write to") from error
