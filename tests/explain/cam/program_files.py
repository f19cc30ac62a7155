"""Programs by torch.export, sound and hostile: the hostile ones make a folder where they are read by pickle."""

import io
import json
import os
import pickle
import re
import zipfile
from functools import cache
from pathlib import Path

import torch
from torch import nn


class Runs:
    """A pickle that makes the folder `mark` when it is read without care."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def saved(content: object) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def small() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4)
    ).eval()  # fmt: skip


@cache
def sound_program(height: int = 16, width: int = 12, any_number: bool = False) -> bytes:
    """A program that reads one photo, or any number of them at once."""
    file, photos = io.BytesIO(), torch.zeros(2 if any_number else 1, 3, height, width)
    shapes = ({0: torch.export.Dim("photos")},) if any_number else None
    torch.export.save(torch.export.export(small(), (photos,), dynamic_shapes=shapes), file)
    return file.getvalue()


def records_of(program: bytes) -> dict[str, bytes]:
    """What is in the archive, by name without its folder."""
    with zipfile.ZipFile(io.BytesIO(program)) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def program_of(records: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, record in records.items():
            archive.writestr(f"net/{name}", record)
    return file.getvalue()


def _with_pickled(records: dict[str, bytes], folder: str, name: str, payload: bytes) -> dict[str, bytes]:
    """The list of a folder says that this one is to be read by pickle."""
    listed = f"data/{folder}/model_{folder}_config.json"
    config = json.loads(records[listed])
    config["config"]["0.weight"] = {
        "path_name": name,
        "is_param": True,
        "use_pickle": True,
        "tensor_meta": None,
    }
    return {**records, listed: json.dumps(config).encode(), f"data/{folder}/{name}": payload}


def _with_graph(records: dict[str, bytes], was: str, becomes: str) -> dict[str, bytes]:
    """The graph says something else in one place."""
    graph = records["models/model.json"].decode()
    changed, count = re.subn(was, lambda _: becomes, graph)
    assert count
    return {**records, "models/model.json": changed.encode()}


def hostile_programs(mark: Path) -> dict[str, bytes]:
    """Every way in that PyTorch's reader has, by the place where it stands."""
    sound, payload = records_of(sound_program()), saved(Runs(mark))
    plain = pickle.dumps(Runs(mark))
    older = {
        "serialized_exported_program.json": sound["models/model.json"],
        "serialized_state_dict.pt": payload,
        "serialized_constants.pt": saved({}),
        "serialized_example_inputs.pt": saved(((), {})),
    }
    without_folder = io.BytesIO()
    with zipfile.ZipFile(without_folder, "w") as archive:
        for name, record in {**older, "version": b"8.15"}.items():
            archive.writestr(name, record)
    return {
        "sample inputs": program_of({**sound, "data/sample_inputs/model.pt": payload}),
        "sample inputs by plain pickle": program_of({**sound, "data/sample_inputs/model.pt": plain}),
        "weights in one file": program_of({**sound, "data/weights/model.pt": payload}),
        "constants in one file": program_of({**sound, "data/constants/model.pt": payload}),
        "a weight": program_of(_with_pickled(sound, "weights", "weight_0", payload)),
        "a constant": program_of(_with_pickled(sound, "constants", "tensor_0", payload)),
        "an opaque object": program_of(_with_pickled(sound, "constants", "opaque_obj_0", plain)),
        "an object of TorchScript": program_of(_with_pickled(sound, "constants", "custom_obj_0", payload)),
        "a weight elsewhere": program_of(
            {**_with_pickled(sound, "weights", "/extra/x", payload), "extra/x": payload}
        ),
        "an expression": program_of(
            _with_graph(
                records_of(sound_program(any_number=True)),
                r"Symbol\('s\d+', positive=True, integer=True\)",
                f"__import__('os').mkdir('{mark}')",
            )
        ),
        "an operation": program_of(_with_graph(sound, "torch.ops.aten.relu.default", "torch.os.mkdir")),
        "a library to load": program_of(
            _with_graph(sound, "torch.ops.aten.relu.default", "torch.ops.load_library")
        ),
        "an operator that calls": program_of(
            _with_graph(sound, "torch.ops.aten.relu.default", "_operator.call")
        ),
        "compiled code": program_of({**sound, "data/aotinductor/model/a.so": b"\x7fELF"}),
        "the older layout": without_folder.getvalue(),
    }
