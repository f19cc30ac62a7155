"""A pair in the words of a preregistration."""

from ..plan import ContrastPlan


class PairPlan(ContrastPlan):
    """Bradley–Terry–Davidson strengths, and differences of preferences."""

    measured = (
        "Each trial shows two of the arms side by side. A person picks the map that answers the question better, or, where the protocol "
        "offers it, says that they see no difference (“same”). Pairs are laid out so that arms come equally often, pairs too, and each "
        "arm on either side."
    )
    index = (
        "Each arm has a strength: the Bradley–Terry–Davidson model with a term for the side gives the log odds with which one arm is "
        "preferred to another. What two arms differ by is the share that prefers the first less the share that prefers the second, of "
        "those who prefer one. Every answer counts once."
    )

    hypothesis = (
        "{first} and {second} are not equally strong: the difference of preferences is not zero (two-sided)."
    )
    decision = (
        "The difference of preferences {which}: estimate, interval and p from one two-way variance of the strengths, over people and "
        "photos, with Student’s t on the log odds."
    )
    beside = (
        "All other pairs of arms; all arms at once; ranks with intervals that hold together; the side term and “same”; every photo or "
        "every person counted once; agreement between people; response times; results by class, group and answer to the questions."
    )
