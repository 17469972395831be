"""`python -m paribus` is the command `paribus`."""

from paribus.cli import main

if __name__ == "__main__":
    main(prog_name="paribus")
