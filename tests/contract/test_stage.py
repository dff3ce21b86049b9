"""The server on which the contract looks at widgets."""

import gc
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from tests.conftest import ROOT
from widgets.contract.stage import standing


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_a_browser_that_goes_in_the_middle_of_a_file_leaves_none_open():
    (plotly,) = (ROOT / "static/vendor").glob("plotly.js-*/plotly.js")
    ask = (
        f"GET /static/vendor/{plotly.parent.name}/{plotly.name} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    )
    with standing() as stage:
        before = threading.active_count()
        address = urlsplit(stage.url)
        for _ in range(20):
            with socket.socket() as browser:
                browser.connect((address.hostname, address.port))
                browser.sendall(ask.encode())
                assert browser.recv(100).startswith(b"HTTP/1.1 200")
                time.sleep(0.002)  # while it is sent
        while threading.active_count() > before:  # until the server has noticed
            time.sleep(0.01)
        gc.collect()
