"""What kind of thing a network's source is, told by its kind before its ending. No torch here."""

import re

LIBRARIES = ("torchvision", "timm", "package", "onnx")
NAME = re.compile(r"[\w.-]+", re.ASCII)


def is_program(spec: str) -> bool:
    """Whether `spec` is the path of a program by torch.export. What a library is named in front of never is one."""
    return spec.partition(":")[0] not in LIBRARIES and spec.endswith(".pt2")


def is_named(spec: str) -> bool:
    """Whether `spec` has the form LIBRARY:NAME, the only one that a page takes."""
    library, _, name = spec.partition(":")
    return library in LIBRARIES and NAME.fullmatch(name) is not None


def has_random_weights(spec: str) -> bool:
    """Whether a network has random weights where none are given: packages, samples and programs bring theirs."""
    return spec.startswith(("torchvision:", "timm:"))
