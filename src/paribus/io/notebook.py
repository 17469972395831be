"""The notebook that this process works for, if it does."""

import sys
from typing import Any


def in_notebook() -> bool:
    """Whether Python runs in a notebook's kernel, which shows HTML."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


class Output:
    """One output of the cell that runs now, which can be shown again and again in its place."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, html: str, text: str) -> None:
        """Show HTML, and the text where HTML can't be shown."""
        from IPython.display import display

        both = {"text/html": html, "text/plain": text}
        if self._handle is None:
            self._handle = display(both, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(both, raw=True)
