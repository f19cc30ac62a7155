"""Small real rows for tests: photos, maps and studies with pictures on disk, made without torch."""

import hashlib
import io
import secrets
from functools import cache
from pathlib import Path

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from PIL import Image as PillowImage

from explain.cam.rendering import encoding
from explain.models import ExplanationMap, Image, ImageSet, Network, random_name
from studies.models import Arm, Invitation, Item, ItemMap, Participant, Study, Trial, hash_token
from studies.protocol.wording import default_wording
from studies.trial_types import trial_type

SIDE = 64  # pixels of a test picture
BYTES = 8000  # of a picture that a study shows


@cache
def jpeg(seed: int, side: int = SIDE) -> bytes:
    """A JPEG of seeded noise."""
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)
    file = io.BytesIO()
    PillowImage.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def webp(seed: int) -> bytes:
    """A picture of seeded noise as a study shows it: of the length of all others."""
    pixels = np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    return encoding.filled(encoding.encode_alike([pixels])[0], BYTES)


def shown(content: bytes) -> dict[str, str]:
    """The columns of an item, or of its map, that shows this picture."""
    return {
        "picture": stored(content, "picture.webp"),
        "picture_sha256": hashlib.sha256(content).hexdigest(),
    }


def without_pictures(study: Study) -> Study:
    """The study as it is before its pictures are made."""
    for model in (Item, ItemMap):
        model.objects.update(picture="", picture_sha256="")
    return study


def stored(content: bytes, name: str = "picture.jpg") -> str:
    """The name of a file that lies where uploads do. A storage's own `save` takes several times as long."""
    name = random_name(None, name)
    if not isinstance(default_storage, FileSystemStorage):
        return default_storage.save(name, ContentFile(content))
    path = Path(default_storage.path(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return name


def make_image(image_set: ImageSet, number: int, class_name: str = "hammer", class_index: int = 587) -> Image:
    image = new_image(image_set, number, class_name, class_index)
    image.save()
    return image


def new_image(image_set: ImageSet, number: int, class_name: str = "hammer", class_index: int = 587) -> Image:
    content = jpeg(number)
    return Image(
        image_set=image_set,
        file=stored(content),
        picture=stored(content),
        original_name=f"{class_name}-{number}.jpg",
        class_name=class_name,
        class_index=class_index,
        width=SIDE,
        height=SIDE,
        source_sha256=secrets.token_hex(32),
        content_sha256=secrets.token_hex(32),
    )


def make_network(name: str = "tiny") -> Network:
    return Network.objects.create(
        name=name,
        load="torchvision:squeezenet1_1",
        layer="features",
        weights_sha256="0" * 64,
        class_names=[str(number) for number in range(1000)],
    )


def make_map(image: Image, network: Network, method: str) -> ExplanationMap:
    made = new_map(image, network, method)
    made.save()
    return made


def new_map(image: Image, network: Network, method: str) -> ExplanationMap:
    values = np.random.default_rng([image.pk, network.pk, len(method)]).random((7, 7), dtype=np.float32)
    picture = jpeg(image.pk * 1000 + network.pk * 100 + len(method))
    return ExplanationMap(
        image=image,
        network=network,
        layer=network.layer,
        method=method,
        target=image.class_index,
        parameters_hash="0" * 64,
        values=values.astype("<f4").tobytes(),
        height=7,
        width=7,
        **{kind: stored(picture) for kind in ("overlay", "masked", "heat")},
    )


# Who answers for the studies of tests: without it none is opened for people.
CONSENT = {"responsible": "Dr. Test", "institution": "University of Tests", "contact": "test@example.org"}
METHODS = ("grad-cam", "ablation-cam", "pixel-ablation-cam")


def methods_for(*, task: str = "choice", **_) -> dict[str, tuple[str, ...]]:
    """As many of `METHODS` as a study of a trial type can compare."""
    return {"methods": METHODS[: trial_type(task).asked.most_arms]}


def make_study(
    slug: str = "demo",
    *,
    task: str = "choice",
    items: int = 3,
    methods: tuple[str, ...] = METHODS,
    networks: tuple[str, ...] = ("tiny",),
    state: str = Study.State.READY,
    **fields,
) -> Study:
    """A study with arms, items and maps, one arm for each (network, method). No trials yet."""
    image_set = ImageSet.objects.create(name=f"photos-of-{slug}")
    fields.setdefault(
        "wording", default_wording(task, fields.get("picture", "overlay"), fields.get("language", "en"))
    )
    fields["protocol"] = {"consent": CONSENT, **fields.get("protocol", {})}
    study = Study.objects.create(slug=slug, task=task, **{"title": f"Study {slug}", **fields})
    arms = Arm.objects.bulk_create(
        Arm(study=study, index=index, name=name, network=network, method=method)
        for index, (name, network, method) in enumerate(
            (
                method
                if len(networks) == 1
                else network.name
                if len(methods) == 1
                else f"{network} {method}",
                network,
                method,
            )
            for network in map(make_network, networks)
            for method in methods
        )
    )
    images = Image.objects.bulk_create(new_image(image_set, number) for number in range(items))
    maps = ExplanationMap.objects.bulk_create(
        new_map(image, arm.network, arm.method) for image in images for arm in arms
    )
    asked = Item.objects.bulk_create(
        Item(
            study=study,
            index=number,
            image=image,
            prediction=prediction_of(task, number),
            **shown(webp(image.pk)),
        )
        for number, image in enumerate(images)
    )
    pairs = [(item, arm) for item in asked for arm in arms]
    ItemMap.objects.bulk_create(
        ItemMap(item=item, arm=arm, map=found, **shown(webp(1000 + found.pk)))
        for (item, arm), found in zip(pairs, maps, strict=True)
    )
    study.state = state
    study.save()
    return study


def prediction_of(task: str, number: int) -> dict | None:
    """What a network says of a photo of `new_image`, where trials of the type show it: right about every other one."""
    if not trial_type(task).asked.network_speaks:
        return None
    right = number % 2 == 0
    says = "hammer" if right else "dam"
    said = {"network": "tiny", "says": says, "label": "hammer", "probability": 0.8, "right": right}
    panels = trial_type(task).asked.panels
    if panels == 1:
        return said
    place = number % panels
    return said | {
        "targets": [*range(panels)],
        "places": {"says": place, "label": place if right else (place + 1) % panels},
    }


def make_trials(study: Study, orders: list[str]) -> list[Trial]:
    """Open trials, one for each item and order. The real thing is allocation.open_study."""
    return Trial.objects.bulk_create(
        Trial(study=study, item=item, order=order) for item in study.items.all() for order in orders
    )


def make_participant(study: Study, number: int = 1, **fields) -> Participant:
    """Someone who has agreed to take part. Their link's token is `token-NUMBER-of-SLUG`."""
    invitation = study.invitations.first() or Invitation.issue(study)[0]
    return Participant.objects.create(
        study=study,
        invitation=invitation,
        number=number,
        token_sha256=hash_token(f"token-{number}-of-{study.slug}"),
        **fields,
    )
