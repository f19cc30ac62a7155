"""Crossed mixed models of a choice study, beside the figures that Blindsight prints. In the folder of the export:

    python analysis.py

Needs statsmodels and pandas. Its linear mixed model has no degrees of freedom (normal approximation) and takes minutes
beyond some 5,000 answers; analysis.R has both better.

linear    each answer is 1 for the first arm, -1 for the second, 0 for any other: the mean is the difference of the two
          arms' shares, in the unit of contrasts.csv. Random intercepts for photos and people.
by pairs  only answers that chose one of the two: log odds for the first, by variational Bayes (95 % interval of the
          posterior; no p).
"""

import sys
import warnings

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from scipy.stats import norm
from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM

BOTH = {"item": "0 + C(item)", "participant": "0 + C(participant)"}


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


def linear(answers: pd.DataFrame, first: str, second: str) -> dict:
    data = answers.assign(
        d=(answers.choice == first).astype(float) - (answers.choice == second), everything=1
    )
    fit = smf.mixedlm("d ~ 1", data, groups="everything", vc_formula=BOTH).fit()
    estimate, error = fit.fe_params.iloc[0], fit.bse_fe.iloc[0]
    p = 2 * norm.sf(abs(estimate / error))
    return row("linear", estimate, estimate - 1.96 * error, estimate + 1.96 * error, p, len(data), "")


def by_pairs(answers: pd.DataFrame, first: str, second: str) -> dict:
    data = answers[answers.choice.isin([first, second])].copy()
    data["won"] = (data.choice == first).astype(int)
    name = "by pairs (log odds)"
    if data.won.nunique() < 2:
        nothing = (np.nan,) * 4
        return row(name, *nothing, len(data), "everybody chose the same arm: no odds can be fitted")
    fit = BinomialBayesMixedGLM.from_formula("won ~ 1", BOTH, data).fit_vb()
    mean, sd = fit.fe_mean[0], fit.fe_sd[0]
    return row(name, mean, mean - 1.96 * sd, mean + 1.96 * sd, np.nan, len(data), "")


def row(model: str, estimate: float, low: float, high: float, p: float, answers: int, note: str) -> dict:
    figures = {"estimate": estimate, "low": low, "high": high, "p": p}
    return {"model": model, **figures, "answers": answers, "note": note}


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
            pair = contrast.first, contrast.second
            ours = row(
                "printed", contrast.estimate, contrast.low, contrast.high, contrast.p, len(answers), ""
            )
            for line in (ours, linear(answers, *pair), by_pairs(answers, *pair)):
                rows.append({"first": pair[0], "second": pair[1]} | line)
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format="{:.4f}".format))
    table.to_csv("mixed-models-python.csv", index=False)
    print(f"\n{len(answers)} answers, {who}")


if __name__ == "__main__":
    main()
