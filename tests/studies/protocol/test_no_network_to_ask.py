"""Photos that are to be chosen by what networks say, where no arm names a network: said in words, never ignored."""

import pytest

from explain.models import ImageSet
from studies.protocol import ProtocolError, check_protocol, choose_classes, choose_photos
from tests.factories import CONSENT, make_image

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("key", "value"), [("only_correct", True), ("min_f1", 0.5), ("top_classes", 1), ("top_share", 0.5)]
)
def test_a_rule_that_asks_networks_needs_one(key, value):
    make_image(ImageSet.objects.create(name="birds"), 0)
    protocol = check_protocol(
        {
            "version": 1,
            "consent": CONSENT,
            "slug": "brought",
            "title": "Maps from elsewhere",
            "task": "choice",
            "photos": {"set": "birds", key: value},
            "arms": [{"maps": "ours"}, {"maps": "theirs"}],
            "design": {"seed": 3, "responses_per_item": 2, "trials_per_participant": 1},
        }
    )
    for choose in (choose_classes, choose_photos):
        with pytest.raises(ProtocolError) as caught:
            choose(protocol)
        assert str(caught.value).startswith(f"photos.{key}: asks what networks say of the photos, and no arm")
