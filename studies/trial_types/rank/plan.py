"""A ranking in the words of a preregistration."""

from ..plan import ContrastPlan


class RankPlan(ContrastPlan):
    """Mean ranks, and differences of two arms."""

    measured = (
        "In each trial a person puts all maps in order, from the one that answers the question best to the one that answers it worst; maps may "
        "have the same place. One answer gives each arm its rank, 1 for the best; arms that tie share the mean of the ranks that they take up."
    )
    index = (
        "The mean rank of an arm is the mean over the answers to a photo, and over all photos, each of which counts once. Its rank-1 share is "
        "likewise the share of answers in which it stands first; arms that tie for it share the answer."
    )

    hypothesis = "{first} and {second} are not ranked alike: the difference of their mean ranks is not zero (two-sided)."
    decision = (
        "The difference of the two arms’ mean ranks {which}, positive where the first is ranked better: estimate, interval and p from one "
        "two-way variance, over people and photos, with Student’s t."
    )
    beside = (
        "All other pairs of arms; all arms at once; rank-1 shares; Plackett–Luce strengths with ties (Davidson–Luce); agreement between people; "
        "response times; results by class, group and answer to the questions."
    )
