"""What differs from the paper in its two studies: photos, classes, answers, people, networks, and how photos were chosen."""

from collections import Counter

from explain.map_sources import source_of
from explain.models import ImageSet, Network
from explain.selection import f1_by_class, verdicts
from studies.models import Study
from studies.results import Summary

from . import printed
from .differences import Difference, number_row, same_layer, same_weights
from .protocols import METHOD_CHOICE, PaperStudy


def people_in_words(result: Summary | None) -> str:
    """How many answered, and what they are: to be named wherever their answers are."""
    if result is None or not result.participants:
        return "nobody yet"
    what = {"real": "volunteer", "simulated": "simulated volunteer"}.get(
        result.who, "real or simulated volunteer"
    )
    return f"{result.participants} {what}{'' if result.participants == 1 else 's'}"


def rows_on_study(
    of: PaperStudy, slug: str, study: Study | None, result: Summary | None, *, is_papers: bool = True
) -> list[Difference]:
    """Every row of the study's design beside the printed one; one row where the study was not made.

    is_papers: False for a pair of networks beyond the two that stand for the paper's.
    """
    if study is not None and not is_papers:
        pair = " and ".join(study.arms.order_by("index").values_list("name", flat=True))
        return [
            Difference(
                "Networks", "one pair alone", f"{pair}, a further pair", "a pair that the paper has not"
            )
        ]
    if study is None:
        return [Difference("Study", "made, and printed", "not made", f"{slug} was not made")]
    images = [item.image for item in study.items.select_related("image")]
    photos = Counter(image.class_name for image in images)
    networks = _networks_of(study)
    is_choice = of is METHOD_CHOICE
    rows = [
        _photos_row(len(images), is_choice),
        number_row("Classes", printed.STUDY_CLASSES, len(photos)),
        _per_class_row(photos, is_choice),
        _answers_row(study, is_choice),
        _people_row(result),
        _networks_row(networks, is_choice),
        _methods_row(study, is_choice),
    ]
    if images and networks:
        image_set = images[0].image_set
        rows.append(_floor_row(image_set, networks[0], photos) if is_choice else _share_row(study, image_set))
    if images and networks and not is_choice:
        rows.append(_right_row(images, list(dict.fromkeys(networks))))
    return rows


def _photos_row(photos: int, is_choice: bool) -> Difference:
    if is_choice:
        return number_row("Photos", printed.ITEMS, photos)
    return Difference("Photos", "not said", f"{photos:,}")


def _per_class_row(photos: Counter, is_choice: bool) -> Difference:
    least, most = (min(photos.values()), max(photos.values())) if photos else (0, 0)
    here = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    if not is_choice:
        return Difference("Photos of a class", "not said", here)
    same = least == most == printed.PER_CLASS
    return Difference(
        "Photos of a class",
        f"{printed.PER_CLASS}",
        here,
        "" if same else f"photos of a class {here} ({printed.PER_CLASS})",
    )


def _answers_row(study: Study, is_choice: bool) -> Difference:
    each = study.responses_per_item
    if not is_choice:
        return Difference("Answers about a photo", "not said", f"{each}")
    there = (
        f"not said; {printed.ANSWERS_PER_ITEM} would explain why every printed score is a multiple of 0.25"
    )
    return number_row("Answers about a photo", printed.ANSWERS_PER_ITEM, each, there=there)


def _people_row(result: Summary | None) -> Difference:
    there = f"{printed.PEOPLE} volunteers without knowledge of deep learning"
    people = result.participants if result is not None else 0
    if not people or result is None:
        return Difference("People", there, "nobody yet", "nobody has answered")
    here = f"{people_in_words(result)}, {result.responses:,} answers"
    if result.simulated:
        return Difference("People", there, here, people_in_words(result))
    return Difference(
        "People", there, here, "" if people == printed.PEOPLE else f"people {people} ({printed.PEOPLE})"
    )


def _networks_of(study: Study) -> list[Network]:
    """The network of each arm whose maps are computed, in the order of the arms."""
    named = [source_of(arm).pipeline(source_of(arm).keys_of(arm)) for arm in study.arms.order_by("index")]
    networks = {network.name: network for network in Network.objects.all()}
    return [networks[pair.network] for pair in named if pair and pair.network in networks]


def _networks_row(networks: list[Network], is_choice: bool) -> Difference:
    """By weights and layer, and not by name."""
    theirs = list(printed.NETWORKS)[: 1 if is_choice else 2]
    used = list(dict.fromkeys(networks))
    same = len(used) == len(theirs) and all(
        same_weights(network, printed.NETWORKS[name]) and same_layer(network, printed.NETWORKS[name])
        for network, name in zip(used, theirs, strict=True)
    )
    here = ", ".join(f"{one.name} (SHA-256 {one.weights_sha256[:12]}…, layer {one.layer})" for one in used)
    brief = "" if same else f"maps of {' and '.join(one.name for one in used) or 'no network'}"
    return Difference("Networks", " and ".join(theirs), here or "none", brief)


def _methods_row(study: Study, is_choice: bool) -> Difference:
    theirs = sorted(printed.METHODS) if is_choice else [printed.PIXEL]
    used = sorted(
        {facts.method or arm.name for arm in study.arms.all() for facts in [source_of(arm).facts(arm)]}
    )
    return Difference(
        "Methods",
        ", ".join(theirs),
        ", ".join(used),
        "" if used == theirs else f"methods {', '.join(used)}",
    )


def _floor_row(image_set: ImageSet, network: Network, photos: Counter) -> Difference:
    """The F1 of the classes that are in the study, from what the network says of the whole set."""
    f1 = {row.class_name: row.f1 for row in f1_by_class(image_set=image_set, network=network).classes}
    least = min((f1.get(name, 0.0) for name in photos), default=0.0)
    there = f"the five classes of the greatest F1, above {printed.F1_ABOVE}"
    if least > printed.F1_ABOVE:
        return Difference("F1 of the classes", there, f"at least {least:.3f}")
    return Difference(
        "F1 of the classes", there, f"the least is {least:.3f}", f"F1 from {least:.2f} ({printed.F1_ABOVE})"
    )


def _share_row(study: Study, image_set: ImageSet) -> Difference:
    share = study.protocol.get("photos", {}).get("top_share")
    classes = image_set.images.order_by().values("class_name").distinct().count()
    there = f"five of those in the best {printed.TOP_SHARE:.0%} of classes by F1 of both networks".replace(
        "%", " %"
    )
    if share is None:
        return Difference("Classes chosen", there, "not by F1", "classes not chosen by F1")
    here = f"of the best {100 * share:g} % of {classes:,} classes"
    same = share == printed.TOP_SHARE and classes == printed.CLASSES
    return Difference("Classes chosen", there, here, "" if same else here)


def _right_row(images: list, networks: list[Network]) -> Difference:
    said = [verdicts(images=images, network=network) for network in networks]
    right = sum(all(verdict.is_right(image.pk) for verdict in said) for image in images)
    return Difference(
        "Right by both networks",
        "every photo",
        f"{right:,} of {len(images):,}",
        "" if right == len(images) else f"right by both {right:,} of {len(images):,}",
    )
