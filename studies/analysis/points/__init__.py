"""Answers that give every arm points (a place in a ranking, best and worst): means, differences, strengths, power. Pure."""
