# ruff: noqa: N818 - a name says what happened, as in the house's other error trees
"""Phone numbers as people write them, and E.164 as everything behind this module has them."""

import re
import unicodedata

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

LONGEST_WRITING = 64
"""Characters. E.164 has 15 digits; four times that leaves room for every way to space them."""

_EXAMPLE = "Give the whole number with its country code, such as +1 212 555 0100."
_DIGITS_AND_PUNCTUATION = re.compile(r"\+?[0-9 ().\-/]+")
# Address books wrap copied numbers in marks that say which way the text runs; nobody sees or means them.
_INVISIBLE = dict.fromkeys(
    map(ord, "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff")
)
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc"), "-")
# 555-0100 to 555-0199 in every area code: reserved for fiction, and used by demonstrations and tests.
_FICTION_RANGE = re.compile(r"\+1(?![2-9]11)[2-9][0-8][0-9]55501[0-9]{2}")


class InvalidPhoneNumber(ValueError):
    """What was written can't be called. The text is a sentence for the person who wrote it, and says what to give."""


def to_e164(written: str, *, default_country: str = "US") -> str:
    """A phone number in E.164, such as ``+12125550100``, from any usual way to write it.

    Full-width digits, dots, brackets, an international prefix (``00`` or the country's own) and ``tel:`` are
    understood. Toll-free numbers are accepted: they can be called, though nobody can tell what time it is there.

    Args:
        written: What a person or a file gave.
        default_country: ISO 3166-1 alpha-2 code of the country in which a number without country code is read.

    Raises:
        InvalidPhoneNumber: It is too long or no number; it has letters (a letter O for a zero would ring a
            stranger) or an extension (an agent can't dial one); nobody has such a number; it is an emergency,
            short or premium-rate number.
    """
    plain = _plain(written)
    country = default_country.upper()
    if country not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidPhoneNumber(f"The default country {default_country[:8]!r} is unknown. Use a code such as US.")
    for candidate in _candidates(plain):
        e164 = _callable_or_none(candidate, country)
        if e164 is not None:
            return e164
    raise InvalidPhoneNumber(f"No phone can be reached at {plain}. {_EXAMPLE}")


def country_of_number(phone_number: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of a number in E.164, ``None`` where it has none or isn't a number."""
    parsed = parsed_or_none(phone_number)
    country = phonenumbers.region_code_for_number(parsed) if parsed else None
    return None if country in (None, phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY) else country


def national_digits(phone_number: str) -> str:
    """The digits of a number in E.164 that stand in every way to write it, with its country code or without."""
    parsed = parsed_or_none(phone_number)
    return phone_number.removeprefix("+") if parsed is None else str(parsed.national_number)


def parsed_or_none(phone_number: str, country: str | None = None) -> PhoneNumber | None:
    """What the library makes of a number, ``None`` when it makes nothing of it; never raises."""
    if len(phone_number) > LONGEST_WRITING:
        return None
    try:
        return phonenumbers.parse(phone_number, country)
    except phonenumbers.NumberParseException:
        return None


def _plain(written: str) -> str:
    # The length comes first: everything below costs time in proportion to it.
    if len(written) > LONGEST_WRITING:
        raise InvalidPhoneNumber(f"This is {len(written)} characters long and can't be a phone number. {_EXAMPLE}")
    text = written if written.isascii() else _ascii_where_possible(written)
    text = re.sub(r"\s+", " ", text).strip()
    text = text[4:].strip() if text.lower().startswith("tel:") else text
    if not any(character.isdigit() for character in text):
        raise InvalidPhoneNumber(f"There is no phone number here. {_EXAMPLE}")
    if re.search(r"[0-9][\s;,.]*(?:ext(?:ension|n)?|x|#|;)[\s.=:a-z]*[0-9]{1,7}$", text, re.IGNORECASE):
        raise InvalidPhoneNumber(f"Extensions can't be dialled. {_EXAMPLE}")
    if not _DIGITS_AND_PUNCTUATION.fullmatch(text):
        raise InvalidPhoneNumber(f"A phone number has digits, spaces, dots, dashes and brackets only. {_EXAMPLE}")
    return text


def _ascii_where_possible(written: str) -> str:
    text = unicodedata.normalize("NFKC", written).translate(_INVISIBLE).translate(_DASHES)
    return "".join(_ascii_digit(character) for character in text)


def _ascii_digit(character: str) -> str:
    return str(unicodedata.decimal(character)) if character.isdecimal() else character


def _candidates(plain: str) -> tuple[str, ...]:
    # 00 is how most of the world writes +, whatever the default country dials itself.
    return (plain, f"+{plain[2:]}") if plain.startswith("00") else (plain,)


def _callable_or_none(candidate: str, country: str) -> str | None:
    parsed = parsed_or_none(candidate, country)
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        return None
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    kind = phonenumbers.number_type(parsed)  # unknown for a number that isn't valid
    if kind == PhoneNumberType.PREMIUM_RATE:
        raise InvalidPhoneNumber(
            f"{e164} is a premium-rate number, which is never called. Give the person's own number."
        )
    return e164 if kind != PhoneNumberType.UNKNOWN or _FICTION_RANGE.fullmatch(e164) else None
