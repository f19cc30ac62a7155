"""The one inference of every estimate: what it is, how far it may be off, and what may be concluded from it.

effects.py       a weighted share or mean of answers, its variance with people and items both drawn, and its degrees of freedom
linearised.py    the same of estimates that solve equations, such as strengths of arms
bounds.py        from these, the interval and the p, which always say the same
simultaneous.py  many comparisons: all arms at once, all pairs at once, Holm
equivalence.py   is it smaller than the smallest that matters
sizes.py         how large it is, in units that other studies have too
sensitivity.py   tests with other null hypotheses, to stand beside it
"""
