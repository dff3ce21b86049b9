"""Pages for whoever embeds: the oEmbed answer and the doctor. Neither can be framed."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask, Response, jsonify, make_response, render_template, request

from widgets.core.params import parse
from widgets.core.services import public_url, services
from widgets.core.widget import Widget
from widgets.embedding.doctor import Case, examine, stops
from widgets.embedding.oembed import SANDBOX, rich
from widgets.embedding.platforms import FRAME_PARAMS
from widgets.embedding.refusals import REFUSALS
from widgets.errors import WidgetError

MOST = 50
"""Origins, and parameters, that the doctor looks at."""


def install(app: Flask, catalogue: Mapping[str, Widget]) -> None:
    """Register the pages."""

    @app.get("/oembed")
    def oembed() -> Response:
        if request.args.get("format", "json") != "json":
            return answer_json(501, error="Only format=json is there.")
        try:
            found = embed(request.args.get("url", ""), catalogue)
        except WidgetError as error:
            # For whoever embeds, who is not the viewer.
            says = REFUSALS[error.code].mend if error.code in REFUSALS else error.message
            return answer_json(401 if error.status == 401 else 404, code=error.code, error=says)
        if found is None:
            return answer_json(404, error="The url is not that of a widget of this server.")
        return answer_json(200, **found)

    @app.route("/doctor", methods=["GET", "POST"])
    def doctor() -> Response:
        # A token comes in a form's body, so that it is in no address.
        asked = request.form if request.method == "POST" else request.args
        case = case_of(asked)
        findings = examine(case, services().admission) if asked.get("widget") else []
        page = render_template(
            "doctor.html",
            case=case,
            asked=asked,
            findings=findings,
            stopping=stops(findings),
            names=list(catalogue),
        )
        response = make_response(page)
        response.headers["Cache-Control"] = "no-store"
        return response


def embed(url: str, catalogue: Mapping[str, Widget]) -> dict[str, object] | None:
    """The oEmbed answer for a widget's address, or None where it is none of ours.

    Raises WidgetError where the host may not show it without more, or a parameter is wrong.
    """
    server = public_url()
    path = url.partition("?")[0].removeprefix(server)
    name = path.removeprefix("/widgets/").strip("/")
    if not url.startswith(f"{server}/widgets/") or name not in catalogue:
        return None
    widget = catalogue[name]
    query = dict(parse_qsl(urlsplit(url).query))
    admission = services().admission
    host = admission.registry.find(query.get("host"))
    grant = admission.examine(host, name, token=None, key=query.get("key"))
    params = widget.view_function.params
    parse(params, query, services().defaults, grant.locked)
    # Only what the widget knows: the answer is kept, and shown to others.
    known = {*params.model_fields, *FRAME_PARAMS} - {"loader", "simulate"}
    kept = {name: value for name, value in query.items() if name in known}
    return rich(
        widget.title,
        f"{server}/widgets/{name}/?{urlencode(kept)}",
        widget.height,
        server,
        most_wide=pixels("maxwidth"),
        most_high=pixels("maxheight"),
    )


def pixels(name: str) -> int:
    """What the consumer allows; a value that is no number allows anything."""
    given = request.args.get(name, type=int)
    return given if given and given > 0 else 10_000


def answer_json(status: int, **content: object) -> Response:
    response = jsonify(content)
    response.status_code = status
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "no-store" if status >= 400 else "public, max-age=60"
    return response


def case_of(asked: Mapping[str, str]) -> Case:
    """What the form says."""
    loader = asked.get("way", "loader") == "loader"
    return Case(
        widget=asked.get("widget", ""),
        host=asked.get("host", "").strip(),
        origins=tuple(origin.rstrip("/") for origin in asked.get("origin", "").split()[:MOST]),
        server=public_url(),
        params=dict(parse_qsl(asked.get("params", "").strip().lstrip("?"))[:MOST]),
        token=asked.get("token", "").strip(),
        key=asked.get("key", "").strip(),
        loader=loader,
        sandbox=SANDBOX if loader else asked.get("sandbox", SANDBOX),
        csp=asked.get("csp", ""),
    )
