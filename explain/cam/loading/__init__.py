"""Networks from libraries, packages and files of weights."""
