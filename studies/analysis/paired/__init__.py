"""Two of k arms at a time: how trials are laid out, what is stored of an answer, strengths of arms, and ranks.

answers.py    an answer about two arms as one small number, and their table
layout.py     incomplete blocks of two: balanced, connected, round by round
informative.py which pairs to ask about next, by what was answered so far
davidson.py   Bradley–Terry strengths with ties and a side term: the fit
strengths.py  how far they move with people and items; contrasts, all arms at once
ranks.py      ranks with simultaneous intervals; which arms cannot be told apart
people.py     how people answer in simulated studies
"""
