"""A page as its elements, read with the standard parser; and what any page must satisfy."""

import base64
import gzip
import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input"}


@dataclass(eq=False)
class Element:
    """An element: its tag, attributes, children and the text directly in it."""

    tag: str
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All the text inside, in order of the elements."""
        return " ".join(" ".join([*self.pieces, *(child.text for child in self.children)]).split())

    def all(self, tag: str = "", **attributes: str) -> list["Element"]:
        """Return the descendants of a tag with these attributes (``class_`` for class)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        found = []
        for child in self.children:
            if (not tag or child.tag == tag) and wanted.items() <= child.attributes.items():
                found.append(child)
            found += child.all(tag, **attributes)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.stack = [Element("", {})]
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.stack[-1].children.append(element)
        if tag not in VOID:
            self.stack.append(element)

    def handle_endtag(self, tag: str) -> None:
        if self.stack[-1].tag == tag:
            self.stack.pop()
        else:
            self.wrong.append(f"</{tag}> closes <{self.stack[-1].tag}>")

    def handle_data(self, data: str) -> None:
        self.stack[-1].pieces.append(data)


def read_page(text: str) -> tuple[Element, list[str]]:
    """Return the page's root and what is wrong with its nesting."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    left = [f"<{element.tag}> is not closed" for element in reader.stack[1:]]
    return reader.stack[0], reader.wrong + left


def filled(text: str) -> str:
    """Return a page with what its script would unpack in its place."""
    (packed,) = re.findall(r'<template id="more">([^<]*)</template>', text)
    parts = json.loads(gzip.decompress(base64.b64decode(packed)))
    place = re.compile(r'(<details class="place" id="([^"]+)".*?<div class="more">)</div>', re.DOTALL)
    whole = place.sub(lambda found: f"{found[1]}{parts.pop(found[2])}</div>", text)
    judged = re.compile(r'(<div class="more" id="([^"]+)">)</div>')
    return judged.sub(lambda found: f"{found[1]}{parts.pop(found[2])}</div>", whole)


def faults(root: Element) -> list[str]:
    """Return what is wrong: ids that are not unique, links that lead nowhere or outside, handlers, styles inline."""
    everything = root.all()
    ids = [e.attributes["id"] for e in everything if "id" in e.attributes]
    found = [f"id {name} twice" for name in sorted(set(ids)) if ids.count(name) > 1]
    for element in everything:
        for name, value in element.attributes.items():
            if name in ("href", "src") and not (value.startswith("data:") or (value[:1] == "#" and value[1:] in ids)):
                found.append(f"{name}={value[:60]} leads nowhere or outside")
            if name.startswith("on") or name == "style":
                found.append(f"<{element.tag}> has {name}")
    return found
