"""What checking a token costs a request: `python -m bench.token_check`."""

import timeit

from joserfc.jwk import OctKey

from widgets.embedding.hosts import Host, Key
from widgets.embedding.tokens import Wanted, mint, verify

ROUNDS, REPEATS = 2000, 7


def main() -> None:
    """Prints the best of several runs, in microseconds, beside the limit of 100."""
    key = Key("k1", OctKey.import_key(b"a secret of thirty-two bytes, or more"))
    host = Host("sales", "Sales", "web", ("https://sales.example",), frozenset(), keys={"k1": key})
    token = mint(
        Wanted("sales", "inventory", "erp-widgets", {"company": "usmf", "site": "1"}, "viewer"), key
    )
    runs = timeit.repeat(
        lambda: verify(token, host, "inventory", "erp-widgets"), number=ROUNDS, repeat=REPEATS
    )
    cost = min(runs) / ROUNDS * 1e6
    print(f"token check {cost:.0f} µs, {cost / 100:.2f} of the 100 µs that it may cost")


if __name__ == "__main__":
    main()
