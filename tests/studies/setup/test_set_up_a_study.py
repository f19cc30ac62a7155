"""Setting a study up page by page: what is stored is the protocol, and the check is that of the file."""

import tomllib

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from explain.models import Image, Prediction
from studies.models import Event, Study
from studies.protocol.fault_words import knows_not
from studies.protocol.schema import check_protocol
from studies.setup.preparation import GAVE_UP
from studies.setup.steps import STEPS
from tests.studies.setting_up import DESIGN, WORDING, begin, errors_of, go_through, save

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("task", ["choice", "rating"])
def test_the_pages_write_the_protocol_that_a_file_would_hold(browser, birds, task):
    study = begin(browser, task)
    go_through(browser, study)
    protocol = check_protocol(study.protocol)
    arms = [tuple(arm.keys.values()) for arm in protocol.arms]
    if task == "choice":
        assert arms == [("tiny", "grad-cam"), ("tiny", "ablation-cam")]
        assert protocol.wording["same"] == "Both alike"
    else:
        assert arms == [("tiny", "grad-cam"), ("small", "grad-cam")]
        assert protocol.wording["labels"] == list("12345")
    assert protocol.rule.classes == ("hen", "robin")
    assert (protocol.responses_per_item, protocol.trials_per_participant, protocol.seed) == (3, 4, 7)
    assert (protocol.people, protocol.wording["thanks"]) == (6, "Thank you.")
    file = browser.get(reverse("study-protocol-file", args=[study.slug])).content.decode()
    assert check_protocol(tomllib.loads(file)).complete == protocol.complete


@pytest.mark.django_db(transaction=True)
def test_with_every_map_there_the_study_is_ready_at_once(browser, birds, tasks_run_in_place):
    study = begin(browser)
    go_through(browser, study)
    assert "Set-up complete" in browser.get(reverse("setup-check", args=[study.slug])).content.decode()
    browser.post(reverse("setup-maps", args=[study.slug]))
    study.refresh_from_db()
    assert (study.state, study.items.count(), study.arms.count()) == ("ready", 4, 2)
    assert (study.responses_per_item, study.seed, study.wording["same"]) == (3, 7, "Both alike")
    browser.post(reverse("study-state", args=[study.slug, "open"]))
    study.refresh_from_db()
    assert (study.state, study.trials.count()) == ("open", 12)


def test_a_ready_study_is_changed_and_made_ready_again(browser, birds):
    study = begin(browser)
    go_through(browser, study)
    browser.post(reverse("setup-maps", args=[study.slug]))
    browser.post(reverse("study-state", args=[study.slug, "draft"]))
    study.refresh_from_db()
    assert (study.state, study.items.count(), study.arms.count()) == ("draft", 0, 0)
    save(browser, study, "photos", set="birds", classes="hen")
    browser.post(reverse("setup-maps", args=[study.slug]))
    study.refresh_from_db()
    assert (study.state, study.items.count()) == ("ready", 2)


def test_a_study_that_is_ready_is_not_changed_from_a_page_that_is_still_open(browser, birds):
    study = begin(browser)
    go_through(browser, study)
    browser.post(reverse("setup-maps", args=[study.slug]))
    before = Study.objects.values("protocol").get()
    assert save(browser, study, "photos", set="birds", classes="hen").url.endswith("/check/")
    assert Study.objects.values("protocol").get() == before


def test_wrong_class_names_are_named_at_their_field_and_kept(browser, birds):
    study = begin(browser)
    response = save(browser, study, "photos", set="birds", classes="hen\nemu", limit="3")
    assert errors_of(response) == {"classes": "No photo is labelled 'emu'."}
    html = response.content.decode()
    assert "hen\nemu" in html
    assert 'name="limit" value="3"' in html
    study.refresh_from_db()
    assert study.protocol["photos"] == {}


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"limit": "0"}, "limit", "This is 0; it must be a whole number from 1"),
        ({"limit": "many"}, "limit", "Enter a whole number."),
        ({"top_classes": "-2"}, "top_classes", "This is -2; it must be"),
        ({"min_f1": "3"}, "min_f1", "This is 3.0; it must be"),
        ({"set": ""}, "set", "Choose a set of photos."),
        ({"set": "fish"}, "set", "There is no set of photos of that name."),
    ],
)
def test_bad_input_about_photos_is_a_sentence_at_its_field(browser, birds, fields, field, words):
    study = begin(browser)
    response = save(browser, study, "photos", **{"set": "birds", "classes": "", **fields})
    assert words in errors_of(response)[field]


def test_no_photo_left_is_said_where_it_can_be_mended(browser, birds):
    images, networks = birds
    for image in images:
        Prediction.objects.create(image=image, network=networks[0], top_class=1, top_probability=0.9)
    study = begin(browser)
    save(browser, study, "photos", set="birds", classes="")
    save(browser, study, "networks", networks=["tiny"])
    response = save(browser, study, "photos", set="birds", classes="", only_correct="on")
    assert "No photo is left" in errors_of(response)["limit"]
    assert response.context["form"]["only_correct"].value() is True


def test_a_network_that_does_not_fit_the_classes_is_refused_at_its_field(browser, birds):
    network = birds[1][0]
    network.class_names = ["hen", "robin"]
    network.save()
    study = begin(browser)
    save(browser, study, "photos", set="birds", classes="")
    response = save(browser, study, "networks", networks=["tiny"])
    assert "The network tiny knows no class 'ostrich'" in errors_of(response)["networks"]


def test_five_unknown_classes_are_named_and_the_rest_is_said_to_be_there():
    assert knows_not("tiny", "edcba") == "tiny knows no class 'a', 'b', 'c', 'd', 'e'"
    assert knows_not("tiny", "fedcba") == "tiny knows no class 'a', 'b', 'c', 'd', 'e' and others"


def test_one_network_alone_is_refused_where_two_are_compared(browser, birds):
    study = begin(browser, "rating")
    go_through(browser, study)
    response = save(browser, study, "networks", first="", second="tiny")
    assert "Choose two different networks" in errors_of(response)["second"]
    study.refresh_from_db()
    assert {arm["network"] for arm in study.protocol["arms"]} <= {"tiny", "small"}


def test_the_same_network_twice_is_refused_at_its_field(browser, birds):
    study = begin(browser, "rating")
    save(browser, study, "photos", set="birds", classes="")
    response = save(browser, study, "networks", first="tiny", second="tiny")
    assert "Choose two different networks" in errors_of(response)["second"]
    assert '<option value="tiny" selected>' in response.content.decode()


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ([], "Choose what makes the maps."),
        (["grad-cam"], "Choose two to eight methods"),
        (["grad-cam", "magic"], "Select a valid choice"),
    ],
)
def test_too_few_or_unknown_methods_are_refused_at_their_field(browser, birds, methods, words):
    study = begin(browser)
    save(browser, study, "photos", set="birds", classes="")
    save(browser, study, "networks", networks=["tiny"])
    assert words in errors_of(save(browser, study, "methods", methods=methods))["methods"]


def test_more_answers_than_people_are_refused_at_their_field(browser, birds):
    study = begin(browser)
    response = save(browser, study, "design", **{**DESIGN, "responses_per_item": "20", "people": "6"})
    assert "more than the 6 people planned" in errors_of(response)["responses_per_item"]
    assert 'name="people" value="6"' in response.content.decode()


def test_attention_checks_without_boxes_are_refused_at_their_field(browser, birds):
    images, _ = birds
    study = begin(browser)
    save(browser, study, "photos", set="birds", classes="hen")
    save(browser, study, "networks", networks=["tiny"])
    response = save(browser, study, "design", **DESIGN, attention_checks="1")
    assert "1 are asked for, and none of the photos have a box" in errors_of(response)["attention_checks"]
    assert 'name="attention_checks" value="1"' in response.content.decode()
    Image.objects.filter(pk=images[0].pk).update(boxes=[[1, 1, 9, 9]])
    assert save(browser, study, "design", **DESIGN, attention_checks="1").url.endswith("/plan/")


def test_two_arms_alike_in_a_file_are_told_at_their_step(browser, birds):
    study = begin(browser)
    arm = {"network": "tiny", "method": "grad-cam"}
    other = {"network": "tiny", "method": "ablation-cam"}
    for arms, words, place in (
        ([arm, arm], "the same network and method twice", "methods"),
        ([{**arm, "name": "a"}, {**other, "name": "a"}], "the same for two arms", "plan"),
    ):
        source = {**study.protocol, "photos": {"set": "birds"}, "arms": arms}
        Study.objects.update(protocol=source)
        faults = browser.get(reverse("setup-check", args=[study.slug])).context["faults"]
        assert [(step.slug, words in fault.text) for step, fault in faults] == [(place, True)]


def test_an_unknown_place_in_a_text_is_refused_at_its_field(browser, birds):
    study = begin(browser)
    response = save(browser, study, "wording", **{**WORDING, "consent": "It takes {hours} hours."})
    assert "{hours}" in errors_of(response)["consent"]
    assert "It takes {hours} hours." in response.content.decode()


def test_a_text_that_is_the_default_is_not_written_into_the_protocol(browser, birds):
    study = begin(browser)
    form = browser.get(reverse("setup-step", args=[study.slug, "wording"])).context["form"]
    save(browser, study, "wording", **{k: v for k, v in form.initial.items() if v})
    study.refresh_from_db()
    assert "wording" not in study.protocol


def test_what_is_still_to_do_leads_to_its_step(browser, birds):
    study = begin(browser)
    page = browser.get(reverse("setup-check", args=[study.slug]))
    steps = [step.slug for step, _ in page.context["faults"]]
    assert set(steps) == {"photos", "networks"}
    assert states(page) == {"photos": "open", "networks": "open", "check": "open"}


def states(page):
    """The steps that are not done, as the line above every page of the set-up shows them."""
    shown = BeautifulSoup(page.content, "html.parser").select(".steps li")
    by_step = zip(STEPS, (entry["class"][0] for entry in shown), strict=True)
    return {step.slug: state for step, state in by_step if state != "done"}


def test_the_last_step_says_what_the_study_asks_and_why_its_maps_were_given_up(browser, birds):
    study = begin(browser)
    go_through(browser, study)
    Event.objects.create(study=study, kind=GAVE_UP, data={"why": "the disk is full"})
    page = browser.get(reverse("setup-check", args=[study.slug]))
    text = " ".join(BeautifulSoup(page.content, "html.parser").main.get_text(" ").split())
    assert states(page) == {"check": "open"}
    assert "The maps could not be computed: the disk is full" in text
    assert "Answers 12, by 3 people or more; about" in text
    assert "Photos 4 photos of birds" in text
    assert "Networks tiny Methods grad-cam, ablation-cam" in text
    study.refresh_from_db()
    study.protocol["arms"] = []
    Study.objects.filter(pk=study.pk).update(protocol=study.protocol)
    page = browser.get(reverse("setup-check", args=[study.slug]))
    assert page.context["faults"]
    assert "could not be made" not in page.content.decode()  # what is wrong now comes first


def test_a_file_begins_a_study_and_its_faults_are_told(browser, birds, tmp_path):
    def upload(text):
        path = tmp_path / "study.toml"
        path.write_text(text)
        with path.open("rb") as file:
            return browser.post(reverse("setup-new"), {"from_file": "1", "protocol": file})

    assert "is no valid TOML" in upload("version = ").content.decode()
    assert "slug: This is missing" in upload("version = 1").content.decode()
    source = 'version = 1\nslug = "s"\ntitle = "T"\ntask = "choice"\n[photos]\nset = "birds"\n'
    assert upload(source).url == reverse("setup-check", args=["s"])
    assert "exists already" in upload(source).content.decode()


def test_a_name_is_made_from_the_title_and_used_once(browser, birds):
    assert begin(browser).slug == "which-birds"
    response = browser.post(reverse("setup-new"), {"task": "choice", "title": "Which birds!"})
    assert "exists already" in errors_of(response)["slug"]


def test_the_estimate_is_that_of_the_paper(browser, birds):
    study = begin(browser)
    asked = {"items": 250, "responses_per_item": 4, "trials_per_participant": 70, "people": 15}
    estimate = browser.get(reverse("setup-estimate", args=[study.slug]), asked).json()["estimate"]
    assert (estimate["answers"], estimate["fewest"], estimate["trials"], estimate["enough"]) == (
        "1,000",
        "15",
        "67",
        True,
    )
    few = browser.get(reverse("setup-estimate", args=[study.slug]), {**asked, "people": 14}).json()[
        "estimate"
    ]
    assert few["enough"] is False
    assert browser.get(reverse("setup-estimate", args=[study.slug]), {"items": "x"}).json() == {
        "estimate": None
    }


def test_power_is_worked_out_on_a_button_and_saves_nothing(browser, birds):
    study = begin(browser)
    go_through(browser, study)
    typed = {**DESIGN, "people": "8", "power": "1"}
    page = browser.post(reverse("setup-step", args=[study.slug, "design"]), typed).content.decode()
    assert "simulated studies with 8 people" in page
    assert 'name="people" value="8"' in page
    study.refresh_from_db()
    assert study.protocol["recruitment"]["people"] == 6


def test_only_staff_set_up_and_only_their_own(client, browser, birds, stranger, django_user_model):
    study = begin(browser)
    client.force_login(stranger)
    assert client.get(reverse("setup-check", args=[study.slug])).status_code == 404
    client.force_login(django_user_model.objects.create_user("reader", password="x"))
    assert client.get(reverse("setup-new")).status_code == 403
    assert client.get(reverse("setup-check", args=[study.slug])).status_code == 404
