"""What files of text are encoded in."""

import codecs

import pytest

from domain.text_files import EncodingCheck, NotText

TEXT = "name,phone\nJosé Müller,+12125550101\n"


def encoding(body: bytes, size: int = 3) -> str:
    check = EncodingCheck()
    for start in range(0, len(body), size):
        check.see(body[start : start + size])
    return check.encoding()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(TEXT.encode(), "utf-8", id="utf-8"),
        pytest.param(TEXT.encode("utf-8-sig"), "utf-8-sig", id="utf-8-with-mark"),
        pytest.param(TEXT.encode("cp1252"), "cp1252", id="windows"),
        pytest.param(TEXT.encode("utf-16"), "utf-16", id="utf-16"),
        pytest.param(codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16", id="utf-16-big-end-first"),
        pytest.param(TEXT.encode("utf-16-le"), "utf-16-le", id="utf-16-without-mark"),
        pytest.param(TEXT.encode("utf-16-be"), "utf-16-be", id="utf-16-be-without-mark"),
        pytest.param(TEXT.encode("utf-32"), "utf-32", id="utf-32"),
        pytest.param(("x" * 9_000 + TEXT).encode("cp1252"), "cp1252", id="windows-far-behind"),
        pytest.param(("x" * 9_000 + "é").encode()[:-1], "cp1252", id="cut-within-a-character"),
        pytest.param(b"", "utf-8", id="empty"),
    ],
)
@pytest.mark.parametrize("size", [1, 4_000, 100_000])
def test_the_encoding_of_a_text_is_known(body: bytes, expected: str, size: int) -> None:
    assert encoding(body, size) == expected


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b"PK\x03\x04 and so on", "save it as CSV UTF-8", id="xlsx"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1", "old Excel workbook", id="xls"),
        pytest.param(b"\x1f\x8b\x08", "unpack it", id="gzip"),
        pytest.param(b"%PDF-1.7", "PDF", id="pdf"),
        pytest.param(b"\x00\x01\x02\x03 whatever", "no text file", id="anything-else"),
    ],
)
def test_what_is_no_text_is_refused_with_what_to_send_instead(body: bytes, said: str) -> None:
    with pytest.raises(NotText, match=said):
        encoding(body)
