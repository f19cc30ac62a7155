"""Section 4.5 of the paper, measured: the cost of ablating every cell at layers from the last to early ones, and what those layers add.

Times are medians of three, each with the load of its minute: where that was above the number of processors the layer is measured
again, up to TRIES times, and a row whose load stayed high says so. The figures of tables 1 and 2 are over the same photos at every
layer. Everything lies in a database and a folder of its own that are removed at the end.
"""

import sys
import time
from pathlib import Path

from bench.own_site import in_own_site

NETWORKS = {"efficientnet-lite0": "package:efficientnet_lite0", "squeezenet1-1": "package:squeezenet1_1"}
TRIES, WAIT_SECONDS = 3, 60
PHOTOS = 24  # for the figures, spread over the samples
MOST_CELLS = 1000  # of a layer whose figures are measured: one with more takes a minute or two for each photo


def main() -> None:
    in_own_site(_measure)


def _measure() -> None:
    from django.core.management import call_command

    from bench.timing import options, report
    from explain.networks import add_network
    from explain.photos import import_images

    quick = options().quick
    call_command("migrate", verbosity=0)
    photos = list(
        import_images(path=Path("samples/photos"), set_name="samples").image_set.images.order_by("pk")
    )
    rows = []
    for name, load in list(NETWORKS.items())[: 1 if quick else None]:
        network, _ = add_network(name=name, load=load)
        rows += _rows(network, photos, quick)
    report(rows)


def _rows(network, photos, quick: bool) -> list[dict]:
    from explain.evaluation import figures_by_layer, layers_to_measure
    from explain.networks import load_network

    layers = layers_to_measure(load_network(network), 200 if quick else 56 * 56)
    tries, most = (1, 32) if quick else (TRIES, None)
    costs = [_quiet_cost(network, photos[0], layer, most, tries) for layer in layers]
    few = photos[:: max(1, len(photos) // PHOTOS)][: 4 if quick else PHOTOS]
    known = [cost["layer"] for cost in costs if cost["cells"] <= MOST_CELLS]
    figures = {
        row.layer: row.to_json() for row in figures_by_layer(images=few, network=network, layers=known)
    }
    return [{"network": network.name, **cost, "figures": figures.get(cost["layer"])} for cost in costs]


def _quiet_cost(network, image, layer: str, most: int | None, tries: int) -> dict:
    """The cost at a layer, measured up to `tries` times, a while apart, where the load was high."""
    from explain.core.machine import is_loaded
    from explain.evaluation import layer_costs

    for attempt in range(tries):
        (cost,) = layer_costs(network=network, image=image, layers=[layer], most_measured=most)
        print(
            f"  {network} {layer}: {cost.general:.0f} ms, load {cost.on['load']}", file=sys.stderr, flush=True
        )
        if not is_loaded(cost.on):
            break
        if attempt + 1 < tries:
            time.sleep(WAIT_SECONDS)
    return cost.to_json()


def markdown(results: dict) -> str:
    part = results["layers"]
    lines = [
        "# Ablating cells at earlier layers: what it costs, and what it adds",
        "",
        "Written by `python -m bench layers`. Every cell of one photo, beyond its one pass through the network: in the general form, which runs "
        "the rest of the network once for each cell, and in the closed form where one fits. Times are medians of three in milliseconds.",
        "",
        "| network | layer | cells | channels | form that fits | closed, ms | general, ms | a cell, ms | rest of the network, ms | whole pass, ms | load |",
        "|---|---|---:|---:|---|---:|---:|---:|---:|---:|---|",
        *(_cost_line(row) for row in part["rows"]),
        "",
        _on(part["rows"]),
        "",
        *_growth(part["rows"]),
        *_figure_lines(part["rows"]),
    ]
    return "\n".join([*lines, ""])


def _cost_line(row: dict) -> str:
    from explain.core.machine import is_loaded

    closed = "–" if row["closed"] is None else f"{row['closed']:.2f}"
    load = f"{row['on']['load']:g}" + (": HIGH, too long" if is_loaded(row["on"]) else "")
    some = "" if row["measured"] == row["cells"] else f" (from {row['measured']} cells)"
    return (
        f"| {row['network']} | {row['layer']} | {row['cells']:,} | {row['channels']} | {row['form']} | {closed} | {row['general']:,.1f}{some} | "
        f"{row['each']:.2f} | {row['rest']:.2f} | {row['whole']:.2f} | {load} |"
    )


def _on(rows: list[dict]) -> str:
    on = rows[0]["on"]
    return f"{on['cpu']}, {on['processors']} processors, {on['threads']} threads; the load is the average over a minute, this program among it."


def _growth(rows: list[dict]) -> list[str]:
    """How cost grows from each network's last layer to its earliest one."""
    lines = []
    for name in dict.fromkeys(row["network"] for row in rows):
        own = [row for row in rows if row["network"] == name]
        last, first = own[0], max(own, key=lambda row: row["cells"])
        lines += [
            f"{name}: from {last['layer']} to {first['layer']} there are {first['cells'] / last['cells']:.0f} times as many cells, and all of them "
            f"take {first['general'] / last['general']:,.0f} times as long in the general form ({last['each']:.2g} and {first['each']:.2g} ms a cell).",
            "",
        ]
    return lines


def _figure_lines(rows: list[dict]) -> list[str]:
    measured = [row for row in rows if row["figures"]]
    if not measured:
        return []
    photos = ", ".join(
        f"{name}: {photos} photos"
        for name, photos in {row["network"]: row["figures"]["photos"] for row in measured}.items()
    )
    return [
        "## What earlier layers add",
        "",
        f"Pixel Ablation-CAM under the protocol `paper`, 95 % over photos in brackets ({photos}; the same at every layer).",
        "",
        "| network | layer | cells | % drop in confidence | % drop in activation | % increase in confidence | % increase in activation |",
        "|---|---|---:|---:|---:|---:|---:|",
        *(
            f"| {row['network']} | {row['layer']} | {row['cells']:,} | "
            + " | ".join(_estimate(figure) for figure in row["figures"]["figures"])
            + " |"
            for row in measured
        ),
    ]


def _estimate(figure: dict | None) -> str:
    if figure is None:
        return "–"
    if figure["interval"] is None:
        return f"{figure['value']:.1f}"
    return f"{figure['value']:.1f} [{figure['interval'][0]:.1f}, {figure['interval'][1]:.1f}]"


if __name__ == "__main__":
    main()
