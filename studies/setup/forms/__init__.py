"""The forms of the set-up steps."""
