"""Settings that are files: the path of each as it will be used, or a ValueError that says what is wrong."""

from pathlib import Path

from widgets.upstream.storage_sqlite import holds_other_data


def there(value: Path) -> Path:
    """Of a file that is to be read."""
    path = value.expanduser().absolute()  # read again later, wherever the server is then
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


def cache(value: Path) -> Path:
    """Of the file that keeps what was read: requests-cache would itself change any other."""
    try:
        path = value.expanduser().absolute()
    except RuntimeError as error:  # no such user
        raise ValueError(str(error)) from None
    if path.is_dir() or value == Path():
        raise ValueError(f"{path} is a folder; name a file in it")
    path = path if path.suffix else path.with_suffix(".sqlite")
    if holds_other_data(path):
        raise ValueError(f"{path} is there and is no cache of ours; name a file of its own")
    return path
