"""What is said about a hosts file that has mistakes."""

import pytest

from tests.embedding import by_hand
from widgets.embedding.hosts_file import HostsFileError, load


@pytest.fixture
def complaints(tmp_path):
    """What is said about a file, by line, without the file's name."""

    def read(content: str | bytes) -> list[str]:
        path = tmp_path / "hosts.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(HostsFileError) as caught:
            load(path, by_hand.embeddables())
        lines = str(caught.value).splitlines()
        assert all(line.startswith(str(path)) for line in lines)
        return [line.removeprefix(str(path)).removeprefix(", ") for line in lines]

    return read
