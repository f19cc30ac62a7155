"""What commands print: a table for people, JSON for programs, and what an evaluation's figures depend on."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from explain.cam import CamError
from explain.cam.metrics.faithfulness import Faithfulness
from explain.core.commands import Answer, AnswerCommand, table
from explain.core.errors import BadInputError, in_words
from explain.evaluation.protocols import PROTOCOLS, find_protocol
from explain.evaluation.tables import Curves, EvaluationTable, Localisation
from explain.evaluation.text import as_text


def test_words_stand_to_the_left_and_numbers_to_the_right():
    rows = [["a", 1, 0.12345, "x"], ["long name", 12, 3.0, 4], ["b", "–", 1.0, "–"]]
    assert table(["name", "n", "share", "mixed"], rows).splitlines() == [
        "name        n  share  mixed",
        "a           1  0.123  x",
        "long name  12  3.000  4",
        "b           –  1.000  –",
    ]
    assert table(["name", "n"], []) == "name  n"


class Command(AnswerCommand):
    def arguments(self, parser):
        parser.add_argument("--what", default="")

    def run(self, *, what, **_):
        if what == "bad":
            raise BadInputError("one", "two")
        if what == "cam":
            raise CamError("no such layer")
        failed = "half of it failed" if what == "failed" else ""
        return Answer(data={"n": 1}, header=["n"], rows=[[1]], notes=["a note"], failed=failed)


def said(*words: str) -> str:
    out = io.StringIO()
    call_command(Command(), *words, stdout=out)
    return out.getvalue()


def test_a_command_prints_a_table_or_json_alone():
    assert said() == "n\n1\na note\n"
    assert json.loads(said("--json")) == {"n": 1}
    assert Answer(data=1, text="as it is", header=["n"], rows=[[1]]).table == "as it is"


@pytest.mark.parametrize(("what", "words", "status"), [("bad", "one\ntwo", 2), ("cam", "no such layer", 2), ("failed", "half of it failed", 1)])  # fmt: skip
def test_what_went_wrong_is_told_by_its_words_and_its_exit_status(what, words, status):
    with pytest.raises(CommandError) as caught:
        said("--what", what)
    assert (str(caught.value), caught.value.returncode) == (words, status)


def test_an_error_that_nobody_expected_is_named_and_a_full_disk_says_what_to_do():
    assert in_words(ValueError("odd")) == "ValueError: odd"
    assert "the disk is full" in in_words(OSError(28, "No space left on device"))
    assert in_words(OSError(2, "No such file")).startswith("FileNotFoundError")


def evaluated(**changes) -> EvaluationTable:
    confidence = {
        "a": Faithfulness(25.0, 50.0, 75.0, 12.345, photos=4, excluded=0),
        "b": Faithfulness(35.0, 60.0, 25.0, 2.0, photos=4, excluded=0),
    }
    activation = {
        "a": Faithfulness(1.0, 2.0, 50.0, None, photos=3, excluded=1),
        "b": Faithfulness(4.0, 5.0, 50.0, None, photos=3, excluded=1),
    }
    whole = {"network": "tiny", "layer": "bn2", "methods": ("a", "b"), "photos": 4, "missing": 0}
    parts = {"confidence": confidence, "activation": activation, "localisation": {}, "curves": {}}
    return EvaluationTable(**whole | parts | changes)


def lines(evaluated: EvaluationTable, protocol: str = "paper", target: str = "label") -> list[str]:
    return as_text(evaluated, "tools", PROTOCOLS[protocol], target).splitlines()


def test_each_figure_of_an_evaluation_stands_in_its_row():
    text = lines(evaluated())
    assert text[0] == "tiny (layer bn2) on tools, N = 4; explained: the photo's label"
    values = {line.rsplit(maxsplit=2)[0].strip(): line.split()[-2:] for line in text[4:-1]}
    assert values == {
        "Average % drop in confidence (lower is better)": ["25.00", "35.00"],
        "Average % drop in activation (lower is better)": ["1.00", "4.00"],
        "% increase in confidence (higher is better)": ["50.00", "60.00"],
        "% increase in activation (higher is better)": ["2.00", "5.00"],
        "% win in confidence, of these methods": ["75.00", "25.00"],
        "% win in activation, of these methods": ["50.00", "50.00"],
        "Average % gain in confidence (higher is better)": ["12.35", "2.00"],
    }
    assert text[-1] == "1 of 4 photos have no activation above 0, and are left out of its rows."


def test_what_is_left_out_is_said_and_figures_that_are_not_there_have_no_row():
    boxed = {name: Localisation(0.1, 0.2, 0.3, 40.0, 50.0, photos=2) for name in ("a", "b")}
    text = lines(evaluated(missing=3, localisation=boxed, activation={}, notes=("A note.",)), target="top")
    assert text[0].endswith("explained: the network's top class")
    assert text[-3:] == [
        "IoU, pointing game and energy: over the 2 photos with a box that the network sees.",
        "3 photos lack a row, and are left out.",
        "A note.",
    ]
    assert [line.split()[-1] for line in text if line.startswith(("IoU of", "Point", "Energy"))] == ["0.100", "0.200", "0.300", "40.00", "50.00"]  # fmt: skip
    assert not [line for line in text if "activation" in line]
    curves = {name: Curves(0.4, 0.1, photos=4) for name in ("a", "b")}
    text = lines(evaluated(confidence={}, activation={}, curves=curves), "curves")
    assert [line.split()[-1] for line in text[4:]] == ["0.400", "0.100"]


@pytest.mark.parametrize(
    ("name", "mask", "fill"),
    [
        ("paper", "exactly the top 20 % of the upsampled map, by stable sort", "black"),
        ("paper-mean", "exactly the top 20 % of the upsampled map, by stable sort", "the mean colour of the training photos"),
        ("paper-blur", "exactly the top 20 % of the upsampled map, by stable sort", "the blurred photo"),
        ("soft", "the upsampled map over its maximum", "black"),
        ("authors", "the upsampled map over its maximum, zero below its 80th percentile", "black"),
        ("authors-code", "the map as 8 bits, enlarged by Lanczos, from its 80th percentile up (≥), resized to the photo and thresholded once more as in the authors' main.py", "black"),
        ("curves", "none: the photo appears and goes in 20 steps, the map's highest pixels first", "blur (insertion), black (deletion)"),
    ],
)  # fmt: skip
def test_a_protocol_says_what_is_done_with_a_map(name, mask, fill):
    """Figures under another mask or fill must never be compared: the words and the plain values go with them."""
    protocol = find_protocol(name)
    assert (protocol.mask_in_words, protocol.fill_in_words) == (mask, fill)
    told = protocol.to_json()
    assert (told["mask_in_words"], told["fill_in_words"], told["name"], told["share"]) == (
        mask,
        fill,
        name,
        0.2,
    )
