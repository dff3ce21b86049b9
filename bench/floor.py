"""The limit: what a page with our HTML in it takes if there is nothing else, no script and no style, and no
application behind it. Whoever shows the same words and the same drawing cannot be there earlier."""

import gzip
import re
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.comparing import NotComparable
from bench.contestants import WORKERS, Served
from bench.load import bare
from bench.load.servers import gunicorn, is_up, settings_file
from tools import cluster
from widgets.site.serve import stop_all

# Whole elements with what is in them; a link has nothing in it.
_LOADED = re.compile(rb"<(script|style)\b.*?</\1>|<link\b[^>]*>", re.DOTALL)


@contextmanager
def floor(frame: str) -> Iterator[Served]:
    """The HTML that is at the address `frame`, without what it loads, on gunicorn as our server runs on it,
    from memory. Raises NotComparable where there is no drawing in it, ServeError where it does not answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(frame, timeout=30) as answer:
        page = _LOADED.sub(b"", answer.read())
    if b"<svg" not in page or b"<table" not in page:
        raise NotComparable(f"{frame}: has no table and drawing that could be shown as they are")
    body = gzip.compress(page, mtime=0)
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Encoding": "gzip",
        "Content-Length": str(len(body)),
    }
    port = cluster.free_port()
    with tempfile.TemporaryDirectory(prefix="erp-widgets-") as name:
        folder = Path(name)
        bare.keep(folder, headers.items(), body)
        conf = settings_file(folder)
        child = gunicorn("bench.load.bare:same_bytes()", port, WORKERS, conf, folder)
        try:
            cluster.wait_until(partial(is_up, port), [child])
            yield Served(f"http://{cluster.HERE}:{port}/", child.process.pid)
        finally:
            stop_all([child])
