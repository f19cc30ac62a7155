"""From a protocol file to an open study, by the commands that an admin types."""

import json
from collections import Counter
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from explain.models import Prediction
from studies.lifecycle.fingerprint import is_intact
from studies.lifecycle.opening import OpeningError, open_study
from studies.models import Invitation, Item, Study, hash_token
from tests import by_sql
from tests.factories import make_network

pytestmark = pytest.mark.django_db

TOML = """
version = 1
slug = "small"
title = "A small study"
task = "choice"
[photos]
set = "birds"
{photos}
[[arms]]
network = "{first}"
method = "grad-cam"
[[arms]]
network = "{second}"
method = "ablation-cam"
[design]
responses_per_item = 3
trials_per_participant = 2
seed = 3
[consent]
responsible = "Dr. Test"
institution = "University of Tests"
contact = "test@example.org"
"""


@pytest.fixture
def write(tmp_path):
    def write(photos="", first="tiny", second="tiny") -> Path:
        path = tmp_path / "study.toml"
        path.write_text(TOML.format(photos=photos, first=first, second=second))
        return path

    return write


def run(*args, **options):
    out = StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue()


def refused(*args, **options):
    with pytest.raises(CommandError) as caught:
        run(*args, **options)
    assert caught.value.returncode == 2
    return str(caught.value)


def test_it_makes_arms_and_items_with_a_map_for_each(birds, write):
    answer = json.loads(run("create_study", write(), json=True))
    assert answer == {
        "study": "small",
        "task": "choice",
        "state": "ready",
        "arms": 2,
        "photos": 6,
        "trials": 18,
        "least_people": 9,
    }
    study = Study.objects.get()
    for item in study.items.all():
        shown = {(m.arm.network, m.arm.method, m.map.image) for m in item.item_maps.all()}
        assert shown == {(birds[1][0], "grad-cam", item.image), (birds[1][0], "ablation-cam", item.image)}
    assert not study.trials.exists()


def test_only_photos_that_every_network_gets_right(birds, write):
    images, networks = birds
    wrong = {(images[0].pk, "tiny"), (images[1].pk, "small")}
    for image in images:
        for network in networks:
            top = 1 if (image.pk, network.name) in wrong else image.class_index
            Prediction.objects.create(image=image, network=network, top_class=top, top_probability=0.9)
    run("create_study", write("only_correct = true", "tiny", "small"))
    assert {item.image for item in Item.objects.all()} == set(images[2:])


def test_photos_that_a_network_has_not_looked_at_are_no_ground_to_choose(birds, write):
    message = refused("create_study", write("only_correct = true"))
    assert message == (
        "photos.only_correct: tiny has not looked at all photos of birds; "
        "first run: manage.py precompute birds --networks tiny --methods grad-cam,ablation-cam"
    )


def test_a_network_of_other_classes_is_asked_about_its_own_target(birds, write):
    images, networks = birds
    own = networks[1]
    own.class_names = ["robin", "ostrich", "hen"]
    own.save()
    for image in images:
        index = own.class_names.index(image.class_name)
        Prediction.objects.create(
            image=image, network=networks[0], top_class=image.class_index, top_probability=1
        )
        Prediction.objects.create(image=image, network=own, top_class=index, top_probability=1)
        image.maps.filter(network=own, method="ablation-cam").update(target=index)
    run("create_study", write("only_correct = true", "tiny", "small"))
    assert Item.objects.count() == 6


def test_maps_of_another_target_are_not_shown(birds, write):
    birds[0][0].maps.filter(method="ablation-cam").update(target=3)
    assert "arms: 1 of 6 maps of ablation-cam by tiny are missing." in refused("create_study", write())


def test_photos_of_a_class_that_a_network_does_not_know_are_named(birds, write):
    network = birds[1][0]
    network.class_names = ["hen", "robin"]
    network.save()
    message = refused("create_study", write())
    assert message == "photos.set: tiny knows no class 'ostrich'; leave such photos out with photos.classes."


def test_classes_and_a_limit_are_kept_and_the_draw_is_the_seeds(birds, write):
    run("create_study", write('classes = ["hen", "robin"]\nlimit = 3'))
    first = list(Item.objects.values_list("image", flat=True))
    assert len(first) == 3
    assert set(Item.objects.values_list("image__class_name", flat=True)) <= {"hen", "robin"}
    Study.objects.all().delete()
    run("create_study", write('classes = ["hen", "robin"]\nlimit = 3'))
    assert list(Item.objects.values_list("image", flat=True)) == first


def test_missing_maps_are_counted_and_the_command_that_makes_them_is_named(birds, write):
    birds[0][0].maps.filter(method="ablation-cam").delete()
    lines = refused("create_study", write(second="small")).split("\n")
    assert lines == [
        "arms: 1 of 6 maps of ablation-cam by small are missing.",
        "First run: manage.py precompute birds --networks tiny,small --methods grad-cam,ablation-cam",
    ]
    assert not Study.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"first": "vgg16"},
            "'vgg16' is no network here (there is: small, tiny); add it: manage.py add_network vgg16",
        ),
        ({"photos": 'classes = ["emu"]'}, "photos.classes: no photo is labelled 'emu'."),
    ],
)
def test_what_is_not_there_is_named_with_the_remedy(birds, write, change, words):
    assert words in refused("create_study", write(**change))


def test_a_set_that_is_not_there_is_named_with_the_remedy(write):
    make_network("tiny")
    assert "manage.py import_images PATH --set birds" in refused("create_study", write())


def test_a_slug_is_used_once(birds, write):
    run("create_study", write())
    assert "choose another slug" in refused("create_study", write())


def test_opening_makes_exactly_r_trials_an_item_and_prints_a_link_that_works(birds, write, client):
    run("create_study", write())
    answer = json.loads(run("open_study", "small", json=True, base_url="https://study.example.org/"))
    study = Study.objects.get()
    assert set(Counter(study.trials.values_list("item", flat=True)).values()) == {3}
    assert answer["trials"] == 18
    assert (answer["study"], answer["sha256"]) == ("small", study.protocol_sha256)
    assert answer["code_version"] == study.code_version
    assert set(answer) == {"study", "trials", "code_version", "sha256", "invitation"}
    assert (study.state, bool(study.opened_at), bool(study.code_version)) == ("open", True, True)
    assert answer["invitation"].startswith("https://study.example.org/join/")
    page = client.get(answer["invitation"].removeprefix("https://study.example.org"))
    assert "A small study" in page.content.decode()
    assert study.events.get().kind == "opened"


def test_a_study_opens_once(birds, write):
    run("create_study", write())
    study = open_study(study=Study.objects.get())
    with pytest.raises(OpeningError, match="is open; only a ready study can be opened"):
        open_study(study=study)
    assert study.trials.count() == 18
    assert "only a ready study" in refused("open_study", "small")


def test_an_unknown_study_is_named_with_those_there_are(birds, write):
    run("create_study", write())
    assert refused("open_study", "big") == "big: no such study. Studies: small"


def test_a_study_is_intact_until_a_picture_changes(birds, write):
    run("create_study", write())
    study = open_study(study=Study.objects.get())
    assert is_intact(study)
    overlay = study.items.first().item_maps.first().picture
    with overlay.storage.open(overlay.name, "wb") as file:
        file.write(b"another picture")
    assert not is_intact(study)


def test_the_hash_depends_on_the_order_of_arms_and_on_the_wording(birds, write):
    hashes = set()
    for first, second, title in [("tiny", "small", "A"), ("small", "tiny", "A"), ("tiny", "small", "B")]:
        path = write(first=first, second=second)
        path.write_text(path.read_text().replace("A small study", title))
        run("create_study", path)
        hashes.add(open_study(study=Study.objects.get()).protocol_sha256)
        by_sql.remove_study(Study.objects.get())
    assert len(hashes) == 3


def test_an_invitation_has_the_limits_that_were_asked_for(birds, write):
    run("create_study", write())
    answer = json.loads(run("invite", "small", json=True, label="friends", quota=5, days=2.0, simulated=True))
    token = answer["invitation"].rstrip("/").rsplit("/", 1)[1]
    invitation = Invitation.objects.get(token_sha256=hash_token(token))
    assert (invitation.label, invitation.quota, invitation.simulated) == ("friends", 5, True)
    assert answer == {
        "study": "small",
        "label": "friends",
        "quota": 5,
        "expires": invitation.expires_at.isoformat(timespec="minutes"),
        "simulated": True,
        "invitation": answer["invitation"],
    }
    assert timedelta(days=1.9) < invitation.expires_at - timezone.now() <= timedelta(days=2)
    assert answer["invitation"].startswith("http://127.0.0.1:8000/join/")


@pytest.mark.parametrize("limit", [{"quota": 0}, {"days": -1.0}])
def test_a_limit_that_lets_nobody_in_is_refused(birds, write, limit):
    run("create_study", write())
    assert "left out for no limit" in refused("invite", "small", **limit)
    assert not Invitation.objects.exists()


def test_both_commands_say_what_the_page_of_photos_says(birds, write, client, admin_user):
    """Six photos for fifteen people: who opens such a study by the command line is told as on the page."""
    path = write("per_class = 50")
    path.write_text(path.read_text() + "[recruitment]\npeople = 15\n")
    created, opened = run("create_study", path), run("open_study", "small", alike_seen=True)
    client.force_login(admin_user)
    page = client.get(reverse("study-photos", args=["small"])).content.decode()
    for told in (created, opened, page):
        assert "Fewer than 50 photos are left of: " in told
        assert (
            "6 photos for 15 people: 18 answers in all, 1.2 from each; what comes out is about these photos alone."
            in told
        )
