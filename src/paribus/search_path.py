"""Where Python looks for modules: no folder that may hold a stranger's files comes first.

It imports only what Python itself loads at its start: as long as the current folder is on the
path, any other import may run a file that lies there.
"""

import os
import sys


def safe_path() -> list[str]:
    """The entries of `sys.path` except the current folder, the script's and relative ones."""
    return [entry for entry in sys.path if not _is_local(entry)]


def local_folders() -> list[str]:
    """The folders that `safe_path` leaves out: the current one first, then the script's."""
    return [os.getcwd(), *(os.path.abspath(each) for each in sys.path if _is_local(each))]


def _is_local(entry: str) -> bool:
    if not os.path.isabs(entry):
        return True
    return any(_same(entry, folder) for folder in (os.curdir, _script_folder()) if folder)


def _script_folder() -> str:
    """The folder that Python put first because a script there was started by its path."""
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None) if getattr(main, "__spec__", None) is None else None
    return os.path.dirname(os.path.abspath(file)) if file else ""


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:  # one of them isn't there
        return False
