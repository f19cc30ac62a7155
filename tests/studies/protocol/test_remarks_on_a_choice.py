"""What the command line and the page say of a choice that a study cannot rest on."""

import tomllib

import pytest
from django.conf import settings

from explain.models import Image, ImageSet, Prediction
from studies.protocol import check_protocol, choose_classes, remarks_on
from tests.factories import make_image, make_network

pytestmark = pytest.mark.django_db


def test_a_thousand_photos_of_a_thousand_classes_starve_both_of_the_papers_studies():
    """Every network gets every photo right, so every F1 is 1.00, and 5 of 995 classes more are taken by chance."""
    image_set, names = ImageSet.objects.create(name="imagenet-val"), [f"c{n:04}" for n in range(1000)]
    first = make_image(image_set, 0, names[0], 0)
    copied = {
        field.attname: getattr(first, field.attname)
        for field in Image._meta.concrete_fields
        if not field.primary_key
    }
    changing = ("class_name", "class_index", "source_sha256", "original_name", "file")
    Image.objects.bulk_create(
        Image(**{k: v for k, v in copied.items() if k not in changing}, class_name=name, class_index=place,
              source_sha256=f"{place:064}", original_name=f"{name}.jpg", file=f"{place}.jpg")
        for place, name in enumerate(names) if place
    )  # fmt: skip
    for network in (make_network("resnet50"), make_network("vgg16")):
        network.class_names = names
        network.save()
        Prediction.objects.bulk_create(
            Prediction(
                image=image,
                network=network,
                top_class=image.class_index,
                top_probability=1,
                label_probability=1,
            )
            for image in image_set.images.all()
        )
    for name, tied in (("paper-method-choice", 995), ("paper-reliability", 990)):
        text = (settings.BASE_DIR / f"docs/protocols/{name}.toml").read_text("utf-8")
        protocol = check_protocol(tomllib.loads(text))
        told = remarks_on(protocol, choose_classes(protocol))
        assert told[-1].startswith(
            "5 photos for 15 people, where the protocol asks for 250: 20 answers in all, 1.3 from each"
        )
        assert any(one.startswith("Fewer than 50 photos are left of: c") for one in told)
        assert any(
            "left out by the seed: " in one and one.endswith(f" and {tied - 10} others.") for one in told
        )
