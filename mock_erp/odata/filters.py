"""`$filter`: parsed by odata-query, then narrowed to what Dynamics 365 takes.

Microsoft, "Open Data Protocol (OData)" of Finance & Operations: the comparison, logical and arithmetic
operators are there, `in`, `has` and functions are not; "contains" is `eq '*text*'`; an enum's member is
written `Microsoft.Dynamics.DataEntities.NoYes'Yes'` and compared with `eq` and `ne` only.
Strings are compared exactly, capitals and leading spaces included.
"""

import operator
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from odata_query import ast
from odata_query.exceptions import ODataException
from odata_query.grammar import ODataLexer, ODataParser

from mock_erp.model import ENUMS, NAMESPACE, EntitySet, Row
from mock_erp.odata.errors import ODataError, bad_query, unknown_property

Predicate = Callable[[Row], bool]
Value = Callable[[Row], Any]

_COMPARISONS: dict[type[ast._Node], tuple[str, Callable[[Any, Any], bool]]] = {
    ast.Eq: ("Equal", operator.eq),
    ast.NotEq: ("NotEqual", operator.ne),
    ast.Lt: ("LessThan", operator.lt),
    ast.LtE: ("LessThanOrEqual", operator.le),
    ast.Gt: ("GreaterThan", operator.gt),
    ast.GtE: ("GreaterThanOrEqual", operator.ge),
}
_ARITHMETIC: dict[type[ast._Node], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_LITERALS: dict[type[ast._Node], str] = {
    ast.String: "String",
    ast.Integer: "Decimal",
    ast.Float: "Decimal",
    ast.Boolean: "Boolean",
    ast.GUID: "Guid",
    ast.Null: "Null",
}

# odata-query knows no enum literals. Its grammar does know a call with a namespace, so a literal is
# handed to it as one; the first alternative keeps text inside strings as it is.
_ENUM_LITERAL = re.compile(
    rf"(?P<string>'(?:[^']|'')*')|{re.escape(NAMESPACE)}\.(?P<type>\w+)(?P<rest>'[^']*'|\s*\()"
)


def compile_filter(text: str, entity_set: EntitySet) -> Predicate:
    """A function that says of a row whether it fits. Raises ODataError (400)."""
    try:
        # The lexer must not see spaces around the expression, which Dynamics ignores.
        tree = ODataParser().parse(
            ODataLexer().tokenize(_ENUM_LITERAL.sub(_enum_call, text.strip(" ")))
        )
        return _predicate(tree, entity_set)
    except ODataException as error:
        raise bad_query(f"Syntax error in '{text}': {error}") from error
    except RecursionError as error:
        raise bad_query(
            "The node count limit has been exceeded: the filter is too long."
        ) from error


def _enum_call(match: re.Match[str]) -> str:
    if match["string"]:
        return match[0]
    if not match["rest"].startswith("'"):
        raise bad_query(f"An unknown function with name '{NAMESPACE}.{match['type']}' was found.")
    return f"{NAMESPACE}.{match['type']}({match['rest']})"


def _predicate(node: ast._Node, entity_set: EntitySet) -> Predicate:
    match node:
        case ast.BoolOp(op=ast.And()):
            left, right = _predicate(node.left, entity_set), _predicate(node.right, entity_set)
            return lambda row: left(row) and right(row)
        case ast.BoolOp():
            left, right = _predicate(node.left, entity_set), _predicate(node.right, entity_set)
            return lambda row: left(row) or right(row)
        case ast.UnaryOp(op=ast.Not()):
            inner = _predicate(node.operand, entity_set)
            return lambda row: not inner(row)
        case ast.Compare(comparator=ast.In()):
            raise bad_query("The operator 'in' is not supported.")
        case ast.Compare():
            return _comparison(node, entity_set)
    raise bad_query("The $filter expression must evaluate to a single boolean value.")


def _comparison(node: ast.Compare, entity_set: EntitySet) -> Predicate:
    kind_name, compare = _COMPARISONS[type(node.comparator)]
    left, left_kind = _value(node.left, entity_set)
    right, right_kind = _value(node.right, entity_set)
    _check_kinds(left_kind, right_kind, kind_name)
    wildcard = _wildcard(node)
    if wildcard is not None:
        equal = isinstance(node.comparator, ast.Eq)
        return lambda row: (wildcard.fullmatch(left(row)) is not None) == equal
    return lambda row: compare(left(row), right(row))


def _check_kinds(left: str, right: str, operation: str) -> None:
    equality = operation in ("Equal", "NotEqual")
    if not equality and (left in ENUMS or right in ENUMS):
        raise bad_query(f"An enum cannot be compared with the operator kind '{operation}'.")
    if left != right and not (equality and "Null" in (left, right)):
        names = [kind if kind == "Null" else _qualified(kind) for kind in (left, right)]
        raise bad_query(
            f"A binary operator with incompatible types was detected. Found operand types"
            f" '{names[0]}' and '{names[1]}' for operator kind '{operation}'."
        )


def _qualified(kind: str) -> str:
    return f"{NAMESPACE}.{kind}" if kind in ENUMS else f"Edm.{kind}"


def _wildcard(node: ast.Compare) -> re.Pattern[str] | None:
    """The pattern of `Property eq '*text*'`; None for a plain comparison."""
    if not isinstance(node.comparator, ast.Eq | ast.NotEq) or not isinstance(
        node.right, ast.String
    ):
        return None
    if "*" not in node.right.val:
        return None
    return re.compile(".*".join(map(re.escape, node.right.val.split("*"))), re.DOTALL)


def _value(node: ast._Node, entity_set: EntitySet) -> tuple[Value, str]:
    """What a node evaluates to, and its type: a primitive type of Edm or an enum's name."""
    match node:
        case ast.Identifier():
            return _property(node, entity_set)
        case ast.BinOp():
            return _arithmetic(node, entity_set)
        case ast.UnaryOp(op=ast.USub()):
            inner, kind = _value(node.operand, entity_set)
            _check_kinds(kind, "Decimal", "Negate")
            return lambda row: -inner(row), kind
    value, kind = _literal(node)
    return lambda _row: value, kind


def _property(node: ast.Identifier, entity_set: EntitySet) -> tuple[Value, str]:
    name = _full_name(node)
    if name not in entity_set.types:
        raise unknown_property(name, entity_set.entity_type)
    kind = entity_set.types[name]
    if kind == "DateTimeOffset":
        return lambda row: _instant(row[name]), kind
    return operator.itemgetter(name), "Decimal" if kind == "Int32" else kind


def _literal(node: ast._Node) -> tuple[Any, str]:
    """A constant's value and type."""
    match node:
        case ast.Call():
            return _enum_member(node)
        case ast.Date() | ast.DateTime():
            return _instant(node.val), "DateTimeOffset"
        case ast._Literal() if type(node) in _LITERALS:
            return node.py_val, _LITERALS[type(node)]
    raise bad_query(f"{type(node).__name__} is not supported in $filter.")


def _arithmetic(node: ast.BinOp, entity_set: EntitySet) -> tuple[Value, str]:
    if type(node.op) not in _ARITHMETIC:
        raise bad_query(f"The operator '{type(node.op).__name__}' is not supported.")
    left, left_kind = _value(node.left, entity_set)
    right, right_kind = _value(node.right, entity_set)
    for kind in (left_kind, right_kind):
        _check_kinds(kind, "Decimal", type(node.op).__name__)
    return partial(_calculate, _ARITHMETIC[type(node.op)], left, right), "Decimal"


def _calculate(calculation: Callable[[Any, Any], Any], left: Value, right: Value, row: Row) -> Any:
    try:
        return calculation(left(row), right(row))
    except ZeroDivisionError as error:
        raise ODataError(
            400, "Attempted to divide by zero.", "System.DivideByZeroException"
        ) from error


def _enum_member(node: ast.Call) -> tuple[str, str]:
    name, function = node.func.name, _full_name(node.func)
    if function != f"{NAMESPACE}.{name}":
        raise bad_query(f"An unknown function with name '{function}' was found: none is supported.")
    if name not in ENUMS:
        raise bad_query(f"The type '{function}' is not an enum type.")
    member = _literal(node.args[0])[0]
    if member not in ENUMS[name]:
        raise bad_query(
            f"The string '{member}' is not a valid enumeration type constant of {name}."
        )
    return member, name


def _full_name(identifier: ast.Identifier) -> str:
    return ".".join((*identifier.namespace, identifier.name))


def _instant(text: str) -> datetime:
    try:
        if len(text) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_query(f"'{text}' is not a date.") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
