"""% wins on the console are among the paper's three methods, as in the report; readings and controls stand beside them."""

import pytest

from explain.evaluation.protocols import find_protocol
from explain.evaluation.tables import table_of
from explain.evaluation.text import as_text
from explain.evaluation.wins import OF_THE_PAPER
from studies.paper import printed

from .test_read_maps_and_figures import a_row, asked

pytestmark = pytest.mark.django_db
READING = "pixel-ablation-cam/authors"
# of four photos: Grad-CAM wins two, Ablation-CAM one, Pixel Ablation-CAM one; the others always leave more than all
LEFT = {
    "grad-cam": (0.5, 0.5, 0.1, 0.1), "ablation-cam": (0.1, 0.1, 0.5, 0.1), "pixel-ablation-cam": (0.2, 0.2, 0.2, 0.5),
    READING: (0.6,) * 4, "random": (0.4,) * 4, "ablation-cam++": (0.6,) * 4,
}  # fmt: skip


def console(tools, network, methods) -> str:
    for place, image in enumerate(tools.images.order_by("pk")):
        for method in methods:
            a_row(image, network, method, confidence_left=LEFT[method][place], activation_left=LEFT[method][place])  # fmt: skip
    one = asked(network, methods=methods)
    return as_text(table_of(image_set=tools, asked=one), "tools", find_protocol("paper"), "label")


@pytest.fixture(autouse=True)
def _four_photos(tools):
    from tests.factories import make_image

    make_image(tools, 3)


def test_the_papers_methods_are_the_three_of_its_tables():
    assert OF_THE_PAPER == printed.METHODS


def test_wins_are_among_the_papers_three_whatever_stands_beside_them(tools, network):
    text = console(tools, network, tuple(LEFT))
    for score in ("confidence", "activation"):
        (line,) = [line for line in text.splitlines() if line.startswith(f"% win in {score}")]
        title, *shares = line.rsplit(maxsplit=6)
        assert title == f"% win in {score}, of the paper's three"
        # a random map in the place of Pixel Ablation-CAM wins the fourth photo alone
        assert shares == ["50.00", "25.00", "25.00", "100.00", "25.00", "100.00"]
    assert "% win: among grad-cam, ablation-cam, pixel-ablation-cam, the methods of the paper's tables." in text  # fmt: skip
    assert "Counted in the place of ablation-cam: ablation-cam++." in text
    assert f"Counted in the place of pixel-ablation-cam: {READING} (a reading), random (a control)." in text


def test_without_the_three_wins_are_among_those_that_are_named(tools, network):
    text = console(tools, network, ("grad-cam", READING))
    assert "% win in confidence, of these methods" in text
    assert "% win: among" not in text
