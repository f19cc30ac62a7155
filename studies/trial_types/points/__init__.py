"""What best-worst and rank have in common: their answers give every arm points. No type of its own; each of the two says what it gives."""
