"""The list of studies, one study's page, and its list of invitations."""
