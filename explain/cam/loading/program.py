"""Programs by torch.export: read only where somebody trusts their maker, and looked through before PyTorch reads them.

PyTorch reads such a file with pickle, evaluates the expressions in it, and calls whatever its graph names. So without trust
none is opened, and with it what PyTorch is given is an archive written here, of records that are known, of payloads that hold
tensors alone, and of a graph of operations on tensors alone. That keeps out every way to run code that we know of; it is no
proof. Whoever trusts a file trusts its maker.
"""

import hashlib
import io
import json
import re
import zipfile
from pathlib import Path

import torch

from ..errors import UnknownNameError, UntrustedCodeError, WeightsError
from .exported_input import exported_input
from .sources import Source

_PLAIN = re.compile(
    r"archive_format|archive_version|byteorder|version|\.data/\w+|extra/[\w./-]+"
    r"|models/[\w.-]+\.json|data/(weights|constants)/[\w.-]+_config\.json"
)
_TENSOR = re.compile(r"data/(?P<folder>weights|constants)/(?P<name>(weight|tensor)_\d+)")
_PICKLED = re.compile(r"data/(sample_inputs|weights|constants)/[\w.-]+\.pt")
_GRAPH = re.compile(r"models/[\w.-]+\.json")
_CONFIG = re.compile(r"data/(?P<folder>weights|constants)/[\w.-]+_config\.json")


# Operations on tensors, on sizes, and nothing that calls, imports or opens anything.
_OPERATION = re.compile(
    r"torch\.ops\.aten\.(?!from_file)_?[a-z]\w*\.[A-Za-z]\w*|torch\.sym_[a-z]+|math\.[a-z]\w*"
    r"|_operator\.(getitem|add|sub|mul|truediv|floordiv|mod|pow|neg|pos|eq|ne|lt|le|gt|ge|and_|or_|not_)"
)
_SYMBOL = re.compile(r"Symbol\('\w+'(?:, \w+=(?:True|False))*+\)")
_EXPRESSION = re.compile(r"(?:[A-Z][A-Za-z]*+\(|[su]\d*+|\d++(?:\.\d++)?|True|False|[\s()+*/,<>=-])*+")


def read_program(path: Path, weights: str | Path | None, trust_code: bool | str) -> Source:
    """A program saved by torch.export.save; its weights are inside, of its preprocessing only the size.

    trust_code  True, or the SHA-256 of the file that somebody trusted; False refuses it unread

    Raises UntrustedCodeError for a file that nobody trusts, that is another than was trusted, or that holds more than tensors.
    """
    if weights is not None:
        raise WeightsError(f"network {path} brings its own weights; give None instead of {weights}")
    if not path.is_file():
        raise UnknownNameError(f"network {path}: no such file; give the path of a file by torch.export.save")
    if trust_code is False:
        raise UntrustedCodeError(
            f"network {path}: a program by torch.export runs what its maker wrote; if you trust them, give --trust-code on the"
            " command line (in Python trust_code=True), else give the network's name and its weights as .safetensors"
        )
    content = path.read_bytes()
    if isinstance(trust_code, str) and hashlib.sha256(content).hexdigest() != trust_code:
        raise UntrustedCodeError(
            f"network {path}: it is another file than the one that was trusted; put the old file back, or add it again"
            " with --trust-code"
        )
    return _loaded(_checked(content, path), path)


def _loaded(archive: io.BytesIO, path: Path) -> Source:
    try:
        program = torch.export.load(archive)
    except Exception as problem:  # a damaged file fails in many ways
        raise _no_program(path) from problem
    inputs = exported_input(program, path)
    module = torch.export.unflatten(program)
    for part in module.modules():
        part.training = (
            False  # it was exported as it runs; and a program that reads any batch cannot be copied
        )
    # cam/cut.py asks for this mark
    module.one_by_one = inputs.one_by_one  # type: ignore[assignment]
    return Source(module, inputs.preprocessing, None)


def _no_program(path: Path) -> WeightsError:
    return WeightsError(
        f"network {path}: it is no file by torch.export.save, or by another PyTorch; export it again"
    )


def _checked(content: bytes, path: Path) -> io.BytesIO:
    """An archive like the one in `content`, written anew: nothing that PyTorch reads of it was not looked at here."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            records = _records(archive, path)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError) as problem:
        raise _no_program(path) from problem
    pickled = _named_as_pickles(records, path)
    for name in filter(_GRAPH.fullmatch, records):
        _check_graph(records[name], name, path)
    checked = io.BytesIO()
    with zipfile.ZipFile(checked, "w") as archive:
        for name, record in records.items():
            as_pickle = name in pickled or _PICKLED.fullmatch(name)
            archive.writestr(f"program/{name}", _tensors_alone(record, name, path) if as_pickle else record)
    checked.seek(0)
    return checked


def _records(archive: zipfile.ZipFile, path: Path) -> dict[str, bytes]:
    """What the archive holds, by name without the folder around it. Refuses what is not known to be data."""
    records: dict[str, bytes] = {}
    for info in archive.infolist():
        folder, _, name = info.filename.partition("/")
        if not any(kind.fullmatch(name) for kind in (_PLAIN, _TENSOR, _PICKLED)):
            raise (
                _no_program(path)
                if not name
                else _refused(path, name, "is compiled code or of no known kind")
            )
        if name in records or not folder:
            raise _refused(path, name, "stands twice")
        records[name] = archive.read(info)
    if records.get("archive_format") != b"pt2":
        raise _no_program(path)
    return records


def _named_as_pickles(records: dict[str, bytes], path: Path) -> set[str]:
    """The tensors that PyTorch would read by pickle, as the archive's own lists say."""
    names = set()
    for config, record in records.items():
        place = _CONFIG.fullmatch(config)
        if place is None:
            continue
        try:
            payloads = json.loads(record)["config"].values()
            named = [payload["path_name"] for payload in payloads if payload["use_pickle"]]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
            raise _no_program(path) from problem
        for name in named:
            if not _TENSOR.fullmatch(record_name := f"data/{place['folder']}/{name}"):
                raise _refused(path, record_name, "is no tensor")
            names.add(record_name)
    return names


def _check_graph(record: bytes, name: str, path: Path) -> None:
    """Refuse a graph that names more than operations on tensors, or expressions that are more than sums of sizes."""
    try:
        waiting = [json.loads(record)]
    except (ValueError, RecursionError) as problem:
        raise _no_program(path) from problem
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
            operation = value.get("target") if "inputs" in value else None
            if operation is not None and not _OPERATION.fullmatch(str(operation)):
                raise _refused(path, name, f"names “{str(operation)[:80]}”, which is no operation on tensors")
            expression = _SYMBOL.sub("s", str(value.get("expr_str", "")))
            if not _EXPRESSION.fullmatch(expression):
                raise _refused(
                    path, name, f"has the expression “{expression[:80]}”, which is no sum of sizes"
                )


def _tensors_alone(record: bytes, name: str, path: Path) -> bytes:
    """A pickle that holds tensors and plain values alone, written anew."""
    if not record:
        return record
    try:
        payload = torch.load(io.BytesIO(record), map_location="cpu", weights_only=True)
    except Exception as problem:  # whatever it stumbles over: it is not tensors alone
        raise _refused(path, name, "holds more than tensors") from problem
    written = io.BytesIO()
    torch.save(payload, written)
    return written.getvalue()


def _refused(path: Path, name: str, fault: str) -> UntrustedCodeError:
    return UntrustedCodeError(
        f"network {path}: {name[:80]} in it {fault}, so reading it could run code; export the network again by"
        " torch.export.save, or give its name and its weights as .safetensors"
    )
