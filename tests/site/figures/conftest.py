import os

import pytest

from widgets import create_app
from widgets.site.settings import Settings


@pytest.fixture(scope="module")
def reader(module_mock, tmp_path_factory):
    """A client of one server for all tests that only read: each page is asked for once."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("WIDGETS_")]:
            patch.delenv(name)
        for name, value in module_mock.environment().items():
            patch.setenv(name, value)
        patch.setenv("WIDGETS_CACHE_FILE", str(tmp_path_factory.mktemp("cache") / "reads.sqlite"))
        return create_app(Settings.load()).test_client()
