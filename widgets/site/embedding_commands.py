"""What the commands `token` and `doctor` do."""

import contextlib
from collections.abc import Iterator
from urllib.parse import parse_qsl

import click
import requests

from widgets.core.widget import DeclarationError
from widgets.embedding.admission import Admission
from widgets.embedding.doctor import Case, Finding, examine, examine_answer, stops
from widgets.embedding.hosts_file import HostsFileError
from widgets.embedding.oembed import SANDBOX
from widgets.embedding.origins import origin_of
from widgets.embedding.refusals import REFUSALS
from widgets.embedding.tokens import Wanted, mint
from widgets.errors import Refused
from widgets.site import logs
from widgets.site.factory import find_widgets, register_hosts
from widgets.site.settings import Settings, SettingsError
from widgets.site.upstreams import SOURCES

SIGNS = {"good": "ok   ", "note": "note ", "stops": "STOPS"}


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """What is set up wrongly, in words and without a trace."""
    try:
        yield
    except (SettingsError, HostsFileError, DeclarationError) as error:
        raise click.ClickException(str(error)) from None


def _admission() -> tuple[Settings, Admission]:
    settings = Settings.load()
    logs.install(settings.log_format)
    return settings, register_hosts(settings, find_widgets(SOURCES))


def token(
    *,
    host: str,
    widget: str,
    locks: tuple[str, ...],
    subject: str,
    life: int,
    key_id: str | None,
) -> str:
    """A token for `widget`. Raises click.ClickException for what the server would not take."""
    settings, admission = _admission()
    registered = admission.registry.hosts.get(host)
    if registered is None:
        known = ", ".join(admission.registry.hosts) or "none"
        raise click.ClickException(f"There is no host {host!r}; registered: {known}.")
    if registered.access != "token":
        raise click.ClickException(f'Host {host} needs no token: access = "{registered.access}".')
    good = [key for key in registered.keys.values() if key.is_good() and key_id in (None, key.id)]
    if not good:
        raise click.ClickException(f"Host {host} has no such key that is valid.")
    if wrong := [lock for lock in locks if "=" not in lock]:
        raise click.ClickException(f"--lock {wrong[0]}: write it like site=1.")
    params = dict(lock.split("=", 1) for lock in locks)
    for name, value in params.items():
        if widget in admission.widgets and (
            complaint := admission.widgets[widget].complaint(name, value)
        ):
            raise click.ClickException(f"--lock {name}={value}: {complaint}")
    wanted = Wanted(host, widget, settings.audience, params, subject, life)
    made = mint(wanted, good[0])
    try:
        admission.examine(registered, widget, token=made, key=None)
    except Refused as error:
        raise click.ClickException(
            f"{error.code}: {REFUSALS[error.code].mend} ({error.detail})"
        ) from None
    return made


def doctor(
    *,
    host: str,
    widget: str,
    origins: tuple[str, ...],
    params: str,
    token: str,
    key: str,
    iframe: bool,
    sandbox: str | None,
    csp: str,
    server: str,
) -> tuple[list[str], bool]:
    """The lines of the report, and whether the widget shows."""
    settings, admission = _admission()
    try:
        origin_of(server)
    except ValueError as error:
        raise click.ClickException(f"--server {server}: is no address ({error}).") from None
    case = Case(
        widget=widget,
        host=host,
        origins=tuple(origin.rstrip("/") for origin in origins),
        server=server.rstrip("/") or settings.public_address or "http://127.0.0.1:8000",
        params=dict(parse_qsl(params.lstrip("?"))),
        token=token,
        key=key,
        loader=not iframe,
        sandbox=SANDBOX if sandbox is None else sandbox,
        csp=csp,
    )
    findings = examine(case, admission)
    if server and widget in admission.widgets:
        findings += _ask(case, admission)
    return report(findings), not stops(findings)


def _ask(case: Case, admission: Admission) -> list[Finding]:
    """What arrives from the running server, through whatever stands in front of it."""
    query = {**case.params, "host": case.host, **({"key": case.key} if case.key else {})}
    credentials = {"Authorization": f"Bearer {case.token}"} if case.token else {}
    try:
        answer = requests.get(
            f"{case.server}/widgets/{case.widget}/", params=query, headers=credentials, timeout=20
        )
    except requests.RequestException as error:
        return [
            Finding(
                "stops",
                "server",
                f"{case.server} does not answer ({type(error).__name__}).",
                "Start it, or correct the address.",
            )
        ]
    return examine_answer(answer.status_code, answer.headers, admission.registry.get(case.host))


def report(findings: list[Finding]) -> list[str]:
    """The findings for a terminal, the verdict last."""
    lines = []
    for finding in findings:
        lines.append(f"{SIGNS[finding.verdict]} {finding.about}: {finding.says}")
        if finding.mend and finding.verdict != "good":
            lines.append(f"      → {finding.mend}")
    count = len(stops(findings))
    things = "One thing stops" if count == 1 else f"{count} things stop"
    return [*lines, "", f"It will not show: {things} it." if count else "It will show."]
