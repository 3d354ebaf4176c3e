"""Whether questions are answered as quickly while a document is read that was made to be slow."""

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
    """A Word document that is so large unpacked, and less than a hundredth of it as a file."""
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
    """A PDF whose pages all show one stream of so many bytes, which is small in the file."""
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
    out = BytesIO(b"%PDF-1.4\n")
    out.seek(0, 2)
    places = []
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table))
    return out.getvalue()
