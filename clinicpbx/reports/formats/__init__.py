"""Formats that a page of figures is written in, one to a file, found by this folder."""

from collections.abc import Callable

from clinicpbx.core.registry import Registry
from clinicpbx.reports._sheet import Page

FORMATS: Registry[Callable[[Page], bytes]] = Registry("format", __name__)
"""Each gives the whole file."""
BOM = b"\xef\xbb\xbf"


def as_stream(format: str, page: Page) -> bytes:
    """*page* for another program to read."""
    write: Callable[[Page], bytes] = FORMATS[format]
    return write(page)


def as_file(format: str, page: Page) -> bytes:
    """*page* for a file that people open: CSV begins with a byte order mark, without which Excel garbles accents."""
    return (BOM if format == "csv" else b"") + as_stream(format, page)
