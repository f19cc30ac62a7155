#!/usr/bin/env python
"""Django's command line for Blindsight, in a checkout. Installed, it is called `blindsight`."""

import sys

from blindsight.command import run

if __name__ == "__main__":
    run(sys.argv)
