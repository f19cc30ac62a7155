"""A study that has been opened can no longer change what it asks."""

import pytest

from studies.frozen import FrozenStudyError
from studies.models import Arm, Item, ItemMap, Study
from studies.opening import open_study
from tests.factories import make_image, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened():
    return open_study(study=make_study())


@pytest.mark.parametrize(
    "field", ["title", "task", "wording", "seed", "responses_per_item", "protocol_sha256"]
)
def test_what_it_asks_cannot_be_saved_otherwise(opened, field):
    value = {"wording": {"question": "Which?"}, "seed": 99, "responses_per_item": 99, "task": "rating"}
    setattr(opened, field, value.get(field, "other"))
    with pytest.raises(FrozenStudyError, match="has been opened"):
        opened.save()


def test_it_can_be_paused_and_closed_but_not_made_a_draft_again(opened):
    for state in (Study.State.PAUSED, Study.State.OPEN, Study.State.CLOSED):
        opened.state = state
        opened.save()
    opened.state = Study.State.DRAFT
    with pytest.raises(FrozenStudyError):
        opened.save()


def test_a_draft_can_change():
    study = make_study()
    study.title = "Better"
    study.save()
    arm = study.arms.first()
    arm.name = "better"
    arm.save()
    study.arms.all().delete()
    assert not study.arms.exists()


@pytest.mark.parametrize("model", [Arm, Item, ItemMap])
def test_its_arms_items_and_maps_cannot_be_saved_or_deleted(opened, model):
    row = model.objects.first()
    for attempt in (row.save, row.delete, model.objects.all().delete):
        with pytest.raises(FrozenStudyError):
            attempt()
    assert model.objects.filter(pk=row.pk).exists()


def test_its_arms_cannot_be_changed_in_bulk(opened):
    with pytest.raises(FrozenStudyError):
        Arm.objects.update(method="grad-cam")
    image = make_image(opened.items.first().image.image_set, 99)
    for create in (Item.objects.create, lambda **row: Item.objects.bulk_create([Item(**row)])):
        with pytest.raises(FrozenStudyError):
            create(study=opened, index=99, image=image)


def test_an_open_study_does_not_stop_a_draft_from_changing(opened):
    draft = make_study("another", networks=("other",))
    assert Arm.objects.filter(study=draft).update(method="centre") == 3
