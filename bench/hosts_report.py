"""What bench/hosts.py found, as a page: one column for each set of engines."""

from typing import Any

VARIANTS = ("default", "Redis", "RabbitMQ")
LEASE = 6  # seconds: people who left must not be waited for a quarter of an hour
HEAD = f"""# One machine as many: the same results on every engine

`python -m bench.hosts`: the demo's 49 photos, two networks, three methods and both studies on each set of engines, then
`bench/race.py` with 16 clients. Each request of a person goes to the next web host; some leave for good with trials in
hand, whose lease is {LEASE} s here. An answer depends on the photo and the order of its maps alone, so the scores must be
equal to the last digit, whoever answered what; intervals are drawn over people and are not compared. Pictures pass
through the site on every engine (no address of the bucket is handed out); each that came is compared with the stored file.
"""


def markdown(found: dict[str, dict[str, Any]]) -> str:
    columns = [cells(name, one) for name, one in found.items()]
    lines = [HEAD, "| | " + " | ".join(found) + " |", "|---|" + "---|" * len(found)]
    lines += [
        f"| {title} | " + " | ".join(str(column[title]) for column in columns) + " |" for title in columns[0]
    ]
    return "\n".join([*lines, ""])


def cells(name: str, one: dict[str, Any]) -> dict[str, Any]:
    plain = name == "default"
    shown = {
        "database": "SQLite" if plain else "PostgreSQL",
        "broker": "a file" if plain else name,
        "pictures": "a folder" if plain else "S3 (moto's server)",
        "web hosts, of two processes each": one["web_hosts"],
        "batches by worker": " + ".join(map(str, one["batches_by_worker"])),
        "maps": one["maps"],
        "largest difference of a map from the default's": f"{one['map_difference']:.1g}",
    }
    for slug, study in one["studies"].items():
        shown |= {f"{slug}: {title}": cell for title, cell in of_study(study).items()}
    return shown | {
        "files, lost, without a row": f"{one['files']}, {one['lost']}, {one['orphans']}",
        "race": one["race"],
        "seconds, all in all": one["seconds"],
        "promises broken": "; ".join(one["broken"]) or "none",
    }


def of_study(study: dict[str, Any]) -> dict[str, Any]:
    return {
        "people, of whom left": f"{study['people']}, {study['left']}",
        "answers that count, late ones": f"{study['counted']}, {study['surplus']}",
        "answers to an item": ", ".join(map(str, study["answers_by_item"])),
        "most answers of one person to an item": study["most_by_one_person"],
        "pictures, unlike the stored": f"{study['pictures']:,}, {study['pictures_unlike']}",
        "scores": ", ".join(f"{value:.4f}" for value in study["scores"].values()),
    }
