"""Whose request a thread is at work for, so that its log lines can say so. The thread that answers a request
says it, and one that calls an upstream on its behalf must say it itself: nothing is handed on to a thread."""

from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("request_id", default="")


def carry(request_id: str | None) -> None:
    """From now on this thread works for this request; None: for none."""
    _current.set(request_id or "")


def current() -> str:
    """The id of the request that this thread works for; "": of none."""
    return _current.get()
