"""Figures as part of a page: elements instead of files.

A page's figures take its colours, which are others in the dark, and its type; and
nothing in one means anything in another, or for the page around them.
"""

import re
from xml.etree import ElementTree

from markupsafe import Markup

from .style import ROLES

_HREF = "{http://www.w3.org/1999/xlink}href"
# What Matplotlib puts in that would hold for the whole page.
_GLOBAL = {"style", "metadata"}
_COLOUR = re.compile("|".join(map(re.escape, ROLES)))
_TYPE = re.compile(r"font-family: [^;]*;? ?")
_REFERENCE = re.compile(r"url\(#([^)]*)\)")


def inlined(svg: bytes, prefix: str, css_class: str, label: str) -> Markup:
    """Return a figure as an element of a page.

    Args:
        svg: The figure, as Matplotlib writes it in our style.
        prefix: Begins all ids, so that they are another figure's in no page.
        css_class: The element's class.
        label: What it shows, for who does not see it.
    """
    # a document that this program has just written itself
    root = ElementTree.fromstring(svg)
    for parent in root.iter():
        for child in list(parent):
            if _local(child.tag) in _GLOBAL:
                parent.remove(child)
    wanted = {name for element in root.iter() for name in _referenced(element)}
    for element in root.iter():
        element.tag = _local(element.tag)
        attributes = dict(element.attrib)
        element.attrib.clear()
        for name, value in attributes.items():
            if name != "id" or value in wanted:
                element.set(*_attribute(name, value, prefix))
        if element.tag != "text":
            element.text = None
        element.tail = None
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib.update({"class": css_class, "role": "img", "aria-label": label})
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _referenced(element: ElementTree.Element) -> list[str]:
    found = [name for v in element.attrib.values() for name in _REFERENCE.findall(v)]
    return [*found, element.get(_HREF, "").removeprefix("#")]


def _attribute(name: str, value: str, prefix: str) -> tuple[str, str]:
    if name == _HREF:
        return "href", f"#{prefix}{value.removeprefix('#')}"
    if name == "id":
        return name, prefix + value
    if name == "d":
        return name, " ".join(value.split())
    value = _REFERENCE.sub(rf"url(#{prefix}\1)", value)
    if name in ("style", "fill", "stroke"):
        value = _COLOUR.sub(lambda match: f"var(--{ROLES[match[0]]})", value)
        value = _TYPE.sub("", value)
    # an attribute takes no variable
    if name in ("fill", "stroke") and "var(" in value:
        return "style", f"{name}: {value}"
    return name, value
