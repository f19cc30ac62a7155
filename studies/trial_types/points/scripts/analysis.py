"""A crossed mixed model of a study of best and worst, or of rankings, beside the figures that Blindsight prints. In the folder of the export:

    python analysis.py

Needs statsmodels and pandas. Its linear mixed model has no degrees of freedom (normal approximation) and takes minutes
beyond some 5,000 answers; analysis.R has both better, and a model of log odds beside it.

linear    what each answer says of the difference: of best and worst +1 for the best arm and −1 for the worst, of rankings the ranks. The mean is in
          the unit of contrasts.csv, positive for the first arm. Random intercepts for photos and people.
"""

import sys
import warnings

import pandas as pd
import statsmodels.formula.api as smf
from scipy.stats import norm

BOTH = {"item": "0 + C(item)", "participant": "0 + C(participant)"}
FORMULAS = tuple("=+-@|%\t\r\n")


def plain(text: str) -> str:
    """Without the apostrophe that keeps a spreadsheet from running it as a formula."""
    return text[1:] if text[:1] == "'" and text.lstrip("'")[:1] in FORMULAS else text


def counted(answers: pd.DataFrame, who: str, decided_by: str) -> pd.DataFrame:
    """The answers that the printed figures are about."""
    kept = (
        (answers.status == "counted") & (answers.trial == "main") & (answers.participant_state != "withdrawn")
    )
    if who != "all":
        kept &= answers.simulated.str.lower() == ("true" if who == "simulated" else "false")
    if decided_by == "kept":
        kept &= answers.left_out_by == ""
    return answers[kept]


def points(answers: pd.DataFrame, arm: str) -> pd.Series:
    """What each answer gives an arm: more is better."""
    if "best_worst" in answers:
        return (answers.best.map(plain) == arm).astype(float) - (answers.worst.map(plain) == arm)

    def given(cell: str) -> float:
        groups = [group.split(" = ") for group in plain(cell).split(" > ")]
        at = next(place for place, group in enumerate(groups) if arm in group)
        return sum(map(len, groups[at + 1 :])) + (len(groups[at]) - 1) / 2

    return answers.ranking.map(given)


def linear(answers: pd.DataFrame, first: str, second: str) -> dict:
    data = answers.assign(d=points(answers, first) - points(answers, second), everything=1)
    fit = smf.mixedlm("d ~ 1", data, groups="everything", vc_formula=BOTH).fit()
    estimate, error = fit.fe_params.iloc[0], fit.bse_fe.iloc[0]
    p = 2 * norm.sf(abs(estimate / error))
    low, high = estimate - 1.96 * error, estimate + 1.96 * error
    return {"model": "linear", "estimate": estimate, "low": low, "high": high, "p": p}


def main() -> None:
    empty = {column: [""] for column in ("low", "high", "p", "p_holm")}
    names = {"first": str, "second": str}
    printed = pd.read_csv("contrasts.csv", dtype=names, keep_default_na=False, na_values=empty)
    if printed.empty:
        sys.exit("contrasts.csv has no rows: there are no answers yet.")
    who = printed.who.iloc[0]
    answers = counted(
        pd.read_csv("answers.csv", dtype=str, keep_default_na=False), who, printed.decided_by.iloc[0]
    )
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of variances that are estimated as zero
        for contrast in printed.itertuples():
            ours = {"model": "printed"} | {
                name: getattr(contrast, name) for name in ("estimate", "low", "high", "p")
            }
            fitted = linear(answers, plain(contrast.first), plain(contrast.second))
            both = {
                "first": contrast.first,
                "second": contrast.second,
                "answers": len(answers),
                "note": "",
            }
            rows += [both | ours, both | fitted]
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format="{:.4f}".format))
    table.to_csv("mixed-models-python.csv", index=False)
    print(f"\n{len(answers)} answers, {who}")


if __name__ == "__main__":
    main()
