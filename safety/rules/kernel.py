"""What screening computes for every text, compiled: `python -m safety.rules.kernel [COMPILER]`.

Hides how it is built and whether what lies here may be used. What is in `native/` says what numpy
says of the text model, bit for bit, calls the rules that sets of words call, and knows words as
expressions do, at a fraction of the cost; without it everything works, and a message costs more.
"""

import hashlib
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:  # who compiles it needs no package
    from numpy.typing import NDArray

Span = tuple[int, int]
Key = bytes | tuple[bytes, bytes]  # of a text, as `safety.rules.keys` has it
KeySet = frozenset[Key]
Program = object  # of an expression
FOLDER = Path(__file__).parent
SOURCES = FOLDER / "native"
BUILT = "_kernel.abi3.so"
# No contraction: a product that is not rounded before it is added has other bits than numpy's.
FLAGS = ("-std=c11", "-O3", "-ffp-contract=off", "-fPIC", "-shared", "-fvisibility=hidden")
_BY_SYSTEM = {"darwin": ("-undefined", "dynamic_lookup")}
BUILD_SECONDS = 60


class Kernel(Protocol):
    """What is compiled. Arrays are contiguous; ValueError where they do not belong together."""

    source: str  # the SHA-256 of what it was compiled from

    def logits(
        self,
        windows: list[str],
        wordly: "NDArray[Any]",
        tags: "NDArray[Any]",
        weights: "NDArray[Any]",
        scale: "NDArray[Any]",
        bias: "NDArray[Any]",
        logits: "NDArray[Any]",
        /,
    ) -> float:
        """Write the raw scores of the windows of a text into `logits`: the highest of each column,
        of the last the mean; the share of their features that is known, on the mean."""
        ...

    def chances(
        self,
        logits: "NDArray[Any]",
        slope: "NDArray[Any]",
        harm: "NDArray[Any]",
        offset: "NDArray[Any]",
        /,
    ) -> tuple[tuple[float, ...], float]:
        """The scores of the policies, and abuse, that these raw scores are calibrated to."""
        ...

    def noted(self, keys: Iterable[Key], /) -> bytes:
        """Which hashes some keys have, roughly."""
        ...

    def calls(self, patterns: list[tuple[bool, KeySet, KeySet, tuple[KeySet, ...]]], /) -> bytes:
        """The table of what calls each of some patterns, by its place in the list: whether it is
        far, its rarest keys, those of which all must be there, and choices of which one must."""
        ...

    def keys(self, noted: bytes, data: bytes, parts: list[Span], /) -> bytes:
        """The keys of at most 64 parts of `data` whose hash is noted."""
        ...

    def called[Called](
        self, table: bytes, keys: bytes, objects: tuple[Called, ...], /
    ) -> list[tuple[int, Called]]:
        """Those objects that keys call by a table of calls, after the parts: a bit for each."""
        ...

    def where(self, table: bytes, keys: bytes, /) -> int:
        """In which parts keys call anything, by a table of calls: a bit for each."""
        ...

    def read(self, text: str, table: dict[int, str], /) -> tuple[str, list[int] | None]:
        """`text` as its characters but a to z read, and where each was written; None where none
        moved."""
        ...

    def one_byte(self, text: str, table: dict[int, int], other: int, /) -> bytes:
        """A byte for each character of `text`: its own in ASCII, else from `table`, or `other`."""
        ...

    def once(self, text: str, places: Sequence[int], /) -> tuple[str, list[int]]:
        """`text` with each repeated letter written once, and the places of what is left."""
        ...

    def begun(self, text: str, /) -> list[int]:
        r"""Where each `\w+` of `text` begins."""
        ...

    def tokens(self, text: str, /) -> list[str]:
        """Each `[a-z]+` and `[0-9]+` of `text`."""
        ...

    def expression(self, source: bytes, /) -> Program:
        """The program of an expression of the packs; ValueError when it is outside the language."""
        ...

    def starts(self, data: bytes, /) -> bytes:
        """Where in `data` an expression may begin between two ends of words."""
        ...

    def spans(
        self, program: Program, data: bytes, starts: bytes, start: int, end: int, most: int, /
    ) -> list[Span] | None:
        """The first spans in `data[start:end]` that an expression has between two ends of words,
        each after the one before, as RE2 finds them; None where the search takes too long."""
        ...


class KernelError(RuntimeError):
    """The kernel cannot be compiled here; the message says what is missing."""


def _source() -> str:
    digest = hashlib.sha256()
    for file in sorted(SOURCES.glob("*.[ch]")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def build(folder: Path = FOLDER, compiler: Sequence[str] = ("cc",)) -> Path:
    """Compile the kernel with this command, and put it into `folder` at once.

    It serves every CPython from 3.12 on. Raises `KernelError`: no compiler, or no `Python.h`.
    """
    built, draft = folder / BUILT, folder / f".{BUILT}.{os.getpid()}"
    include = sysconfig.get_path("include")
    files = map(str, sorted(SOURCES.glob("*.c")))
    command = [*compiler, *FLAGS, *_BY_SYSTEM.get(sys.platform, ()), f"-I{include}",
               f'-DSOURCE="{_source()}"', *files, "-lm", "-o", str(draft)]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603  whoever builds names the compiler
            command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
        )
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise KernelError(next((line for line in said if "error" in line), "it failed"))
        draft.replace(built)
    except (OSError, subprocess.TimeoutExpired) as wrong:
        raise KernelError(f"{compiler[0]}: {type(wrong).__name__}") from None
    finally:
        draft.unlink(missing_ok=True)
    return built


def load(folder: Path = FOLDER) -> Kernel | None:
    """The compiled kernel of `folder`; None where there is none, or one of another source."""
    spec = spec_from_file_location("safety.rules._kernel", folder / BUILT)
    try:
        if spec is None or spec.loader is None:
            return None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        kernel = cast(Kernel, module)
        return kernel if kernel.source == _source() else None
    except (ImportError, OSError):
        return None


KERNEL = load() if __name__ != "__main__" else None  # as this process found it

if __name__ == "__main__":
    try:
        build(compiler=sys.argv[1:] or ("cc",))
    except KernelError as wrong:
        sys.exit(f"the kernel of screening was not compiled: {wrong}")
