"""A program by torch.export is code. Without trust it is not opened, and with it nothing is read by pickle but tensors."""

import hashlib
import io
import os
from contextlib import suppress

import pytest
import torch

from explain.cam import CamError, Network, Preprocessing
from explain.cam.errors import UntrustedCodeError
from explain.cam.loading.names import is_named
from explain.cam.loading.program import _EXPRESSION, _OPERATION, _SYMBOL, read_program
from explain.cam.loading.weights import read_checkpoint

from .program_files import Runs, hostile_programs, records_of, saved, small, sound_program

PLACES = [
    "sample inputs",
    "sample inputs by plain pickle",
    "weights in one file",
    "constants in one file",
    "a weight",
    "a constant",
    "an opaque object",
    "an object of TorchScript",
    "a weight elsewhere",
    "an expression",
    "an operation",
    "a library to load",
    "an operator that calls",
    "compiled code",
    "the older layout",
]
PLAIN = Preprocessing(size=(16, 12), resize=18)


def one_line(error: BaseException) -> str:
    assert "\n" not in str(error)
    assert ";" in str(error)
    return str(error)


@pytest.mark.parametrize("trust_code", [True, False])
@pytest.mark.parametrize("place", PLACES)
def test_a_payload_that_is_more_than_tensors_is_refused_before_pytorch_reads_it(
    tmp_path, monkeypatch, place, trust_code
):
    mark, path = tmp_path / "pwned", tmp_path / "net.pt2"
    path.write_bytes(hostile_programs(mark)[place])
    read = []
    monkeypatch.setattr(torch.export, "load", read.append)
    with pytest.raises(CamError) as refused:
        Network.load(str(path), preprocessing=PLAIN, trust_code=trust_code)
    assert "net.pt2" in one_line(refused.value)
    assert not mark.exists()
    assert read == []


@pytest.mark.parametrize("place", ["sample inputs", "a weight", "an expression"])
def test_the_hostile_files_would_run_code(tmp_path, place):
    """They are what they say they are: PyTorch's own reader runs what is in them."""
    mark = tmp_path / "pwned"
    path = tmp_path / "net.pt2"
    path.write_bytes(hostile_programs(mark)[place])
    with suppress(Exception):
        torch.export.load(path)
    assert mark.exists()


def test_a_sound_program_is_read_where_it_is_trusted_and_only_as_it_was(tmp_path):
    path = tmp_path / "net.pt2"
    path.write_bytes(sound_program())
    photo = torch.ones(1, 3, 16, 12)
    loaded = Network.load(str(path), preprocessing=PLAIN, trust_code=True)
    torch.testing.assert_close(loaded.logits(photo), small()(photo))
    trusted = hashlib.sha256(sound_program()).hexdigest()
    assert Network.load(str(path), preprocessing=PLAIN, trust_code=trusted).layer == loaded.layer
    path.write_bytes(sound_program(8, 8))
    with pytest.raises(UntrustedCodeError, match=r"another file than the one that was trusted; put the old"):
        Network.load(str(path), preprocessing=PLAIN, trust_code=trusted)


def test_a_program_for_any_number_of_photos_is_read(tmp_path):
    """Its sizes are expressions."""
    path = tmp_path / "net.pt2"
    path.write_bytes(sound_program(any_number=True))
    module = read_program(path, None, trust_code=True).module
    photos = torch.ones(3, 3, 16, 12)
    torch.testing.assert_close(module(photos), small()(photos))


@pytest.mark.parametrize(
    "expression",
    [
        "s77",
        "2*s0 + 1",
        "Symbol('s77', positive=True, integer=True)",
        "FloorDiv(s1 - 1, 2) + 1",
        "Max(1, u0)",
        "1.5",
    ],
)
def test_sums_of_sizes_are_expressions(expression):
    assert _EXPRESSION.fullmatch(_SYMBOL.sub("s", expression))


@pytest.mark.parametrize(
    "expression",
    [
        "exit()",
        "s.__class__",
        "s0.x",
        "Symbol('s', x=exit())",
        "open(1)",
        "'a'",
        "[s]",
        "{s}",
        "lambda: 1",
        "s77;s",
    ],
)
def test_what_could_do_more_is_none(expression):
    assert not _EXPRESSION.fullmatch(_SYMBOL.sub("s", expression))


@pytest.mark.parametrize(
    "operation",
    [
        "torch.ops.aten._softmax.default",
        "torch.ops.aten.add.Tensor",
        "_operator.getitem",
        "torch.sym_max",
        "math.ceil",
    ],
)
def test_operations_on_tensors_and_sizes_are_taken(operation):
    assert _OPERATION.fullmatch(operation)


@pytest.mark.parametrize(
    "operation",
    ["torch.load", "torch.ops.aten.add.__class__", "torch.ops.aten.__class__.x", "torch.ops.aten.from_file.default",
     "torch.ops.load_library", "torch.ops.aten.add", "_operator.attrgetter", "_operator.methodcaller", "math.x.y", "#x", ""],
)  # fmt: skip
def test_whatever_else_a_graph_names_is_not(operation):
    assert not _OPERATION.fullmatch(operation)


def test_what_pytorch_is_given_is_written_anew(tmp_path, monkeypatch):
    """A record that only another reader of ZIPs would see is not handed on."""
    path, given = tmp_path / "net.pt2", []
    path.write_bytes(sound_program() + b"whatever comes after")
    load = torch.export.load
    monkeypatch.setattr(torch.export, "load", lambda file: given.append(file.getvalue()) or load(file))
    Network.load(str(path), preprocessing=PLAIN, trust_code=True)
    assert given[0] != path.read_bytes()
    assert records_of(given[0]).keys() == records_of(sound_program()).keys()


@pytest.mark.parametrize("spec", ["net.pt2", "./net.pt2", "/tmp/net.pt2", "C:\\net.pt2"])
def test_a_program_is_known_by_its_path(spec):
    with pytest.raises(CamError, match="no such file"):
        Network.load(spec.replace("net", "missing"))
    assert not is_named(spec)


@pytest.mark.parametrize(
    "spec",
    ["package:/../x.pt2", "timm:../x.pt2", "torchvision:a/b", "package:x\n", "timm:é", "timm:a b", "timm:"],
)
def test_a_name_is_no_path(tmp_path, monkeypatch, spec):
    """`package:/../x.pt2` names a file where a folder is called “package:”."""
    (tmp_path / "package:").mkdir()
    (tmp_path / "x.pt2").write_bytes(hostile_programs(tmp_path / "pwned")["sample inputs"])
    monkeypatch.chdir(tmp_path)
    for trust_code in (False, True):
        with pytest.raises(CamError, match=r"a name has letters|is not one of the forms"):
            Network.load(spec, trust_code=trust_code)
    assert not (tmp_path / "pwned").exists()
    assert not is_named(spec)


def torchscript() -> bytes:
    file = io.BytesIO()
    torch.jit.save(torch.jit.trace(small(), torch.zeros(1, 3, 16, 12)), file)
    return file.getvalue()


@pytest.mark.parametrize("name", ["w.pt", "w.pth", "w.bin", "w.safetensors"])
@pytest.mark.parametrize("kind", ["torchscript", "program", "module", "pickle"])
@pytest.mark.filterwarnings("ignore")
def test_weights_that_are_a_program_are_refused_by_their_kind(tmp_path, kind, name):
    mark = tmp_path / "pwned"
    content = {
        "torchscript": torchscript,
        "program": lambda: hostile_programs(mark)["sample inputs"],
        "module": lambda: saved({"state_dict": small(), "more": Runs(mark)}),
        "pickle": lambda: saved(Runs(mark)),
    }[kind]()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CamError) as refused:
        read_checkpoint(tmp_path / name)
    message = one_line(refused.value)
    if kind in ("torchscript", "program") and not name.endswith("safetensors"):
        assert "it is a program, by TorchScript or torch.export" in message
    assert os.listdir(tmp_path) == [name]
