"""A crossed mixed model of a study of single maps, beside the figures that Blindsight prints. In the folder of the export:

    python analysis.py

Needs statsmodels and pandas. Its linear mixed model has no degrees of freedom (normal approximation) and takes minutes
beyond some 5,000 answers; statsmodels has no ordinal model with random effects: analysis.R has both.

linear    the main figure (the first scale, or the first question) as a number: the difference of two arms, in the unit of
          contrasts.csv. Random intercepts for photos and people.
"""

import sys
import tomllib
import warnings
from pathlib import Path

import pandas as pd
import statsmodels.formula.api as smf
from scipy.stats import norm

BOTH = {"item": "0 + C(item)", "participant": "0 + C(participant)"}
ENDS = {"yes-no": (0, 1), "slider": (0, 100)}


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


def ends(question: dict) -> tuple[int, int]:
    return ENDS.get(question.get("kind", "points"), (1, question.get("points", 7)))


def turned(answers: pd.DataFrame, question: dict) -> pd.Series:
    values = answers[f"answer_{question['key'].replace('-', '_')}"].astype(float)
    return sum(ends(question)) - values if question.get("reversed") else values


def main_figure(answers: pd.DataFrame, questions: list[dict]) -> pd.Series:
    scale = next((question["scale"] for question in questions if question.get("scale")), None)
    if scale is None:
        return turned(answers, {**questions[0], "reversed": False})
    mine = [question for question in questions if question.get("scale") == scale]
    columns = [turned(answers, question) for question in mine]
    if len({ends(question) for question in mine}) > 1:
        columns = [(c - ends(q)[0]) / (ends(q)[1] - ends(q)[0]) for c, q in zip(columns, mine, strict=True)]
    return sum(columns) / len(columns)


def linear(answers: pd.DataFrame, first: str, second: str) -> dict:
    data = answers[answers.arm.isin([first, second])]
    data = data.assign(is_first=(data.arm == first).astype(float), everything=1)
    fit = smf.mixedlm("main ~ is_first", data, groups="everything", vc_formula=BOTH).fit()
    estimate, error = fit.fe_params["is_first"], fit.bse_fe["is_first"]
    p = 2 * norm.sf(abs(estimate / error))
    low, high = estimate - 1.96 * error, estimate + 1.96 * error
    return {
        "model": "linear",
        "estimate": estimate,
        "low": low,
        "high": high,
        "p": p,
        "answers": len(data),
    }


def main() -> None:
    empty = {column: [""] for column in ("low", "high", "p", "p_holm")}
    names = {"first": str, "second": str}
    printed = pd.read_csv("contrasts.csv", dtype=names, keep_default_na=False, na_values=empty)
    if printed.empty:
        sys.exit("contrasts.csv has no rows: there are no answers yet, or one arm alone.")
    questions = tomllib.loads(Path("protocol.toml").read_text("utf-8"))["trial_questions"]
    one = printed.iloc[0]
    answers = counted(pd.read_csv("answers.csv", dtype=str, keep_default_na=False), one.who, one.decided_by)
    answers = answers.assign(main=main_figure(answers, questions))
    lines = []
    for _, ours in printed.iterrows():
        both = {"first": ours["first"], "second": ours.second}
        of_printed = {name: ours[name] for name in ("estimate", "low", "high", "p")}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of variances that are estimated as zero
            fitted = linear(answers, ours["first"], ours.second)
        lines += [
            both | {"model": "printed"} | of_printed | {"answers": fitted["answers"]},
            both | fitted,
        ]
    table = pd.DataFrame(lines)
    print(table.to_string(index=False, float_format="{:.4f}".format))
    table.to_csv("mixed-models-python.csv", index=False)
    print(f"\n{len(answers)} answers, {one.who}")


if __name__ == "__main__":
    main()
