"""What all rooms of `explain` rest on: errors, the database's clock, the base of commands. Imports no model."""
