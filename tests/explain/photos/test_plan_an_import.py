"""What would come in is shown before anything is stored; at a terminal somebody is asked."""

import io
import json
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from explain.core.errors import BadInputError
from explain.models import Image, ImageSet
from explain.photos import import_images, plan_import
from tests.explain.photo_files import make_folder, make_zip, photo_bytes

pytestmark = pytest.mark.django_db


def photo(seed: int, size: tuple[int, int] = (160, 120), **more) -> bytes:
    return photo_bytes(seed, size, **more)


def data_set() -> dict[str, bytes]:
    return {
        "data/train/hammer/1.jpg": photo(1),
        "data/val/hammer/2.jpg": photo(2),
        "data/val/hammer/copy.jpg": photo(1),
        "data/val/dam/3.jpg": photo(3, (500, 160)),
        "data/val/dam/4.png": photo(4, (40, 120), kind="PNG"),
        "data/val/dam/notes.txt": b"x",
        "__MACOSX/data/._val": b"x",
    }


def stored(settings) -> list:
    files = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    return [*files, *ImageSet.objects.all(), *Image.objects.all()]


@pytest.mark.parametrize("pack", [make_folder, lambda root, files: make_zip(root / "a.zip", files)])
def test_a_plan_says_what_would_come_in_and_stores_nothing(inbox, settings, pack):
    seen = []
    plan = plan_import(path=pack(inbox, data_set()), set_name="s", progress=lambda *far: seen.append(far))
    assert plan.classes == {"dam": 2, "hammer": 2}
    assert (plan.new, plan.repeated, plan.already_there, plan.boxed) == (4, 1, 0, 0)
    assert [(part.why, part.names) for part in plan.passed_over] == [
        ("no picture", ["data/val/dam/notes.txt"]),
        ("left behind by macOS or Windows", ["__MACOSX/data/._val"]),
    ]
    assert plan.remarks[0].startswith("train, val: taken for parts of a data set")
    assert plan.warnings == [
        "data/val/dam/4.png is under 100 pixels high or wide, and will be a blur; take it from a larger original, or leave "
        "it out.",
        "2 photos are longer than 2 to 1: people see their middle squares only: data/val/dam/3.jpg, data/val/dam/4.png; crop "
        "them around the object, or leave them out.",
    ]
    assert seen[-1] == (5, 5)
    assert stored(settings) == []
    json.dumps(plan.to_json())


def test_the_import_does_what_the_plan_said(inbox):
    plan = plan_import(path=make_folder(inbox, data_set()), set_name="s")
    done = import_images(path=inbox, set_name="s")
    assert (done.added, done.repeated, done.remarks, done.warnings) == (plan.new, plan.repeated, plan.remarks, plan.warnings)  # fmt: skip
    classes = [row.class_name for row in Image.objects.order_by("class_name")]
    assert {name: classes.count(name) for name in classes} == plan.classes
    again = plan_import(path=inbox, set_name="s")
    assert (again.new, again.already_there, again.repeated) == (0, 4, 1)


def test_a_plan_counts_boxes_and_says_which_are_not_seen(inbox):
    make_folder(inbox, {f"{name}.jpg": photo(seed, (300, 160)) for seed, name in enumerate("abc")})
    lines = ["a.jpg,hammer,1 2 20 40", "b.jpg,hammer,100 20 200 140", "c.jpg,hammer,"]
    make_folder(inbox, {"manifest.csv": "\n".join(["file,class_name,boxes", *lines])})
    plan = plan_import(path=inbox / "manifest.csv", set_name="s")
    assert plan.boxed == 2
    assert plan.warnings == [
        "a.jpg has its box outside the square that people see; crop it around the object, or leave it out."
    ]


def test_a_plan_refuses_what_the_import_would_refuse(inbox, settings):
    make_folder(inbox, {f"hammer/{n:02}.jpg": b"text %d" % n for n in range(12)} | {"dam/1.jpg": photo(1)})
    with pytest.raises(BadInputError) as caught:
        plan_import(path=inbox, set_name="s")
    assert len(caught.value.lines) == 11
    assert caught.value.lines[-1] == "… and 2 more"
    plan = plan_import(path=inbox, set_name="s", resumable=True)
    assert (plan.classes, len(plan.bad)) == ({"dam": 1}, 11)
    make_folder(inbox / "two", {"hammer/1.jpg": photo(1), "ladle/1.jpg": photo(1)})
    with pytest.raises(BadInputError, match="called “ladle” here, but “hammer” in the same import"):
        plan_import(path=inbox / "two", set_name="s")
    import_images(path=make_folder(inbox / "old", {"anvil/1.jpg": photo(1)}), set_name="s")
    with pytest.raises(BadInputError, match="called “dam” here, but “anvil” in the set s"):
        plan_import(path=inbox, set_name="s")


def test_pages_of_a_scan_are_remarked_by_the_plan_and_by_the_import(inbox):
    from PIL import Image as Picture

    scan = io.BytesIO()
    Picture.new("RGB", (120, 120)).save(
        scan, "TIFF", save_all=True, append_images=[Picture.new("RGB", (120, 120))]
    )
    make_folder(inbox, {"hammer/scan.tif": scan.getvalue()})
    said = ["Of hammer/scan.tif the first of several pages is taken."]
    assert plan_import(path=inbox, set_name="s").remarks == said
    assert import_images(path=inbox, set_name="s").remarks == said


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch):
    """A function: somebody sits at a terminal and types that. What they see is returned by the other one."""
    seen = Terminal()

    def types(text: str):
        monkeypatch.setattr(sys, "stdin", Terminal(text))
        monkeypatch.setattr(sys, "stderr", seen)
        return lambda: seen.getvalue()

    return types


def command(inbox, *options: str) -> None:
    call_command("import_images", str(inbox), "--set", "s", *options, stderr=sys.stderr)


@pytest.mark.parametrize("text", ["y\n", "Yes\n"])
def test_at_a_terminal_what_would_come_in_is_shown_and_asked(inbox, terminal, capsys, text):
    seen = terminal(text)
    command(make_folder(inbox, data_set()), "--json")
    shown = seen()
    assert "dam              2" in shown
    assert "4 new photos for the set s, 0 of them with boxes." in shown
    assert "1 are the same photo twice." in shown
    assert "Passed over, no picture: 1 (data/val/dam/notes.txt)" in shown
    assert "train, val: taken for parts of a data set" in shown
    assert "4.png is under 100 pixels" in shown
    assert "Add these photos? [y/N]" in shown
    assert Image.objects.count() == 4
    assert json.loads(capsys.readouterr().out)["added"] == 4


@pytest.mark.parametrize("text", ["n\n", "\n", "", "maybe\n"])
def test_without_a_yes_nothing_is_stored(inbox, terminal, settings, text):
    seen = terminal(text)
    with pytest.raises(CommandError, match="nothing was imported") as caught:
        command(make_folder(inbox, data_set()))
    assert caught.value.returncode == 1
    assert "Add these photos?" in seen()
    assert stored(settings) == []


def test_nobody_is_asked_with_yes_or_where_nobody_is(inbox, terminal, monkeypatch):
    make_folder(inbox, data_set())
    seen = terminal("")
    command(inbox, "--yes")
    assert Image.objects.count() == 4
    Image.objects.all().delete()
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))  # a script
    command(inbox)
    assert Image.objects.count() == 4
    assert "Add these photos?" not in seen()
