"""Blindsight as a package: its version, the command `blindsight`, and blindsight.client, which speaks to a site from elsewhere."""

__version__ = "0.1.0"
