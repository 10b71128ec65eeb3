"""What a CSV file must not do in a spreadsheet: run what stands in a cell."""

# Written before a cell that would be taken for a formula, as OWASP has it for CSV
# injection.
GUARD = "'"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would take a cell for a formula."""
    return cell.startswith(_FORMULA)
