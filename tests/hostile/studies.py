"""Study files that nobody writes by hand, and the line at which each is to be refused."""

from __future__ import annotations

GOOD = """\
name: a study
data: {source: digits}
epochs: 2
variations:
  l2: {optimizer.weight_decay: 1e-5}
"""
NEXT = 6  # the line after GOOD

#: In bytes just below what a study may have.
ROOM = 99_000


def _bomb(one: str, many: str, levels: int) -> str:
    """Levels of nine aliases each: 9 ** levels values in a few hundred bytes."""
    lines = [f"k0: &k0 {one}"]
    lines += [f"k{n}: &k{n} {many.format(*[f'*k{n - 1}'] * 9)}" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


def _epochs(value: str) -> str:
    return GOOD.replace("epochs: 2", f"epochs: {value}")


def _name(value: str) -> str:
    return GOOD.replace("name: a study", f"name: {value}")


#: What it is -> (the file, the line of its first problem).
HOSTILE: dict[str, tuple[str | bytes, int]] = {
    # ---- bombs: little to read, much to hold -----------------------------------------------
    "aliases of lists": (_bomb("[x]", "[{}, {}, {}, {}, {}, {}, {}, {}, {}]", 12), 5),
    "aliases of mappings": (
        GOOD + _bomb("{x: 1}", "{{a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {}, h: {}, i: {}}}", 12),
        9,
    ),
    "aliases merged": (GOOD + _bomb("{x: 1}", "{{<<: [{}, {}, {}, {}, {}, {}, {}, {}, {}]}}", 40), 9),
    "an alias within itself": ("name: &a [*a]\n", 1),
    "a mapping within itself": ("name: x\ndata: &a {source: digits, b: *a}\n", 2),
    "a long text by aliases": (f"a: &a {'x' * 1900}\nb: [{'*a, ' * 30_000}]", 1),
    "an unknown alias": ("name: *nobody\n", 1),
    "many anchors": ("".join(f"k{n}: &a{n} 1\n" for n in range(6_000)), 1000),
    # ---- depth ---------------------------------------------------------------------------------
    "brackets": (f"name: {'[' * ROOM}", 1),
    "brackets that close": (f"name: {'[' * 40_000}{']' * 40_000}", 1),
    "braces": (f"name: {'{a: ' * 24_000}", 1),
    "dashes": ("- " * 49_000, 1),
    "question marks": ("? " * 49_000, 1),
    "indentation": ("\n".join(f"{' ' * n}a:" for n in range(430)), 20),
    "arguments nested deeply": (
        f"{GOOD}network: {{kind: 'os:system', arguments: {{a: {'[' * 300}{']' * 300}}}}}\n",
        NEXT,
    ),
    # ---- size ----------------------------------------------------------------------------------
    "ten megabytes": ("name: a\n" + "#" * 10_000_000, 1),
    "a comment without end": ("#" * ROOM, 1),
    "comments": ("#\n" * (ROOM // 2), 1),
    "empty lines": ("\n" * ROOM, 1),
    "blanks": (" " * ROOM, 1),
    "keys": (GOOD + "".join(f"k{n}: 1\n" for n in range(900)), NEXT),
    "too many keys": (GOOD + "".join(f"k{n}: 1\n" for n in range(9_000)), 998),
    "variations": (GOOD + "".join(f"  v{n}: {{optimizer.lrr: 1}}\n" for n in range(480)), NEXT),
    "overrides": (
        f"{GOOD}  v: {{{', '.join(f'optimizer.k{n}: 1' for n in range(900))}}}\n",
        NEXT,
    ),
    "looks": (f"{GOOD}seeds: {{until: decided, looks: {list(range(900, 2800))}}}\n", NEXT),
    "claims": (GOOD + "claims:\n" + " - {id: a, says: b, test: {expect: x}}\n" * 190, NEXT + 1),
    "values of a list": (f"name: [{'1, ' * 30_000}]", 1),
    "a long text": (f"name: {'a' * ROOM}", 1),
    "a long quoted text": ('name: "' + r"\n" * 49_000 + '"', 1),
    "a long key": (f"{GOOD}{'k' * ROOM}: 1\n", NEXT),
    "a long dotted path": (f"{GOOD}  v:\n    optimizer{'.a' * 900}: 1\n", NEXT + 1),
    "documents": ("--- a\n" * 16_000, 2),
    # ---- numbers -------------------------------------------------------------------------------
    "more digits than are converted": (_epochs("9" * 5_000), 3),
    "a huge whole number": (_epochs("9" * 1_900), 3),
    "a huge number by sixteens": (_epochs("0x" + "f" * 1_900), 3),
    "a number by sixties": (_epochs("1" + ":59" * 600), 3),
    "a huge learning rate": (f"{GOOD}optimizer: {{lr: 0x{'f' * 1_900}}}\n", NEXT),
    "a huge number of images": (
        GOOD.replace("digits}", f"digits, validation: {'9' * 1_900}}}"),
        2,
    ),
    "a blur without end": (GOOD.replace("digits}", "digits, blur: .inf}"), 2),
    "a blur that is no number": (GOOD.replace("digits}", "digits, blur: .nan}"), 2),
    "infinity by overflow": (f"{GOOD}margin: 1e999999999\n", NEXT),
    "not a number": (f"{GOOD}margin: .nan\n", NEXT),
    "not a number as an argument": (
        f"{GOOD}network: {{kind: 'os:system', arguments: {{a: .nan}}}}\n",
        NEXT,
    ),
    # ---- keys ----------------------------------------------------------------------------------
    "a key twice": (f"{GOOD}name: again\n", NEXT),
    "a number and its text": (f"{GOOD}  1: {{epochs: 1}}\n  '1': {{epochs: 3}}\n", NEXT + 1),
    "a list as a key": (f"{GOOD}? [a, b]\n: c\n", NEXT),
    "nothing as a key": (f"{GOOD}~: c\n", NEXT),
    "a folder as a name": (GOOD.replace("l2:", "../../etc:"), 5),
    "a line break in a name": (GOOD.replace("l2:", '"l2\\n":'), 5),
    "a key that steers the terminal": (f'{GOOD}"\\e[2J\\e]0;x\\a": 1\n', NEXT),
    # ---- tags ----------------------------------------------------------------------------------
    "a command": ("name: !!python/object/apply:os.system [touch pwned]\n", 1),
    "a command by another tag": (f"{GOOD}x: !!python/object/new:subprocess.Popen [[touch, pwned]]\n", NEXT),
    "a name in Python": (_name("!!python/name:os.system"), 1),
    "a module in Python": (_name("!!python/module:antigravity"), 1),
    "a tag of its own": (f"%TAG ! tag:example.org,2002:\n---\n{_name('!x y')}", 3),
    "bytes": (_name("!!binary aGVsbG8="), 1),
    "a set": (_name("!!set {a, b}"), 1),
    "a whole number by its tag": (_epochs(f"!!int '{'9' * 1_900}'"), 3),
    "a version to come": (f"%YAML 9.9\n---\n{GOOD}", 1),
    # ---- characters ----------------------------------------------------------------------------
    "NUL": ("name: a\ndata: b\0c\n", 2),
    "a bell": ("name: a\n\n\ndata: b\ac\n", 4),
    "an escape sequence": (_name('"\\e[2J"'), 1),
    "an escape sequence of eight bits": (_name('"\\x9b2J"'), 1),
    "a line separator": (_name('"a\\Lb"'), 1),
    "half a character": (_name('"\\uD800"'), 1),
    "half a character in bytes": (b"name: \xed\xa0\x80\n", 1),
    "a byte too many": (b"name: a\ndata: \xc0\xaf\n", 2),
    "Latin-1": ("name: caf\u00e9\n".encode("latin-1"), 1),
    "UTF-16": (GOOD.encode("utf-16"), 1),
    "UTF-32": (GOOD.encode("utf-32"), 1),
    "tabs": ("name:\ta\n\tdata: x\n", 1),
    "no YAML at all": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300, 1),
    # ---- code ----------------------------------------------------------------------------------
    "a network of somebody's": (f"{GOOD}network: 'os:system'\n", 1),
    "a variation of somebody's": (f"{GOOD}  own: {{network: 'os:system'}}\n", 1),
}  # fmt: skip

#: Two of each kind: these are tried in `make test`.
TELLING = (
    "aliases of lists",
    "an alias within itself",
    "brackets",
    "dashes",
    "ten megabytes",
    "comments",
    "more digits than are converted",
    "infinity by overflow",
    "a key twice",
    "a key that steers the terminal",
    "a command",
    "a set",
    "NUL",
    "half a character in bytes",
    "a network of somebody's",
    "a variation of somebody's",
)
