"""Static files. Their address carries a digest of their content, so a browser may keep them for ever."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from wsgiref.headers import Headers

from flask import Flask, Response, abort, request
from whitenoise import WhiteNoise
from whitenoise.media_types import MediaTypes

from widgets.embedding.headers import STATIC_HEADERS
from widgets.site import files

ENDPOINT = "static_file"
LIBRARIES = "libraries.js"
_DIGEST = re.compile(r"([0-9a-f]{12})/(.+)")


def install(app: Flask, others: Mapping[str, Path]) -> None:
    """Serve `static/` and give templates `static_url('frame.css')`, `vendor_url('htmx.org', 'htmx.min.js')`
    and `static_version()`, the digest. others: folders of installed packages, each served below its prefix.

    A file of ours is at `/static/DIGEST/frame.css` for pages of ours, which always know the newest digest,
    and at `/static/frame.css` for addresses that people write down; it is compressed like a page. Vendored
    files carry their version and a digest, and lie there compressed.
    """
    root = files.static()
    contents = {
        f"{before}{path.relative_to(folder).as_posix()}": path.read_bytes()
        for before, folder in {
            "": root,
            **{f"{prefix}/": at for prefix, at in others.items()},
        }.items()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_relative_to(root / "vendor")
    }
    contents[LIBRARIES] = libraries(root)
    version = _digest(contents)
    types = MediaTypes()
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=root / "vendor",
        prefix="static/vendor/",
        immutable_file_test=lambda _path, url: "@" in url,
        add_headers_function=_secure,
    )
    # With a digest: what we make of a vendored file may change while its version does not.
    vendored = {
        (package["name"], name): f"{package['name']}@{package['version']}/{name}?{digest[:12]}"
        for package in json.loads((root / "vendor/manifest.json").read_text())
        for name, digest in package["sha256"].items()
    }

    @app.get("/static/<path:path>", endpoint=ENDPOINT)
    def send(path: str) -> Response:
        dated = _DIGEST.fullmatch(path)
        name = dated[2] if dated else path
        if name not in contents:
            abort(404)
        response = Response(contents[name], mimetype=types.get_type(name))
        if dated and dated[1] == version:
            response.headers["Cache-Control"] = "public, max-age=315360000, immutable"
        else:
            # Also a frame that an older or newer version of us sent, in the middle of a deployment.
            response.headers["Cache-Control"] = "public, max-age=60"
        response.add_etag()
        response.make_conditional(request)
        return response

    @app.template_global()
    def static_version() -> str:
        return version

    @app.template_global()
    def static_url(name: str) -> str:
        if name not in contents:
            raise FileNotFoundError(f"templates ask for static/{name}, which is not there")
        return f"{request.script_root}/static/{version}/{name}"

    @app.template_test()
    def static_file(name: str) -> bool:
        return name in contents

    @app.template_global()
    def vendor_url(package: str, name: str) -> str:
        return f"{request.script_root}/static/vendor/{vendored[package, name]}"


def libraries(root: Path) -> bytes:
    """What a frame swaps with, in one file: the one is of no use without the other. root: of `static`."""
    (htmx,) = root.glob("vendor/htmx.org@*/htmx.min.js")
    (idiomorph,) = root.glob("vendor/idiomorph@*/idiomorph-ext.min.js")
    return htmx.read_bytes() + b";\n" + idiomorph.read_bytes()


def _secure(headers: Headers, _path: str, _url: str) -> None:
    for name, value in STATIC_HEADERS.items():
        headers[name] = value


def _digest(contents: dict[str, bytes]) -> str:
    """Of all but the vendored files, which carry their version in the path already."""
    total = hashlib.sha256()
    for name, content in contents.items():
        total.update(name.encode())
        total.update(content)
    return total.hexdigest()[:12]
