"""What can't be known of runs, and the choices that would settle it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from paribus.errors import ParibusError
from paribus.names import printable

#: So many choices a message lists.
MOST_CHOICES = 8

#: What to declare, by its name in Python, -> its value; True for what is only switched on.
Choice = Mapping[str, str | bool]


@contextmanager
def so_far(found: Sequence[str]) -> Iterator[None]:
    """Let what can't be known come with what was found until then."""
    try:
        yield
    except UnsettledError as error:
        error.found = tuple(map(printable, found))
        raise


class UnsettledError(ParibusError):
    """Runs that can be compared in several ways; `choices` are the ways, the likeliest first."""

    exit_code = 2

    def __init__(self, message: str, choices: Iterable[Choice] = ()) -> None:
        self.found: tuple[str, ...] = ()  # what was found until then, in sentences
        self.message = printable(message)
        every = tuple(choices)
        self.choices = every[:MOST_CHOICES]
        self.more = len(every) - len(self.choices)
        said = [", ".join(f"{key}={value!r}" for key, value in one.items()) for one in self.choices]
        super().__init__(self.told(said))

    def told(self, written: Iterable[str]) -> str:
        """The message with its choices as they are `written`, a line each."""
        lines = [f"  {printable(line)}" for line in written]
        more = [f"  ... and {self.more:,} more"] if self.more else []
        return "\n".join([f"{self.message}{' One of:' if lines else ''}", *lines, *more])
