"""How big the code is: the shape the project keeps, and what is outside it."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
CODE = ("accounts", "paywall", "safety", "chat", "bench", "scripts", "tests")
FILE_MAX_LINES, FUNCTION_MAX_LINES, LINE_MAX_COLUMNS = 400, 50, 100
FUNCTION_P90_LINES = 25


class Function(NamedTuple):
    """One function of the code, with its place and its length in lines."""

    path: Path
    line: int
    name: str
    lines: int


def python_files() -> list[Path]:
    """Every Python file we write: not migrations, which Django writes."""
    files = [path for folder in CODE for path in (ROOT / folder).rglob("*.py")]
    files += [*ROOT.glob("*.py"), *ROOT.glob("frontend/*.py")]
    return sorted(path for path in files if "migrations" not in path.parts)


def functions(path: Path) -> Iterator[Function]:
    """The functions of a file, methods and nested ones included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Function(path.relative_to(ROOT), node.lineno, node.name, lines)


def offenders() -> list[str]:
    """What exceeds a limit, as `place: what`."""
    found = []
    for path in python_files():
        lines, place = path.read_text().splitlines(), path.relative_to(ROOT)
        if len(lines) > FILE_MAX_LINES:
            found.append(f"{place}: {len(lines)} lines, at most {FILE_MAX_LINES}")
        for number, line in enumerate(lines, 1):
            if len(line) > LINE_MAX_COLUMNS:
                found.append(f"{place}:{number}: {len(line)} columns, at most {LINE_MAX_COLUMNS}")
        for function in functions(path):
            if function.lines > FUNCTION_MAX_LINES:
                found.append(
                    f"{place}:{function.line}: {function.name} has {function.lines} lines, "
                    f"at most {FUNCTION_MAX_LINES}"
                )
    return found


def main() -> int:
    """Print the report; 1 when a limit is exceeded."""
    product = [
        p for p in python_files() if p.relative_to(ROOT).parts[0] not in ("tests", "scripts")
    ]
    tests = [p for p in python_files() if p.relative_to(ROOT).parts[0] == "tests"]
    code_lines, test_lines = (
        sum(len(p.read_text().splitlines()) for p in s) for s in (product, tests)
    )
    lengths = sorted(f.lines for path in product for f in functions(path))
    p90 = lengths[int(len(lengths) * 0.9)]
    print(f"product: {len(product)} files, {code_lines} lines, {len(lengths)} functions")
    print(f"functions: p90 {p90} lines (at most {FUNCTION_P90_LINES}), longest {lengths[-1]}")
    print(f"tests: {test_lines} lines, {test_lines / code_lines:.2f} for one of the product")
    found = offenders()
    print(*found, sep="\n")
    return 1 if found or p90 > FUNCTION_P90_LINES else 0


if __name__ == "__main__":
    sys.exit(main())
