"""Staff look at sets, runs and maps; nobody else does."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from explain import tasks
from explain.maps import runs
from explain.maps.batches import run_pending
from explain.models import Batch, ExplanationMap, Image, ImageSet, Network, Prediction
from tests.factories import make_image, make_map, make_network


@pytest.fixture
def gallery(db):
    """Three photos with two maps each, and a run of one batch that has not begun."""
    image_set = ImageSet.objects.create(name="tools")
    network = make_network("tiny")
    for number in range(3):
        image = make_image(image_set, number)
        for method in ("grad-cam", "ablation-cam"):
            make_map(image, network, method)
    return image_set


@pytest.fixture
def run(gallery):
    """A run with a batch in each state, the failed one with its message."""
    network = Network.objects.get()
    run = gallery.precomputes.create(methods=["grad-cam"])
    run.networks.add(network)
    now = timezone.now()
    for image, fields in zip(
        gallery.images.all(),
        (
            {"state": "done", "started_at": now, "finished_at": now + timedelta(seconds=2)},
            {"state": "failed", "attempts": 3, "error": "OSError: disk <full>"},
            {"state": "pending"},
        ),
        strict=True,
    ):
        batch = Batch.objects.create(precompute=run, network=network, **fields)
        batch.images.add(image)
    return run


@pytest.fixture
def sent(monkeypatch):
    ids: list[int] = []
    monkeypatch.setattr(tasks.run_batch, "delay_on_commit", ids.append)
    return ids


def page(client, name: str, *args, **query) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_site_says_what_to_do_first(client, researcher):
    client.force_login(researcher)
    text = page(client, "runs")
    for command in ("import_images", "add_network", "precompute", "make demo"):
        assert command in text


def test_sets_networks_and_runs_are_listed_with_their_counts(client, researcher, run):
    client.force_login(researcher)
    text = page(client, "runs")
    assert f'<a href="{reverse("image-set", args=["tools"])}">tools</a></th><td class="number">3</td>' in text
    assert f'<a href="{reverse("run", args=[run.pk])}">Run {run.pk}</a>' in text
    assert "1 failed" in text
    assert '<td class="number">6</td>' in text  # maps of the network


def test_every_page_about_maps_leads_on_and_lets_one_log_out(client, researcher, run):
    client.force_login(researcher)
    for name, args in (("runs", []), ("run", [run.pk]), ("image-set", ["tools"])):
        assert "Log out researcher" in page(client, name, *args)


def test_the_newest_run_comes_first(client, researcher, run):
    newer = run.image_set.precomputes.create(methods=["ablation-cam"])
    client.force_login(researcher)
    text = page(client, "runs")
    assert text.index(f"Run {newer.pk}") < text.index(f"Run {run.pk}")


def test_the_list_takes_as_many_queries_for_many_runs_as_for_one(
    client, researcher, run, django_assert_num_queries
):
    client.force_login(researcher)
    with django_assert_num_queries(11):  # two of them: who is logged in; four: what they may see
        page(client, "runs")
    for _ in range(5):
        other = run.image_set.precomputes.create(methods=["grad-cam"])
        other.networks.add(*run.networks.all())
    with django_assert_num_queries(11):
        page(client, "runs")


def test_a_run_shows_how_far_it_is_and_what_went_wrong(client, researcher, run):
    client.force_login(researcher)
    text = page(client, "run", run.pk)
    assert 'value="1" max="3"' in text
    assert "1 of 3" in text
    assert "OSError: disk &lt;full&gt;" in text
    assert "Try failed batches again" in text
    assert "js/runs.js" in text


def test_its_figures_come_as_json_for_the_script_of_the_page(client, researcher, run):
    client.force_login(researcher)
    answer = client.get(reverse("run-state", args=[run.pk]))
    told = answer.json()
    assert (told["photos"], told["photos_done"], told["finished"], told["failures"]) == (3, 1, False, 1)
    assert told["batches"] == {"pending": 1, "running": 0, "done": 1, "failed": 1, "stopped": 0}
    assert told["photos_per_second"] == pytest.approx(0.5)
    assert told["seconds_left"] == pytest.approx(2)
    assert told["shown"]["left"] == "2 s"
    assert answer["Cache-Control"] == "no-store"


def test_every_figure_that_the_script_writes_has_its_place_on_the_page(client, researcher, run):
    client.force_login(researcher)
    text = page(client, "run", run.pk)
    shown = client.get(reverse("run-state", args=[run.pk])).json()["shown"]
    places = {part.split('"')[0] for part in text.split('data-shown="')[1:]}
    assert places
    assert places <= set(shown)
    for place in places:
        assert f'data-shown="{place}">{shown[place]}<' in text


def test_failed_batches_are_tried_again_at_a_click(client, researcher, run, sent):
    client.force_login(researcher)
    answer = client.post(reverse("run-retry", args=[run.pk]), follow=True)
    assert answer.redirect_chain == [(reverse("run", args=[run.pk]), 302)]
    assert sorted(sent) == runs.pending_batches(run)
    assert len(sent) == 2
    assert "waiting for a worker" in answer.content.decode()
    assert not run.batches.filter(state="failed").exists()
    assert client.get(reverse("run-retry", args=[run.pk])).status_code == 405


def test_a_run_is_stopped_goes_on_and_is_removed_at_a_click(client, researcher, run, sent):
    client.force_login(researcher)
    Batch.objects.filter(state="failed").update(state="pending")
    answer = client.post(reverse("run-remove", args=[run.pk]), follow=True)
    assert "is under way; stop it first" in answer.content.decode()
    text = client.post(reverse("run-stop", args=[run.pk]), follow=True).content.decode()
    assert "The run is stopped. The maps that are done are kept" in text
    assert "stopped at 1 of 3 batches" in page(client, "runs")
    assert "js/runs.js" not in text
    assert ">Stop</button>" not in text
    assert "Go on" in text
    text = client.post(reverse("run-retry", args=[run.pk]), follow=True).content.decode()
    assert len(sent) == 2
    assert "Go on" not in text
    assert "Remove from the list" not in text
    client.post(reverse("run-stop", args=[run.pk]))
    text = client.post(reverse("run-stop", args=[run.pk]), follow=True).content.decode()
    assert "Nothing was left to stop." in text
    maps = ExplanationMap.objects.count()
    answer = client.post(reverse("run-remove", args=[run.pk]), follow=True)
    assert answer.redirect_chain == [(reverse("runs"), 302)]
    assert not run.batches.exists()
    assert ExplanationMap.objects.count() == maps


def test_a_run_that_waits_for_its_turn_says_so_and_asks_for_no_worker(client, researcher, run, gallery):
    run.batches.exclude(state="pending").delete()
    other = gallery.precomputes.create(methods=["hirescam"])
    now = timezone.now()
    Batch.objects.create(
        precompute=other, network=Network.objects.get(), state="running", started_at=now, heartbeat_at=now
    )
    client.force_login(researcher)
    text = page(client, "run", run.pk)
    assert "waiting for its turn" in text
    assert f"The worker is busy with run {other.pk}; this run is next." in text
    assert 'id="idle" hidden' in text


def test_a_finished_run_has_no_script_and_leads_to_the_maps(client, researcher, photos, tiny):
    run = runs.plan_run(image_set=photos, networks=[tiny], methods=["grad-cam"])
    run_pending(run, lambda: None)
    client.force_login(researcher)
    text = page(client, "run", run.pk)
    assert "js/runs.js" not in text
    assert "See the maps" in text
    assert "tiny says" in page(client, "image-set", "photos")


def test_the_gallery_shows_photos_with_credits_and_their_maps(client, researcher, gallery):
    Image.objects.filter(original_name="hammer-1.jpg").update(
        author="Ann <script>", licence="CC0-1.0", source="https://example.org/1"
    )
    Image.objects.filter(original_name="hammer-2.jpg").update(author="Bob", source="javascript:alert(1)")
    client.force_login(researcher)
    text = page(client, "image-set", "tools", picture="heat")
    for row in ExplanationMap.objects.all():
        assert reverse("map-picture", args=["heat", row.pk]) in text
    assert "Ann &lt;script&gt;, CC0-1.0" in text
    assert 'href="https://example.org/1"' in text
    assert 'href="javascript:' not in text


def test_the_gallery_takes_as_many_queries_for_many_photos_as_for_few(
    client, researcher, gallery, django_assert_num_queries
):
    client.force_login(researcher)
    with django_assert_num_queries(12):
        page(client, "image-set", "tools")
    network = Network.objects.get()
    for number in range(3, 9):
        image = make_image(gallery, number)
        make_map(image, network, "grad-cam")
        Prediction.objects.create(image=image, network=network, top_class=1, top_probability=0.5)
    with django_assert_num_queries(12):
        page(client, "image-set", "tools")


def test_the_gallery_has_pages(client, researcher, gallery):
    for number in range(3, 25):
        make_image(gallery, number)
    client.force_login(researcher)
    assert page(client, "image-set", "tools").count("<article") == 20
    second = page(client, "image-set", "tools", page="2", picture="masked")
    assert second.count("<article") == 5
    assert "?picture=masked&amp;page=1" in second


def test_pictures_are_private_and_say_nothing_in_their_headers(client, researcher, gallery):
    row = ExplanationMap.objects.first()
    addresses = [
        reverse("photo-picture", args=[row.image_id]),
        *(reverse("map-picture", args=[kind, row.pk]) for kind in ("overlay", "masked", "heat")),
    ]
    files = [row.image.picture, row.overlay, row.masked, row.heat]
    for address in addresses:
        assert client.get(address).status_code == 302
    client.force_login(researcher)
    for address, file in zip(addresses, files, strict=True):
        answer = client.get(address)
        assert b"".join(answer.streaming_content) == file.read()
        assert answer["Content-Type"] == "image/jpeg"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cache-Control"].startswith("private")
        assert file.name not in str(answer.headers)


def test_pictures_that_are_not_there_are_404(client, researcher, gallery):
    row = ExplanationMap.objects.first()
    client.force_login(researcher)
    default_storage.delete(row.heat.name)
    assert client.get(reverse("map-picture", args=["heat", row.pk])).status_code == 404
    assert client.get(reverse("map-picture", args=["values", row.pk])).status_code == 404
    assert client.get(reverse("map-picture", args=["heat", 0])).status_code == 404
    assert client.get(reverse("image-set", args=["tools"]), {"picture": "raw"}).status_code == 404
    assert client.get(reverse("run", args=[0])).status_code == 404


@pytest.mark.parametrize(
    "name", ["runs", "run", "run-state", "run-retry", "run-stop", "run-remove", "image-set"]
)
def test_nobody_looks_without_logging_in(client, run, name):
    args = {"runs": [], "image-set": ["tools"]}.get(name, [run.pk])
    address = reverse(name, args=args)
    for answer in (client.get(address), client.post(address)):
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("login"))


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_page_of_a_run_keeps_itself_up_to_date(live_server, client, researcher, run, new_page):
    client.force_login(researcher)
    session = client.cookies["sessionid"].value
    view = new_page()
    view.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    complaints: list[str] = []
    view.on("console", lambda message: complaints.append(message.text))
    view.goto(live_server.url + reverse("run", args=[run.pk]))
    assert view.locator("[data-shown=photos]").inner_text() == "1 of 3"
    view.evaluate("document.body.dataset.same = 'yes'")
    failed, pending = run.batches.get(state="failed"), run.batches.get(state="pending")
    Batch.objects.filter(pk=failed.pk).update(
        state="done", started_at=timezone.now(), finished_at=timezone.now()
    )
    expect(view.locator("[data-shown=photos]")).to_have_text("2 of 3", timeout=15_000)
    assert view.locator("progress").evaluate("bar => bar.value") == 2
    assert view.locator("body").get_attribute("data-same") == "yes"  # without loading the page again
    Batch.objects.filter(pk=pending.pk).update(
        state="done", started_at=timezone.now(), finished_at=timezone.now()
    )
    expect(view.get_by_text("See the maps")).to_be_visible(timeout=15_000)
    assert complaints == []
