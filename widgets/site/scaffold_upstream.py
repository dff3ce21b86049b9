"""What a new widget starts from that reads a JSON upstream of its own, under whatever name that has."""

import builtins
import keyword
import re

from widgets.site.scaffold_reads import Column, Start

CARRIER = "carrier"
"""The upstream that `STARTS["json"]` reads, and the mock ERP has."""

LONGEST = 30
"""Characters of such a name; a longer one breaks the lines of the files that are written."""

_TAKEN = {
    "class-var",
    "company",
    "date",
    "datetime",
    "decimal",
    "empty",
    "erp",
    "exchange-rate-feed",
    "field",
    "found",
    "html",
    "json-upstream",
    "market-data",
    "parameters",
    "params",
    "price-feed",
    "record",
    "text",
    "view",
    "widget",
}
"""Names that the files use for something else, or the server for an upstream that it has."""

_PARAMS = """\
    site: str | None = Field(
        None,
        pattern="^[A-Za-z0-9]{1,10}$",
        json_schema_extra={"words": "1 to 10 letters or digits"},
        description="Site; left out: every site",
    )
"""

# What most tables have: a word of the upstream's as a badge, a share, a time that may be missing.
_COLUMNS = (
    Column(
        "Name",
        '<span class="name">{{ row.name }}</span> <span class="code">{{ row.id }}</span>',
    ),
    Column(
        "Status",
        """<span class="mark worded {{ {'running': 'good', 'stopped': 'bad'}.get(row.status, 'open') }}">"""
        "{{ row.status|capitalize }}</span>",
    ),
    Column("Share", "{{ row.share|percent }}", number=True),
    Column(
        "Since",
        '{% if row.since %}<time class="local" datetime="{{ row.since.isoformat() }}">{{ row.since|moment }}'
        "</time>{% else %}–{% endif %}",
    ),
)

_DECLARES = '''\
class {kind}(JsonUpstream):
    """Your system. Where it is, says the table [{name}] of upstreams.toml.

    Over made-up data, a server without that table shows `sample`.
    """

    ttl = 60  # seconds for which an answer is fresh
    stale_for = 3600  # seconds after that for which it is shown, with its age, in an outage
    sample = {{  # made-up answers by path: for the gallery, tests and the contract
        "/records": [
            {{
                "id": "R1",
                "name": "First",
                "status": "running",
                "share": 0.83,
                "since": "2026-11-20T08:15:00Z",
            }},
            {{"id": "R2", "name": "Second", "status": "stopped", "share": None, "since": None}},
        ]
    }}


@dataclass(frozen=True)
class Record:
    """What is used of an answer; whatever else it has is left out."""

    id: str
    name: str
    status: str
    share: Decimal | None  # of 1, shown in per cent
    since: datetime | None


'''


def wrong_with(name: str, module: str) -> str:
    """Why this is no name for an upstream that the widget of this module reads; "" if it is one."""
    if not re.fullmatch(r"[a-z]{2}[a-z0-9]*(-[a-z]{2}[a-z0-9]*)*", name) or len(name) > LONGEST:
        return (
            f"{name!r} is no name for an upstream: use small letters and digits with single - between words, "
            f"each beginning with two letters, at most {LONGEST} characters, such as machine-hall."
        )
    argument = name.replace("-", "_")
    means = keyword.iskeyword(argument) or hasattr(builtins, argument)
    if means or keyword.issoftkeyword(argument) or name in _TAKEN or name.startswith("test"):
        return (
            f"{name!r} means something in Python, to pytest or in this software. Choose another, such as "
            f"plant-{name}."
        )
    if argument == module:
        return f"The widget and its upstream are both called {name!r}. Call one of them something else."
    return ""


def start_of(name: str) -> Start:
    """For `widgets new --reads json --upstream name`: a list of records, and what is shown before that is set
    up. The class is the name in CamelCase, of which `JsonUpstream` makes the same name again."""
    argument = name.replace("-", "_")
    kind = kind_of(name)
    return Start(
        source=(kind, argument, kind),
        record="Record",
        noun=("record", "records"),
        says=f"the records of the {name.replace('-', ' ')}",
        declares=_DECLARES.format(kind=kind, name=name),
        params=_PARAMS,
        call=f'    found = {argument}.read("/records", list[Record], site=params.site)\n',
        example='{"site": "1"}',
        columns=_COLUMNS,
        ready=f"{kind}.answering({kind}.sample)",
        empty=f'{kind}.answering({{"/records": []}})',
        made="",
        first='id == "R1"',
        hint="Try another site.",
        imports="from datetime import datetime\nfrom decimal import Decimal\n",
        core="Empty, Parameters, Widget",
    )


def kind_of(name: str) -> str:
    """The name of its class."""
    return "".join(word.capitalize() for word in name.split("-"))


def to_set_up(name: str) -> str:
    """What goes into the file that WIDGETS_UPSTREAMS_FILE names."""
    return (
        f"[{name}]\n"
        f'url = "https://{name}.example/api"  # every path is below\n'
        'auth = "bearer"  # or "header", "query", "client"; left out: none\n'
        f'secret_file = "{name}.key"'
    )
