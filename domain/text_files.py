# ruff: noqa: N818 - a name says what happened, as in the house's other error trees
"""Files of text from anywhere: what they are encoded in, and what is no text at all.

Source: Excel saves "CSV UTF-8" with a byte order mark, "CSV" in the machine's own code page (Windows-1252 in Western
Europe and America) and "Unicode text" as UTF-16.
"""

import codecs

WINDOWS = "cp1252"

HEAD_BYTES = 4_096

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the next, so it is looked for first
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_AS_CSV = "save it as CSV UTF-8 (File, Save As) and send that."
_SIGNATURES = (
    (b"PK\x03\x04", f"This is an Excel workbook or another ZIP archive; {_AS_CSV}"),
    (b"\xd0\xcf\x11\xe0", f"This is an old Excel workbook; {_AS_CSV}"),
    (b"\x1f\x8b", "This file is compressed; unpack it and send the CSV inside."),
    (b"%PDF", f"This is a PDF; open where its data come from, and {_AS_CSV}"),
)
_NO_TEXT = f"This is no text file. If a spreadsheet made it, {_AS_CSV}"


class NotText(ValueError):
    """The file is no text; the message is a sentence for whoever sent it, and says what to send instead."""


def encoding_by_mark(head: bytes) -> str | None:
    """The encoding that a byte order mark at the beginning of a file tells, ``None`` where there is none."""
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)


class EncodingCheck:
    """Is shown all of a file, piece by piece, and tells its encoding at the end."""

    def __init__(self) -> None:
        self._head = b""
        self._is_checked = False
        self._utf8 = codecs.getincrementaldecoder("utf-8")("strict")
        self._is_utf8 = True

    def see(self, piece: bytes) -> None:
        """Look at the next piece.

        Raises:
            NotText: the beginning of the file tells that it is something else.
        """
        self._decode(piece, is_last=False)
        if not self._is_checked:
            self._head += piece[: HEAD_BYTES - len(self._head)]
            if len(self._head) >= HEAD_BYTES:
                self._check()

    def encoding(self) -> str:
        """A name that Python knows; Windows-1252 for what is neither marked nor UTF-8.

        Raises:
            NotText: as for ``see``, of a file that is shorter than what tells.
        """
        if not self._is_checked:
            self._check()
        self._decode(b"", is_last=True)
        unmarked = "utf-8" if self._is_utf8 else WINDOWS
        return encoding_by_mark(self._head) or _unmarked_utf_16(self._head) or unmarked

    def _decode(self, piece: bytes, *, is_last: bool) -> None:
        if self._is_utf8:
            try:
                self._utf8.decode(piece, is_last)
            except UnicodeDecodeError:
                self._is_utf8 = False

    def _check(self) -> None:
        self._is_checked = True
        for signature, sentence in _SIGNATURES:
            if self._head.startswith(signature):
                raise NotText(sentence)
        if b"\x00" in self._head and encoding_by_mark(self._head) is None and not _unmarked_utf_16(self._head):
            raise NotText(_NO_TEXT)


def _unmarked_utf_16(head: bytes) -> str | None:
    """Every other byte of Western text in UTF-16 is zero, and no other one."""
    even, odd = head[::2], head[1::2]
    if odd and odd.count(0) > len(odd) // 2 and not even.count(0):
        return "utf-16-le"
    if even and even.count(0) > len(even) // 2 and not odd.count(0):
        return "utf-16-be"
    return None
