"""What anybody outside gets to see, recorded once: exports, JSON, addresses, commands, tables. tests/test_recorded.py compares.

`python -m tests.recorded.record` records anew. masks.py says what is left out of a record, and why.
"""
