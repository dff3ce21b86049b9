"""What is said where a template asks for what is not there. What is found before it is drawn is in
test_registry."""

from dataclasses import dataclass

import pytest
from jinja2 import Environment, UndefinedError

from widgets.core.mistakes import Missing


@dataclass
class Row:
    item: str
    quantity: int

    @property
    def short(self) -> bool:
        return self.quantity < 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("row.zzz", "has no attribute 'zzz'; Row has item, quantity, short."),
        ("row.quantty + 1", "Row has item, quantity, short: did you mean quantity?"),
        ("table.itm", "'dict object' has no attribute 'itm'"),
        ("rwo", "'rwo' is undefined"),
        ("row[7]", "has no element 7"),
    ],
)
def test_what_a_template_asks_for_in_vain_is_told_with_names_and_never_with_values(asked, said):
    template = Environment(undefined=Missing, autoescape=True).from_string("{{" + asked + "}}")
    with pytest.raises(UndefinedError) as caught:
        template.render(row=Row("secret-item", 4711), table={"secret-item": 4711})
    assert str(caught.value).endswith(said)
    assert "secret-item" not in str(caught.value)
