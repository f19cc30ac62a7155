"""What the two usual forms ask, and in which order: what stands where in the document.

OSF Preregistration (osf.io, template of the Open Science Framework) and AsPredicted (aspredicted.org, nine questions). Headings
are theirs in short; each takes one or more of the entries that `entries.py` writes.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """One question of a form, and the keys of the entries that answer it."""

    heading: str
    entries: tuple[str, ...]


@dataclass(frozen=True)
class Form:
    key: str
    name: str
    sections: tuple[
        tuple[str, tuple[Question, ...]], ...
    ]  # a section's heading ("" for none) and its questions


OSF = Form(
    "osf",
    "OSF Preregistration",
    (
        (
            "Study information",
            (
                Question("Title", ("title",)),
                Question("Authors", ("authors",)),
                Question("Description", ("description",)),
                Question("Hypotheses", ("hypotheses",)),
            ),
        ),
        (
            "Design plan",
            (
                Question("Study type", ("study_type",)),
                Question("Blinding", ("blinding",)),
                Question("Additional blinding", ("further_blinding",)),
                Question("Study design", ("design",)),
                Question("Randomization", ("randomization",)),
            ),
        ),
        (
            "Sampling plan",
            (
                Question("Existing data", ("existing_data",)),
                Question("Data collection procedures", ("procedures",)),
                Question("Sample size", ("sample",)),
                Question("Sample size rationale", ("rationale",)),
                Question("Stopping rule", ("stopping",)),
            ),
        ),
        (
            "Variables",
            (
                Question("Manipulated variables", ("manipulated",)),
                Question("Measured variables", ("measured",)),
                Question("Indices", ("indices",)),
            ),
        ),
        (
            "Analysis plan",
            (
                Question("Statistical models", ("models",)),
                Question("Transformations", ("transformations",)),
                Question("Inference criteria", ("inference",)),
                Question("Data exclusion", ("exclusion",)),
                Question("Missing data", ("missing",)),
                Question("Exploratory analyses", ("exploratory",)),
            ),
        ),
        ("Other", (Question("Other", ("other",)),)),
    ),
)

AS_PREDICTED = Form(
    "aspredicted",
    "AsPredicted",
    (
        (
            "",
            (
                Question("1. Data collection", ("existing_data",)),
                Question("2. Hypothesis", ("description", "hypotheses")),
                Question("3. Dependent variable", ("measured", "indices")),
                Question("4. Conditions", ("manipulated", "design", "randomization")),
                Question("5. Analyses", ("models", "inference")),
                Question("6. Outliers and exclusions", ("exclusion", "missing")),
                Question("7. Sample size", ("sample", "rationale", "stopping")),
                Question("8. Other", ("blinding", "exploratory", "other")),
                Question("9. Name", ("title", "authors")),
            ),
        ),
    ),
)

FORMS = (OSF, AS_PREDICTED)
