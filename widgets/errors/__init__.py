"""The errors a request can end in. Each knows its HTTP status, a stable code, and a title and a message
fit for a viewer.

A widget or a source raises one of these; `core.states` alone turns it into a page. Anything else that
is raised is a bug. `detail` is for the operator's log: it may name upstream internals and is never shown.
"""


class WidgetError(Exception):
    """Base of every error that a viewer may meet.

    message: one or two plain sentences for the viewer, without upstream internals.
    detail: what the operator needs to find the cause; logged, never shown.
    """

    status = 500
    code = "internal"
    title = "Something went wrong here"

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class BadParameter(WidgetError):
    """A parameter's value is not allowed. Raise before any upstream is asked.

    required: there is no page without this parameter.
    """

    status = 400
    code = "bad-parameter"
    title = "This widget was asked for something it does not know"

    def __init__(self, parameter: str, message: str, *, required: bool = False) -> None:
        super().__init__(message, detail=f"parameter {parameter}")
        self.parameter = parameter
        self.required = required


class NotFound(WidgetError):
    """The upstream answered, and it has no such record."""

    status = 404
    code = "not-found"
    title = "Not found"


class Refused(WidgetError):
    """The host may not show this widget, or not so. `widgets.embedding.refusals` has every code.

    retry_after: seconds after which asking again makes sense, where it does.
    """

    def __init__(
        self,
        code: str,
        status: int,
        title: str,
        message: str,
        *,
        detail: str = "",
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message, detail=detail)
        self.code = code
        self.status = status
        self.title = title
        self.retry_after = retry_after


class NotSetUp(WidgetError):
    """The settings do not say where the upstream is. The message says which of them would."""

    status = 503
    code = "upstream-not-set-up"
    title = "Not set up yet"


class UpstreamInvalid(WidgetError):
    """The upstream answered with something that cannot be used: nonsense, a wrong type, a redirect."""

    status = 502
    code = "upstream-invalid"
    title = "The answer could not be read"


class UpstreamRefused(WidgetError):
    """The upstream does not accept our credentials or denies us the data (401, 403). For the operator."""

    status = 502
    code = "upstream-refused"
    title = "This server was refused"


class UpstreamUnavailable(WidgetError):
    """The upstream did not answer in time, answered with a failure, or asked us to slow down.

    retry_after: seconds after which asking again makes sense.
    """

    status = 503
    code = "upstream-unavailable"
    title = "No data right now"

    def __init__(self, message: str, *, retry_after: int = 30, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.retry_after = retry_after


class Throttled(UpstreamUnavailable):
    """The upstream said when it wants to be asked again (`retry_after`)."""
