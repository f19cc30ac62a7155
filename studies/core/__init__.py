"""What all rooms of `studies` rest on: languages, numbers and charts as people read them, bulk reading, write transactions.

Imports no model of ours.
"""
