"""Errors in Dynamics' shape.

`{"error": {"code": "", "message": …, "innererror": {"message", "type", "stacktrace"}}}`, recorded from
real tenants. A bad query is told in `message` too, as ASP.NET's OData library does.
"""

import json

from flask import Response


class ODataError(Exception):
    """A request that is refused. `message` says why, `kind` is the .NET type that it is blamed on."""

    def __init__(
        self, status: int, message: str, kind: str = "Microsoft.OData.ODataException"
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind


def bad_query(message: str) -> ODataError:
    return ODataError(400, f"The query specified in the URI is not valid. {message}")


def unknown_property(name: str, entity_type: str) -> ODataError:
    return bad_query(
        f"Could not find a property named '{name}' on type"
        f" 'Microsoft.Dynamics.DataEntities.{entity_type}'."
    )


def error_body(message: str, kind: str) -> str:
    outer = message if message.startswith("The query specified") else "An error has occurred."
    inner = {
        "message": message,
        "type": kind,
        "stacktrace": "   at Microsoft.Dynamics.Platform.Integration.Services.OData.Handle()",
    }
    return json.dumps({"error": {"code": "", "message": outer, "innererror": inner}})


def error_response(error: ODataError) -> Response:
    response = Response(error_body(error.message, error.kind), error.status)
    response.headers["Content-Type"] = "application/json; odata.metadata=minimal"
    response.headers["OData-Version"] = "4.0"
    return response
