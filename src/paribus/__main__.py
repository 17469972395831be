"""`python -m paribus`, and the command `paribus`."""

import sys

from paribus.search_path import safe_path

# Before any other import, so that no file in the current folder is taken for a module.
sys.path[:] = safe_path()

from paribus.cli import main  # noqa: E402 - the line above comes first

__all__ = ["main"]

if __name__ == "__main__":
    main(prog_name="paribus")
