"""The process that is ready to become the server of `dev`."""

import json
import subprocess
import sys

from tests.conftest import ROOT

LOADED = """
import json, sys
from widgets.site.dev import spare
spare.prepare()
spare.forget()
def tops(): return {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names - {"__main__"}
before = tops()
import widgets
widgets.create_app()
print(json.dumps([sorted(before), sorted(tops())]))
"""


def test_it_has_every_library_of_the_server_and_nothing_of_ours() -> None:
    """One that it lacked would be loaded anew with each change."""
    ended = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    spare, server = map(set, json.loads(ended.stdout))
    assert server - spare == {"widgets"}
    assert {"flask", "limits", "pydantic"} <= spare
    # Figures are written without it: it takes 30 MB of each worker, and a tenth of a second.
    assert "plotly" not in server
