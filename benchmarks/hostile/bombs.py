"""Documents that are small as files and take a reader very long."""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO

_DOCX_PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>',
}
_PARAGRAPH = b"<w:p><w:r><w:t>The ferry carries 400 passengers a day across the river from May to October.</w:t></w:r></w:p>"


def docx_bomb(unpacked_bytes: int) -> bytes:
    """A Word document of about `unpacked_bytes` when unpacked; as a file, less than a hundredth of that."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, part in _DOCX_PARTS.items():
            archive.writestr(name, part)
        with archive.open("word/document.xml", "w", force_zip64=True) as document:
            document.write(b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>')
            batch = _PARAGRAPH * 1000
            for _ in range(unpacked_bytes // len(batch)):
                document.write(batch)
            document.write(b"</w:body></w:document>")
    return out.getvalue()


def pdf_bomb(pages: int, stream_bytes: int) -> bytes:
    """A PDF whose pages all show one stream of about `stream_bytes`, which is stored compressed, once."""
    line = b"(The ferry carries 400 passengers a day across the river from May to October.) Tj T* "
    stream = zlib.compress(b"BT /F1 12 Tf 14 TL 72 720 Td " + line * (stream_bytes // len(line)) + b" ET", 9)
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 3 0 R/Resources<</Font<</F1 4 0 R>>>>>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, b" ".join(b"%d 0 R" % (number + 5) for number in range(pages))),
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *[page] * pages,
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    count = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n" % count + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return body + table + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (count, len(body))
