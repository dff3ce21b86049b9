"""What the workbench says of hosts: whose preview it draws, why not another's, and what the code needs."""

from widgets.core.widget import Widget
from widgets.embedding.hosts import Host, Registry
from widgets.embedding.snippets import Wanted


def preview_host(widget: Widget, host_id: str, registry: Registry) -> tuple[Host | None, list[str]]:
    """Whose preview is drawn, and why it is not that of the host that was asked for, in words with `code`."""
    host, usual = registry.get(host_id), registry.get()
    if host and shows(host, widget):
        return host, []
    why = [cannot(widget, host, host_id)]
    if usual and shows(usual, widget):
        return usual, [*why, f"What you see here is drawn for the host `{usual.id}` instead."]
    return None, [*why, f"So there is no preview{code_then(widget, host, host_id)}"]


def code_then(widget: Widget, host: Host | None, host_id: str) -> str:
    """The end of a sentence: what the code is good for that nobody can see a preview of."""
    if host is None:
        name = f"instead of `{host_id}`" if host_id else "in the place of `YOUR-HOST`"
        return f", and the code below needs a registered host's id {name}."
    if widget.slug not in host.widgets:
        return ", and the code below shows the widget only once it may."
    return "; the code below is right all the same."


def shows(host: Host, widget: Widget) -> bool:
    return host.access == "open" and host.in_gallery and widget.slug in host.widgets


def cannot(widget: Widget, host: Host | None, host_id: str) -> str:
    """Why this page cannot show the widget for that host, and what to do."""
    if host is None:
        return (
            f"This page can tell of no host `{host_id}`. It tells of every one in the hosts file to whoever "
            "runs this server, from its own machine or signed in as for /status; to others of the default "
            "host alone."
            if host_id
            else "The hosts file names no `default` host. Name one whose `access` is `open` to see previews."
        )
    if widget.slug not in host.widgets:
        return (
            f"The host `{host.id}` may not show this widget: add `{widget.slug}` to its `widgets` in the "
            "hosts file, and for data about persons give it tokens."
        )
    if host.access == "token":
        return (
            f"The host `{host.id}` shows widgets with a token, which its own server makes for each viewer. "
            f"To try one: `erp-widgets token --host {host.id} --widget {widget.slug}`, and open the frame's "
            "address with `&token=…`."
        )
    if host.access == "key":
        return (
            f"The host `{host.id}` shows widgets with a key in the address, which this page does not know. "
            "To try it, open the frame's address with `&key=…`."
        )
    return (
        f"The host `{host.id}` is not the `default` host of the hosts file, the only one whose widgets this "
        "server's own pages may frame."
    )


def host_notes(platform: str, wanted: Wanted) -> list[str]:
    """What is to be said of the code for this host. platform: the one that it is for, "" for any."""
    if not wanted.is_registered:
        return [
            f"This page does not know how the host {wanted.host} lets viewers in, so this is the code for "
            "one with tokens."
        ]
    if platform in (wanted.platform, ""):
        return []
    return [
        f"The host {wanted.host} is registered for another platform. Give one platform = “{platform}”, so "
        "that its pages may show the widget."
    ]
