"""Encodings and keys: PROTOCOL.md sections 2, 3 and 5.

Everything that arrives is hostile: it is bounded, and whatever does not encode to the bytes it came from is refused.
"""

import base64
import hashlib
import hmac
import os
import unicodedata
from dataclasses import dataclass

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# The order of P-256 (SEC 2, section 2.4.2).
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PROTECTED = bytes.fromhex("a10126")
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# RFC 6979, so that the vectors of section 16 compare whole.
ES256 = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


class Refused(Exception):
    """Something from outside breaks the protocol; the text names what."""


def require(condition: bool, what: str) -> None:
    if not condition:
        raise Refused(what)


def domain(name: str) -> bytes:
    return b"countersign/v1/" + name.encode("ascii")


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


# --- CBOR -----------------------------------------------------------------------------------------------------------


def encode(value: object) -> bytes:
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes, what: str) -> object:
    try:
        value = cbor2.loads(data, max_depth=8, allow_indefinite=False, allow_duplicate_keys=False)
        _plain(value, what)
        # Whatever is not deterministic (long integers, unordered keys, trailing bytes) differs from its own encoding.
        canonical = encode(value) == data
    except Refused:
        raise
    except Exception as error:  # The decoder raises many kinds; to a phone they are one.
        raise Refused(f"{what}: not CBOR ({type(error).__name__})") from None
    require(canonical, f"{what}: not deterministic CBOR")
    return value


def _plain(value: object, what: str) -> None:
    """Only the types of the protocol: tags, floats, null and negative numbers are refused."""
    kind = type(value)
    if kind is dict:
        for key, inner in value.items():
            require(type(key) is int and key >= 0, f"{what}: a map key is not an unsigned integer")
            _plain(inner, what)
    elif kind is list:
        for inner in value:
            _plain(inner, what)
    elif kind is int:
        require(0 <= value < 1 << 64, f"{what}: a number is out of bounds")
    else:
        require(kind in (bool, bytes, str), f"{what}: type {kind.__name__} is not of the protocol")


# --- Form of a value: each returns a function that says whether a value fits ---------------------------------------


def uint(low: int, high: int):
    return lambda value: type(value) is int and low <= value <= high


def const(number: int):
    return uint(number, number)


def binary(low: int, high: int | None = None):
    return lambda value: type(value) is bytes and low <= len(value) <= (high or low)


def text(low: int, high: int):
    return lambda value: type(value) is str and low <= len(value.encode()) <= high


def displayable(value: object) -> bool:
    categories = {unicodedata.category(c) for c in value} if type(value) is str else {"Cs"}
    return not any(c.startswith("C") or c in ("Zl", "Zp") for c in categories)


def shown(low: int, high: int):
    return lambda value: text(low, high)(value) and displayable(value)


def boolean(value: object) -> bool:
    return type(value) is bool


def listed(*items):
    return lambda value: type(value) is list and len(value) == len(items) and all(f(v) for f, v in zip(items, value))


def array(low: int, high: int, item):
    return lambda value: type(value) is list and low <= len(value) <= high and all(item(v) for v in value)


def public_key(value: object) -> bool:
    if not binary(65)(value) or value[0] != 4:
        return False
    try:
        load_public(value)
    except ValueError:
        return False
    return True


TIME = uint(0, (1 << 53) - 1)
STEP = uint(1, (1 << 53) - 1)
COUNT = TIME
EPOCH = uint(1, (1 << 32) - 1)


@dataclass(frozen=True)
class Field:
    name: str
    fits: object
    optional: bool = False


def read_map(value: object, fields: dict[int, Field], what: str) -> dict[str, object]:
    """The map's values by name; an optional field that is absent is None."""
    require(type(value) is dict, f"{what}: not a map")
    for key in value:
        require(key in fields, f"{what}: unknown key {key}")
    read = {}
    for key, field in fields.items():
        if key in value:
            require(field.fits(value[key]), f"{what}: {field.name} is not of its form")
        else:
            require(field.optional, f"{what}: {field.name} is missing")
        read[field.name] = value.get(key)
    return read


# --- Text encodings -------------------------------------------------------------------------------------------------


def base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=")


def unbase32(encoded: str, what: str) -> bytes:
    try:
        data = base64.b32decode(encoded + "=" * (-len(encoded) % 8))
    except ValueError:
        raise Refused(f"{what}: not base32") from None
    require(base32(data) == encoded, f"{what}: not the one base32 form")
    return data


def crockford(data: bytes, characters: int) -> str:
    """The first 5 * characters bits, in groups of four."""
    bits = int.from_bytes(data, "big") >> (8 * len(data) - 5 * characters)
    letters = [CROCKFORD[bits >> 5 * i & 31] for i in reversed(range(characters))]
    return "-".join("".join(letters[i : i + 4]) for i in range(0, characters, 4))


# --- Keys and signatures --------------------------------------------------------------------------------------------


def load_public(point: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def kid(point: bytes) -> bytes:
    return sha256(point)[:4]


def sig_structure(name: str, payload: bytes) -> bytes:
    return encode(["Signature1", PROTECTED, domain(name), payload])


def sign(key: ec.EllipticCurvePrivateKey, name: str, payload: bytes) -> bytes:
    r, s = utils.decode_dss_signature(key.sign(sig_structure(name, payload), ES256))
    return r.to_bytes(32, "big") + min(s, N - s).to_bytes(32, "big")


def verify(point: bytes, name: str, payload: bytes, signature: bytes) -> None:
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    require(len(signature) == 64 and s <= N // 2, f"{name}: the signature is not in its one form")
    try:
        load_public(point).verify(utils.encode_dss_signature(r, s), sig_structure(name, payload), ES256)
    except InvalidSignature:
        raise Refused(f"{name}: wrong signature") from None


@dataclass(frozen=True)
class Signed:
    """A COSE_Sign1 whose signature has not been verified yet."""

    name: str
    payload: bytes
    signature: bytes

    @property
    def hash(self) -> bytes:
        return sha256(sig_structure(self.name, self.payload))

    def encode(self) -> bytes:
        return encode([PROTECTED, {}, self.payload, self.signature])

    def verify(self, point: bytes) -> None:
        verify(point, self.name, self.payload, self.signature)


def make_signed(key: ec.EllipticCurvePrivateKey, name: str, payload: bytes) -> Signed:
    return Signed(name, payload, sign(key, name, payload))


def read_signed(data: bytes, name: str, limit: int) -> Signed:
    require(len(data) <= limit, f"{name}: over {limit} bytes")
    parts = decode(data, name)
    require(type(parts) is list and len(parts) == 4, f"{name}: not a COSE_Sign1")
    protected, unprotected, payload, signature = parts
    require(protected == PROTECTED and unprotected == {}, f"{name}: other headers than ES256 alone")
    require(type(payload) is bytes and binary(64)(signature), f"{name}: payload or signature is not of its form")
    return Signed(name, payload, signature)


def seal(recipient: bytes, name: str, aad_prefix: bytes, plaintext: bytes) -> bytes:
    """HPKE base mode. `aad_prefix` is svc | acc | dev.

    The library's public call has no aad, which RFC 9180 has; the pinned version's own call for tests does.
    """
    suite = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    aad = aad_prefix + kid(recipient)
    box = openssl.hpke._encrypt_with_aad(suite, plaintext, load_public(recipient), domain(name), aad)
    return kid(recipient) + box


def unseal(key: ec.EllipticCurvePrivateKey, name: str, aad_prefix: bytes, sealed: bytes) -> bytes:
    suite = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    return openssl.hpke._decrypt_with_aad(suite, sealed[4:], key, domain(name), aad_prefix + sealed[:4])


# --- Key schedule ---------------------------------------------------------------------------------------------------


def expand(key: bytes, info: bytes, length: int) -> bytes:
    return HKDFExpand(hashes.SHA256(), length, info).derive(key)


def mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, b"".join(parts), "sha256")


def svc_of(origin: str) -> bytes:
    return sha256(origin.encode())[:8]


def prk(svc: bytes, acc: bytes, dev: bytes, epoch: int, d: bytes, z: bytes | None) -> bytes:
    present = b"\x00" if z is None else b"\x01"
    salt = sha256(domain("prk"), b"\x00", svc, acc, dev, epoch.to_bytes(4, "big"), present)
    # HKDF-Extract is HMAC with the salt as the key (RFC 5869, section 2.2).
    return mac(salt, d, z or b"")


def pin_scalar(root: bytes, pin: str) -> int:
    wide = expand(root, domain("pin-sign") + b"\x00" + pin.encode("ascii"), 48)
    return int.from_bytes(wide, "big") % (N - 1) + 1


def pin_key(root: bytes, pin: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(pin_scalar(root, pin), ec.SECP256R1())


def pin_share(root: bytes, pin: str) -> bytes:
    return expand(root, domain("pin-code") + b"\x00" + pin.encode("ascii"), 32)


def next_chain(chain: bytes) -> bytes:
    return expand(chain, domain("chain"), 32)


def code_key(chain: bytes, share: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, chain, domain("code")).derive(share)


def browser_pin(s: bytes, enrolment: bytes, pin: str) -> bytes:
    return mac(s, domain("enrol-pin"), b"\x00", enrolment, pin.encode("ascii"))


def random(length: int) -> bytes:
    return os.urandom(length)
