"""What is said about settings that cannot be used: a line for each, which names the variable."""

import difflib
import os
import re
from collections.abc import Collection, Iterator
from typing import Any

PREFIX = "WIDGETS_"
SECRETS_DIR = "WIDGETS_SECRETS_DIR"
# Kubernetes sets these in each container beside a service that is called "widgets".
_SERVICE_LINK = re.compile(r"WIDGETS_(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_.+)?)")


def wrong_names(fields: Collection[str]) -> Iterator[str]:
    """A line for each variable that looks like one of ours and is none."""
    known = {name.upper() for name in fields}
    for variable in sorted(map(str.upper, os.environ)):
        name = variable.removeprefix(PREFIX)
        if variable in (name, SECRETS_DIR) or name in known or _SERVICE_LINK.fullmatch(variable):
            continue
        near = difflib.get_close_matches(name, known, 1)
        meant = f"; is {PREFIX}{near[0]} meant?" if near else ""
        yield f"{variable}: there is no such setting{meant}"


def line(item: Any) -> str:
    """ "WIDGETS_KEEP (on_hand, 0): …" from an error of pydantic's."""
    name, *within = map(str, item["loc"])
    where = f" ({', '.join(within)})" if within else ""
    return f"{PREFIX}{name.upper()}{where}: {item['msg'].removeprefix('Value error, ')}"
