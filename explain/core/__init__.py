"""What all rooms of `explain` rest on: errors, the database's clock, streams of a seed, the base of commands. No models."""
