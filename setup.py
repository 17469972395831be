"""Compile the training engine, once for each instruction set that it may meet.

All else stands in pyproject.toml. What is compiled here knows nothing of Python: it is loaded
with ctypes (src/paribus/engine/library.py). Where it can't be compiled, the installation goes on
without it, and networks are trained with torch.
"""

import copy
import platform
import sys
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

SOURCES = Path("src/paribus/engine/native")

#: -g0: paths and times stay out, so that two builds are equal byte by byte.
COMPILE = ["-std=c++17", "-O3", "-g0", "-ffp-contract=fast", "-fvisibility=hidden"]

#: GCC's predictive commoning halves the speed of a kernel. Clang has no such pass.
COMPILE_IF_KNOWN = ["-fno-predictive-commoning"]

#: Our functions call each other, whatever other libraries export. On macOS that is so anyway.
LINK = [] if sys.platform == "darwin" else ["-Wl,-Bsymbolic"]


def builds() -> dict[str, list[str]]:
    """The name of each build, which is also its file's, and the flags that make it."""
    machine = platform.machine().lower()
    if machine in {"x86_64", "amd64"}:
        levels = ["x86-64-v2", "x86-64-v3", "x86-64-v4"]
        return {level: [f"-march={level}"] for level in levels}
    return {machine: []}


class BuildEngine(build_ext):
    """Compiles C++ that isn't a Python module, and so bears no Python version in its name."""

    def get_ext_filename(self, fullname: str) -> str:
        """`paribus.engine.x86-64-v3` becomes `paribus/engine/x86-64-v3.so`."""
        return str(Path(*fullname.split("."))) + ".so"

    def build_extensions(self) -> None:
        """Compile all builds side by side, with such flags as this compiler knows."""
        self.parallel = True
        known = [flag for flag in COMPILE_IF_KNOWN if self._knows(flag)]
        for extension in self.extensions:
            extension.extra_compile_args += known
        super().build_extensions()

    def build_extension(self, ext: Extension) -> None:
        """Compile into a folder of its own: all builds have the same source."""
        alone = copy.copy(self)
        alone.build_temp = str(Path(self.build_temp) / ext.name)
        super(BuildEngine, alone).build_extension(ext)

    def copy_extensions_to_source(self) -> None:
        """Put the builds beside the sources; none of older sources may stay there."""
        for old in SOURCES.parent.glob("*.so"):
            old.unlink()
        super().copy_extensions_to_source()

    def _knows(self, flag: str) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "empty.cpp"
            source.touch()
            try:
                self.compiler.compile([str(source)], folder, extra_postargs=["-Werror", flag])
            except CompileError:
                return False
        return True


class PlatformWheel(bdist_wheel):
    """A wheel for any Python of this platform."""

    def get_tag(self) -> tuple[str, str, str]:
        """What was compiled calls nothing of Python's."""
        return "py3", "none", super().get_tag()[2]


setup(
    ext_modules=[
        Extension(
            f"paribus.engine.{name}",
            sources=[str(SOURCES / "engine.cpp")],
            depends=["setup.py", *sorted(map(str, SOURCES.glob("*.hpp")))],
            extra_compile_args=[*COMPILE, *flags],
            extra_link_args=LINK,
            language="c++",
            optional=True,
        )
        for name, flags in builds().items()
    ],
    cmdclass={"build_ext": BuildEngine, "bdist_wheel": PlatformWheel},
)
