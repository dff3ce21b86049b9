"""oEmbed 1.0 (https://oembed.com): a widget's address to the HTML that shows it, for editors that ask."""

from html import escape
from typing import Any
from urllib.parse import urlencode

SANDBOX = "allow-scripts allow-same-origin allow-forms allow-popups allow-downloads"
"""What a widget's iframe is allowed. `allow-same-origin` is safe on another origin than the host's."""

WIDTH = 480
"""Pixels wide where the consumer does not say: oEmbed wants a number."""


def iframe(title: str, source: str, height: int, width: int | str = "100%") -> str:
    """The snippet of a plain iframe."""
    return (
        f'<iframe title="{escape(title)}" src="{escape(source)}"\n'
        f'  width="{width}" height="{height}" frameborder="0" loading="lazy" referrerpolicy="strict-origin"\n'
        f'  sandbox="{SANDBOX}"></iframe>'
    )


def tag(server: str, name: str, params: dict[str, str], height: int) -> str:
    """The snippet with the loader."""
    attributes = "".join(f' {key}="{escape(value)}"' for key, value in params.items())
    return (
        f'<script type="module" src="{escape(server)}/static/embed.js"></script>\n'
        f'<erp-widget name="{name}"{attributes} height="{height}"></erp-widget>'
    )


def tag_around(server: str, name: str, title: str, params: dict[str, str], height: int) -> str:
    """The snippet with the loader around a frame that does not wait for it."""
    frame = iframe(
        title,
        f"{server}/widgets/{name}/?{urlencode({**params, 'loader': 1})}",
        height,
    ).replace(' loading="lazy"', "")
    return tag(server, name, params, height).replace("></erp-widget>", f">\n{frame}\n</erp-widget>")


def rich(
    title: str, source: str, height: int, server: str, *, most_wide: int, most_high: int
) -> dict[str, Any]:
    """The response of type "rich". Its size is fixed, so the height is the widget's own at most."""
    width, height = min(WIDTH, most_wide), min(height, most_high)
    return {
        "version": "1.0",
        "type": "rich",
        "title": title,
        "provider_name": "ERP widgets",
        "provider_url": f"{server}/",
        "cache_age": 3600,
        "width": width,
        "height": height,
        "html": iframe(title, source, height, width),
    }


def discovery(server: str, page: str) -> str:
    """The address that a page's discovery link names."""
    return f"{server}/oembed?{urlencode({'url': page, 'format': 'json'})}"
