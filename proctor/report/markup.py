"""What comes out of logs, and figures, as parts of a page that hold nothing else.

Texts are escaped, their control and bidi characters are written as numbers, and they
stand in elements of their own (`<bdi>`), so that they move nothing. A page's figures
take its colours, which are others in the dark, and its type.
"""

import re
from xml.etree import ElementTree

from markupsafe import Markup

from ..text import escaped, one_line
from .style import ROLES

# Marks that pile up on a letter, as no language has them, cover the lines beside it.
_PILED = re.compile(
    r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{4,}"
)
_HREF = "{http://www.w3.org/1999/xlink}href"
_COLOUR = re.compile("|".join(map(re.escape, ROLES)))
_TYPE = re.compile(r"font-family: [^;]*;? ?")
_REFERENCE = re.compile(r"url\(#([^)]*)\)")


def shown(text: object) -> Markup:
    """Write what a log holds, so that it is seen, and nothing else."""
    safe = _PILED.sub(lambda marks: escaped(marks[0], bool), one_line(str(text)))
    return Markup('<bdi dir="auto">{}</bdi>').format(safe)


def told(text: str) -> Markup:
    """Write a sentence of ours that quotes commands, between backticks."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # not in pairs, hence no quotes
        return shown(text)
    return Markup().join(
        Markup("<code>{}</code>").format(shown(part)) if place % 2 else shown(part)
        for place, part in enumerate(parts)
    )


def inlined(svg: bytes, prefix: str, label: str) -> Markup:
    """Return a figure as an element of a page.

    Args:
        svg: The figure, as Matplotlib writes it in our style.
        prefix: Begins all ids, so that they are another figure's in no page.
        label: What it shows, for who does not see it.
    """
    # a document that this program has just written itself
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for child in list(element):
            # what Matplotlib puts in that would hold for the whole page
            if child.tag.endswith(("}style", "}metadata")):
                element.remove(child)
        attributes = [_attribute(*item, prefix) for item in element.attrib.items()]
        element.attrib.clear()
        element.attrib.update(attributes)
        if element.tag != "text":
            element.text = None
        element.tail = None
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib.update({"role": "img", "aria-label": label})
    return Markup(ElementTree.tostring(root, encoding="unicode"))


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
