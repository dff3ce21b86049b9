"""The token endpoint of Microsoft Entra ID (client credentials) and the check of bearer tokens.

Shapes: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow and the
AADSTS codes of https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

import hmac
import secrets
import threading
import time
import uuid
from datetime import UTC, datetime

from flask import Blueprint, Response, current_app, jsonify, make_response, request

blueprint = Blueprint("auth", __name__)


class Tokens:
    """The tokens given out. Their life is counted in real seconds: clients count so too."""

    def __init__(self, client_id: str, client_secret: str, lifetime: float) -> None:
        self.client_id = client_id
        self._client_secret = client_secret
        self.lifetime = lifetime
        self._expiry: dict[str, float] = {}
        self._lock = threading.Lock()

    def secret_is_right(self, secret: str) -> bool:
        return hmac.compare_digest(secret.encode(), self._client_secret.encode())

    def issue(self) -> str:
        token = secrets.token_urlsafe(32)
        now = time.monotonic()
        with self._lock:
            self._expiry = {old: end for old, end in self._expiry.items() if end > now}
            self._expiry[token] = now + self.lifetime
        return token

    def is_valid(self, authorization: str) -> bool:
        """Whether an Authorization header's value carries a token that is still good."""
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            end = self._expiry.get(token.strip())
        return scheme.lower() == "bearer" and end is not None and time.monotonic() < end

    def expire_all(self) -> None:
        with self._lock:
            self._expiry.clear()


def unauthorized() -> Response:
    """401 as Dynamics sends it: no body, and where to get a token."""
    response = make_response("", 401)
    authority = f"{request.host_url}common/oauth2/authorize"
    response.headers["WWW-Authenticate"] = f'Bearer authorization_uri="{authority}"'
    return response


def _refusal(status: int, error: str, code: int, text: str) -> Response:
    now = datetime.now(UTC)
    trace, correlation = uuid.uuid4(), uuid.uuid4()
    body = {
        "error": error,
        "error_description": f"AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation}"
        f" Timestamp: {now:%Y-%m-%d %H:%M:%SZ}",
        "error_codes": [code],
        "timestamp": f"{now:%Y-%m-%d %H:%M:%SZ}",
        "trace_id": str(trace),
        "correlation_id": str(correlation),
        "error_uri": f"https://login.microsoftonline.com/error?code={code}",
    }
    return make_response(jsonify(body), status)


@blueprint.post("/<tenant>/oauth2/v2.0/token")
def token(tenant: str) -> Response:
    tokens: Tokens = current_app.extensions["mock_erp"].tokens
    form = request.form
    for name in ("grant_type", "client_id", "client_secret", "scope"):
        if not form.get(name):
            text = f"The request body must contain the following parameter: '{name}'."
            return _refusal(400, "invalid_request", 900144, text)
    if form["grant_type"] != "client_credentials":
        text = "The app requested an unsupported grant type."
        return _refusal(400, "unsupported_grant_type", 70003, text)
    if not form["scope"].endswith("/.default"):
        text = (
            f"The provided value for scope {form['scope']} is not valid. Client credential flows"
            " must have a scope value with /.default suffixed to the resource identifier."
        )
        return _refusal(400, "invalid_scope", 1002012, text)
    if form["client_id"] != tokens.client_id:
        text = f"Application with identifier '{form['client_id']}' was not found in '{tenant}'."
        return _refusal(400, "unauthorized_client", 700016, text)
    if not tokens.secret_is_right(form["client_secret"]):
        text = f"Invalid client secret provided for app '{form['client_id']}'."
        return _refusal(401, "invalid_client", 7000215, text)
    body = {
        "token_type": "Bearer",
        "expires_in": int(tokens.lifetime),
        "ext_expires_in": int(tokens.lifetime),
        "access_token": tokens.issue(),
    }
    response = jsonify(body)
    response.headers["Cache-Control"] = "no-store, no-cache"
    return response


@blueprint.get("/<tenant>/oauth2/authorize")
def login_page(tenant: str) -> Response:  # noqa: ARG001  (the route has it)
    """Where the `login` fault redirects to: a page for people, in HTML, with status 200."""
    page = (
        "<!DOCTYPE html><html><head><title>Sign in to your account</title></head>"
        "<body><form method='post'><h1>Sign in</h1><input name='loginfmt'></form></body></html>"
    )
    return make_response(page, 200, {"Content-Type": "text/html; charset=utf-8"})
