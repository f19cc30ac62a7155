"""A crossed mixed model of a rating study, beside the figures that Blindsight prints. In the folder of the export:

    python analysis.py

Needs statsmodels and pandas. Its linear mixed model has no degrees of freedom (normal approximation) and takes minutes
beyond some 5,000 answers; statsmodels has no ordinal model with random effects: analysis.R has both.

linear    the ratings as numbers, positive for the first arm: the mean, in the unit of contrasts.csv. Random intercepts
          for photos and people.
"""

import sys
import warnings

import pandas as pd
import statsmodels.formula.api as smf
from scipy.stats import norm

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


def linear(answers: pd.DataFrame) -> dict:
    data = answers.assign(rating=answers.rating.astype(float), everything=1)
    fit = smf.mixedlm("rating ~ 1", data, groups="everything", vc_formula=BOTH).fit()
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
    ours = printed.iloc[0]
    answers = counted(pd.read_csv("answers.csv", dtype=str, keep_default_na=False), ours.who, ours.decided_by)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of variances that are estimated as zero
        fitted = linear(answers)
    line = {"model": "printed"} | {name: ours[name] for name in ("estimate", "low", "high", "p")}
    both = {"first": ours["first"], "second": ours.second, "answers": len(answers), "note": ""}
    table = pd.DataFrame([both | line, both | fitted])
    print(table.to_string(index=False, float_format="{:.4f}".format))
    table.to_csv("mixed-models-python.csv", index=False)
    print(f"\n{len(answers)} answers, {ours.who}")


if __name__ == "__main__":
    main()
