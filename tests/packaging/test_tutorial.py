"""The commands of the tutorial, as they stand there."""

import re
import shlex
import shutil

import pytest
from django.core.management import call_command

from tests.packaging.conftest import ROOT

TEXT = (ROOT / "docs/tutorial.md").read_text("utf-8")
CLASSES = ("hammer", "palace")


@pytest.mark.django_db(transaction=True)
def test_what_the_tutorial_says_is_what_happens(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (toml,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "study.toml").write_text(toml)
    for name in CLASSES:
        (tmp_path / "photos" / name).mkdir(parents=True)
        for photo in (ROOT / "samples/photos").glob(f"{name}-*.jpg"):
            shutil.copy(photo, tmp_path / "photos" / name)
    (block,) = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    lines = [shlex.split(line, comments=True) for line in block.splitlines()]
    commands = [words[1:] for words in lines if words[0] == "blindsight"]
    assert len(commands) == len(lines) - 1 == 9
    for words in commands:
        if words[0] != "migrate":
            call_command(*words)
    assert "answers by" in capsys.readouterr().out
    assert (tmp_path / "answers/answers.csv").is_file()
