"""Static files. Their address carries a digest of their content, so a browser may keep them for ever."""

import hashlib
from pathlib import Path
from wsgiref.headers import Headers

from flask import Flask
from whitenoise import WhiteNoise

from widgets.embedding.headers import STATIC_HEADERS
from widgets.site import files


def install(app: Flask) -> None:
    """Serve `static/` and give templates `static_url('frame.css')` and `vendor_url('htmx')`.

    A file is at `/static/DIGEST/frame.css` for pages of ours, which always know the newest digest, and
    at `/static/frame.css` for addresses that people write down. Vendored files carry their version.
    """
    root = files.static()
    digest = _digest(root)
    # /static/embed.js and the like: a browser asks again after a minute.
    plain = WhiteNoise(
        app.wsgi_app,
        root=root,
        prefix="static/",
        max_age=60,
        immutable_file_test=lambda _path, url: url.startswith(
            (f"/static/{digest}/", "/static/vendor/")
        ),
        add_headers_function=_secure,
    )
    plain.add_files(root, prefix=f"static/{digest}/")
    app.wsgi_app = plain  # type: ignore[method-assign]
    vendored = {folder.name.partition("@")[0]: folder for folder in (root / "vendor").glob("*@*")}

    @app.template_global()
    def static_url(name: str) -> str:
        if not (root / name).is_file():
            raise FileNotFoundError(f"templates ask for static/{name}, which is not there")
        return f"/static/{digest}/{name}"

    @app.template_global()
    def vendor_url(package: str, name: str) -> str:
        return f"/static/vendor/{vendored[package].name}/{name}"


def _secure(headers: Headers, _path: str, _url: str) -> None:
    for name, value in STATIC_HEADERS.items():
        headers[name] = value


def _digest(root: Path) -> str:
    """Of our own files; vendored ones carry their version in the path already."""
    content = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and "vendor" not in path.relative_to(root).parts:
            content.update(path.name.encode())
            content.update(path.read_bytes())
    return content.hexdigest()[:12]
