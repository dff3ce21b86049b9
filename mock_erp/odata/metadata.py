"""`/data/$metadata`: the model as CSDL 4.0 (OASIS, OData CSDL XML)."""

from functools import cache
from xml.sax.saxutils import quoteattr

from mock_erp.model import ENTITY_SETS, ENUMS, NAMESPACE, EntitySet


def qualified_type(kind: str) -> str:
    """The type's name in CSDL: an enum of ours or a primitive type of Edm."""
    return f"{NAMESPACE}.{kind}" if kind in ENUMS else f"Edm.{kind}"


@cache
def csdl() -> str:
    """The whole document."""
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">',
        "<edmx:DataServices>",
        f'<Schema Namespace="{NAMESPACE}" xmlns="http://docs.oasis-open.org/odata/ns/edm">',
    ]
    for enum, members in ENUMS.items():
        parts.append(f'<EnumType Name="{enum}">')
        parts += [f'<Member Name="{name}" Value="{i}"/>' for i, name in enumerate(members)]
        parts.append("</EnumType>")
    for entity_set in ENTITY_SETS.values():
        parts += _entity_type(entity_set)
    parts.append('<EntityContainer Name="Resources">')
    for entity_set in ENTITY_SETS.values():
        parts.append(
            f'<EntitySet Name="{entity_set.name}" EntityType="{NAMESPACE}.{entity_set.entity_type}">'
        )
        parts += [
            f'<NavigationPropertyBinding Path="{name}" Target="{target}"/>'
            for name, (target, _) in entity_set.navigation.items()
        ]
        parts.append("</EntitySet>")
    parts.append("</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>")
    return "\n".join(parts)


def _entity_type(entity_set: EntitySet) -> list[str]:
    parts = [f'<EntityType Name="{entity_set.entity_type}"><Key>']
    parts += [f'<PropertyRef Name="{name}"/>' for name in entity_set.key]
    parts.append("</Key>")
    for name, kind in entity_set.types.items():
        # Dynamics declares numbers and dates as never null, strings and enums as nullable unless key.
        required = name in entity_set.key or kind in ("Decimal", "Int32", "DateTimeOffset")
        scale = ' Scale="variable"' if kind == "Decimal" else ""
        nullable = ' Nullable="false"' if required else ""
        parts.append(
            f"<Property Name={quoteattr(name)} Type={quoteattr(qualified_type(kind))}{scale}{nullable}/>"
        )
    for name, (target, _) in entity_set.navigation.items():
        target_type = f"Collection({NAMESPACE}.{ENTITY_SETS[target].entity_type})"
        parts.append(f'<NavigationProperty Name="{name}" Type="{target_type}"/>')
    parts.append("</EntityType>")
    return parts
