"""Single maps in the words of a preregistration."""

from ..plan import ContrastPlan


class SinglePlan(ContrastPlan):
    """Means of questions and scales, and differences of two arms."""

    measured = (
        "In each trial a person sees one map and answers every question about it. An answer is a whole number on the question’s own "
        "scale; a yes is 1 and a no is 0."
    )
    index = (
        "Questions of one scale have a mean together, with reversed questions turned round. The main figure is the first scale, or "
        "the first question where there is no scale. An arm’s figure is the mean of its photos’ means."
    )

    hypothesis = "{first} and {second} do not have the same mean in the main figure (two-sided)."
    decision = (
        "The difference of the two arms’ means of the main figure {which}: estimate, interval and p from one two-way variance, "
        "over people and photos, with Student’s t."
    )
    beside = (
        "Every other question and scale, and all other pairs of arms; Cronbach’s alpha and McDonald’s omega total of each scale; "
        "agreement between people; response times; results by class, group and answer to the questions about people."
    )
