"""Blindsight for programs elsewhere: blindsight.client speaks to a site."""
