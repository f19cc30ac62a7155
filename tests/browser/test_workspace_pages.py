"""A researcher's pages in a real browser: usable by everyone, up to date, within the CSP, at desk and on a phone."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from studies.exports.report import report_html
from studies.models import Study
from tests.browser.conftest import DESK, PHONE, clean_and_fits
from tests.factories import make_study, make_trials
from tests.studies.filled import fill
from tests.studies.results.test_humans_beside_metrics import evaluate

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def study():
    study = make_study("methods", items=4, wording={"question": "Which map best matches the {class}?"})
    make_trials(study, ["0,1,2"])
    fill(study, [[0, 1, 2, 2], [0, 0, -1, 2]], label="course A")
    fill(study, [[0, 2, 2, 2]], simulated=True, label="course B")
    evaluate(study, [[0.1, 0.2, 0.9], [0.4, 0.5, 0.3], [0.8, 0.7, 0.2], [0.6, 0.1, 0.5]])
    study.state = Study.State.OPEN
    study.save()
    return study


def test_pages_are_usable_by_everyone_and_fit_the_screen(staff_page, live_server, study):
    page = staff_page()
    addresses = [
        reverse("studies"),
        reverse("study", args=["methods"]),
        reverse("study-state", args=["methods", "closed"]),
        reverse("study-results", args=["methods"]),
        reverse("study-results", args=["methods"]) + "?who=all",
        reverse("study-humans", args=["methods"]),
        reverse("study-results-people", args=["methods"]),
        reverse("study-items", args=["methods"]),
        reverse("study-item", args=["methods", 0]),
    ]
    for address in addresses:
        page.goto(live_server.url + address)
        page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true })")
        clean_and_fits(page)
    assert page.complaints == []


def test_the_report_is_usable_by_everyone_and_prints_black_on_white(new_page, study, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(report_html(study), "utf-8")
    page = new_page()
    page.goto(path.as_uri())
    clean_and_fits(page)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(21, 25, 28)"
    beyond = "[...document.querySelectorAll('.scroll')].filter((part) => part.scrollWidth > part.clientWidth + 1).length"
    page.set_viewport_size(DESK)
    assert page.evaluate(beyond) == 0


def test_captions_stay_in_view_on_a_phone(staff_page, live_server, study):
    """A table may be wider than the screen and scroll; what it is about must not be cut off."""
    page = staff_page(viewport=PHONE)
    page.goto(live_server.url + reverse("study-results", args=["methods"]))
    captions = page.locator(".scroll caption")
    assert captions.count() >= 4
    for caption in captions.all():
        if caption.is_visible():
            box = caption.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE["width"], caption.inner_text()


def test_results_are_narrowed_to_a_class_or_a_group(staff_page, live_server, study):
    page = staff_page()
    page.goto(live_server.url + reverse("study-results", args=["methods"]) + "?who=all")
    expect(page.locator(".facts dd").first).to_have_text("12")
    page.select_option("[name=group]", "course B")
    page.click(".narrow-down button")
    expect(page.locator(".facts dd").first).to_have_text("4")
    expect(page.locator(".note").first).to_contain_text("group “course B” only")
    page.click("text=Show all")
    expect(page.locator(".facts dd").first).to_have_text("12")
    page.click("text=Photo by photo")
    page.click("tbody a >> nth=0")
    expect(page.locator(".pictures img")).to_have_count(4)
    expect(page.locator("text=Every answer, those that do not count too")).to_be_visible()


def test_results_keep_up_while_answers_come_in(staff_page, live_server, study):
    page = staff_page()
    page.clock.install()
    page.goto(live_server.url + reverse("study-results", args=["methods"]))
    assert "2.50 of 4 items" not in page.inner_text("h1")
    fill(study, [[2, 2, 2, 2], [2, 2, 2, 2]])
    with page.expect_response("**/results/"):
        page.clock.run_for(10_000)
    expect(page.locator(".facts dd").first).to_have_text("16")
    assert "It has 2.75 of 4 items" in page.inner_text("h1")
    assert page.inner_text("#live-note").startswith("Updated at")
    assert page.complaints == []


def make_a_link(page, live_server):
    page.goto(live_server.url + reverse("study", args=["methods"]))
    page.fill("[name=label]", "course C")
    page.click("text=Make an invitation link")
    page.wait_for_selector("#link")


def test_what_needs_a_script_is_not_there_without_one(staff_page, live_server, study):
    page = staff_page(java_script_enabled=False)
    make_a_link(page, live_server)
    assert page.locator("#link + [data-copy]").is_hidden()


def test_an_invitation_link_is_copied_with_one_click(staff_page, live_server, study):
    page = staff_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    make_a_link(page, live_server)
    page.click("#link + [data-copy]")
    page.wait_for_selector("text=Copied")
    link = page.input_value("#link")
    assert page.evaluate("navigator.clipboard.readText()") == link
    page.goto(link)
    assert page.locator("input[name=consent]").count() == 1


def test_the_api_can_be_tried_on_its_page(staff_page, live_server, study):
    page = staff_page()
    page.goto(live_server.url + reverse("api-docs"))
    page.click("#operations-studies-studies_list")
    page.click("#operations-studies-studies_list button:has-text('Try it out')")
    page.click("#operations-studies-studies_list button:has-text('Execute')")
    page.wait_for_selector("#operations-studies-studies_list .live-responses-table >> text=methods")
    assert [line for line in page.complaints if "Content Security Policy" in line] == []
