"""Themes and languages, whatever a page calls them. What each platform sends is in test_platforms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.embedding.context import (
    bcp47,
    locale_named,
    locale_of_lcid,
    theme_named,
)


@pytest.mark.parametrize(
    ("word", "theme"),
    [
        ("light", "light"),
        ("dark", "dark"),
        ("contrast", "contrast"),
        ("Dark", "dark"),
        ("default", "light"),  # what Teams calls it
        ("glass", None),
        ("", None),
        (None, None),
        ("dark ", None),
        ('"><script>', None),
        ("x" * 10_000, None),
    ],
)
def test_a_theme_is_one_of_three_or_none(word, theme):
    assert theme_named(word) == theme


@pytest.mark.parametrize(
    ("tag", "locale"),
    [
        ("de-DE", "de_DE"),
        ("de_DE", "de_DE"),
        ("de", "de"),
        ("en-us", "en_US"),
        ("DE-at", "de_AT"),
        ("zh-Hans-CN", "zh_Hans_CN"),
        ("zh-CN", "zh_Hans_CN"),
        ("sr-Latn-RS", "sr_Latn_RS"),
        ("es-419", "es_419"),
        ("fil", "fil"),
        # What is not known of it is left out.
        ("de-XX", "de"),
        ("de_XX", "de"),
        ("pt-419", "pt"),
        ("de-DE-u-co-phonebk", "de_DE"),
        ("de-u-nu-latn", "de"),
        ("de-DE-x-private", "de_DE"),
        ("de-", "de"),
        ("-".join(["de"] * 10_000), "de_DE"),
        ("de_DE@euro", "de_DE"),
        ("en@calendar=x", "en"),
        ("root", None),
        ("", None),
        ("-", None),
        ("klingon", None),
        ("x-klingon", None),
        ("1033", None),
        ("en\x00", None),
        ("<script>", None),
        ("../de", None),
        ("x" * 100_000, None),
    ],
)
def test_a_language_tag_is_what_babel_knows_of_it(tag, locale):
    assert locale_named(tag) == locale


@given(st.text(max_size=40))
def test_any_tag_is_a_locale_or_none(tag):
    locale = locale_named(tag)
    assert locale is None or locale_named(bcp47(locale)) == locale


@pytest.fixture
def forgetful():
    """What was answered before is not remembered, nor what is answered here."""
    locale_named.cache_clear()
    yield
    locale_named.cache_clear()


def test_strangers_cannot_make_it_keep_every_language(monkeypatch, forgetful):
    monkeypatch.setattr("widgets.embedding.context._met", {"de_DE"})
    monkeypatch.setattr("widgets.embedding.context.MOST_LOCALES", 2)
    assert [locale_named(tag) for tag in ("fr-FR", "ja-JP")] == ["fr_FR", None]
    assert [locale_named(tag) for tag in ("de-DE", "fr-FR")] == ["de_DE", "fr_FR"]


@pytest.mark.parametrize(
    ("lcid", "locale"),
    [
        ("9" * 5000, None),
        ("1033", "en_US"),
        ("2057", "en_GB"),
        ("1031", "de_DE"),
        ("3079", "de_AT"),
        ("1036", "fr_FR"),
        ("1041", "ja_JP"),
        ("2052", "zh_Hans_CN"),
        ("0", None),
        ("127", None),
        ("99999", None),
        ("-1033", None),
        ("1033.0", None),
        ("0x409", None),
        ("\u0661\u0660\u0663\u0663", None),  # digits, and not ours
        ("²", None),
        ("", None),
        ("de-DE", None),
    ],
)
def test_dynamics_names_languages_by_number(lcid, locale):
    assert locale_of_lcid(lcid) == locale


def test_browsers_write_a_locale_with_hyphens():
    assert (bcp47("zh_Hans_CN"), bcp47("de")) == ("zh-Hans-CN", "de")
