"""Addresses of what a volunteer sees. Nobody logs in here; a token in the path says whose page it is."""

urlpatterns: list = []
