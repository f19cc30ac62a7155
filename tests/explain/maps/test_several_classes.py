"""Maps of several classes of each photo: which these are, and that each is made once."""

import pytest

from explain.core.errors import BadInputError
from explain.maps import runs as precompute
from explain.maps.batches import run_pending
from explain.maps.classes import first_of
from explain.models import Prediction
from explain.photos import label_targets


def test_maps_of_several_classes_of_each_photo_have_what_the_network_says_and_what_is_right_among_them(
    photos, tiny
):
    """An older prediction that kept no classes gets them, and else stays as it was."""
    older = photos.images.first()
    Prediction.objects.create(image=older, network=tiny, top_class=0, top_probability=0.4)
    run = precompute.plan_run(image_set=photos, networks=[tiny], methods=["grad-cam"], target="top-2")
    run_pending(run, lambda: None)
    targets = label_targets(photos.images.all(), tiny)
    for said in Prediction.objects.filter(network=tiny):
        made = set(said.image.maps.values_list("target", flat=True))
        assert made >= {targets[said.image_id]}
        assert len(made) == 2
        assert said.likeliest[0] == said.top_class
        assert said.top_class in made
        assert len(set(said.likeliest)) == min(10, len(tiny.class_names))
    assert Prediction.objects.get(image=older).top_probability == 0.4
    again = precompute.plan_run(image_set=photos, networks=[tiny], methods=["grad-cam"], target="top-2")
    assert (again.pk, again.batches.filter(state="pending").count()) == (run.pk, 0)


@pytest.mark.parametrize("target", ["top-1", "top-11", "likely", "top-2 "])
def test_a_target_that_there_is_not_is_named(photos, tiny, target):
    with pytest.raises(BadInputError, match="must be label, top, or top-2 to top-10"):
        precompute.plan_run(image_set=photos, networks=[tiny], methods=["grad-cam"], target=target)


@pytest.mark.parametrize(
    ("top", "likeliest", "label", "count", "classes"),
    [
        (3, [3, 5, 1, 0], 0, 3, (3, 5, 0)),
        (3, [3, 5, 1], 5, 2, (3, 5)),
        (1, [3, 1, 5], 1, 2, (1, 3)),
        (1, [], None, 4, (1,)),
    ],
)
def test_the_classes_of_a_photo(top, likeliest, label, count, classes):
    assert first_of(top, likeliest, label, count) == classes
