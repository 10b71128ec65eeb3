"""Text as lines of a terminal. Pure."""

from rich.cells import cell_len, get_character_cell_size


def fold(text: str, width: int) -> list[tuple[int, int]]:
    """Cut a text into lines, at spaces where there are any.

    Args:
        text: One line, legible, without tabs.
        width: Columns of the terminal, at least 2: there are letters that wide.

    Returns:
        Start and end of each line; what lies between two is a space. One line at least.

    Raises:
        ValueError: `width` is too small.
    """
    if width < 2:
        raise ValueError(f"a line needs 2 columns at least, not {width}")
    if cell_len(text) <= width:
        return [(0, len(text))]
    lines = []
    start = 0
    while start < len(text):
        end = _reach(text, start, width)
        if end < len(text) and text[end] == " ":
            lines.append((start, end))
            start = end + 1
            continue
        space = text.rfind(" ", start, end)
        # what stands before it is more than the indent of the line
        if end < len(text) and space > start and text[start:space].strip():
            lines.append((start, space))
            start = space + 1
        else:
            lines.append((start, end))
            start = end
    return lines


def _reach(text: str, start: int, width: int) -> int:
    """Return the end of what fits."""
    if text.isascii():
        return min(start + width, len(text))
    used = 0
    for at in range(start, len(text)):
        used += get_character_cell_size(text[at])
        if used > width:
            return at
    return len(text)
