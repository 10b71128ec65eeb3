"""From runs to a report: figures with intervals, a table, a page, files."""
