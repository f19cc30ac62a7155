"""Section 4.5 in the report: what ablating cells costs, layer by layer, and how that grows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from explain.core.machine import in_words

Rows = Sequence[dict]


@dataclass(frozen=True)
class Timed:
    """Times of one network. `on`: the machine, its threads and the greatest load; empty where it is not on record."""

    network: str
    rows: Rows
    on: str

    @property
    def growth(self) -> str:
        """How cells and cost grow from the last layer to the earliest one measured, both in the general form."""
        if len(self.rows) < 2:
            return ""
        last, first = self.rows[0], max(self.rows, key=lambda row: row["cells"])
        if last["cells"] == first["cells"] or not last["general"]:
            return ""
        return (
            f"From {last['layer']} to {first['layer']} there are {_times(first['cells'] / last['cells'])} as many cells, and all of "
            f"them take {_times(first['general'] / last['general'])} as long in the general form: a cell takes {last['each']:.2g} ms "
            f"at {last['layer']} and {first['each']:.2g} ms at {first['layer']}, because the rest of the network that is run for it is longer."
        )


def timed(by_network: Mapping[str, Rows]) -> list[Timed]:
    return [Timed(network, rows, _on(rows)) for network, rows in by_network.items()]


def _on(rows: Rows) -> str:
    told = [row["on"] for row in rows if row.get("on")]
    return in_words(max(told, key=lambda on: on["load"])) if told else ""


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} times" if ratio >= 10 else f"{ratio:.1f} times"
