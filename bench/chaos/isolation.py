"""Two companies look at the same at the same time, on the pages of hosts that hold them to their own: by the
host's entry or by each token. Nobody is ever shown a figure of the other's."""

import json
import time
from collections import defaultdict
from decimal import Decimal

from joserfc.jwk import OctKey

from bench.chaos.crowd import Answer, Crowd, Viewer, crowd
from bench.chaos.plan import Plan, Report
from bench.chaos.stage import Stage, inventory, stage
from bench.figures import Must, milliseconds
from widgets.embedding.hosts import Key
from widgets.embedding.tokens import LONGEST, Wanted, mint

COMPANIES = ("usmf", "demf")
SECRET = "a secret of more than thirty-two bytes"  # noqa: S105 - of a server that nobody else sees
ITEMS = 10
# Hosts that are each one company's, and one where the token says whose.
GROUPS = {
    "american": ("american", {}, "usmf"),
    "german": ("german", {}, "demf"),
    "both, american": ("both", {"company": "usmf"}, "usmf"),
    "both, german": ("both", {"company": "demf"}, "demf"),
}
HOSTS = "".join(
    f"""
[hosts.{host}]
name = "{host}"
origins = ["https://{host}.example"]
{f'locked = {{ company = "{company}" }}' if company else ""}

[[hosts.{host}.keys]]
id = "k1"
secret_env = "CHAOS_SECRET"
"""
    for host, company in (("american", "usmf"), ("german", "demf"), ("both", ""))
)

Figures = tuple[Decimal, ...]  # on hand, reserved, available, on order
Truth = dict[str, dict[str, dict[str, Figures]]]  # company → item → "site / warehouse" → figures


def isolation(plan: Plan) -> Report:
    seconds = min(plan.lasting(40), LONGEST - 30)  # the tokens are made once
    with stage(plan, hosts=HOSTS, settings={"CHAOS_SECRET": SECRET}) as made:
        truth = {company: _truth(made, company) for company in COMPANIES}
        items = [
            item
            for item in truth["usmf"]
            if item in truth["demf"] and truth["usmf"][item] != truth["demf"][item]
        ][:ITEMS]
        viewers = _viewers(made, items, plan.viewers)
        with crowd(viewers) as seen:
            time.sleep(seconds)
    return _report(seen, truth)


def _viewers(made: Stage, items: list[str], count: int) -> list[Viewer]:
    """All ask for the same addresses as far as they can: only host and token differ. A few come with the
    token of another host."""
    key = Key("k1", OctKey.import_key(SECRET.encode()))
    viewers = []
    for number in range(count):
        group = list(GROUPS)[number % len(GROUPS)]
        host, locks, _ = GROUPS[group]
        item = items[number // len(GROUPS) % len(items)]
        strange = number % 25 == 24
        issuer = {"american": "german"}.get(host, "american") if strange else host
        token = mint(Wanted(issuer, "inventory", "erp-widgets", {} if strange else locks), key)
        viewers.append(
            Viewer(
                json.dumps([group, item, strange]),
                made.roots[0] + inventory(host=host, item=item),
                {"Authorization": f"Bearer {token}"},
            )
        )
    return viewers


def _truth(made: Stage, company: str) -> dict[str, dict[str, Figures]]:
    """What each warehouse has of each item, as the ERP itself says it."""
    names = (
        "OnHandQuantity",
        "ReservedOnHandQuantity",
        "AvailableOnHandQuantity",
        "OnOrderQuantity",
    )
    sums: dict[str, dict[str, Figures]] = defaultdict(dict)
    for row in made.rows(company):
        where = f"{row['InventorySiteId']} / {row['InventoryWarehouseId']}"
        before = sums[row["ItemNumber"]].get(where, (Decimal(0),) * len(names))
        figures = [Decimal(str(row[name])) for name in names]
        sums[row["ItemNumber"]][where] = tuple(a + b for a, b in zip(before, figures, strict=True))
    return sums


def shown(text: str) -> dict[str, Figures]:
    """What a page of one item says of each warehouse."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 5 and " / " in cells[0] and cells[1][:1].isdigit():
            found[cells[0]] = tuple(Decimal(cell.replace(",", "")) for cell in cells[1:5])
    return found


def _report(seen: Crowd, truth: Truth) -> Report:
    report = Report()
    verdicts: dict[tuple[str, str], str] = {}  # (key, digest) → what is wrong with it
    wrong: list[str] = []
    let_in: list[Answer] = []
    for group, (_, _, company) in GROUPS.items():
        answers = [a for a in seen.answers if json.loads(a.key)[0] == group]
        own = [answer for answer in answers if not json.loads(answer.key)[2]]
        strange = [answer for answer in answers if json.loads(answer.key)[2]]
        let_in += [answer for answer in strange if answer.status not in (401, 403)]
        for answer in own:
            known = (answer.key, answer.digest)
            if not answer.failed and known not in verdicts:
                item = json.loads(answer.key)[1]
                verdicts[known] = _verdict(seen.texts[answer.digest], truth, company, item)
        wrong += [verdicts[a.key, a.digest] for a in own if verdicts.get((a.key, a.digest))]
        report.rows.append(
            {
                "viewers of": group,
                "answers": len(own),
                "errors": sum(answer.failed for answer in own),
                "p99 ms": milliseconds((answer.seconds for answer in own), 0.99),
                "with another's token": len(strange),
                "let in": len([answer for answer in strange if answer.status not in (401, 403)]),
            }
        )
    failed = sum(int(row["errors"]) for row in report.rows)
    report.musts = [
        Must(
            "every page has its own company's figures and nothing of the other's",
            not wrong,
            f"{len(wrong)} wrong, such as {wrong[0]}"
            if wrong
            else f"{len(verdicts)} different pages looked at",
        ),
        Must("another host's token opens nothing", not let_in, f"{len(let_in)} let in"),
        Must("nobody gets an error", not failed, f"{failed}"),
        seen.must(),
    ]
    return report


def _verdict(text: str, truth: Truth, company: str, item: str) -> str:
    """What is wrong with a page; "" if nothing is."""
    other = next(each for each in COMPANIES if each != company)
    if shown(text) != truth[company][item]:
        return f"{company} {item}: {shown(text)} where the ERP says {truth[company][item]}"
    if f"company {company}" not in text or other in text:
        return f"{company} {item}: says whose it is like this: {text[:200]}"
    return ""
