"""Opening: the right map of each arm on each photo, every trial once whoever opens it twice, and all of it on record."""

import os
import shutil
import subprocess

import pytest
from PIL import Image as PillowImage

import blindsight
from explain.models import ExplanationMap
from studies.lifecycle import fingerprint, readiness
from studies.lifecycle.check_maps import AttentionError
from studies.lifecycle.fingerprint import is_intact
from studies.lifecycle.opening import AlikeError, OpeningError, open_study
from studies.lifecycle.readiness import create_study
from studies.lifecycle.similarity import measure
from studies.models import Arm, CheckMap, Event, Item, ItemMap, ProtocolVersion, Study
from studies.protocol.schema import ProtocolError, check_protocol
from tests.factories import CONSENT, make_map, make_network, make_study, without_pictures
from tests.studies.trials.test_attention_checks import with_boxes

pytestmark = pytest.mark.django_db

SOURCE = {
    "consent": CONSENT,
    "version": 1,
    "slug": "birds",
    "title": "Birds",
    "task": "choice",
    "photos": {"set": "birds"},
    "arms": [
        {"name": "one", "network": "small", "method": "ablation-cam"},
        {"name": "two", "network": "tiny", "method": "grad-cam"},
        {"name": "three", "network": "small", "method": "grad-cam"},
    ],
    "design": {"seed": 3, "responses_per_item": 2, "trials_per_participant": 5, "break_every": 2},
}


def created(source=SOURCE) -> Study:
    return create_study(protocol=check_protocol(source))


# From a protocol to rows


def test_a_draft_that_cannot_be_made_ready_is_a_draft_as_it_was(birds, monkeypatch):
    draft = Study.objects.create(slug="birds", title="Birds", task="choice", state=Study.State.DRAFT)

    def no_room(*_args, **_kwargs):
        raise OSError("no room")

    monkeypatch.setattr(ItemMap.objects, "bulk_create", no_room)
    with pytest.raises(OSError, match="no room"):
        readiness.make_ready(study=draft, protocol=check_protocol(SOURCE))
    assert Study.objects.get().state == "draft"
    assert not Arm.objects.exists()
    assert not Item.objects.exists()


def test_a_study_asks_what_its_protocol_says(birds):
    study = created()
    assert list(study.arms.values_list("index", "name", "network__name", "method")) == [
        (0, "one", "small", "ablation-cam"),
        (1, "two", "tiny", "grad-cam"),
        (2, "three", "small", "grad-cam"),
    ]
    assert list(study.items.values_list("index", flat=True)) == [0, 1, 2, 3, 4, 5]
    assert (study.seed, study.responses_per_item, study.trials_per_participant, study.break_every) == (
        3,
        2,
        5,
        2,
    )
    assert (study.state, study.protocol["photos"]["set"]) == ("ready", "birds")
    assert study.wording["question"]


def test_every_arm_shows_its_own_networks_newest_map_of_the_photos_class_at_the_networks_layer(birds):
    """Beside each right map lie others that are wrong in one thing, and newer."""
    images, (tiny, _) = birds
    image = images[0]
    old = image.maps.get(network=tiny, method="grad-cam")
    newest = ExplanationMap.objects.get(pk=old.pk)
    newest.pk, newest._state.adding, newest.parameters_hash = None, True, "9" * 64
    newest.save()
    for changed, value in (("layer", "elsewhere"), ("target", 3)):
        wrong = ExplanationMap.objects.get(pk=old.pk)
        wrong.pk, wrong._state.adding = None, True
        setattr(wrong, changed, value)
        wrong.save()
    make_map(image, make_network("third"), "grad-cam")
    study = created()
    for shown in ItemMap.objects.select_related("item", "arm", "map"):
        assert (
            shown.map.image_id,
            shown.map.network_id,
            shown.map.method,
            shown.map.layer,
            shown.map.target,
        ) == (
            shown.item.image_id,
            shown.arm.network_id,
            shown.arm.method,
            shown.arm.network.layer,
            shown.item.image.class_index,
        )
    assert study.items.get(image=image).item_maps.get(arm__name="two").map == newest


def test_a_map_at_another_layer_does_not_stand_in_for_one_that_is_missing(birds):
    birds[0][0].maps.filter(network__name="tiny", method="grad-cam").update(layer="elsewhere")
    with pytest.raises(ProtocolError, match="1 of 6 maps of grad-cam by tiny are missing") as error:
        created()
    assert error.value.lines[-1].startswith("First run: manage.py precompute birds --networks small,tiny")


def test_a_map_by_another_network_does_not_stand_in_for_one_that_is_missing(birds):
    birds[0][0].maps.filter(network__name="tiny", method="grad-cam").delete()
    with pytest.raises(ProtocolError, match="1 of 6 maps of grad-cam by tiny are missing"):
        created()


def test_photos_without_boxes_are_refused_before_anybody_waits_for_attention_checks(birds):
    with pytest.raises(AttentionError, match="0 of 6 photos have a box"):
        created({**SOURCE, "design": {**SOURCE["design"], "attention_checks": 1}})
    assert not Study.objects.exists()


def test_nothing_stays_of_a_study_that_could_not_be_made_to_the_end(birds, monkeypatch):
    def fail(rows):
        raise OSError("the disk is full")

    monkeypatch.setattr(ItemMap.objects, "bulk_create", fail)
    with pytest.raises(OSError, match="disk"):
        created()
    assert not Study.objects.exists()
    assert not Arm.objects.exists()
    assert not Item.objects.exists()


# Opening


def test_who_opens_it_a_moment_later_is_told_so_and_every_trial_is_there_once(researcher):
    """Two pages hold the study as it was: ready. The second must not ask for every answer twice."""
    study = with_boxes(make_study(items=4, responses_per_item=2, attention_checks=1))
    first, second = Study.objects.get(), Study.objects.get()
    opened = open_study(study=first, user=researcher)
    files = set(CheckMap.objects.values_list("file", flat=True))
    with pytest.raises(OpeningError, match="demo: was opened by someone else at this moment"):
        open_study(study=second)
    assert study.trials.count() == 8
    assert Event.objects.filter(kind="opened").count() == ProtocolVersion.objects.count() == 1
    now = Study.objects.get()
    assert (now.opened_at, now.protocol_sha256) == (opened.opened_at, opened.protocol_sha256)
    assert set(CheckMap.objects.values_list("file", flat=True)) == files
    assert all(row.file.storage.exists(row.file.name) for row in CheckMap.objects.all())
    assert is_intact(now)


@pytest.mark.parametrize("state", ["draft", "precomputing", "closed", "archived"])
def test_only_a_study_that_is_ready_is_opened(state):
    study = make_study(state=state)
    with pytest.raises(OpeningError, match=f"demo: is {state}; only a ready study can be opened"):
        open_study(study=study)
    assert not study.trials.exists()


def test_a_study_with_nothing_to_compare_or_to_show_is_not_opened():
    alone = make_study("alone", methods=("grad-cam",))
    empty = make_study("empty", networks=("other",), items=0)
    for study in (alone, empty):
        with pytest.raises(OpeningError, match="no items or fewer than two arms"):
            open_study(study=study)
    pair = make_study("pair", networks=("third",), methods=("grad-cam", "ablation-cam"), items=1)
    assert open_study(study=pair).state == "open"


def test_it_is_on_record_who_opened_it_and_what_it_asked_then(researcher):
    study = open_study(
        study=make_study(items=2, responses_per_item=3, protocol={"title": "T"}), user=researcher
    )
    event = Event.objects.get()
    assert (event.study, event.user, event.kind) == (study, researcher, "opened")
    assert event.data == {"trials": 6, "sha256": study.protocol_sha256}
    version = ProtocolVersion.objects.get()
    assert (version.study, version.user, version.number, version.why) == (study, researcher, 1, "")
    assert (version.sha256, version.protocol["title"]) == (study.protocol_sha256, "T")
    stored = Study.objects.get()
    assert (stored.code_version, stored.protocol_sha256) == (
        fingerprint.code_version(),
        study.protocol_sha256,
    )


def test_that_arms_looked_the_same_is_part_of_the_hash_and_on_record_with_their_names():
    """The same study, opened by who saw that two of its arms look the same, and by who never had to."""
    study = make_study(items=2, methods=("grad-cam", "ablation-cam"), likeness={})
    pair = measure(study)[0]
    likeness = {"pairs": [{**vars(pair), "alike": 1.0}]}
    Study.objects.update(likeness=likeness)
    with pytest.raises(AlikeError, match="grad-cam and ablation-cam look the same on all 2 photos"):
        open_study(study=Study.objects.get())
    assert not study.trials.exists()
    opened = open_study(study=Study.objects.get(), alike_seen=True)
    assert opened.alike_seen == [["grad-cam", "ablation-cam", 1.0]]
    assert Event.objects.get().data["seen_to_look_the_same"] == ["grad-cam and ablation-cam"]
    assert is_intact(Study.objects.get())
    opened.alike_seen = []
    assert not is_intact(opened)


def test_arms_that_differ_need_nobody_to_have_seen_anything():
    study = make_study(items=2, methods=("grad-cam", "ablation-cam"))
    measure(study)
    opened = open_study(study=study, alike_seen=True)
    assert opened.alike_seen == []
    assert set(Event.objects.get().data) == {"trials", "sha256"}


@pytest.mark.real_pictures
def test_pictures_that_nobody_has_looked_at_yet_are_made_before_a_volunteer_needs_them():
    study = make_study(items=1, methods=("grad-cam", "ablation-cam"), picture="masked")
    measure(study)  # which makes the maps' pictures, so it comes first here
    study = open_study(study=without_pictures(Study.objects.get()))
    files = [study.items.get().picture, *(row.picture for row in ItemMap.objects.all())]
    for file in files:
        with PillowImage.open(file) as picture:
            assert picture.size == (448, 448)
    assert is_intact(study)


def test_whoever_waits_for_the_pictures_is_told_how_far_it_is():
    reports = []
    study = without_pictures(make_study(items=3))
    open_study(study=study, progress=lambda done, total: reports.append((done, total)), alike_seen=True)
    assert reports == [(1, 3), (2, 3), (3, 3)]


# Which code it was


@pytest.fixture
def ask_git(monkeypatch):
    def ask_git(answer):
        fingerprint.code_version.cache_clear()
        monkeypatch.setattr(subprocess, "run", answer)
        return fingerprint.code_version()

    yield ask_git
    fingerprint.code_version.cache_clear()


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError("git"),
        subprocess.TimeoutExpired("git", 10),
        subprocess.CalledProcessError(128, "git"),
    ],
)
def test_a_host_without_git_keeps_the_version_of_the_code(ask_git, error):
    def fail(*_args, **_options):
        raise error

    assert ask_git(fail) == blindsight.__version__


def test_a_long_description_of_the_code_still_fits_its_column(ask_git):
    def describe(*_args, **_options):
        return subprocess.CompletedProcess([], 0, stdout=f" {'a' * 70}\n")

    assert ask_git(describe) == "a" * 64
    assert open_study(study=make_study()).code_version == "a" * 64


@pytest.mark.skipif(not shutil.which("git"), reason="asks git")
def test_it_is_the_version_of_this_code_wherever_it_is_started_from(tmp_path, monkeypatch):
    """Here from the folder of another repository, as a server may be that is kept under version control."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("GIT_")]:  # as in a hook of git's
        monkeypatch.delenv(name)
    me = ["-c", "user.name=me", "-c", "user.email=me@example.org", "-c", "commit.gpgsign=false"]
    for words in (
        ["init", "-q"],
        [*me, "commit", "-q", "--allow-empty", "-m", "other"],
        ["tag", "elsewhere"],
    ):
        subprocess.run(["git", *words], check=True)
    fingerprint.code_version.cache_clear()
    version = fingerprint.code_version()
    fingerprint.code_version.cache_clear()
    assert version
    assert not version.startswith("elsewhere")
