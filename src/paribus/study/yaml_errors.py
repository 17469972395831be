"""What is wrong with a file that isn't YAML: what was found, and how to write it instead.

The parser speaks of scalars, streams and block ends, which people who write a study needn't know.
"""

import re

from ruamel.yaml.error import MarkedYAMLError

_INDENT = "indent the keys of one section alike"
_QUOTE = "put it in quotes"

#: What the parser says -> what a user reads; `\1` is what the parser found there.
_AT_PROBLEM = {
    r"mapping values are not allowed": (
        "expected a value that ends here, got ': '; put a text that holds ': ' in quotes, and "
        f"{_INDENT}"
    ),
    r"unknown escape character|expected escape sequence": (
        r"a backslash in double quotes begins an escape such as \\n; write a path like "
        r"'C:\\new' in single quotes"
    ),
    r"found character '\\t'": "expected spaces, got a tab; indent with spaces",
    r"found character '(.)'": rf"a text can't begin with \1; {_QUOTE}",
    r"found another document": "expected one document, got a second one after '---'; keep one",
    r"sequence entries are not allowed": "a list of '-' entries begins on a line below its key",
    r"<block end>, but found '([\]}])'": r"got \1 without the bracket that it closes; remove it",
    r"<block end>, but found '<scalar>'": (
        "expected a value that ends at its quote, got more; put the whole value in quotes, and "
        "write a quote inside single quotes twice"
    ),
    r"<block end>, but found": f"expected another line like those above; {_INDENT}",
    r"the node content, but found '(.*)'": rf"expected a value, got \1; {_QUOTE} if it is text",
    r"undefined alias '(.*)'": rf"no anchor is called &\1; {_QUOTE} if it is text",
    r"expected chomping": rf"a text can't begin with | or >; {_QUOTE}",
}
#: The same, of what is told from where it begins.
_AT_CONTEXT = {
    r"could not find expected ':'": "expected `key: value`, got a line without a colon and a space",
    r"unexpected end of stream": "this quote isn't closed",
    r"expected ',' or '[\]}]'|<stream end>": "this bracket isn't closed, or lacks a comma",
}


def in_words(error: MarkedYAMLError) -> tuple[int, int, str]:
    """Line and column, both from 1, and what is wrong there."""
    problem = str(error.problem)
    mark = error.problem_mark or error.context_mark
    if message := _matching(_AT_CONTEXT, problem):
        mark = error.context_mark or mark
    else:
        message = _matching(_AT_PROBLEM, problem)
    return (
        mark.line + 1 if mark else 1,
        mark.column + 1 if mark else 1,
        message or f"not YAML: {problem}",
    )


def _matching(messages: dict[str, str], problem: str) -> str:
    """The first message whose pattern the problem matches; "" if none does."""
    found = ((re.search(pattern, problem), message) for pattern, message in messages.items())
    return next((match.expand(message) for match, message in found if match), "")
