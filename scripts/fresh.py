"""Are the generated files what the code says now? Generates them again and compares."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def generated() -> dict[Path, bytes]:
    """Every committed file that `scripts/generate` writes, with its content."""
    pages = [ROOT / "docs" / name for name in ("protocol.md", "performance.md")]
    paths = [*pages, *ROOT.glob("frontend/src/gen/*")]
    rules = ("seal.json", "needs.json", "extractors/dialled.json")
    paths += [ROOT / "safety" / "rules" / name for name in rules]
    return {path.relative_to(ROOT): path.read_bytes() for path in paths if path.is_file()}


def main() -> int:
    """0 when nothing changed; else 1, with the names of the files to commit."""
    before = generated()
    subprocess.run([ROOT / "scripts" / "generate"], check=True)
    after = generated()
    stale = sorted(path for path in after if after[path] != before.get(path))
    for path in stale:
        print(f"{path} was stale: it is written again, commit it")
    print("generated files: " + ("stale" if stale else f"{len(after)} fresh"))
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
