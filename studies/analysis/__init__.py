"""The statistics, pure: arrays in, numbers out. No Django and no rows, so each can be read and checked alone.

Every module here is a door of its own: `from studies.analysis.scores import choice_scores`.
"""
