"""What strangers bring: a package with an entry point, made in a folder on sys.path, and a METHODS_FILE."""

import sys
from importlib import invalidate_caches
from textwrap import dedent

import pytest

from explain.cam.names import REGISTERED, methods_file

PACKAGE = "gradbox"
FUNCTION = '''
    import torch

    def edges(inputs, target=None, power=1.0):
        """How much each pixel differs from its left neighbour."""
        return (inputs - inputs.roll(1, -1)).abs().pow(power)

    edges.citation = "Doe and Roe, NeurIPS 2026"
'''


@pytest.fixture
def fresh_methods(monkeypatch):
    """Whatever is registered or chosen in a test is gone after it."""
    from explain.cam import METHODS

    before, known, chosen = dict(METHODS), dict(REGISTERED), list(methods_file._chosen)
    yield
    METHODS.clear()
    METHODS.update(before)
    REGISTERED.clear()
    REGISTERED.update(known)
    methods_file._chosen[:] = chosen
    sys.modules.pop(PACKAGE, None)


def install(folder, monkeypatch, *, name="edge-map", code=FUNCTION, version="1.2", points_at="gradbox:edges"):
    """A package as pip leaves it: a module, and a dist-info with metadata and one entry point."""
    folder.mkdir(exist_ok=True)
    (folder / f"{PACKAGE}.py").write_text(dedent(code))
    info = folder / f"{PACKAGE}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {version}\nSummary: Maps of edges\n"
    )
    (info / "entry_points.txt").write_text(f"[blindsight.methods]\n{name} = {points_at}\n")
    monkeypatch.syspath_prepend(str(folder))
    invalidate_caches()


def uninstall(folder):
    """The package is gone, and this process has never met it."""
    from explain.cam import METHODS

    sys.path.remove(str(folder))
    sys.modules.pop(PACKAGE, None)
    METHODS.pop("edge-map", None)
    invalidate_caches()
