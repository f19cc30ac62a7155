"""What the commands that bring maps and pictures share: how they were made, three photos before anything is stored, a question."""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, OutputWrapper

from explain.core.commands import Bar
from explain.core.errors import BadInputError
from explain.core.storable import storable
from explain.map_sets import MapPlan, Request, plan_maps, preview_picture


def show(
    stderr: OutputWrapper, request: Request, preview: Path | None, in_words: Callable[[MapPlan], list[str]]
) -> None:
    """Say what an import would do, and write three photos into a file, a temporary one where none is named."""
    with Bar("files looked at") as progress:
        plan = plan_maps(request, progress)
    if plan.samples:
        if preview is None:
            with tempfile.NamedTemporaryFile(prefix=f"{plan.name}-", suffix=".jpg", delete=False) as file:
                preview = Path(file.name)
        preview.write_bytes(preview_picture(plan.samples))
    labels = ", ".join(sample.label for sample in plan.samples)
    shown = [f"{labels} as people would see them: {preview}"] * bool(plan.samples)
    stderr.write("\n".join([*in_words(plan), *shown]), style_func=str)


def ask_to_go_on(stderr: OutputWrapper, things: str) -> None:
    stderr.write(f"Bring these {things} in? [y/N] ", style_func=str, ending="")
    stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandError("nothing was imported", returncode=1)


def provenance_of(path: Path | None) -> dict[str, Any]:
    """The JSON object in a file that --provenance names; empty where it names none."""
    if path is None:
        return {}
    try:
        told = json.loads(path.read_text("utf-8"), parse_constant=_no_number)
    except (OSError, ValueError, RecursionError) as error:
        raise BadInputError(
            f"--provenance {path}: cannot be read as JSON ({error}); correct the file"
        ) from error
    if not isinstance(told, dict):
        raise BadInputError(f'--provenance {path}: is no JSON object; write {{"method": …}}')
    if storable(told) != told:
        raise BadInputError(f"--provenance {path}: has a NUL or half a character in a text; take it out")
    return told


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
