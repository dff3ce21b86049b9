"""The stock rows that the story begins with: which item lies where, and how it is replenished."""

import random
from collections.abc import Iterator
from itertools import product

from mock_erp.world.catalogue import COMPANIES, WAREHOUSES, Item
from mock_erp.world.state import StockRow

# Kinds of rows and how often each comes. Tight rows run out often, since what they wait for takes long;
# empty ones have nothing on hand and are not bought any more; idle ones are never asked for.
_KINDS = ("normal", "tight", "empty", "idle")
_WEIGHTS = {"usmf": (70, 20, 3, 7), "demf": (71, 19, 3, 7)}


def stock_rows(seed: int, items: tuple[Item, ...]) -> dict[str, list[StockRow]]:
    """The rows of each company, in the order of their keys."""
    return {company: list(_company_rows(seed, company, items)) for company in COMPANIES}


def _company_rows(seed: int, company: str, items: tuple[Item, ...]) -> Iterator[StockRow]:
    rng = random.Random(f"{seed}/stock/{company}")
    for item in items:
        if company == "demf" and rng.random() > 0.65:
            continue  # not every item is released to both companies
        count = rng.randint(2, 4) if company == "usmf" else rng.randint(1, 3)
        warehouses = sorted(rng.sample(sorted(WAREHOUSES), count))
        for color, size, warehouse in product(item.colors, item.sizes, warehouses):
            yield _row(rng, company, item, (color, size, warehouse))


def _row(rng: random.Random, company: str, item: Item, variant: tuple[str, str, str]) -> StockRow:
    color, size, warehouse = variant
    kind = rng.choices(_KINDS, _WEIGHTS[company])[0]

    def lines(low: float, high: float) -> int:
        """What some order lines take together, in whole units; the bounds are numbers of lines."""
        return 100 * max(1, round(item.typical * rng.uniform(low, high) / 100))

    popularity = rng.paretovariate(2.5)
    lot, reorder_point, on_hand = lines(4, 9), lines(2, 5), lines(4, 14)
    lead_days = rng.uniform(4, 10)
    if kind == "tight":
        popularity, lot, reorder_point = popularity * 1.6, lines(2, 2), 0
        on_hand, lead_days = lines(0, 2), rng.uniform(18, 35)
    elif kind == "empty":
        popularity, lot, reorder_point, on_hand = popularity * 0.2, 0, 0, 0
    elif kind == "idle":
        popularity, lot = 0.0, 0
    return StockRow(
        company=company,
        item=item,
        color=color,
        size=size,
        site=WAREHOUSES[warehouse],
        warehouse=warehouse,
        popularity=popularity,
        reorder_point=reorder_point,
        lot=lot,
        lead_days=lead_days,
        on_hand=on_hand,
    )
