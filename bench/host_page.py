"""A page that frames widgets, as somebody else's application has it."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

from bench.visit import FRAME, ROOM
from widgets.embedding.oembed import tag, tag_around


class _HostPage(http.server.BaseHTTPRequestHandler):
    """`/?tag&6&ADDRESS`: a page with six frames of what is at the address: in our tag as docs/embedding.md
    has it (`tag`), made by our tag (`alone`), or by themselves (`iframe`)."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        how, count, address = urlsplit(self.path).query.split("&", 2)
        parts = urlsplit(address)
        width, height = FRAME
        if how == "iframe":
            head = ""
            frame = (
                f'<iframe src="{address}" width="{width}" height="{height}" title="Stock"></iframe>'
            )
        else:
            given = f"{parts.scheme}://{parts.netloc}", parts.path.split("/")[2]
            params = dict(parse_qsl(parts.query))
            code = (
                tag_around(*given, "Stock", params, height)
                if how == "tag"
                else tag(*given, params, height)
            )
            head, frame = code.split("\n", 1)
        body = f"""<!doctype html><html lang="en"><title>Host</title><link rel="icon" href="data:,">
<style>body {{ margin: 20px; display: flex; flex-wrap: wrap; align-items: start }}
section {{ width: {width}px; height: {height + ROOM}px }} iframe {{ border: 0; display: block }}
erp-widget:not(:defined) {{ display: block; min-height: {height}px }}</style>{head}
{f"<section>{frame}<p>What the page says below it.</p></section>" * int(count)}""".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def host_site() -> Iterator[str]:
    """A site under another name than 127.0.0.1, where the contestants are."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _HostPage)
    server.daemon_threads = True  # a browser keeps its connections open
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
