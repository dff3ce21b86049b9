"""Customers of both companies."""

import random
import unicodedata
from dataclasses import dataclass

from mock_erp.model import ENUMS


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer. `credit_limit` in cents of the company's currency; 0 is none."""

    company: str
    account: str
    name: str
    party: str
    email: str
    phone: str
    address: str
    credit_limit: int
    limit_is_mandatory: bool
    rating: str
    on_hold: str
    payment_terms: str
    group: str


_US_FIRST = (
    "Contoso", "Fabrikam", "Northwind", "Litware", "Adventure", "Tailspin", "Alpine", "Birch",
    "Cave", "Desert", "Forest", "Grand", "Harbor", "Lakeshore",
)  # fmt: skip
_US_LAST = ("Retail", "Wholesales", "Electronics")
_DE_FIRST = ("Rhein", "Isar", "Elbe", "Spree", "Main", "Neckar", "Weser", "Mosel")
_DE_LAST = ("Elektronik GmbH", "Tontechnik AG", "Müller & Söhne KG")
_US_PLACES = ("Seattle, WA 98101", "Austin, TX 78701", "Denver, CO 80202", "Boston, MA 02108")
_DE_PLACES = ("80331 München", "20095 Hamburg", "50667 Köln", "01067 Dresden")


def customers(seed: int) -> dict[str, tuple[Customer, ...]]:
    """The customers of each company, by account."""
    american = [f"{first} {last}" for last in _US_LAST for first in _US_FIRST]
    german = [f"{first} {last}" for last in _DE_LAST for first in _DE_FIRST]
    return {
        "usmf": _company(seed, "usmf", "US", american, _US_PLACES),
        "demf": _company(seed, "demf", "DE", german, _DE_PLACES),
    }


def _company(
    seed: int, company: str, prefix: str, names: list[str], places: tuple[str, ...]
) -> tuple[Customer, ...]:
    rng = random.Random(f"{seed}/customers/{company}")
    made = []
    for index, name in enumerate(names, start=1):
        domain = "".join(filter(str.isalnum, _ascii(name).lower()))
        street = (
            f"{rng.randint(1, 900)} {rng.choice(('Main St', 'Oak Ave', 'Pine Rd'))}"
            if company == "usmf"
            else f"{rng.choice(('Bahnhofstraße', 'Hauptstraße', 'Ringweg'))} {rng.randint(1, 90)}"
        )
        made.append(
            Customer(
                company=company,
                account=f"{prefix}-{index:03d}",
                name=name,
                party=f"{100_000 + index if company == 'usmf' else 200_000 + index:09d}",
                email=f"purchasing@{domain}.example",
                phone=f"+1 555 01{index:02d}" if company == "usmf" else f"+49 30 555 {index:04d}",
                address=f"{street}\n{rng.choice(places)}",
                credit_limit=rng.choice((0, 2_500_000, 5_000_000, 10_000_000, 25_000_000)),
                limit_is_mandatory=rng.random() < 0.3,
                rating=rng.choice(("Excellent", "Good", "Good", "Poor", "")),
                on_hold=rng.choice(ENUMS["CustVendorBlocked"]) if index % 9 == 0 else "No",
                payment_terms=rng.choice(("Net10", "Net30", "Net45")),
                group=rng.choice(("10", "20", "30")),
            )
        )
    return tuple(made)


def _ascii(name: str) -> str:
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
