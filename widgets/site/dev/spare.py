"""A process that is ready to become the server: `python -m widgets.site.dev.spare LISTENER READY TURN`,
three file descriptors.

It loads the libraries, which takes longer than our own code does, and waits. With a line on standard input,
the environment as JSON, it loads the code as that is now, and serves.
"""

import contextlib
import importlib
import json
import os
import sys

LIBRARIES = (
    "babel.dates",
    "babel.numbers",
    "cachetools",
    "flask_compress",
    "flask_htmx",
    "gunicorn.glogging",
    "joserfc.jwt",
    "limits.aio.strategies",
    "limits.storage",
    "limits.strategies",
    "platformdirs",
    "prometheus_client.multiprocess",
    "pydantic_settings",
    "redis",
    "requests_cache",
    "structlog",
    "werkzeug.middleware.proxy_fix",
    "werkzeug.serving",
    "whitenoise",
)


def prepare() -> None:
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):  # whoever needs it says so
            importlib.import_module(name)


def forget() -> None:
    """What was loaded of ours on the way here may have changed since."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "widgets"]:
        del sys.modules[name]
    importlib.invalidate_caches()


def main() -> None:
    prepare()
    if line := sys.stdin.readline():  # else whoever started it is gone
        os.environ.update(json.loads(line))
        forget()
        from widgets.site.dev import child  # noqa: PLC0415

        child.main(*map(int, sys.argv[1:]))


if __name__ == "__main__":
    main()
