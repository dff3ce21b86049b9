"""Pages for whoever runs the server: metrics, readiness, status. None asks an upstream."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

from flask import (
    Blueprint,
    Flask,
    Response,
    g,
    jsonify,
    make_response,
    render_template,
    request,
)

from widgets.embedding.context import HostContext
from widgets.metrics import BREAKER_OPEN, processes
from widgets.site import operators
from widgets.site.figures import figures
from widgets.site.status import shown_address, status, why_not_ready
from widgets.upstream import Health, UpstreamHealth


def install(app: Flask, password: str, health: Callable[[], Health]) -> None:
    """Register the pages. password: of the user `operator`; "": only this machine sees them.
    health: how upstreams and storage are, as far as is known without asking them."""
    pages = Blueprint("operating", __name__)

    @pages.get("/metrics")
    def metrics() -> Response:
        operators.require(password)
        for each in health().upstreams:  # a rest ends by itself, with nobody there to count it
            BREAKER_OPEN.labels(each.name).set(int(each.state == "open"))
        body, content_type = processes.exposition(request.headers.get("Accept", ""))
        return Response(body, content_type=content_type)

    @pages.get("/readyz")
    def readyz() -> Response:
        """Whether a load balancer should send viewers here. What is wrong in particular is for operators."""
        found = health()
        reason = why_not_ready(found, datetime.now(UTC))
        content: dict[str, object] = {"status": "not ready" if reason else "ready"}
        if reason:
            content["reason"] = reason
        if operators.is_operator(password):
            content["storage"] = found.storage
            content["upstreams"] = [_plain(each) for each in found.upstreams]
        response = jsonify(content)
        response.status_code = 503 if reason else 200
        return response

    @pages.get("/status")
    def show() -> Response:
        operators.require(password)
        g.context = HostContext()  # the page around no widget: figures in the server's own locale
        view = status(health(), figures(processes.collect()), datetime.now(UTC))
        return make_response(render_template("status.html", view=view))

    @pages.after_request
    def keep_to_itself(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return response

    app.register_blueprint(pages)


def _plain(upstream: UpstreamHealth) -> dict[str, object]:
    """For JSON: moments as ISO 8601 has them."""
    shown = {**asdict(upstream), "address": shown_address(upstream.address)}
    return {
        name: value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
        for name, value in shown.items()
    }
