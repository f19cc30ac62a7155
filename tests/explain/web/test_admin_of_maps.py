"""The admin shows all that the explain app keeps, and lets be changed only what may change."""

import pytest
from django.urls import reverse

from explain import tasks
from explain.models import Batch, ExplanationMap, Image, ImageSet, Network, Prediction
from tests.factories import make_image, make_map, make_network

TABLES = ["imageset", "image", "network", "prediction", "precompute", "batch", "explanationmap"]


@pytest.fixture
def rows(db):
    """One row of everything."""
    image_set = ImageSet.objects.create(name="tools")
    network = make_network("tiny")
    image = make_image(image_set, 1)
    make_map(image, network, "grad-cam")
    Prediction.objects.create(image=image, network=network, top_class=587, top_probability=0.9)
    run = image_set.precomputes.create(methods=["grad-cam"])
    run.networks.add(network)
    Batch.objects.create(precompute=run, network=network, state="failed", attempts=3, error="disk full")
    return {
        name: model.objects.get().pk
        for name, model in zip(
            TABLES, (ImageSet, Image, Network, Prediction, run.__class__, Batch, ExplanationMap), strict=True
        )
    }


@pytest.fixture
def admin(client, admin_user):
    client.force_login(admin_user)
    return client


@pytest.mark.parametrize("table", TABLES)
def test_every_table_has_a_list_and_a_page(admin, rows, table):
    assert admin.get(reverse(f"admin:explain_{table}_changelist")).status_code == 200
    assert admin.get(reverse(f"admin:explain_{table}_change", args=[rows[table]])).status_code == 200


def test_the_page_of_a_map_shows_its_picture(admin, rows):
    pk = rows["explanationmap"]
    page = admin.get(reverse("admin:explain_explanationmap_change", args=[pk])).content.decode()
    assert f'<img src="{reverse("map-picture", args=["overlay", pk])}"' in page


@pytest.mark.parametrize("table", [name for name in TABLES if name != "imageset"])
def test_nothing_that_is_computed_or_checked_is_made_by_hand(admin, rows, table):
    assert admin.get(reverse(f"admin:explain_{table}_add")).status_code == 403


@pytest.mark.parametrize("table", ["prediction", "precompute", "batch", "explanationmap"])
def test_computed_rows_cannot_be_edited(admin, rows, table):
    assert admin.post(reverse(f"admin:explain_{table}_change", args=[rows[table]]), {}).status_code == 403


def test_credits_can_be_corrected_and_a_label_only_before_there_are_maps(admin, rows):
    address = reverse("admin:explain_image_change", args=[rows["image"]])
    correction = {"author": "Ann", "licence": "CC0", "source": "", "boxes": "[]"}
    label = {"class_name": "claw hammer", "class_index": "588"}
    assert admin.post(address, correction | label).status_code == 302
    image = Image.objects.get()
    assert (image.author, image.class_name, image.class_index) == ("Ann", "hammer", 587)
    ExplanationMap.objects.all().delete()
    assert admin.post(address, correction | label).status_code == 302
    image.refresh_from_db()
    assert (image.class_name, image.class_index) == ("claw hammer", 588)


def test_a_network_with_maps_keeps_how_it_is_loaded(admin, rows):
    address = reverse("admin:explain_network_change", args=[rows["network"]])
    change = {"name": "renamed", "load": "timm:other", "weights": "/else.pth", "layer": "layer1"}
    before = (Network.objects.get().load, Network.objects.get().weights, Network.objects.get().layer)
    assert admin.post(address, change).status_code == 302
    network = Network.objects.get()
    assert network.name == "renamed"
    assert (network.load, network.weights, network.layer) == before


def test_what_a_network_is_loaded_from_is_not_written_in_a_browser(admin, rows):
    """A worker would open whatever file is named there."""
    ExplanationMap.objects.all().delete()
    address = reverse("admin:explain_network_change", args=[rows["network"]])
    before = (Network.objects.get().load, Network.objects.get().weights)
    change = {"name": "renamed", "load": "/tmp/x.pt2", "weights": "sha256:" + "0" * 64, "layer": "layer1"}
    assert admin.post(address, change).status_code == 302
    network = Network.objects.get()
    assert (network.name, network.layer) == ("renamed", "layer1")
    assert (network.load, network.weights) == before


def test_a_failed_batch_is_requeued_from_the_list(admin, rows, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.run_batch, "delay_on_commit", sent.append)
    answer = admin.post(
        reverse("admin:explain_batch_changelist"),
        {"action": "requeue", "_selected_action": [rows["batch"]]},
        follow=True,
    )
    assert "Waiting for a worker: 1." in answer.content.decode()
    batch = Batch.objects.get()
    assert (batch.state, batch.attempts) == ("pending", 0)
    assert sent == [batch.pk]
