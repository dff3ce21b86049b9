"""The embed doctor: whether a page will show a widget, and if not, what stops it and how to mend it.

It asks the same functions that answer requests, so it cannot be of another opinion.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from widgets.embedding.admission import Admission
from widgets.embedding.headers import frame_ancestors
from widgets.embedding.hosts import Host
from widgets.embedding.oembed import SANDBOX
from widgets.embedding.origins import (
    checked_origin,
    covers,
    directives,
    is_local,
    is_loopback,
    lets_in,
    origin_of,
)
from widgets.embedding.platforms import FRAME_PARAMS, context_names
from widgets.embedding.refusals import REFUSALS
from widgets.errors import Refused, WidgetError

Verdict = Literal["good", "note", "stops"]


@dataclass(frozen=True, slots=True)
class Case:
    """A page that embeds.

    origins: of the page and of all pages around it, the page itself first.
    server: this server's address as the page sees it.
    params: the widget's parameters. loader: it is shown by the loader, not by a plain iframe.
    sandbox: the iframe's attribute; None: it has none. csp: the page's own Content-Security-Policy.
    """

    widget: str
    host: str
    origins: tuple[str, ...]
    server: str
    params: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    key: str = ""
    loader: bool = False
    sandbox: str | None = SANDBOX
    csp: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """about: the header, registry entry, token claim or attribute. mend: what to do, or ""."""

    verdict: Verdict
    about: str
    says: str
    mend: str = ""


def examine(case: Case, admission: Admission) -> list[Finding]:
    """Everything that decides whether the widget shows, in the order in which a browser meets it."""
    if case.widget not in admission.widgets:
        known = ", ".join(admission.widgets)
        return [
            Finding(
                "stops", "widget", f"There is no widget {case.widget!r}.", f"There are {known}."
            )
        ]
    try:
        host = admission.registry.find(case.host)
    except Refused as error:
        named = f"The host {case.host!r} is not registered." if case.host else "No host is named."
        return [Finding("stops", "hosts file", named, REFUSALS[error.code].mend)]
    return [
        *_page_policy(case),
        *_transport(case),
        *_local_network(case),
        *_ancestors(case, host),
        *_sandbox(case, host),
        *_admission(case, host, admission),
        *_unknown(case, host, admission),
    ]


def _page_policy(case: Case) -> Iterator[Finding]:
    """What the page's own policy lets it load."""
    wanted = {"frame-src": ("frame-src", "child-src", "default-src")}
    if case.loader:
        wanted["script-src"] = ("script-src-elem", "script-src", "default-src")
    origin = origin_of(case.server)
    page = case.origins[0] if case.origins else ""
    # A page can have several, one behind a comma; each must let us in.
    for policy in filter(None, map(directives, case.csp.split(","))):
        for name, chain in wanted.items():
            ruling = next((directive for directive in chain if directive in policy), None)
            if ruling is None:
                yield Finding("good", name, "The page's policy has no rule about it.")
            elif any(lets_in(source, origin, page=page) for source in policy[ruling]):
                yield Finding("good", ruling, f"The page's policy lets {origin} in.")
            else:
                yield Finding(
                    "stops",
                    f"Content-Security-Policy of the page: {ruling}",
                    f"It does not let {origin} in.",
                    f"Add `{origin}` to `{name}` of the page's policy.",
                )


def _transport(case: Case) -> Iterator[Finding]:
    if any(origin.startswith("https:") for origin in case.origins) and not (
        case.server.startswith("https:") or is_loopback(case.server)
    ):
        yield Finding(
            "stops",
            "mixed content",
            f"A page at https:// shows no frame of {origin_of(case.server)}.",
            "Put a server that ends TLS in front of the widgets, and name it in WIDGETS_PUBLIC_URL.",
        )
    if case.origins and case.origins[0] == origin_of(case.server):
        yield Finding(
            "note",
            "origin",
            "Page and widget have one origin, so that the iframe's sandbox does not separate them.",
            "Serve the widgets from an origin of their own.",
        )


def _local_network(case: Case) -> Iterator[Finding]:
    if is_local(case.server) and any(not is_local(origin) for origin in case.origins):
        yield Finding(
            "note",
            "local network access",
            f"{origin_of(case.server)} is an address of a private network and the page's is not. Chromium "
            "then asks the viewer for leave, and shows nothing without it.",
            "Give the widgets a public name and address, or allow the page local network access by policy.",
        )


def _ancestors(case: Case, host: Host) -> Iterator[Finding]:
    sources = frame_ancestors(host)
    for number, origin in enumerate(case.origins):
        whose = "The page" if number == 0 else "A page around it"
        if origin == "null":
            yield Finding(
                "stops",
                "origin",
                f"{whose} is itself sandboxed without allow-same-origin; no frame-ancestors can name it.",
                "Let whoever frames that page add allow-same-origin, or show the widget elsewhere.",
            )
            continue
        try:
            # One that no source could match is no origin of a page either.
            checked_origin(origin)
            allowed = any(
                _covers_or_self(source, origin, case.server) for source in sources.split()
            )
        except ValueError as error:
            yield Finding(
                "stops", "origin", str(error), "Give the page's scheme, host and port alone."
            )
            continue
        if allowed:
            yield Finding("good", "frame-ancestors", f"{whose}, {origin}, may frame it.")
        else:
            yield Finding(
                "stops",
                "Content-Security-Policy of the widget: frame-ancestors",
                f"{whose}, {origin}, is none of: {sources}.",
                f"Add `{origin}` to `origins` of `[hosts.{host.id}]`. Every page around it must be named.",
            )


def _sandbox(case: Case, host: Host) -> Iterator[Finding]:
    if case.sandbox is None:
        yield Finding(
            "note", "sandbox", "The iframe has no sandbox.", f'Give it one: sandbox="{SANDBOX}".'
        )
        return
    flags = set(case.sandbox.lower().split())
    if "allow-scripts" not in flags:
        needs = case.loader or (host.access == "token" and not case.token)
        yield Finding(
            "stops" if needs else "note",
            "sandbox: allow-scripts",
            "Without scripts the widget cannot take a token from the loader."
            if needs
            else "Without scripts the data is shown as it is at first; nothing refreshes.",
            "Add allow-scripts.",
        )
    elif "allow-same-origin" not in flags:
        yield Finding(
            "stops" if case.loader else "note",
            "sandbox: allow-same-origin",
            "The frame has no origin: it loads anew instead of refreshing, and cannot talk to the page.",
            "Add allow-same-origin.",
        )
    for flag, loses in (
        ("allow-forms", "searching with Enter or a button"),
        ("allow-downloads", "saving a chart"),
    ):
        if flag not in flags:
            yield Finding(
                "note", f"sandbox: {flag}", f"Without it there is no {loses}.", f"Add {flag}."
            )
    for flag in sorted(flag for flag in flags if flag.startswith("allow-top-navigation")):
        yield Finding("note", f"sandbox: {flag}", "No widget needs it.", "Leave it out.")


def _admission(case: Case, host: Host, admission: Admission) -> Iterator[Finding]:
    try:
        locked = admission.examine(
            host, case.widget, token=case.token or None, key=case.key or None
        ).locked
    except Refused as error:
        if error.code != "token-missing" or not case.loader:
            yield Finding("stops", error.code, f"{error.title}.", REFUSALS[error.code].mend)
            return
        # Whoever asks about a page with the loader need not have a token at hand.
        if not any(key.is_good() for key in host.keys.values()):
            says = f"No key of [hosts.{host.id}] is valid any more, so no token can be."
            yield Finding("stops", "keys", says, "Add a key to the hosts file.")
        yield Finding(
            "note",
            error.code,
            "A token is needed; none was given to try.",
            REFUSALS[error.code].mend,
        )
        locked = admission.locks(host, case.widget, None)
    else:
        yield Finding("good", "access", f"Host {host.id} may show {case.widget}.")
    try:
        admission.widgets[case.widget].parse(case.params, locked)
    except WidgetError as error:
        mend = REFUSALS[error.code].mend if error.code in REFUSALS else "Correct it in the address."
        yield Finding("stops", error.code, error.message, mend)


def _unknown(case: Case, host: Host, admission: Admission) -> Iterator[Finding]:
    widget = admission.widgets[case.widget]
    known = {*widget.params, *FRAME_PARAMS, *context_names(host)}
    for name in sorted(case.params.keys() - known):
        yield Finding(
            "note",
            f"parameter {name}",
            f"{case.widget} has no such parameter, and ignores it.",
            f"It has {', '.join(sorted(widget.params))}.",
        )


def examine_answer(status: int, headers: Mapping[str, str], host: Host | None) -> list[Finding]:
    """What a widget's answer carries when it arrives, after everything between server and page."""
    found = []
    if "X-Frame-Options" in headers:
        found.append(
            Finding(
                "stops",
                "X-Frame-Options",
                f"Something between the widgets and you adds {headers['X-Frame-Options']!r}.",
                "Take the header away from the proxy or gateway; frame-ancestors does its work.",
            )
        )
    policies = headers.get("Content-Security-Policy", "").split(",")
    sent = [directives(policy).get("frame-ancestors") for policy in policies]
    arrived = " and ".join(" ".join(sources) for sources in sent if sources is not None)
    if arrived != frame_ancestors(host):
        found.append(
            Finding(
                "stops",
                "Content-Security-Policy of the widget: frame-ancestors",
                f"{frame_ancestors(host)} should arrive, and {arrived or 'nothing'} does.",
                "Let the proxy or gateway pass the header on; or the server has not read the hosts file "
                "again (SIGHUP).",
            )
        )
    if status >= 500:
        found.append(Finding("stops", "status", f"It answers {status}.", "See the server's log."))
    return found or [Finding("good", "headers", "They arrive as they are sent.")]


def stops(findings: list[Finding]) -> list[Finding]:
    """Those that keep the widget from showing."""
    return [finding for finding in findings if finding.verdict == "stops"]


def _covers_or_self(source: str, origin: str, server: str) -> bool:
    return origin == origin_of(server) if source == "'self'" else covers(source, origin)
