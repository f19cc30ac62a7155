"""Results as Markdown: what was measured, on what, and beside the bound that it should keep."""

BOUNDS = {
    "resnet50": 1.10,
    "efficientnet_lite0": 1.10,
    "vgg16": 1.8,
}
BACKEND_BOUNDS = {"efficientnet_lite0": 0.35, "squeezenet1_1": 0.5, "resnet50": 0.75}
MEMORY_BOUNDS = {"vgg16": 1500, "resnet50": 500}


def markdown(results: dict) -> str:
    parts = [
        "# What the engine costs",
        "Written by `make bench`. Ratios are medians over adjacent pairs of runs; milliseconds are the best of all runs"
        " and are for one whole batch. Six methods: grad-cam, grad-cam++, hirescam, layer-cam, ablation-cam,"
        " pixel-ablation-cam.",
    ]
    for name, section in (("speed", _speed), ("backends", _backends), ("peers", _peers), ("memory", _memory)):
        if name in results:
            parts += [section(results[name]["rows"]), _ground(results[name])]
    return "\n\n".join(parts) + "\n"


def _ground(part: dict) -> str:
    machine, versions = part["machine"], part["versions"]
    names = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"*{machine['cpu']}, {machine['cores']} cores, {machine['threads']} threads, Python {machine['python']}, {names};"
        f" load average at the end {machine['load']}.*"
    )


def _table(head: list[str], rows: list[list]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def _bound(value: float, bound: float | None, unit: str = "×") -> str:
    if bound is None:
        return ""
    return f"≤ {bound} {unit}: {'kept' if value <= bound else 'MISSED'}"


def _speed(rows: list[dict]) -> str:
    body = [
        [
            row["network"],
            row["layer"],
            row["head"],
            row["batch"],
            row["plain_ms"],
            row["ours_ms"],
            f"{row['ratio']} ×",
            f"{row['best']} ×",
            _bound(row["ratio"], BOUNDS.get(row["network"])),
        ]
        for row in rows
    ]
    head = ["network", "layer", "head", "batch", "plain ms", "six ms", "ratio", "best/best", "bound"]
    return "## Six methods against one plain forward pass\n\n" + _table(head, body)


def _backends(rows: list[dict]) -> str:
    body = [
        [
            row["network"],
            row["backend"],
            row["plain_ms"],
            row["ours_ms"],
            f"{row['ratio']} ×",
            f"{row['best']} ×",
            _bound(row["ratio"], BACKEND_BOUNDS.get(row["network"])) if row["backend"] != "torch" else "",
        ]
        for row in rows
    ]
    head = ["network", "back end", "eager forward ms", "six methods ms", "ratio", "best/best", "bound"]
    return "## Six methods with another back end, against one eager forward pass (batch 8)\n\n" + _table(
        head, body
    )


def _peers(rows: list[dict]) -> str:
    body = [
        [
            row["library"],
            row["method"],
            row["ours"],
            row["peer_ms"],
            row["ours_ms"],
            f"{row['times_faster']} ×",
            row["note"],
        ]
        for row in rows
    ]
    head = ["library", "its method", "ours", "its ms", "our ms", "faster", "note"]
    return "## One photo beside other libraries (ResNet-50, layer4)\n\n" + _table(head, body)


def _memory(rows: list[dict]) -> str:
    body = [
        [
            row["network"],
            row["batch"],
            row["peak_mb"],
            _bound(row["peak_mb"], MEMORY_BOUNDS[row["network"]], "MB"),
        ]
        for row in rows
    ]
    return "## Peak memory above the network's own\n\n" + _table(["network", "batch", "MB", "bound"], body)
