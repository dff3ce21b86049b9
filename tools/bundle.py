"""Makes what browsers load, static/frame.js and static/embed.js, out of the modules in static/frame/ and
static/embed/: `make bundle`.

One file instead of ten, and without its comments half as heavy. Both are kept in the repository, so that
nobody who runs or tests the server needs Node.js; `is_current` says whether a bundle is of the modules as
they are, and a test calls it. `make dev` serves the modules themselves.

Needs npm on the path, which fetches esbuild.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from widgets.site.files import BUNDLED, static

ESBUILD = "esbuild@0.28.2"
_HEAD = "/* Made by `make bundle` from static/{}/, which is what to read. {} */\n"


def head(modules: Path) -> str:
    """The first line of a bundle of a folder: it has a digest of the names and content of all modules."""
    total = hashlib.sha256()
    for path in sorted(modules.glob("*.js")):
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return _HEAD.format(modules.name, total.hexdigest()[:16])


def is_current(modules: Path, bundle: Path) -> bool:
    """Whether the bundle was made of the modules as they are now."""
    return bundle.read_text().startswith(head(modules))


def bundled(entry: Path) -> str:
    """The text of the bundle. Raises subprocess.CalledProcessError if esbuild cannot be had or refuses."""
    made = subprocess.run(  # noqa: S603 - fixed words, no shell
        [  # noqa: S607
            "npm", "exec", "--yes", "--prefer-offline", "--fetch-retries=0", f"--package={ESBUILD}",
            "--", "esbuild", entry,
            "--bundle", "--format=esm", "--minify", "--charset=utf8", "--target=es2022",
        ],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    return head(entry.parent) + made.stdout


def main() -> int:
    if not shutil.which("npm"):
        sys.stderr.write("make bundle needs npm on the path: install Node.js, then try again.\n")
        return 1
    for name, entry in BUNDLED.items():
        try:
            (static() / name).write_text(bundled(static() / entry))
        except subprocess.CalledProcessError as error:
            sys.stderr.write(f"esbuild did not make static/{name}: {error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
