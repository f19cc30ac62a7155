"""A stranger's package with one entry point: on the set-up page, in runs, manifests and the report, and after it has gone."""

import subprocess
import sys

import pytest
from django.core.management import call_command
from django.urls import reverse

from explain.cam.names import known_methods
from explain.core.errors import BadInputError
from explain.evaluation import ask_for_evaluation, plan_evaluation, run_evaluation
from explain.evaluation.method_comparison import compare
from explain.maps import plan_run, run_pending
from explain.models import Evaluation, ExplanationMap, Network
from studies.exports.report import report_html
from studies.lifecycle.fingerprint import is_intact
from studies.lifecycle.opening import open_study
from studies.lifecycle.readiness import create_study
from studies.protocol import ProtocolError, check_protocol
from studies.setup.drafts import all_faults, create_draft
from tests.explain.photo_files import make_folder, photo_bytes
from tests.explain.small_network import small_network
from tests.factories import CONSENT
from tests.strangers import fresh_methods, install, uninstall  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_methods")]

CITATION = "Doe and Roe, NeurIPS 2026 (gradbox 1.2)"


@pytest.fixture
def package(tmp_path, monkeypatch):
    install(tmp_path / "site", monkeypatch)
    return tmp_path / "site"


@pytest.fixture
def photos(tmp_path):
    from explain.photos.importer import import_images

    inbox = tmp_path / "inbox"
    inbox.mkdir()
    make_folder(inbox, {f"hammer/{n}.jpg": photo_bytes(n, (200, 170)) for n in range(2)})
    return import_images(path=inbox, set_name="photos").image_set


def source(*arms, **design):
    return {
        "version": 1, "slug": "edges", "title": "Edges", "task": "choice", "photos": {"set": "photos"},
        "arms": [{"network": "tiny", **arm} for arm in arms], "design": {"seed": 1, **design}, "consent": CONSENT,
    }  # fmt: skip


EDGES, GRAD = {"method": "edge-map"}, {"method": "grad-cam"}


def maps_of(photos, *methods):
    run_pending(
        plan_run(image_set=photos, networks=[Network.objects.first() or small_network()], methods=methods),
        lambda: None,
    )


def test_the_set_up_page_offers_it_without_running_it(package, admin_client):
    draft = create_draft(source=source())
    address = reverse("setup-step", args=["edges", "methods"])
    page = admin_client.get(address).content.decode()
    assert "edge-map" in page
    assert "From the package gradbox 1.2: Maps of edges." in page
    assert "gradbox" not in sys.modules
    admin_client.post(address, {"methods": ["grad-cam", "edge-map"], "sign": "absolute"})
    draft.refresh_from_db()
    assert [arm["method"] for arm in draft.protocol["arms"]] == ["grad-cam", "edge-map"]
    assert draft.protocol["design"]["sign"] == "absolute"


def test_its_maps_are_made_and_its_citation_stands_in_the_report(package, photos):
    maps_of(photos, "grad-cam", "edge-map")
    row = ExplanationMap.objects.filter(method="edge-map").first()
    assert (row.height, row.width) == (160, 160)
    assert row.manifest["brought"]["citation"] == "Doe and Roe, NeurIPS 2026"
    assert row.manifest["brought"]["version"] == "1.2"
    assert row.manifest["parameters"] == {"power": 1.0, "sign": "positive"}
    study = create_study(protocol=check_protocol(source(EDGES, GRAD)))
    report = report_html(study)
    assert CITATION in report
    assert "Selvaraju et al., ICCV 2017" in report


def test_an_old_study_keeps_working_when_it_has_gone(package, photos, admin_client):
    maps_of(photos, "grad-cam", "edge-map")
    study = create_study(protocol=check_protocol(source(EDGES, GRAD)))
    open_study(study=study)
    uninstall(package)
    study.refresh_from_db()
    assert is_intact(study)
    assert CITATION in report_html(study)
    for name in ("study", "study-results", "study-protocol"):
        assert admin_client.get(reverse(name, args=["edges"])).status_code == 200
    call_command("scores", "edges", "--json")


def test_where_it_is_met_after_it_has_gone_one_sentence_says_so(package, photos, admin_client):
    uninstall(package)
    words = "unknown method edge-map; choose from grad-cam, .* comes back when the package is installed"
    tiny = small_network()
    faults = all_faults(source(EDGES, GRAD))
    assert [fault.key for fault in faults if "edge-map" in str(fault.parameters)] == [("arms", 1, "method")]
    with pytest.raises(
        ProtocolError, match=r"arms\[1\].method: method edge-map is not here; install the package"
    ):
        create_study(protocol=check_protocol(source(EDGES, GRAD)))
    with pytest.raises(BadInputError, match=words):
        plan_run(image_set=photos, networks=[tiny], methods=["edge-map"])
    with pytest.raises(BadInputError, match=words):
        ask_for_evaluation(networks=[tiny], methods=["edge-map"], protocol="paper", target="label")
    create_draft(source=source(EDGES, GRAD))
    page = admin_client.get(reverse("setup-step", args=["edges", "methods"])).content.decode()
    assert "Method edge-map is not here; install the package that brings it" in page


def test_maps_of_pixels_and_of_cells_are_evaluated_and_compared_together(package, photos):
    """Each as if it were alone: of a map's figures none depends on the size of another's."""
    maps_of(photos, "grad-cam", "edge-map")
    tiny = Network.objects.get()
    together = evaluated(tiny, photos, "grad-cam", "edge-map")
    Evaluation.objects.all().delete()
    alone = evaluated(tiny, photos, "grad-cam") + evaluated(tiny, photos, "edge-map")
    assert sorted(together) == sorted(alone)
    (asked,) = ask_for_evaluation(
        networks=[tiny], methods=["grad-cam", "edge-map"], protocol="paper", target="label"
    )
    (pair,) = compare(image_set=photos, asked=asked)
    assert pair.photos == 2
    assert -1 < pair.correlation < 1


def evaluated(network, photos, *methods):
    asked = ask_for_evaluation(networks=[network], methods=methods, protocol="paper", target="label")
    run_evaluation(plan_evaluation(image_set=photos, asked=asked), lambda *_: None)
    rows = Evaluation.objects.filter(method__in=methods)
    return list(rows.values_list("method", "image_id", "confidence_left", "activation_left"))


def test_a_new_version_makes_its_maps_anew(package, photos, monkeypatch, tmp_path):
    maps_of(photos, "edge-map")
    before = ExplanationMap.objects.count()
    maps_of(photos, "edge-map")
    assert ExplanationMap.objects.count() == before
    uninstall(package)
    install(tmp_path / "newer", monkeypatch, version="1.3")
    maps_of(photos, "edge-map")
    assert ExplanationMap.objects.count() == 2 * before


def test_a_package_that_cannot_be_imported_is_one_sentence(photos, monkeypatch, tmp_path):
    install(tmp_path / "site", monkeypatch, code="import nowhere_to_be_found\n")
    with pytest.raises(
        BadInputError, match=r"method edge-map: gradbox:edges of gradbox 1.2 cannot be imported .*nowhere"
    ):
        maps_of(photos, "edge-map")


def test_a_name_of_ours_stays_ours(monkeypatch, tmp_path, photos):
    install(tmp_path / "site", monkeypatch, name="grad-cam")
    maps_of(photos, "grad-cam")
    assert "brought" not in ExplanationMap.objects.first().manifest
    assert known_methods()["grad-cam"].citation == "Selvaraju et al., ICCV 2017"


def test_parameters_become_part_of_the_methods_word_wherever_it_stands(package, photos):
    small_network()
    protocol = check_protocol(source({**EDGES, "parameters": {"power": 0.5}}, {"method": "edge-map"}, GRAD))
    assert [arm.keys["method"] for arm in protocol.arms] == ["edge-map:power=0.5", "edge-map", "grad-cam"]
    assert [arm.name for arm in protocol.arms] == ["edge-map:power=0.5", "edge-map", "grad-cam"]
    assert check_protocol(protocol.complete).complete == protocol.complete
    maps_of(photos, *(arm.keys["method"] for arm in protocol.arms))
    study = create_study(protocol=protocol)
    assert [arm.method for arm in study.arms.all()] == [arm.keys["method"] for arm in protocol.arms]


def test_one_rule_of_sign_holds_for_all_arms_whose_maps_have_one():
    protocol = check_protocol(source(EDGES, {"method": "captum:Saliency"}, GRAD, sign="absolute"))
    assert [arm.keys["method"] for arm in protocol.arms] == [
        "edge-map:sign=absolute", "captum:Saliency:sign=absolute", "grad-cam",
    ]  # fmt: skip
    plain = check_protocol(source(EDGES, GRAD))
    assert [arm.keys["method"] for arm in plain.arms] == ["edge-map", "grad-cam"]
    assert "sign" not in plain.complete["design"]
    for arms, design in (
        ((EDGES, {"method": "captum:Saliency:sign=as-is"}), {}),
        (({"method": "edge-map:sign=as-is"}, GRAD), {"sign": "absolute"}),
    ):
        with pytest.raises(ProtocolError, match="shows signed maps by more than one rule") as caught:
            check_protocol(source(*arms, **design))
        assert len(caught.value.lines) == 1


@pytest.mark.parametrize(
    ("arm", "words"),
    [
        ({"method": "edge map"}, "is 'edge map'; it must be the name of a method"),
        (
            {"method": "edge-map", "parameters": {"power": [1]}},
            "it must be a table of numbers, words, true or false",
        ),
        ({"method": "edge-map", "parameters": {"power": "a:b=c"}}, "it must be a table of numbers"),
        ({"method": "edge-map", "parameters": {"power": float("nan")}}, "it must be a table of numbers"),
        ({"method": "edge-map", "parameters": 3}, "it must be a table"),
        (
            {"method": "edge-map", "parameters": {f"p{n}": n for n in range(60)}},
            "it must be a table of numbers",
        ),
    ],
)
def test_what_is_no_method_or_parameter_is_refused_by_its_key(arm, words):
    with pytest.raises(ProtocolError, match=words):
        check_protocol(source(arm, GRAD))


FILE = """
import torch
from explain.cam import register

raise_if_run_by_a_page = torch.zeros(1)
register("dots", lambda case: case.features.abs().sum(1), "Poe, 2026")

@register("lines", citation="Coe, 2026")
def lines(case):
    return case.features.sum(1)
"""


@pytest.fixture
def methods_file(tmp_path):
    from explain.cam.names import use_methods_file

    path = tmp_path / "my_methods.py"
    path.write_text(FILE)
    use_methods_file(path)
    return path


def test_methods_of_a_file_are_known_before_it_runs_and_run_when_asked_for(
    methods_file, photos, admin_client
):
    create_draft(source=source())
    page = admin_client.get(reverse("setup-step", args=["edges", "methods"])).content.decode()
    assert "Poe, 2026. From my_methods.py." in page
    maps_of(photos, "dots", "lines")
    brought = ExplanationMap.objects.filter(method="lines").first().manifest["brought"]
    assert brought["citation"] == "Coe, 2026"
    assert brought["file"] == "my_methods.py"
    assert len(brought["file_sha256"]) == 64


def test_a_file_that_changed_since_the_process_started_is_not_run(methods_file, photos):
    methods_file.write_text(FILE.replace("abs()", "neg()"))
    with pytest.raises(
        BadInputError, match=f"METHODS_FILE {methods_file}: is another file than when this process started"
    ):
        maps_of(photos, "dots")


def test_a_web_host_reads_the_names_of_a_file_without_torch(methods_file):
    code = (
        "import os, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'; django.setup()\n"
        "from explain.map_sources import methods_in_words\n"
        "print('dots' in methods_in_words(), 'torch' in sys.modules)"
    )
    command = ["env", f"METHODS_FILE={methods_file}", sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == [
        "True",
        "False",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read .*; give the path of a Python file"),
        ("def f(:", "is no valid Python in line 1"),
        ("x = 1", "registers no method"),
        ("register(name, f, 'Doe')", "line 1 registers a method whose name or citation is not written out"),
        ("register('a', f)", "line 1 registers a method whose name or citation is not written out"),
        ("register('a', f, 'Doe')\nregister('a', g, 'Doe')", "line 2 registers 'a' again"),
        ("register('a b', f, 'Doe')", "line 1: 'a b' is no name of a method"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence_when_the_site_starts(tmp_path, text, words):
    from explain.cam import InputError
    from explain.cam.names import use_methods_file

    path = tmp_path / "methods.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=f"METHODS_FILE {path}: {words}"):
        use_methods_file(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "from explain.cam import register\nif False: register('a', 1, 'Doe')",
            "'a' is registered by other means",
        ),
        (
            "from explain.cam import register\nregister('a', lambda case: 1, 'D')\nprint = register\nprint('b', lambda case: 1, 'D')",
            "'b' is registered by other means",
        ),
        ("register('a', 1, 'Doe')", "failed with NameError"),
        ("from explain.cam import register\nregister('a', 1, 'Doe')", "method a is a int; give a function"),
    ],
)
def test_a_file_that_does_not_register_what_it_says_is_one_sentence(tmp_path, text, words):
    from explain.cam import CamError, find_method
    from explain.cam.names import use_methods_file

    path = tmp_path / "methods.py"
    path.write_text(text)
    use_methods_file(path)
    with pytest.raises(CamError, match=words):
        find_method("a")
