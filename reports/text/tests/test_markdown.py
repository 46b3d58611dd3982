"""Whatever a name contains, it stays text: tables keep their shape, headings and links their place."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.tests.support.pages import dividers
from reports.text.markdown import Markdown, block, code, escape, plain, shorten, table
from reports.text.slugs import slug

HOSTILE = st.one_of(
    st.text(),
    st.text(alphabet="|\\`[](){}<>#*_~$&!-+=:/.\n\r\t\x1b\u2028\u202e ab1"),
    st.sampled_from(["\\|", "a\\", "|---|", "# x", "<img src=x onerror=y>", "[a](javascript:b)", "```", "x" * 5000]),
)


@given(st.lists(st.tuples(HOSTILE, HOSTILE, HOSTILE), min_size=1, max_size=4), HOSTILE)
def test_table_keeps_its_rows_and_columns(rows: list[tuple[str, str, str]], name: str) -> None:
    cells = [[a, f"{b} on {b}", Markdown(f"**{escape(c)}**")] for a, b, c in rows]
    lines = table([name, "b", "c"], cells).split("\n")
    assert len(lines) == len(rows) + 2
    assert {dividers(line) for line in lines} == {4}
    assert len("".join(lines).splitlines()) == 1


@given(HOSTILE)
def test_escaped_text_is_one_short_line_without_markup(text: str) -> None:
    line = escape(text)
    assert len(line.splitlines()) <= 1
    assert len(plain(text)) <= 400
    bare = re.sub(r"\\.", "•", line)
    assert not re.search(r"[`*~#$]|<[A-Za-z/!?]|\]\(|https?://", bare)
    assert not re.match(r"[-+] |>|=|\d+[.)] ", line)


@given(HOSTILE)
def test_escaping_loses_nothing_but_spacing(text: str) -> None:
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escape(text)) == plain(text)


@given(HOSTILE)
def test_inline_code_cannot_be_left(text: str) -> None:
    shown = code(text)
    fence = re.match("`+", shown)
    assert fence is not None
    assert fence[0] not in re.findall("`+", shown[len(fence[0]) : -len(fence[0])])


@given(HOSTILE)
def test_code_block_cannot_be_left(text: str) -> None:
    first, *body, last = block(text).split("\n")
    assert first == f"{last}text"
    assert not any(line.strip().startswith(last) for line in body)


@given(HOSTILE, HOSTILE)
def test_slugs_are_safe_and_distinct(a: str, b: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug(a))
    assert len(slug(a)) <= 67
    assert (slug(a) == slug(b)) == (a == b)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("kernel-energy 0.5 [0.4, 0.6], claimed > 0.2", "kernel-energy 0.5 [0.4, 0.6], claimed > 0.2"),
        ("snake_case, x < 3, 3.11.9, -0.5", "snake_case, x < 3, 3.11.9, -0.5"),
        ("# heading", r"\# heading"),
        ("1. item", r"1\. item"),
        ("- item", r"\- item"),
        ("_emphasis_", r"\_emphasis\_"),
        ("[0.1, 0.2](evil)", r"\[0.1, 0.2\](evil)"),
        ("&lt;b&gt;", r"\&lt;b\&gt;"),
        ("http://evil www.evil", r"http\://evil www\.evil"),
        ("two\n\nlines\x00\u202e", "two lines"),
    ],
)
def test_escape(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_what_is_markdown_is_escaped_once_and_long_names_keep_both_ends() -> None:
    once = escape("*a*")
    assert escape(once) is once
    assert table(["x"], [[once], ["*a*"]]).count(r"\*a\*") == 2
    assert table(["a", "b"], []) == ""
    short = shorten("organisation/" + "x" * 90 + "-v2", 40)
    assert (len(short), short[-7:]) == (40, "xxxx-v2")
