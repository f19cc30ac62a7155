"""`manage.py demo --no-serve` from an empty folder, and what its studies then give. Run by record.py, in a process of its own."""

import contextlib
import io
import json
import random
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django

from . import interface, masks


def main(to: Path) -> None:
    django.setup()
    same_orders_each_time()
    printed = run_demo()
    outputs = Outputs(hashes_of_machine=True)
    outputs.text("what the demo prints", printed)
    for slug in ("method-choice", "reliability"):
        of_study(outputs, slug)
    of_site(outputs)
    few_photos(outputs)
    to.write_text(json.dumps({"anywhere": outputs.anywhere, "machine": outputs.machine}), "utf-8")


def same_orders_each_time() -> None:
    """Studies are opened with this nonce instead of one that is drawn, and classes dealt over their places alike: the same orders in every record."""
    from studies.lifecycle import opening, predictions

    opening.new_nonce = lambda: "7e" * 32
    predictions.secrets = SimpleNamespace(SystemRandom=lambda: random.Random(7))


def run_demo() -> str:
    """Everything that `make demo SERVE=0` does; what it printed on stdout."""
    from django.core.management import call_command

    from studies.management.commands import demo

    # Which trials people meet depends on who claims first: one at a time, it is always the same.
    demo.PEOPLE = {slug: _one_at_a_time(words) for slug, words in demo.PEOPLE.items()}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        call_command("demo", "--no-serve")
    return printed.getvalue()


def _one_at_a_time(words: str) -> str:
    slow, changed = re.subn(r"--at-once \d+", "--at-once 1", words)
    if changed != 1:
        raise ValueError(f"{words}: says no more how many people come at once; see tests/recorded/demo.py")
    return slow


class Outputs:
    """What was collected: what must be the same anywhere, and the hashes that are the same on one machine only."""

    def __init__(self, *, hashes_of_machine: bool) -> None:
        """`hashes_of_machine`: whether hashes in files and JSON rest on this machine's last digits."""
        self.anywhere: dict[str, Any] = {}
        self.machine: dict[str, Any] = {}
        self._of_machine = hashes_of_machine
        self._names = masks.ANYWHERE if hashes_of_machine else masks.VARIES
        self._words = [masks.HASH] * hashes_of_machine + list(masks.VARIES_IN_WORDS)
        self._where = interface.where()

    def placed(self, text: str) -> str:
        for folder, name in self._where.items():
            text = text.replace(folder, name)
        return text

    def _keep(self, name: str, value: Any) -> None:
        """Note a value; where another output gave the same, its name alone."""
        same = next((other for other, kept in self.anywhere.items() if kept == value), None)
        self.anywhere[name] = value if same is None else f"the same as {same}"

    def json(self, name: str, text: str, *, floats: bool = True) -> None:
        """JSON. `floats`: whether its fractions are the same on any machine, but for their last digits."""
        data = json.loads(self.placed(text))
        anywhere = masks.masked(data, self._names)
        self._keep(name, masks.compact(anywhere if floats else masks.without_fractions(anywhere)))
        self.machine[name] = masks.sha256(json.dumps(masks.masked(data, masks.VARIES), ensure_ascii=False))

    def text(self, name: str, text: str) -> None:
        self._keep(name, masks.masked_words(self.placed(text), self._words).splitlines())

    def csv(self, name: str, text: str) -> None:
        self._file(name, masks.of_csv(text, self._names), masks.masked_csv(text, masks.VARIES))

    def jsonl(self, name: str, text: str) -> None:
        self._file(name, masks.of_jsonl(text, self._names), masks.masked_jsonl(text, masks.VARIES))

    def _file(self, name: str, rows: dict[str, Any], masked: str) -> None:
        """A file's rows, and the hash of its bytes but for what varies."""
        self.machine[name] = masks.sha256(masked)
        self._keep(name, rows if self._of_machine else {**rows, "bytes": self.machine[name]})

    def parquet(self, name: str, path: Path) -> None:
        self._keep(name, masks.of_parquet(path, self._names))

    def html(self, name: str, text: str, secrets: list[str]) -> None:
        self.anywhere[name] = masks.of_html(text)
        self.machine[name] = masks.sha256(masks.masked_html(self.placed(text), secrets))


def command(name: str, *words: object) -> str:
    """What a command prints on stdout."""
    from django.core.management import call_command

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        call_command(name, *map(str, words))
    return printed.getvalue()


def of_study(outputs: Outputs, slug: str) -> None:
    """Every file and every JSON of a study with answers."""
    files_of(outputs, slug)
    outputs.text(f"scores {slug}", command("scores", slug))
    outputs.json(f"scores {slug} --json", command("scores", slug, "--json"))
    outputs.json(f"scores {slug} --who real --json", command("scores", slug, "--who", "real", "--json"))
    outputs.text(f"show_protocol {slug}", command("show_protocol", slug))
    outputs.json(f"show_protocol {slug} --json", command("show_protocol", slug, "--json"))
    outputs.json(f"provenance {slug} --item 0 --json", command("provenance", slug, "--item", 0, "--json"))
    outputs.json(f"check_blinding {slug} --json", command("check_blinding", slug, "--json"), floats=False)
    pages_of(outputs, slug)
    api_of(outputs, slug)


def files_of(outputs: Outputs, slug: str) -> None:
    from django.conf import settings

    to = settings.DATA_DIR / "exports" / slug
    printed = command("export", slug, "--to", to, "--format", "csv,jsonl,parquet", "--json")
    outputs.json(f"export {slug} --json", printed)
    for path in map(Path, json.loads(printed)["files"]):
        name = f"export {slug}: {path.name}"
        if path.suffix == ".parquet":
            outputs.parquet(name, path)
        elif path.suffix in (".toml", ".R", ".py"):
            outputs.text(name, path.read_text("utf-8"))
        else:
            kind = {".csv": outputs.csv, ".jsonl": outputs.jsonl, ".json": outputs.json}[path.suffix]
            kind(name, path.read_bytes().decode())
    command("report", slug, "--to", to / "report.html", "--json")
    answers = masks.sha256((to / "answers.csv").read_bytes())
    outputs.html(f"report {slug}", (to / "report.html").read_bytes().decode(), [answers, *versions_of(slug)])


def versions_of(slug: str) -> list[str]:
    """What says in a report which code a study was opened with."""
    from studies.models import Study

    return [Study.objects.get(slug=slug).code_version]


def client() -> Any:
    """The site, for somebody who has logged in as the demo's admin."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    site = Client(headers={"host": "localhost"})
    site.force_login(
        get_user_model().objects.get(username="admin"), "django.contrib.auth.backends.ModelBackend"
    )
    return site


def fetched(site: Any, address: str, accept: str = "*/*") -> str:
    response = site.get(address, headers={"accept": accept})
    if response.status_code != 200:
        raise ValueError(f"{address}: {response.status_code}")
    return b"".join(response).decode()


def pages_of(outputs: Outputs, slug: str) -> None:
    """What the study's pages give as files and as JSON."""
    site, base = client(), f"/studies/{slug}"
    outputs.csv(f"{base}/export.csv", fetched(site, f"{base}/export.csv"))
    outputs.csv(f"{base}/codebook.csv", fetched(site, f"{base}/codebook.csv"))
    outputs.text(f"{base}/protocol.toml", fetched(site, f"{base}/protocol.toml"))
    for name in ("results.json", "counted.json"):
        outputs.json(f"{base}/{name}", fetched(site, f"{base}/{name}"))


def api_of(outputs: Outputs, slug: str) -> None:
    site, base = client(), f"/api/studies/{slug}"
    outputs.json(f"{base}/", fetched(site, f"{base}/"))
    for name in ("scores", "answers", "versions", "invitations", "participants", "record"):
        outputs.json(f"{base}/{name}/", fetched(site, f"{base}/{name}/"))
    outputs.csv(f"{base}/export/?as=csv", fetched(site, f"{base}/export/?as=csv"))
    outputs.jsonl(f"{base}/export/?as=jsonl", fetched(site, f"{base}/export/?as=jsonl"))


def of_site(outputs: Outputs) -> None:
    """What is about no one study: the list and the schema of the API, and commands that find all done."""
    from django.conf import settings

    site = client()
    outputs.json("/api/studies/", fetched(site, "/api/studies/"))
    schema = json.loads(fetched(site, "/api/schema/", accept="application/vnd.oai.openapi+json"))
    outputs.anywhere["/api/schema/"] = {
        **{
            f"{method.upper()} {path}": masks.sha256(json.dumps(operation))[:16]
            for path, methods in schema["paths"].items()
            for method, operation in methods.items()
        },
        **{
            f"{kind} {name}": masks.sha256(json.dumps(each))[:16]
            for kind, parts in schema["components"].items()
            for name, each in parts.items()
        },
    }
    photos = settings.BASE_DIR / "samples/photos/manifest.csv"
    methods = "grad-cam,ablation-cam,pixel-ablation-cam"
    for words, floats in (
        (("import_images", photos, "--set", "samples"), True),
        (("add_network", "squeezenet1-1", "--load", "package:squeezenet1_1"), True),
        (("precompute", "samples", "--networks", "squeezenet1-1", "--methods", methods, "--inline"), True),
        (("f1", "samples", "--network", "efficientnet-lite0"), True),
        (("check_files",), True),
        (("invite", "reliability", "--label", "from a test", "--quota", "3"), True),
    ):
        name = outputs.placed(" ".join(map(str, words)))
        outputs.json(f"{name} --json", command(*words, "--json"), floats=floats)


def few_photos(outputs: Outputs) -> None:
    """A set of three photos, small enough for commands that take long."""
    from django.conf import settings

    samples = settings.BASE_DIR / "samples/photos"
    head, *lines = (samples / "manifest.csv").read_text("utf-8").splitlines()
    inbox = settings.DATA_DIR / "few"
    inbox.mkdir()
    (inbox / "manifest.csv").write_text("\n".join([head, *lines[:3], ""]), "utf-8")
    for line in lines[:3]:
        name = line.split(",")[0]
        (inbox / name).write_bytes((samples / name).read_bytes())
    network = ("--networks", "squeezenet1-1", "--methods", "grad-cam")
    for words in (
        ("import_images", inbox, "--set", "few"),
        ("precompute", "few", *network, "--inline"),
        ("evaluate", "few", *network),
    ):
        name = outputs.placed(" ".join(map(str, words)))
        outputs.json(f"{name} --json", command(*words, "--json"), floats=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
