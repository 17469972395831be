"""A page on disk, opened in the user's browser."""

import os
import webbrowser
from pathlib import Path


def opened(page: Path) -> bool:
    """Open a page, and say whether a browser took it.

    One that would take over the terminal is left alone, unless the user's BROWSER names it.
    """
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    if type(browser) is webbrowser.GenericBrowser and "BROWSER" not in os.environ:
        return False
    return browser.open(page.absolute().as_uri())
