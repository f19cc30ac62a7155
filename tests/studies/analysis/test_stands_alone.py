"""The analysis can be read, tested and used without the rest of Blindsight."""

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

import studies.analysis

MODULES = [module.name for module in pkgutil.walk_packages(studies.analysis.__path__, "studies.analysis.")]


def test_no_module_of_it_needs_django():
    assert "studies.analysis.scores" in MODULES
    code = f"import sys, importlib; [importlib.import_module(n) for n in {MODULES}]; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"django", "torch", "rest_framework"} & set(loaded.split())


@pytest.mark.parametrize("name", MODULES)
def test_its_examples_say_what_happens(name):
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0
