"""The rules of the house that are not about floors and doors (.importlinter)."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[1]
APPS = ("config", "studies", "explain")
FILES = [
    path for app in APPS for path in sorted((ROOT / app).rglob("*.py")) if "migrations" not in path.parts
]


def is_page(module: str) -> bool:
    return module.endswith(("views", "_views"))


def is_address(module: str) -> bool:
    return module.endswith("urls")


def test_only_addresses_import_pages():
    graph = grimp.build_graph(*APPS, cache_dir=None)
    pages = [module for module in graph.modules if is_page(module)]
    assert len(pages) > 20
    others = [
        (importer, page)
        for page in pages
        for importer in graph.find_modules_that_directly_import(page)
        if not is_address(importer)
    ]
    assert others == []


def test_no_package_holds_more_than_twenty_modules():
    count: dict[Path, int] = {}
    for path in FILES:
        if path.name != "__init__.py":
            count[path.parent] = count.get(path.parent, 0) + 1
    assert {str(folder.relative_to(ROOT)): n for folder, n in count.items() if n > 20} == {}


def test_no_file_is_over_400_lines_and_no_function_over_60():
    long = []
    for path in FILES:
        text = path.read_text("utf-8")
        if text.count("\n") > 400:
            long.append(str(path.relative_to(ROOT)))
        long += [
            f"{path.relative_to(ROOT)}: {node.name}"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or node.lineno) - node.lineno >= 60
        ]
    assert long == []


@pytest.mark.parametrize("app", ["studies", "explain"])
def test_each_room_says_what_it_is_for_and_has_a_door(app):
    rules = (ROOT / ".importlinter").read_text("utf-8")
    rooms = [path.parent for path in (ROOT / app).glob("*/__init__.py")]
    assert len(rooms) > 7
    doors_of_their_own = {"analysis", "cam", "core", "management", "migrations", "templatetags"}
    for room in rooms:
        if room.name in doors_of_their_own:
            continue
        assert ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8"))), room
        name = f"{app}.{room.name}"
        assert f"protected_modules =\n    {name}.*\nallowed_importers =\n    {name}\n" in rules


def test_inside_the_engine_imports_are_relative():
    """So the folder works wherever it lies."""
    absolute = [
        str(path.relative_to(ROOT))
        for path in FILES
        if path.is_relative_to(ROOT / "explain/cam")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").startswith("explain")
    ]
    assert absolute == []


def test_the_picture_of_the_house_is_of_today():
    drawn = subprocess.run(
        [sys.executable, "-c", "from docs.house_picture import drawing; print(drawing(), end='')"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert drawn == (ROOT / "docs/images/house.svg").read_text("utf-8"), (
        "The rooms have changed: PYTHONPATH=. python docs/house_picture.py"
    )


# A name of a trial type as a text of its own, or a member of `Study.Task`.
NAMES_A_TYPE = re.compile(r"""['"](choice|rating)['"]|Task\.(CHOICE|RATING)""")
MAY_NAME_A_TYPE = (
    "studies/trial_types/",
    "studies/migrations/",  # what tables were when they were made
)


def lines_that_name_a_type(root: Path) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()}"
        for top in ("studies", "templates", "config")
        for path in sorted((root / top).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
        if not (name := path.relative_to(root).as_posix()).startswith(MAY_NAME_A_TYPE)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if NAMES_A_TYPE.search(line)
    ]


def test_no_file_names_a_trial_type_but_those_of_its_folder():
    """Others ask the type: `trial_type_of(study)`."""
    assert lines_that_name_a_type(ROOT) == []


def test_a_line_that_names_a_trial_type_is_said_with_its_place(tmp_path):
    names = {
        "studies/exports/a.py": 'one = 1\nif study.task == "choice":\n',
        "studies/trial_types/rating/b.py": 'name = "rating"\n',
        "studies/migrations/0001.py": "('rating', 'rate')\n",
        "templates/studies/c.html": "{% if study.task == 'rating' %}\n",
        "config/d.py": 'Study.Task.RATING\n"choices"\n',
    }
    for name, text in names.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    assert lines_that_name_a_type(tmp_path) == [
        'studies/exports/a.py:2: if study.task == "choice":',
        "templates/studies/c.html:1: {% if study.task == 'rating' %}",
        "config/d.py:1: Study.Task.RATING",
    ]
