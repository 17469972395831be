"""The command `paribus` as pip installs it.

`python -m paribus` does the same, but before that Python itself imports from the current folder.
"""

from paribus.__main__ import main

if __name__ == "__main__":
    main(prog_name="paribus")
