"""What screening computes for every text, compiled: `python -m safety.rules.kernel [COMPILER]`.

Hides how it is built and whether what lies here may be used. `kernel.c` says what numpy says of the
text model, bit for bit, and calls the rules that sets of words call, at a fraction of the cost;
without it everything works, and a message costs more.
"""

import hashlib
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:  # who compiles it needs no package
    from numpy.typing import NDArray

FOLDER = Path(__file__).parent
SOURCE = FOLDER / "kernel.c"
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
        window: str,
        wordly: "NDArray[Any]",
        tags: "NDArray[Any]",
        weights: "NDArray[Any]",
        scale: "NDArray[Any]",
        bias: "NDArray[Any]",
        logits: "NDArray[Any]",
        /,
    ) -> float:
        """Write the raw scores of a window into `logits`; the share of its features known."""
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

    def key(self, key: bytes, /) -> int:
        """The hash of a key of `safety.rules.keys`."""
        ...

    def present(self, noted: bytes, data: bytes, start: int, end: int, /) -> bytes:
        """The set of the keys of `data[start:end]` whose hash is noted."""
        ...

    def called[Called](
        self, table: bytes, part: bytes, text: bytes, objects: tuple[Called, ...], /
    ) -> list[Called]:
        """Those objects that the keys of a part of a text call, by a table of calls."""
        ...


class KernelError(RuntimeError):
    """The kernel cannot be compiled here; the message says what is missing."""


def _source() -> str:
    return hashlib.sha256(SOURCE.read_bytes()).hexdigest()


def build(folder: Path = FOLDER, compiler: Sequence[str] = ("cc",)) -> Path:
    """Compile the kernel with this command, and put it into `folder` at once.

    It serves every CPython from 3.12 on. Raises `KernelError`: no compiler, or no `Python.h`.
    """
    built, draft = folder / BUILT, folder / f".{BUILT}.{os.getpid()}"
    include = sysconfig.get_path("include")
    command = [*compiler, *FLAGS, *_BY_SYSTEM.get(sys.platform, ()), f"-I{include}",
               f'-DSOURCE="{_source()}"', str(SOURCE), "-lm", "-o", str(draft)]  # fmt: skip
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


if __name__ == "__main__":
    try:
        build(compiler=sys.argv[1:] or ("cc",))
    except KernelError as wrong:
        sys.exit(f"the kernel of screening was not compiled: {wrong}")
