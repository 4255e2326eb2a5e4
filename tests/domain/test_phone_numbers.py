import pytest

from domain.phone_numbers import InvalidPhoneNumber, country_of_number, to_e164
from tests.work import times_the_work


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        pytest.param("+12125550100", "+12125550100", id="e164"),
        pytest.param("+1 (212) 555-0100", "+12125550100", id="brackets-and-dash"),
        pytest.param("(212) 555-0100", "+12125550100", id="national"),
        pytest.param("212.555.0100", "+12125550100", id="dots"),
        pytest.param("212/555/0100", "+12125550100", id="slashes"),
        pytest.param("1-212-555-0100", "+12125550100", id="trunk-one"),
        pytest.param("  +1 212 555 0100\n", "+12125550100", id="white-space-around"),
        pytest.param("+1\u00a0212\u00a0555\u00a00100", "+12125550100", id="no-break-spaces"),
        pytest.param("\u202a+1\u00a0(212)\u00a0555\u20110100\u202c", "+12125550100", id="copied-from-an-address-book"),
        pytest.param(
            "\uff0b\uff11\uff08\uff12\uff11\uff12\uff09\uff15\uff15\uff15\uff10\uff11\uff10\uff10",
            "+12125550100",
            id="full-width",
        ),
        pytest.param("٢١٢٥٥٥٠١٠٠", "+12125550100", id="arabic-indic-digits"),
        pytest.param("tel:+1-212-555-0100", "+12125550100", id="tel-uri"),
        pytest.param("0012125550100", "+12125550100", id="double-zero-prefix"),
        pytest.param("00 44 20 7946 0123", "+442079460123", id="double-zero-to-london"),
        pytest.param("011442079460123", "+442079460123", id="prefix-dialled-in-america"),
        pytest.param("+44 (0)20 7946 0123", "+442079460123", id="trunk-zero-in-brackets"),
        pytest.param("+91 98765 43210", "+919876543210", id="indian-mobile"),
        pytest.param("1-800-555-0123", "+18005550123", id="toll-free"),
        pytest.param("+1 246 555 0100", "+12465550100", id="fiction-in-barbados"),
        pytest.param("+1 684 555 0199", "+16845550199", id="fiction-in-american-samoa"),
    ],
)
def test_any_usual_writing_becomes_e164(written: str, e164: str) -> None:
    assert to_e164(written) == e164


@pytest.mark.parametrize(
    "area_code", ["201", "212", "312", "415", "423", "512", "684", "808", "850", "907", "928", "906"]
)
def test_numbers_reserved_for_fiction_are_accepted(area_code: str) -> None:
    assert to_e164(f"({area_code}) 555-0142") == f"+1{area_code}5550142"


def test_a_number_without_country_code_is_read_in_the_default_country() -> None:
    assert to_e164("020 7946 0123", default_country="gb") == "+442079460123"


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        pytest.param("", "no phone number", id="empty"),
        pytest.param("   ", "no phone number", id="blank"),
        pytest.param("n/a", "no phone number", id="words"),
        pytest.param("📞", "no phone number", id="emoji"),
        pytest.param("📞 212 555 0100", "digits, spaces", id="emoji-before-a-number"),
        pytest.param("212\x00555\x000100", "digits, spaces", id="nul-bytes"),
        pytest.param("1-800-FLOWERS", "digits, spaces", id="vanity-letters"),
        pytest.param("212-555-O1OO", "digits, spaces", id="letter-for-zero"),
        pytest.param("call 212 555 0100", "digits, spaces", id="sentence"),
        pytest.param("+1+2125550100", "digits, spaces", id="two-pluses"),
        pytest.param("+1 212 555 0100 ext 5", "Extensions", id="extension"),
        pytest.param("212-555-0100 x12", "Extensions", id="short-extension"),
        pytest.param("212-555-0100#12", "Extensions", id="hash-extension"),
        pytest.param("tel:+12125550100;ext=5", "Extensions", id="uri-extension"),
        pytest.param("911", "No phone can be reached", id="american-emergency"),
        pytest.param("112", "No phone can be reached", id="european-emergency"),
        pytest.param("+1 911 555 0100", "No phone can be reached", id="emergency-as-area-code"),
        pytest.param("+1 999 555 0100", "No phone can be reached", id="no-such-area-code"),
        pytest.param("22000", "No phone can be reached", id="short-code"),
        pytest.param("555 0100", "No phone can be reached", id="no-area-code"),
        pytest.param("+1 212 555 01000", "No phone can be reached", id="one-digit-too-many"),
        pytest.param("+1 112 555 0100", "No phone can be reached", id="area-code-beginning-with-one"),
        pytest.param("+", "no phone number", id="plus-alone"),
        pytest.param("+999 123 456 789", "No phone can be reached", id="no-such-country"),
        pytest.param("+1 900 234 5678", "premium-rate", id="premium-rate"),
    ],
)
def test_what_cannot_be_called_is_refused_with_what_to_give(written: str, hint: str) -> None:
    with pytest.raises(InvalidPhoneNumber, match=hint) as refused:
        to_e164(written)
    assert "Give" in str(refused.value)


@pytest.mark.parametrize("sign", ["2", "\ufdfa"], ids=["digits", "a-sign-that-unfolds"])
def test_a_megabyte_is_refused_at_once_and_not_repeated_back(sign: str) -> None:
    """Who read all of it would do ten thousand times the work."""

    long, short = (sign * length for length in (1_000_000, 100))

    def refused(written: str) -> str:
        with pytest.raises(InvalidPhoneNumber) as caught:
            to_e164(written)
        return str(caught.value)

    assert times_the_work(lambda: refused(long), lambda: refused(short)) < 100
    assert len(refused(long)) < 300


def test_an_unknown_default_country_is_named() -> None:
    with pytest.raises(InvalidPhoneNumber, match="'XX' is unknown"):
        to_e164("2125550100", default_country="XX")


@pytest.mark.parametrize(
    ("phone_number", "country"),
    [
        pytest.param("+12125550100", "US", id="america"),
        pytest.param("+14165550100", "CA", id="canada-shares-the-country-code"),
        pytest.param("+17875550100", "PR", id="puerto-rico"),
        pytest.param("+919876543210", "IN", id="india"),
        pytest.param("+442079460123", "GB", id="britain"),
        pytest.param("+80012345678", None, id="belongs-to-no-country"),
        pytest.param("nonsense", None, id="no-number"),
        pytest.param("+1" * 10_000, None, id="far-too-long"),
    ],
)
def test_a_number_belongs_to_a_country_or_to_none(phone_number: str, country: str | None) -> None:
    assert country_of_number(phone_number) == country
