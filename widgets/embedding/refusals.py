"""Every reason for which a host may not show a widget: its code, what the viewer reads, and how whoever
embeds it mends it. The only list: frames, events, the doctor and the documentation take theirs from it.
"""

from dataclasses import dataclass

from widgets.errors import Refused


@dataclass(frozen=True, slots=True)
class Refusal:
    """status: HTTP. title, message: for the viewer. mend: for whoever embeds the widget."""

    status: int
    title: str
    message: str
    mend: str


_NOT_HERE = "This page may not show this widget"
_SIGN_IN = "This page could not sign in to the widget"
_TELL = "Nothing is wrong on your side. Tell whoever runs this page."
_RELOAD = "Load the page again. If that does not help, tell whoever runs it."

REFUSALS: dict[str, Refusal] = {
    "host-missing": Refusal(
        403,
        _NOT_HERE,
        _TELL,
        "Name the host in the widget's address: host=ID, with an id of the hosts file.",
    ),
    "host-unknown": Refusal(
        403,
        _NOT_HERE,
        _TELL,
        "Register the host: a table [hosts.ID] in the hosts file, or correct host=ID in the address.",
    ),
    "widget-not-allowed": Refusal(
        403,
        _NOT_HERE,
        _TELL,
        "Add the widget to `widgets` of the host in the hosts file. A widget that shows personal data "
        'needs a host with access = "token".',
    ),
    "key-missing": Refusal(
        401,
        _SIGN_IN,
        _TELL,
        "Add the host's key to the widget's address: key=….",
    ),
    "key-wrong": Refusal(
        401,
        _SIGN_IN,
        _TELL,
        "Use a key that the hosts file has for this host, neither revoked nor past its not_after.",
    ),
    "token-missing": Refusal(
        401,
        _SIGN_IN,
        _TELL,
        "Give the loader a tokenProvider or a token-url, or put token=… into a plain iframe's address.",
    ),
    "token-invalid": Refusal(
        401,
        _SIGN_IN,
        _TELL,
        "Make a JWT with the claims iss, aud, wid, iat, exp and jti, and params as an object of strings.",
    ),
    "token-algorithm": Refusal(
        401, _SIGN_IN, _TELL, "Sign the token with HS256; no other algorithm is taken, nor none."
    ),
    "token-unknown-key": Refusal(
        401,
        _SIGN_IN,
        _TELL,
        "Put the id of one of the host's keys into the token's header as `kid`.",
    ),
    "token-revoked-key": Refusal(
        401,
        _SIGN_IN,
        _TELL,
        "Sign with a key that is neither revoked nor past its not_after in the hosts file.",
    ),
    "token-signature": Refusal(
        401,
        _SIGN_IN,
        _TELL,
        "Sign with the secret of the key that `kid` names; both sides must have the same bytes.",
    ),
    "token-issuer": Refusal(
        401, _SIGN_IN, _TELL, "Set `iss` to the id of the host that the address names."
    ),
    "token-audience": Refusal(
        401,
        _SIGN_IN,
        _TELL,
        "Set `aud` to what this server is called: WIDGETS_PUBLIC_URL, or erp-widgets where that is empty.",
    ),
    "token-widget": Refusal(
        403, _NOT_HERE, _TELL, "Make a token for this widget: its name goes into `wid`."
    ),
    "token-expired": Refusal(
        401,
        "Your access to this widget has run out",
        _RELOAD,
        "Answer token.expiring with a new token, as the loader does with its tokenProvider; check the clock.",
    ),
    "token-not-yet-valid": Refusal(
        401,
        _SIGN_IN,
        _RELOAD,
        "`nbf` or `iat` lies in the future: set the clock of the host's server.",
    ),
    "token-too-long": Refusal(
        401, _SIGN_IN, _TELL, "Let `exp` be at most 300 seconds after `iat`."
    ),
    "token-params": Refusal(
        403,
        _SIGN_IN,
        _TELL,
        "Lock only parameters that the widget has, to values that it takes, and none to another value than "
        "the hosts file does.",
    ),
    "locked-parameter": Refusal(
        400,
        "This is not for you to choose here",
        "The page that you are on has set the parameter {parameter} to another value.",
        "Leave the parameter out of the address, or give it the value that the token or the hosts file "
        "locks.",
    ),
    "rate-limited": Refusal(
        429,
        "Too many requests",
        "More is asked of this widget than its page is allowed. It is tried again by itself.",
        "Raise rate_limit of the host in the hosts file, or show fewer widgets.",
    ),
}


MENDS = {
    "internal": "A fault of this server. The operator finds it in the log by the reference in the frame.",
    "bad-parameter": "Correct the parameter that the frame names; the gallery lists what each allows.",
    "not-found": "The upstream has no such record. Correct the parameters if it should.",
    "upstream-invalid": "For the operator: an answer of the upstream's is not what is expected; see the log.",
    "upstream-refused": "For the operator: the upstream does not accept this server's credentials.",
    "upstream-not-set-up": "For the operator: name the upstream in the file of WIDGETS_UPSTREAMS_FILE.",
    "upstream-unavailable": "Wait: it is tried again by itself; the last data is shown as long as it may.",
}
"""How to mend the errors of `widgets.errors`, by code."""

IN_THE_BROWSER = {
    "no-answer": (
        "The frame did not answer the loader: it was refused, or the server cannot be reached",
        "Open the address of the doctor that the browser's console shows.",
    ),
    "unreachable": (
        "A refresh did not reach the server; what was shown stays",
        "Wait: it is tried again by itself.",
    ),
    "token-provider": (
        "tokenProvider or token-url failed; the console shows how",
        "Mend your token endpoint.",
    ),
    "protocol-version": (
        "Loader and frame speak no common version of the protocol",
        "Load embed.js from the same server as the widget.",
    ),
}
"""What the scripts report, by code: what happened, and how to mend it."""


def refused(
    code: str, detail: str = "", *, retry_after: int | None = None, **words: str
) -> Refused:
    """The error for a code of the list. detail: for the log; words: fill the message."""
    refusal = REFUSALS[code]
    return Refused(
        code,
        refusal.status,
        refusal.title,
        refusal.message.format(**words),
        detail=detail,
        retry_after=retry_after,
    )
