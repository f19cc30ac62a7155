"""`blindsight`: a site's folder is the user's choice, and has a secret key of its own from the first use on."""

import stat
from pathlib import Path

import pytest

import blindsight
from blindsight import command, places


@pytest.fixture(autouse=True)
def _no_key_in_the_environment(monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)


def key_in(folder: Path) -> str:
    lines = (folder / ".env").read_text().splitlines()
    assert lines[1:] == ["HTTPS=false"]
    return lines[0].removeprefix("SECRET_KEY=")


def test_a_new_folder_and_its_key_are_for_its_owner_alone_and_the_key_stays(tmp_path):
    folder = tmp_path / "deep" / "site"
    command.make_data_folder(folder)
    key = key_in(folder)
    assert len(key) >= 50
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    command.make_data_folder(folder)
    assert key_in(folder) == key
    command.make_data_folder(tmp_path / "other")
    assert key_in(tmp_path / "other") != key


def test_of_two_that_start_at_once_the_first_ones_key_is_both_ones(tmp_path, monkeypatch):
    """The second looked before the first had put its key there."""
    command.make_data_folder(tmp_path)
    key, exists = key_in(tmp_path), Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: path.name != ".env" and exists(path))
    command.make_data_folder(tmp_path)
    assert key_in(tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_a_key_in_the_environment_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "k" * 60)
    command.make_data_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "folder", "left"),
    [
        (["--data", "here", "serve", "--data"], "here", ["serve", "--data"]),
        (["--data=here", "serve"], "here", ["serve"]),
        (["import_maps", "x", "--data", "y"], "", ["import_maps", "x", "--data", "y"]),
        ([], "", []),
    ],
)
def test_the_folder_is_named_before_the_command(words, folder, left):
    assert command.data_folder_named(words) == (folder, left)


@pytest.mark.parametrize("words", [["--data"], ["--data="], ["--data", ""]])
def test_no_folder_named_is_said(words):
    with pytest.raises(SystemExit, match="--data: names no folder"):
        command.data_folder_named(words)


def test_the_folder_goes_on_to_what_the_command_starts_whatever_folder_that_runs_in(tmp_path, monkeypatch):
    """A worker is started in another folder: a path from here would be another site there."""
    ran = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "run", lambda words: ran.append((words[1:], command.os.environ["DATA_DIR"])))
    monkeypatch.setattr("sys.argv", ["blindsight", "--data", "here", "check"])
    monkeypatch.setenv("DATA_DIR", "elsewhere")
    command.main()
    monkeypatch.setattr("sys.argv", ["blindsight", "check"])
    monkeypatch.setenv("DATA_DIR", "there")
    command.main()
    assert ran == [(["check"], str(tmp_path / "here")), (["check"], str(tmp_path / "there"))]


@pytest.mark.parametrize("word", ["version", "--version"])
def test_it_says_its_own_version_and_makes_nothing(word, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["blindsight", "--data", str(tmp_path / "site"), word])
    command.main()
    assert capsys.readouterr().out == f"{blindsight.__version__}\n"
    assert not (tmp_path / "site").exists()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("sys.argv", ["blindsight", "--data", str(tmp_path / "file" / "site"), "check"])
    with pytest.raises(SystemExit, match=r"site: the site's folder could not be made \(Not a directory\)"):
        command.main()


def test_installed_the_data_lie_where_a_users_data_do_and_in_a_checkout_in_it(monkeypatch):
    assert places.default_data_folder() == places.CODE / "var"
    monkeypatch.setattr(places, "INSTALLED", True)
    home = {"HOME": "/home/me"}
    assert places.default_data_folder(home, "linux") == Path("/home/me/.local/share/blindsight")
    assert places.default_data_folder({**home, "XDG_DATA_HOME": "/data"}, "linux") == Path("/data/blindsight")
    assert (
        places.default_data_folder(home, "darwin")
        == Path("/home/me/Library/Application Support") / "blindsight"
    )


@pytest.mark.parametrize(
    ("extra", "checkout", "wheel"),
    [
        ("", "pip install -r requirements-web.txt", "pip install blindsight"),
        ("worker", "pip install -r requirements.txt", "pip install 'blindsight[worker]'"),
        ("fast", "pip install -r requirements-fast.txt", "pip install 'blindsight[fast]'"),
    ],
)
def test_what_is_missing_is_installed_as_the_rest_was(extra, checkout, wheel, monkeypatch):
    assert places.how_to_install(extra) == checkout
    monkeypatch.setattr(places, "INSTALLED", True)
    assert places.how_to_install(extra) == wheel
