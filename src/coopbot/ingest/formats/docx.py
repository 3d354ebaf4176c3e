"""Reads Word documents into drafts. The only module that imports python-docx."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from coopbot.errors import Unreadable
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.document import ZIP_FAULTS, document_draft, open_zip
from coopbot.ingest.tidy import HEADING, one_line, repair

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

_ENCRYPTED_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # an OLE file: password-protected, or the older .doc
_NO_AUTHOR = "python-docx"  # what the library writes when nobody set the author
_LIST_STYLE = re.compile("^list", re.I)
_HEADING_STYLE = re.compile("^heading", re.I)


def read_docx(data: bytes, source: str) -> Draft:
    """The draft of a Word document. Raises Unreadable if it is damaged, encrypted, without text, or too large unpacked."""
    import docx
    from docx.exceptions import PythonDocxError
    from docx.opc.exceptions import OpcError

    if not data:
        raise Unreadable(source, "the file is empty (0 bytes); give another copy")
    if data.startswith(_ENCRYPTED_OFFICE):
        raise Unreadable(source, "encrypted, or an old .doc file; save it as .docx without a password")
    try:
        open_zip(data, source).close()
        document = docx.Document(BytesIO(data))
        properties = document.core_properties
        titles = (paragraph.text for paragraph in document.paragraphs if _style(paragraph) == "Title")
        title = one_line(repair(next(filter(str.strip, titles), "") or properties.title or ""))
        author = properties.author or ""
        blocks = list(filter(None, _blocks(document)))
    except (OpcError, PythonDocxError, *ZIP_FAULTS) as error:
        raise Unreadable(source, "damaged, not a Word document; save it again as .docx") from error
    return document_draft(blocks, source, title=title, author="" if author == _NO_AUTHOR else author)


def _blocks(document: Document) -> Iterator[str]:
    """Paragraphs ("## " before headings, "- " before bullets) and table rows, in document order."""
    from docx.text.paragraph import Paragraph

    for item in document.iter_inner_content():
        if isinstance(item, Paragraph):
            text = one_line(repair(item.text))
            style = _style(item)
            mark = HEADING if _HEADING_STYLE.match(style) else "- " if _LIST_STYLE.match(style) else ""
            yield mark + text if text else ""
        else:
            for row in item.rows:
                cells = dict.fromkeys(one_line(repair(cell.text)) for cell in row.cells)
                yield " | ".join(filter(None, cells))


def _style(paragraph: Paragraph) -> str:
    return (paragraph.style.name or "") if paragraph.style is not None else ""
