"""The company behind the mock: two legal entities, `usmf` (USD) and `demf` (EUR), made from a seed.

Everything in it is a function of the seed, the start of the clock and the time now; asking more or less
often changes nothing. Quantities are kept in hundredths of a unit and money in hundredths of a currency
unit, as integers, so that sums come out exact.
"""
