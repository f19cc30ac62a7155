"""Setting a study up page by page, as a browser without JavaScript does: photos to set it up from, and its steps in order."""

import pytest
from django.urls import reverse

from explain.models import ImageSet
from studies.models import Study
from tests.factories import CONSENT, make_image, make_map, make_network


@pytest.fixture
def browser(client, researcher):
    client.force_login(researcher)
    return client


@pytest.fixture
def birds():
    """Six photos of three classes, maps of two networks by two methods each."""
    image_set = ImageSet.objects.create(name="birds")
    classes = [("hen", 8), ("ostrich", 9), ("robin", 15)]
    images = [make_image(image_set, n, name, index) for n, (name, index) in enumerate(classes * 2)]
    networks = [make_network("tiny"), make_network("small")]
    for image in images:
        for network in networks:
            for method in ("grad-cam", "ablation-cam"):
                make_map(image, network, method)
    return images, networks


def begin(browser, task="choice", title="Which birds?", **fields):
    response = browser.post(reverse("setup-new"), {"task": task, "title": title, **fields})
    assert response.status_code == 302, response.content.decode()
    return Study.objects.get()


def save(browser, study, step, **fields):
    """Press “Save and go on”; the answer."""
    return browser.post(reverse("setup-step", args=[study.slug, step]), {**fields, "next": "1"})


def errors_of(response):
    assert response.status_code == 200
    return {name: " ".join(errors) for name, errors in response.context["form"].errors.items()}


WORDING = {
    "title": "Which birds?",
    "picture": "overlay",
    "question": "Which map best matches the {class}?",
    "instructions": "Look at {trials} photos.",
    "consent": "About {minutes} minutes.",
    "thanks": "Thank you.",
    "same": "Both alike",
    **{f"consent_{key}": text for key, text in CONSENT.items()},
}
DESIGN = {"people": "6", "responses_per_item": "3", "trials_per_participant": "4", "seed": "7"}


def go_through(browser, study):
    rating = study.task == "rating"
    networks = {"first": "tiny", "second": "small"} if rating else {"networks": ["tiny"]}
    wording = (
        {k: v for k, v in WORDING.items() if k != "same"} | {"labels": "1\n2\n3\n4\n5"} if rating else WORDING
    )
    assert save(browser, study, "photos", set="birds", classes="hen\nrobin").url.endswith("/networks/")
    assert save(browser, study, "networks", **networks).url.endswith("/methods/")
    methods = "grad-cam" if rating else ["grad-cam", "ablation-cam"]
    assert save(browser, study, "methods", methods=methods).url.endswith("/wording/")
    assert save(browser, study, "wording", **wording).url.endswith("/questions/")
    assert save(browser, study, "questions").url.endswith("/design/")
    assert save(browser, study, "design", **DESIGN).url.endswith("/plan/")
    assert save(browser, study, "plan").url.endswith("/check/")
    study.refresh_from_db()
