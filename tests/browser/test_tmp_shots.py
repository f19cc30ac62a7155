import pytest
from django.urls import reverse
from studies.models import Invitation
from tests.browser.conftest import begin, ready
from tests.browser.test_take_part import everything_is_on_screen
from tests.factories import make_study
from studies.lifecycle.opening import open_study
from tests.studies.trial_types.test_pairs import made, filled
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
def test_shots(new_page, live_server, staff_page):
    for same in (True, False):
        study = made(slug=f"pairs-{same}".lower(), items=6, networks=(f"net{same}".lower(),))
        if not same:
            study.wording = study.wording | {"same": ""}; study.save()
        study = open_study(study=study, alike_seen=True)
        url = live_server.url + reverse("join", args=[Invitation.issue(study)[1]])
        page = new_page()
        begin(page, url, after=lambda: page.screenshot(path=f"/tmp/pair-instr-{same}.png", full_page=True))
        for w, h in ((1280, 800), (390, 844), (844, 390), (640, 400)):
            page.set_viewport_size({"width": w, "height": h})
            page.reload(); ready(page)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=f"/tmp/pair-{same}-{w}-{scheme}.png")
            everything_is_on_screen(page, least=100)
            print(same, w, page.locator(".map .picture").first.bounding_box())
    study = filled(made(slug="results", items=30, responses_per_item=8, networks=("third",)), people=10)
    page = staff_page()
    for w, h in ((1280, 800), (390, 844), (844, 390)):
        page.set_viewport_size({"width": w, "height": h})
        page.goto(live_server.url + reverse("study-results", args=[study.slug]))
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=f"/tmp/pair-res-{w}-{scheme}.png", full_page=True)
        print(page.evaluate("document.documentElement.scrollWidth"), w)
    print(page.complaints)
