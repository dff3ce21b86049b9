"""The application with a few addresses more, by which a test has a worker of a real server do things."""

import logging
import os
import signal
import warnings

from flask import Flask, Response, jsonify, request

from widgets import create_app, metrics


def application() -> Flask:
    app = create_app()

    @app.get("/try/count")
    def count() -> Response:
        """Counts one request that took 30 ms, and that data of the given moment was shown."""
        metrics.REQUESTS.labels("inventory", "demo", "ok", "render").inc()
        metrics.REQUEST_SECONDS.labels("inventory", "render").observe(0.03)
        metrics.READ_AS_OF.labels("ERP", "Things").set(float(request.args.get("as_of", 1)))
        metrics.PAGES_KEPT.set(5)
        return jsonify(pid=os.getpid())

    @app.get("/try/kill")
    def kill() -> Response:
        """Is killed in the middle of a request."""
        metrics.REQUESTS.labels("inventory", "demo", "ok", "render").inc()
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    @app.get("/try/log")
    def log() -> Response:
        logging.getLogger("widgets.try").warning("said %s", request.args["text"])
        warnings.warn("a warning of Python's", UserWarning, stacklevel=1)
        return jsonify(pid=os.getpid())

    @app.get("/try/fail")
    def fail() -> Response:
        raise ValueError(request.args["text"])

    whole = app.wsgi_app

    def wsgi(environ, start_response):
        if environ["PATH_INFO"] == "/try/break":
            raise ValueError("past everything that catches")
        return whole(environ, start_response)

    app.wsgi_app = wsgi  # type: ignore[method-assign]
    return app
