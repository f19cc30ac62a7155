"""Photos, networks, runs and maps: members of a study see what it uses, admins all, staff what is theirs or nobody's yet."""

import pytest
from django.urls import reverse

from explain.models import ExplanationMap, ImageSet, Job, Network, Precompute
from studies.access.permissions import Role, give_role
from studies.models import Study
from studies.setup.drafts import create_draft
from tests.factories import make_image, make_map, make_network, make_study
from tests.studies.protocol.test_read_protocol import changed

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study("methods", items=2)


@pytest.fixture
def run(study):
    """The run that made the study's maps."""
    run = Precompute.objects.create(image_set=study.items.first().image.image_set, methods=["grad-cam"])
    run.networks.add(study.arms.first().network)
    return run


@pytest.fixture
def account(django_user_model):
    return django_user_model.objects.create_user("account", password="correct horse battery")


def seen(client, image_set, run=None) -> set[int]:
    """The statuses of all pages and pictures that show something of a set."""
    photo = image_set.images.first()
    made = photo.maps.first()
    addresses = [
        reverse("image-set", args=[image_set.name]),
        reverse("photo-picture", args=[photo.pk]),
        *(reverse("map-picture", args=[kind, made.pk]) for kind in ("overlay", "masked", "heat")),
        *(reverse(name, args=[run.pk]) for name in ("run", "run-state") if run),
    ]
    return {client.get(address).status_code for address in addresses}


def test_an_account_without_a_role_sees_nothing_and_is_not_told_what_there_is(client, account, study, run):
    client.force_login(account)
    image_set = run.image_set
    assert seen(client, image_set, run) == {404}
    assert client.get(reverse("runs")).status_code == 403
    assert client.get(reverse("image-set", args=["none"])).status_code == 404
    for name in ("run-retry", "run-stop", "run-remove"):
        assert client.post(reverse(name, args=[run.pk])).status_code in (403, 404)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESEARCHER])
def test_a_member_sees_what_the_study_uses_and_nothing_of_another(client, account, study, run, role):
    other = make_study("other", networks=("other",))
    give_role(study=study, person=account, role=role)
    client.force_login(account)
    assert seen(client, run.image_set, run) == {200}
    assert seen(client, other.items.first().image.image_set) == {404}
    text = client.get(reverse("runs")).content.decode()
    assert "photos-of-methods" in text
    assert "tiny" in text
    assert "photos-of-other" not in text
    assert ">other<" not in text
    give_role(study=study, person=account, role=None)
    assert seen(client, run.image_set, run) == {404}


def test_a_member_does_not_see_what_another_studys_network_made_of_the_same_photos(client, account, study):
    give_role(study=study, person=account, role=Role.VIEWER)
    make_study("other", networks=("other",))
    image = study.items.first().image
    theirs = make_map(image, Network.objects.get(name="other"), "grad-cam")
    client.force_login(account)
    assert client.get(reverse("map-picture", args=["overlay", theirs.pk])).status_code == 404
    page = client.get(reverse("image-set", args=[image.image_set.name])).content.decode()
    assert reverse("map-picture", args=["overlay", theirs.pk]) not in page
    run = Precompute.objects.create(image_set=image.image_set, methods=["grad-cam"])
    run.networks.add(*Network.objects.all())
    assert client.get(reverse("run", args=[run.pk])).status_code == 404


def test_an_admin_sees_all(client, admin_user, study, run):
    client.force_login(admin_user)
    assert seen(client, run.image_set, run) == {200}
    assert client.get(reverse("runs")).status_code == 200


def test_staff_see_what_no_study_uses_yet_and_nothing_of_others_studies(
    client, researcher, stranger, study, run
):
    image_set = ImageSet.objects.create(name="tools")
    make_map(make_image(image_set, 1), make_network("unused"), "grad-cam")
    study.researchers.add(stranger)
    client.force_login(researcher)
    assert seen(client, image_set) == {200}
    assert seen(client, run.image_set, run) == {404}
    for name in ("run-retry", "run-stop", "run-remove"):
        assert client.post(reverse(name, args=[run.pk])).status_code == 404
    text = client.get(reverse("runs")).content.decode()
    assert "tools" in text
    assert "unused" in text
    assert "photos-of-methods" not in text


def test_whoever_brought_photos_and_networks_in_goes_on_seeing_them(client, researcher, study, run):
    """A study of others uses them by now."""
    image_set, network = run.image_set, run.networks.get()
    client.force_login(researcher)
    assert seen(client, image_set, run) == {404}
    for kind, result in (("photos", {"set": image_set.name}), ("network", {"network": network.name})):
        Job.objects.create(kind=kind, state="done", created_by=researcher, result=result)
    assert seen(client, image_set, run) == {200}
    Job.objects.update(state="failed")
    assert seen(client, image_set, run) == {404}
    Precompute.objects.update(created_by=researcher)
    assert seen(client, image_set, run) == {200}


def test_a_draft_uses_what_its_protocol_names(client, researcher, study, run):
    source = changed(slug="mine", photos__set=run.image_set.name)
    source["arms"] = [{"network": "tiny", "method": method} for method in ("grad-cam", "ablation-cam")]
    client.force_login(researcher)
    assert seen(client, run.image_set, run) == {404}
    draft = create_draft(source=source, user=researcher)
    assert seen(client, run.image_set, run) == {200}
    Study.objects.filter(pk=draft.pk).update(protocol={"photos": 3, "arms": "none"})
    assert seen(client, run.image_set, run) == {404}


def test_photos_do_not_join_a_set_that_somebody_may_not_look_at(client, researcher, study, monkeypatch):
    """Whoever adds to a set would see it from then on."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    monkeypatch.setattr("explain.tasks.tell", lambda *_: None)
    name = study.items.first().image.image_set.name
    client.force_login(researcher)

    def upload(name):
        file = SimpleUploadedFile("photos.zip", b"PK")
        return client.post(reverse("photos-new"), {"set_name": name, "file": file})

    assert "Somebody else’s set is called so" in upload(name).content.decode()
    assert not Job.objects.exists()
    study.researchers.add(researcher)
    assert upload(name).status_code == upload("new").status_code == 302


def test_a_network_is_tried_on_photos_that_one_may_look_at(client, researcher, study, monkeypatch):
    """The page of the job shows the first of them."""
    monkeypatch.setattr("explain.tasks.tell", lambda *_: None)
    name = study.items.first().image.image_set.name
    client.force_login(researcher)
    fields = {"load": "timm:test_efficientnet", "check_set": name}
    page = client.post(reverse("network-new"), fields)
    assert "Select a valid choice" in page.content.decode()
    study.researchers.add(researcher)
    assert client.post(reverse("network-new"), fields).status_code == 302


def test_who_may_look_is_asked_in_as_many_queries_for_many_studies(
    client, account, study, run, django_assert_max_num_queries
):
    for number in range(4):
        make_study(f"more-{number}", networks=(f"network-{number}",))
    for each in Study.objects.all():
        give_role(study=each, person=account, role=Role.VIEWER)
    client.force_login(account)
    address = reverse("map-picture", args=["overlay", ExplanationMap.objects.first().pk])
    with django_assert_max_num_queries(7):
        assert client.get(address).status_code == 200
