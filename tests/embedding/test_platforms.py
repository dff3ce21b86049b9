"""What a page says of itself and of its viewer, in the parameters that each platform really sends, and what
of it is believed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from tests.embedding import by_hand
from widgets.embedding.context import Entity, HostContext
from widgets.embedding.platforms import PLATFORMS, context_names, read_context
from widgets.embedding.tokens import Claims


def context(platform: str, query: str, claims: Claims | None = None) -> HostContext:
    """Of a request with this query string, read as the server reads it."""
    asked = Request(EnvironBuilder(query_string=query).get_environ()).args
    return read_context(by_hand.host(platform=platform), asked, claims)


GUID = "0f9a6b1c-3d2e-4f5a-8b7c-9d0e1f2a3b4c"
D365 = f"typename=account&type=1&id=%7B{GUID.upper()}%7D&orgname=contoso&userlcid=1031&orglcid=1033"


@pytest.mark.parametrize(
    "record",
    [
        f"%7B{GUID.upper()}%7D",
        f"%7b{GUID}%7d",
        f"{{{GUID.upper()}}}",
        GUID.upper(),
        GUID,
    ],
)
def test_dynamics_writes_a_record_in_braces_or_not(record):
    read = context("dynamics365", f"typename=salesorder&type=1088&id={record}&orgname=contoso")
    assert read.entity == Entity("salesorder", GUID)
    assert read.tenant == "contoso"
    assert read.trust == "hint"


def test_dynamics_has_the_viewers_language_before_the_organisations():
    assert context("dynamics365", D365).locale == "de_DE"
    assert context("dynamics365", D365.replace("1031", "9")).locale == "en_US"
    assert context("dynamics365", "orglcid=1036").locale == "fr_FR"
    assert context("dynamics365", "typename=account").locale is None
    # What the address says outright comes first.
    assert context("dynamics365", f"{D365}&locale=ja-JP").locale == "ja_JP"
    assert context("dynamics365", f"{D365}&locale=klingon").locale == "de_DE"


@pytest.mark.parametrize("query", ["typename=account&type=1&orgname=c", "id=", "id=%7B%7D", "id=1"])
def test_a_new_record_of_dynamics_is_no_entity(query):
    assert context("dynamics365", query).entity is None


def test_a_tab_of_teams_has_a_page_a_tenant_and_looks():
    query = "theme=default&locale=en-us&tid=72f9&subEntityId=task-1&entityId=stock"
    assert context("teams", query) == HostContext(
        host="sales",
        theme="light",
        locale="en_US",
        entity=Entity("page", "task-1"),
        tenant="72f9",
    )


@pytest.mark.parametrize(
    ("query", "entity"),
    [
        ("entityId=stock", Entity("page", "stock")),
        ("subEntityId=&entityId=stock", Entity("page", "stock")),
        ("subEntityId=task-1", Entity("page", "task-1")),
        ("subEntityId=&entityId=", None),
        ("tid=72f9", None),
    ],
)
def test_a_tab_of_teams_may_have_no_page_within_it(query, entity):
    assert context("teams", query).entity == entity


def test_a_theme_of_teams_that_we_do_not_have_is_the_viewers_own():
    assert context("teams", "theme=glass").theme is None


def test_a_component_of_salesforce_writes_the_record_itself():
    query = "objectApiName=Order&recordId=801xx0000012345AAA&organizationId=00Dxx&language=de"
    read = context("salesforce", query)
    assert read.entity == Entity("Order", "801xx0000012345AAA")
    assert (read.tenant, read.locale) == ("00Dxx", "de")
    assert context("salesforce", "objectApiName=Order").entity is None
    assert context("salesforce", "recordId=801").entity is None
    assert context("salesforce", f"{query}&locale=fr-FR").locale == "fr_FR"


@pytest.mark.parametrize("platform", ["web", "sharepoint", "mcp"])
def test_elsewhere_a_page_uses_our_own_names(platform):
    read = context(platform, "entity_type=item&entity_id=M0001&tenant=contoso&theme=dark&locale=de")
    assert read == HostContext(
        "sales", "dark", "de", Entity("item", "M0001"), "contoso", trust="hint"
    )
    assert context(platform, "entity_type=item").entity is None
    assert context(platform, "entity_id=M0001").entity is None


@pytest.mark.parametrize(
    ("platform", "theirs", "entity"),
    [
        ("dynamics365", D365, Entity("account", GUID)),
        ("teams", "entityId=stock&tid=contoso", Entity("page", "stock")),
        (
            "salesforce",
            "objectApiName=Order&recordId=801&organizationId=contoso",
            Entity("Order", "801"),
        ),
    ],
)
def test_a_page_may_say_itself_what_its_platform_leaves_open(platform, theirs, entity):
    ours = "entity_type=item&entity_id=M0001&tenant=fabrikam"
    alone = context(platform, ours)
    assert (alone.entity, alone.tenant) == (Entity("item", "M0001"), "fabrikam")
    both = context(platform, f"{ours}&{theirs}")
    assert (both.entity, both.tenant) == (entity, "contoso")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_neither_a_platform_nor_a_page_sends_is_ignored(platform):
    known = {*PLATFORMS[platform].names, *PLATFORMS["web"].names}
    foreign = {name for other in PLATFORMS.values() for name in other.names} - known
    query = "&".join(f"{name}=1033" for name in sorted(foreign))
    assert context(platform, f"{query}&utm_source=x&type=1") == HostContext(host="sales")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_name_that_is_read_is_one_that_links_can_carry(platform):
    class Asked(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            self[name] = ""
            return default

    asked = Asked()
    host = by_hand.host(platform=platform)
    read_context(host, asked, None)
    assert set(asked) - {"theme", "locale"} == set(context_names(host))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_user_never_comes_from_an_address(platform):
    query = "user=eve&sub=eve&userid=eve&userId=eve&email=eve&loginHint=eve&upn=eve&trust=signed"
    read = context(platform, query)
    assert (read.user, read.trust) == ("", "hint")
    assert "eve" not in repr(read)


def test_an_entity_of_an_address_has_a_length():
    read = context("web", f"entity_type={'t' * 5000}&entity_id={'i' * 5000}")
    assert read.entity == Entity("t" * 100, "i" * 200)


def signed(**ctx: Any) -> Claims:
    return Claims.model_validate(by_hand.claims(sub="u-1", **ctx))


@pytest.mark.parametrize(
    ("platform", "query"),
    [
        ("web", "entity_type=item&entity_id=M0002&tenant=evil&theme=dark&locale=de"),
        ("dynamics365", f"{D365}&theme=dark&locale=de"),
        ("teams", "entityId=stock&tid=evil&theme=dark&locale=de"),
        ("salesforce", "objectApiName=Order&recordId=8&organizationId=e&theme=dark&locale=de"),
    ],
)
def test_what_a_token_says_beats_the_address_and_is_signed(platform, query):
    ctx = {"entity": {"type": "item", "id": "M0001"}, "tenant": "contoso"}
    read = context(platform, query, signed(ctx=ctx))
    assert read == HostContext(
        "sales", "dark", "de", Entity("item", "M0001"), "contoso", user="u-1", trust="signed"
    )


def test_what_a_signed_context_leaves_out_is_not_filled_from_the_address():
    read = context("web", "entity_type=item&entity_id=M0002&tenant=evil", signed(ctx={}))
    assert (read.entity, read.tenant, read.trust) == (None, "", "signed")


def test_a_token_without_context_leaves_hints_hints_and_knows_the_user():
    read = context("web", "entity_type=item&entity_id=M0002&tenant=t", signed())
    assert (read.entity, read.tenant) == (Entity("item", "M0002"), "t")
    assert (read.user, read.trust) == ("u-1", "hint")


@given(st.sampled_from(list(PLATFORMS)), st.data())
def test_any_values_are_read_without_trouble(platform, data):
    names = [*PLATFORMS[platform].names, "theme", "locale"]
    asked = data.draw(st.dictionaries(st.sampled_from(names), st.text(max_size=50)))
    read = read_context(by_hand.host(platform=platform), asked, None)
    assert read.host == "sales"
