"""Items, sites and warehouses. Fixed, whatever the seed: only prices and stock are drawn."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

# Warehouse -> site. Both companies store in the same places.
WAREHOUSES = {
    "11": "1", "12": "1", "13": "1",
    "21": "2", "22": "2",
    "31": "3", "32": "3",
    "41": "4",
}  # fmt: skip

CURRENCIES = {"usmf": "USD", "demf": "EUR"}
COMPANIES = tuple(CURRENCIES)


@dataclass(frozen=True, slots=True)
class Item:
    """An item. `price` and `cost` in cents; `typical` is what one order line takes, in hundredths.

    made: whether it is produced here, else it is bought. colors, sizes: its variants, if any.
    """

    number: str
    name: str
    unit: str
    price: int
    cost: int
    typical: int
    made: bool
    colors: tuple[str, ...] = ("",)
    sizes: tuple[str, ...] = ("",)


_COLORS = ("Black", "Silver", "White")
_SIZES = ("L", "M", "S")

# prefix, unit, lowest and highest price, quantity typical of a line, made here, words to combine
_FAMILIES: tuple[tuple[str, str, int, int, int, bool, tuple[tuple[str, ...], ...]], ...] = (
    ("D", "pcs", 60, 900, 8, True, (
        ("Standard", "Mid-range", "High-end", "Studio", "Outdoor", "Compact"),
        ("bookshelf speaker", "floor-standing speaker", "centre speaker", "subwoofer", "surround speaker"),
    )),
    ("A", "pcs", 120, 1400, 4, True, (
        ("Stereo", "Home theatre", "Monoblock", "Car", "Portable"),
        ("amplifier 50 W", "amplifier 100 W", "amplifier 200 W", "amplifier 400 W"),
    )),
    ("C", "m", 1, 9, 120, False, (
        ("Oxygen-free", "Silver-plated", "Shielded"),
        ("speaker cable 12 AWG", "speaker cable 14 AWG", "speaker cable 16 AWG", "signal cable 24 AWG"),
    )),
    ("K", "pcs", 6, 60, 25, False, (
        ("HDMI cable", "RCA cable", "Optical cable"), ("1 m", "2 m", "5 m", "10 m"),
    )),
    ("E", "pcs", 35, 240, 10, True, (
        ("Oak", "Walnut", "Cherry", "White lacquer", "Black ash"),
        ("small enclosure", "medium enclosure", "large enclosure", "subwoofer enclosure"),
    )),
    ("M", "pcs", 2, 70, 60, False, (
        ("Tweeter driver", "Mid-range driver", "Woofer driver", "Crossover board", "Voice coil",
         "Ring magnet", "Speaker grille", "Rubber gasket", "Terminal cup", "Film capacitor"),
        ("type 1", "type 2", "type 3", "type 4"),
    )),
    ("R", "kg", 2, 45, 90, False, (
        ("ABS granulate", "Aluminium ingot", "Copper wire rod", "Polypropylene", "Ferrite powder",
         "Epoxy resin", "Paper pulp", "Solder", "Acoustic foam", "Neodymium"),
        ("grade A", "grade B"),
    )),
    ("B", "box", 4, 30, 6, False, (
        ("Screw set", "Spike set", "Label roll", "Foam insert", "Carton"),
        ("small", "medium", "large"),
    )),
    ("P", "pcs", 9, 180, 12, False, (
        ("Wall mount", "Remote control", "Bluetooth receiver", "Speaker stand", "Power cord",
         "Carrying bag", "Dust cover", "Headphones"),
        ("basic", "classic", "pro"),
    )),
)  # fmt: skip

# What trips readers up: leading spaces, quotes, slashes, other alphabets, a very long name.
_ODD: tuple[tuple[str, str, str, int, int], ...] = (
    (" RFI-TEST-002", "Radio frequency test kit", "pcs", 150, 10),
    (" RFI-TEST-003", "Radio frequency test antenna", "pcs", 80, 5),
    (" X-100", "Cross-over tuning kit", "pcs", 45, 6),
    ("T-0100", "Collector's edition turntable", "pcs", 640, 2),
    ("T/45-A", "Turntable belt 45 rpm", "pcs", 12, 20),
    ("L-0001", "Lautsprecher für Außenräume – weiß", "pcs", 210, 6),
    ("L-0002", "スピーカー・ケーブル", "m", 3, 100),
    (
        "L-0003",
        "Wireless multi-room speaker system with voice control, wall bracket, power supply and cover",
        "pcs",
        780,
        3,
    ),
)


def items(seed: int) -> tuple[Item, ...]:
    """Every item, by number."""
    return tuple(sorted((*_family_items(seed), *_odd_items()), key=lambda item: item.number))


def _family_items(seed: int) -> Iterator[Item]:
    for prefix, unit, lowest, highest, typical, made, words in _FAMILIES:
        rng = random.Random(f"{seed}/items/{prefix}")
        for index, parts in enumerate(product(*words), start=1):
            price = round(100 * rng.uniform(lowest, highest))
            yield Item(
                number=f"{prefix}{index:04d}",
                name=" ".join(parts),
                unit=unit,
                price=price,
                cost=round(price * rng.uniform(0.45, 0.7)),
                typical=typical * 100,
                made=made,
                colors=_COLORS if made and index % 7 == 3 else ("",),
                sizes=_SIZES if parts[0] in ("Carrying bag", "Dust cover") else ("",),
            )


def _odd_items() -> Iterator[Item]:
    for number, name, unit, price, typical in _ODD:
        yield Item(number, name, unit, price * 100, price * 60, typical * 100, made=False)
