"""Codes and the canonical values of transactions: PROTOCOL.md section 12."""

import datetime
import hmac
import re
import unicodedata

from wire import crockford, displayable, domain, encode, require, sha256

CHARACTERS = "OCRA-1:HOTP-SHA256-0:C-QH64"
DIGITS = "OCRA-1:HOTP-SHA256-8:C-QH64"


def ocra(suite: str, key: bytes, data: bytes) -> bytes | str:
    """RFC 6287, section 5: the whole HMAC where the suite has 0 digits, else the truncated decimal digits."""
    algorithm, digits = re.fullmatch(r"OCRA-1:HOTP-(SHA\d+)-(\d+):.*", suite).groups()
    tag = hmac.digest(key, suite.encode("ascii") + b"\x00" + data, algorithm.lower())
    count = int(digits)
    if count == 0:
        return tag
    offset = tag[-1] & 15
    number = int.from_bytes(tag[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**count:0{count}}"


def _data(step: int, question: bytes) -> bytes:
    return step.to_bytes(8, "big") + question + bytes(96)


def sign_in_code(key: bytes, step: int, challenge_hash: bytes, digits: bool) -> str:
    if digits:
        code = ocra(DIGITS, key, _data(step, challenge_hash))
        return f"{code[:4]}-{code[4:]}"
    return crockford(ocra(CHARACTERS, key, _data(step, challenge_hash)), 8)


def transaction_code(key: bytes, step: int, challenge_hash: bytes, values: list[list[str]]) -> str:
    question = sha256(domain("txn"), b"\x00", challenge_hash, encode(values))
    return crockford(ocra(CHARACTERS, key, _data(step, question)), 12)


def _digits(value: str) -> str:
    require(re.fullmatch(r"[0-9]+", value) is not None, "not digits")
    return value


def _amount(value: str) -> str:
    parts = re.fullmatch(r"([0-9]+)(?:[.,]([0-9]{1,2}))?", value)
    require(parts is not None, "not an amount")
    return f"{parts[1].lstrip('0') or '0'}.{(parts[2] or ''):0<2}"


def _iban(value: str) -> str:
    value = value.replace(" ", "").upper()
    require(re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", value) is not None, "not an IBAN")
    # ISO 7064 mod 97-10: the first four characters go to the end, letters count from 10.
    number = int("".join(str(int(c, 36)) for c in value[4:] + value[:4]))
    require(number % 97 == 1, "the IBAN's check digits are wrong")
    return value


def _code(value: str) -> str:
    require(re.fullmatch(r"[A-Z0-9]+", value) is not None, "not a code")
    return value


def _date(value: str) -> str:
    require(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is not None, "not a date")
    try:
        return datetime.date.fromisoformat(value).isoformat()
    except ValueError:
        require(False, "no such date")


KINDS = {1: _digits, 2: _amount, 3: _iban, 4: _code, 5: _date, 6: str}


def canonical(value: str, kind: int, longest: int, pattern: str | None = None) -> str:
    value = unicodedata.normalize("NFC", value)
    require(displayable(value), "a character that cannot be shown")
    value = " ".join(value.split())
    require(value != "", "empty")
    value = KINDS[kind](value)
    require(len(value) <= longest, f"over {longest} characters")
    require(pattern is None or re.fullmatch(pattern, value) is not None, "not of the form that the service asks for")
    return value
