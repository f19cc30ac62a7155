"""What verify and distinguish have in common: an answer is about one arm, and correct or not. No type of its own; each says what is correct."""
