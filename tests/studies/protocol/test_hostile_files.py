"""A protocol made to hold the site up: refused in a sentence, before it is parsed, by the command line and in the browser."""

import time
import tomllib

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from studies.models import Study
from studies.protocol import MAX_BYTES, ProtocolError, parse_toml, to_toml
from studies.protocol.toml_file import DEEPEST, LONGEST_WORD
from studies.setup.drafts import create_draft, save_draft

from .test_read_protocol import changed

SHIPPED = sorted((settings.BASE_DIR / "docs/protocols").glob("*.toml"))
SECONDS = 3  # of the processor; what was refused took 45

HOSTILE = {
    "many dotted keys": ("\n".join(f"a.b{number}=1" for number in range(60_000)), "is over 64 KiB"),
    "a key of many parts": (".".join(["a"] * 32_000) + "=1", "line 1 goes deeper than 8"),
    "a key of many quoted parts": (".".join(['"a"'] * 16_000) + "=1", "line 1 goes deeper than 8"),
    "a table of many parts": ("x = 1\n[" + " . ".join(["a"] * 16_000) + "]", "line 2 goes deeper than 8"),
    "an inline table of many parts": (
        "x = {" + ".".join(["a"] * 16_000) + " = 1}",
        "line 1 goes deeper than 8",
    ),
    "open brackets": ("x = " + "[" * 5_000, "line 1 goes deeper than 8"),
    "brackets": ("x = " + "[" * 5_000 + "]" * 5_000, "line 1 goes deeper than 8"),
    "braces": ("x = " + "{a=" * 5_000 + "1" + "}" * 5_000, "line 1 goes deeper than 8"),
    "a long number": ("version = " + "9" * 900_000, "is over 64 KiB"),
    "a number": ("version = " + "9" * 60_000, "line 1 has a name or number of more than 400"),
    "a hexadecimal number": ("version = 0x" + "f" * 60_000, "line 1 has a name or number of more than 400"),
    "a number in a list": ("x = [\n1,\n" + "9" * 5_000 + "]", "line 3 has a name or number of more than 400"),
    "a long name": ("x" * 60_000 + " = 1", "line 1 has a name or number of more than 400"),
    "open quotes": ('x = """' + '\\"""' * 10_000, "is no valid TOML"),
    "quotes": ("x = " + '"' * 60_000, "is no valid TOML"),
    "other quotes": ("x = " + "'" * 60_000, "is no valid TOML"),
    "backslashes": ('x = "' + "\\" * 60_000, "is no valid TOML"),
    "a date that is none": ("x = 2023-02-31", "is no valid TOML"),
    "a NUL character": ('title = "a\0b"', "is no valid TOML"),
    "an escaped NUL character": ('title = "a\\u0000b"', "has a NUL character; take it out"),
    "a NUL character in a name": ('"a\\u0000b" = 1', "has a NUL character; take it out"),
    "a NUL character in a list": ('x = [["a"], ["\\u0000"]]', "has a NUL character; take it out"),
    "no UTF-8": (b"# fine\ntitle = '\xff'", "line 2 is not in UTF-8; save the file as UTF-8"),
    "UTF-16": ("version = 1".encode("utf-16"), "line 1 is not in UTF-8"),
    "half a character": ("version = 1 # \u20ac".encode()[:-1], "line 1 is not in UTF-8"),
    "a mark of byte order": ("version = 1".encode("utf-8-sig"), "is no valid TOML"),
    "nothing but zeros": (bytes(60_000), "is no valid TOML"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_it_is_refused_in_a_sentence_and_at_once(kind):
    content, words = HOSTILE[kind]
    begun = time.process_time()
    with pytest.raises(ProtocolError) as refused:
        parse_toml(content if isinstance(content, bytes) else content.encode(), name="mine.toml")
    assert time.process_time() - begun < SECONDS
    (line,) = refused.value.lines
    assert words in line
    assert line.endswith(".")
    assert len(line) < 400
    assert line.startswith("mine.toml: ") == ("NUL character;" not in line)


@pytest.mark.parametrize(
    "kind", ["a key of many parts", "brackets", "a number", "no UTF-8", "an escaped NUL character"]
)
def test_the_command_line_and_the_browser_say_the_same(db, client, researcher, tmp_path, kind):
    content, words = HOSTILE[kind]
    content = content if isinstance(content, bytes) else content.encode()
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=words):
        call_command("create_study", str(path))
    client.force_login(researcher)
    file = SimpleUploadedFile("mine.toml", content)
    page = client.post(reverse("setup-new"), {"from_file": "1", "protocol": file})
    assert page.status_code == 200
    assert words in page.content.decode()
    assert not Study.objects.exists()


def test_what_is_in_quotes_or_behind_a_hash_is_not_counted():
    dots, brackets, long = ".a" * 50, "[" * 50, "x" * 500
    text = f"""
# {dots} {brackets} {long} " '
one = "{dots} \\" {brackets} {long}"
two = '{dots} {brackets} {long} \\'
three = '''
{dots} '' {brackets}
{long} " '''
four = \"\"\"{dots} \\" \"\" {brackets} {long}\"\"\"\"\"
five = [{", ".join(["0.5"] * 50)}]  # {dots}
six = {{ a = 0.5, b = 0.5, c = 1.5, d = 2.5, e = 3.5, f = 4.5, g = 5.5, h = 6.5, i = 7.5 }}
"""
    assert parse_toml(text.encode(), name="mine.toml") == tomllib.loads(text)


def test_the_bounds_themselves_are_taken():
    deep = "x = " + "[" * DEEPEST + "]" * DEEPEST
    parts = ".".join("abcdefgh"[:DEEPEST]) + " = 1"
    long = "y = " + "9" * LONGEST_WORD
    for text in (deep, parts, long, "# " + "x" * (MAX_BYTES - 2)):
        assert parse_toml(text.encode(), name="mine.toml") == tomllib.loads(text)
    for text in (deep.replace("= [", "= [["), "z." + parts, long + "9", "# " + "x" * (MAX_BYTES - 1)):
        with pytest.raises(ProtocolError):
            parse_toml(text.encode(), name="mine.toml")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_protocols_are_read_as_before(path):
    assert parse_toml(path.read_bytes(), name=path.name) == tomllib.loads(path.read_text("utf-8"))


def test_as_many_tables_as_fit_in_a_file_are_read_in_time():
    for line in ("a.b{}=1\n", "a.a.a.a.a.a.a.b{}=1\n", "[a.a.a.a.a.a.a.b{}]\n", "[[a{}]]\n", "x{}={{}}\n"):
        text = "".join(line.format(number) for number in range(MAX_BYTES // len(line.format(9999))))
        begun = time.process_time()
        parse_toml(text.encode(), name="mine.toml")
        assert time.process_time() - begun < SECONDS


def test_a_draft_does_not_grow_beyond_what_its_file_may_be(db):
    """Its file could not be read again."""
    long = changed(wording=dict.fromkeys(("consent", "instructions", "thanks"), "अ" * 9000))
    with pytest.raises(ProtocolError, match=r"\.toml: is over 64 KiB, too large for a protocol"):
        create_draft(source=long)
    study = create_draft(source=changed())
    with pytest.raises(ProtocolError, match=r"is over 64 KiB"):
        save_draft(study=study, source=long)
    study.refresh_from_db()
    assert len(to_toml(study.protocol).encode()) < MAX_BYTES
