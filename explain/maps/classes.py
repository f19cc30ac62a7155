"""Which classes of a photo maps are made of: its label, the network's top class, or several of one photo, `top-N`.

Of several there are the network's top class, then the likeliest others; where the photo's own class is not among the first N, it
stands in place of the last. So what the network says and what is right are always among them.
"""

import re
from collections.abc import Mapping, Sequence

from explain.core.errors import BadInputError
from explain.models import Image, Network, Precompute, Prediction
from explain.photos import label_targets

LIKELIEST = 10  # classes that a prediction keeps
SEVERAL = re.compile(r"top-([0-9]{1,2})")
Classes = Mapping[int, tuple[int, ...]]  # photo's key -> the classes of its maps


def target_of(count: int) -> str:
    """The target of a run that makes maps of so many classes of each photo.

    >>> target_of(1), target_of(4)
    ('label', 'top-4')
    """
    return f"top-{count}" if count > 1 else Precompute.Target.LABEL.value


def several_in(target: str) -> int:
    """How many classes of each photo a target asks for, where it is `top-N`; 0 where it is another.

    Raises BadInputError where it is no target at all.
    """
    if target in Precompute.Target.values:
        return 0
    found = SEVERAL.fullmatch(target)
    if not found or not 2 <= int(found[1]) <= LIKELIEST:
        raise BadInputError(
            f"--target {target}: must be label, top, or top-2 to top-{LIKELIEST} for the likeliest classes of each photo"
        )
    return int(found[1])


def in_words(target: str) -> str:
    """What maps of a target are of: it follows “explaining”."""
    known = dict(Precompute.Target.choices)
    return known.get(target) or f"{several_in(target)} classes of each photo"


def first_of(top: int, likeliest: Sequence[int], label: int | None, count: int) -> tuple[int, ...]:
    """`top` and the likeliest others: so many classes of one photo, none twice: fewer only where the network has no more.

    >>> first_of(3, [3, 5, 1, 0], 0, 3)
    (3, 5, 0)
    """
    chosen = list(dict.fromkeys([top, *likeliest]))[:count]
    if label is not None and label not in chosen:
        chosen[-1:] = [label]
    return tuple(chosen)


def classes_of(images: Sequence[Image], network: Network, target: str, **photos: object) -> Classes:
    """Photo's key -> the classes that a target asks for; photos of which they are not known yet are left out.

    `photos`: a filter of rows about them (missing.rows_of).
    """
    count = several_in(target)
    labels = label_targets(images, network) if count or target == Precompute.Target.LABEL else {}
    if target == Precompute.Target.LABEL:
        return {key: (label,) for key, label in labels.items() if label is not None}
    rows = Prediction.objects.filter(network=network, **photos)
    if not count:
        return {key: (top,) for key, top in rows.values_list("image_id", "top_class")}
    said = rows.exclude(likeliest=[]).values_list("image_id", "top_class", "likeliest")
    wanted = {image.pk for image in images}
    return {
        key: first_of(top, likeliest, labels.get(key), count) for key, top, likeliest in said if key in wanted
    }
