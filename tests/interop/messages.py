"""The service's messages as tables, and links: PROTOCOL.md sections 4, 6 and 8."""

import re
import unicodedata
from dataclasses import dataclass
from types import SimpleNamespace

from codes import canonical
from wire import (
    COUNT, EPOCH, STEP, TIME, Field, Refused, Signed, array, base32, binary, boolean, const, decode, kid, listed,
    public_key, read_map, read_signed, require, shown, svc_of, text, uint, unbase32,
)

APPROVE, CODE, TRANSACTION, ON_MOBILE, ENROLMENT, INFORMATION = range(1, 7)
CLAIM, COMPLETE, STATUS, INBOX, ANSWER, REPLY = range(7, 13)
CHANGE, COMMIT, REMOVE, BIOMETRICS, PUSH, ONLINE = range(13, 19)
IN_BROWSER, ON_PHONE = 1, 2
SIGN_IN, ADD_DEVICE, CHANGE_PIN, UNBLOCK, REMOVAL, CHANGE_PASSWORD, TRANSFER = range(1, 8)  # purposes
CHANGE_EMAIL, ADD_FACTOR, DELETE_ACCOUNT, EXPORT_DATA = range(8, 12)
DEVICE, ADDRESS, FACTOR, ACCOUNT = 1, 2, 3, 4  # kinds of subject

_INFORMATION = {
    0: Field("version", const(1)),
    1: Field("type", const(INFORMATION)),
    2: Field("svc", binary(8)),
    3: Field("kid", binary(4)),
    4: Field("origin", text(1, 255)),
    5: Field("application", shown(1, 20)),
    6: Field("sequence", COUNT),
    7: Field("issued_at", TIME),
    8: Field("keys", array(1, 8, listed(public_key, TIME))),
    9: Field("hpke", public_key),
    10: Field("link_host", text(1, 255), optional=True),
    11: Field("push_key", public_key, optional=True),
}

_ENROLMENT = {
    0: Field("version", const(1)),
    1: Field("type", const(ENROLMENT)),
    2: Field("svc", binary(8)),
    3: Field("kid", binary(4)),
    4: Field("acc", binary(8)),
    5: Field("dev", binary(8)),
    6: Field("id", binary(16)),
    7: Field("secret", binary(16)),
    8: Field("way", uint(IN_BROWSER, ON_PHONE)),
    9: Field("expiry", TIME),
    10: Field("application", shown(1, 20)),
    11: Field("account", shown(1, 40)),
    12: Field("information", binary(32)),
}

_TRANSACTION_FIELD = {
    0: Field("id", lambda v: type(v) is str and re.fullmatch(r"[a-z0-9_-]{1,12}", v) is not None),
    1: Field("label", shown(1, 20)),
    2: Field("kind", uint(1, 6)),
    3: Field("longest", uint(1, 140)),
    4: Field("pattern", text(1, 64), optional=True),
    5: Field("hint", shown(1, 40), optional=True),
}

_CHALLENGE = {
    0: Field("version", const(1)),
    1: Field("type", lambda v: type(v) is int and v in (APPROVE, CODE, TRANSACTION, ON_MOBILE, ONLINE)),
    2: Field("svc", binary(8)),
    3: Field("kid", binary(4)),
    6: Field("id", binary(16)),
    7: Field("purpose", uint(SIGN_IN, EXPORT_DATA)),
    8: Field("issued_at", TIME),
    9: Field("lifetime", uint(1, 600)),
    10: Field("application", shown(1, 20)),
    11: Field("unlock", uint(0, 2)),
    12: Field(
        "context",
        listed(uint(0, 7), uint(0, 6), lambda v: type(v) is str and re.fullmatch("[A-Z]{2}", v) is not None),
    ),
}
_ACCOUNT = {4: Field("acc", binary(8))}
_INBOX = {5: Field("dev", binary(8)), 15: Field("matching", boolean)}


def _address(value: object) -> bool:
    if not shown(3, 254)(value) or any(unicodedata.category(c) == "Zs" for c in value):
        return False
    local, at, domain = value.rpartition("@")
    return local != "" and at != "" and domain != ""


_SUBJECTS = {
    DEVICE: listed(const(DEVICE), binary(8), shown(1, 40)),
    ADDRESS: listed(const(ADDRESS), _address),
    FACTOR: listed(const(FACTOR), shown(1, 40)),
    ACCOUNT: listed(const(ACCOUNT), shown(1, 40)),
}
# Which kinds of subject a purpose takes; those that are not here take none.
_TAKES = {
    ADD_DEVICE: {FACTOR}, CHANGE_PIN: {DEVICE}, UNBLOCK: {DEVICE}, REMOVAL: {DEVICE, FACTOR}, CHANGE_PASSWORD: {ACCOUNT},
    CHANGE_EMAIL: {ADDRESS}, ADD_FACTOR: {FACTOR}, DELETE_ACCOUNT: {ACCOUNT}, EXPORT_DATA: {ACCOUNT},
}
_SUBJECT = {19: Field("subject", lambda v: any(form(v) for form in _SUBJECTS.values()), optional=True)}
_FOR_WHOM = {20: Field("client", shown(1, 40), optional=True), 21: Field("binding", shown(1, 80), optional=True)}


def _canonical(longest: int):
    def fits(value: object) -> bool:
        try:
            return type(value) is str and canonical(value, 6, longest) == value
        except Refused:
            return False

    return fits


def _pair(value: object) -> bool:
    return listed(_canonical(20), _canonical(140))(value) and text(1, 20)(value[0])


_CHALLENGES = {
    APPROVE: _CHALLENGE | _ACCOUNT | _INBOX | _SUBJECT | _FOR_WHOM,
    CODE: _CHALLENGE | _ACCOUNT | {13: Field("step", STEP), 14: Field("form", uint(1, 2))} | _SUBJECT | _FOR_WHOM,
    TRANSACTION: _CHALLENGE
    | _ACCOUNT
    | {
        13: Field("step", STEP),
        16: Field("title", shown(1, 30)),
        17: Field("fields", array(1, 12, lambda v: type(v) is dict)),
    },
    ON_MOBILE: _CHALLENGE | {18: Field("return_url", text(1, 255))} | _SUBJECT | _FOR_WHOM,
    ONLINE: _CHALLENGE
    | _ACCOUNT
    | _INBOX
    | {16: Field("title", shown(1, 30)), 22: Field("pairs", array(1, 12, _pair))}
    | _FOR_WHOM,
}

_REPLY = {
    0: Field("version", const(1)),
    1: Field("type", const(REPLY)),
    2: Field("svc", binary(8)),
    3: Field("kid", binary(4)),
    4: Field("request", binary(32)),
    5: Field("result", uint(0, 15)),
    6: Field("time", TIME),
    7: Field("sequence", COUNT),
    8: Field("token", binary(32), optional=True),
    9: Field("tries_in_row", uint(0, 5), optional=True),
    10: Field("tries_in_epoch", uint(0, 15), optional=True),
    11: Field("counter", COUNT, optional=True),
    12: Field("next_step", STEP, optional=True),
    13: Field("i0", STEP, optional=True),
    14: Field("epoch", EPOCH, optional=True),
    15: Field("state", uint(1, 5), optional=True),
    16: Field("names", listed(shown(1, 20), shown(1, 40), shown(1, 40)), optional=True),
    17: Field("policy", listed(const(5), const(15)), optional=True),
    18: Field("confirmation", lambda v: type(v) is str and re.fullmatch("[0-9]{6}", v) is not None, optional=True),
    19: Field("challenges", array(0, 4, binary(1, 1200)), optional=True),
    20: Field("r", binary(16), optional=True),
    21: Field("pending", binary(32), optional=True),
    22: Field("began", binary(32), optional=True),
    23: Field("granted", binary(16), optional=True),
    24: Field("bio_kid", binary(4), optional=True),
    25: Field("recovery_ends", TIME, optional=True),
}

MOST_EARLIER = 16
_LIMITS = {"info": 2048, "enrolment": 300, "challenge": 1200, "reply": 8192}
BY_INBOX = (APPROVE, ONLINE)
_LONGEST_IN_QR = 566


def _named(values: dict, signed: Signed) -> SimpleNamespace:
    return SimpleNamespace(**values, hash=signed.hash)


# --- Information ----------------------------------------------------------------------------------------------------

_LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?")
_HOST = re.compile(r"((?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})*|\[[0-9a-f:.]+\])(:([1-9][0-9]{0,4}))?")


def check_origin(origin: str) -> None:
    scheme, separator, host = origin.partition("://")
    match = _HOST.fullmatch(host)
    require(separator != "" and match is not None and len(origin) <= 255, "origin: not a web origin")
    require(scheme == "https" or (scheme == "http" and _LOOPBACK.fullmatch(host) is not None), "origin: not https")
    default = {"https": "443", "http": "80"}[scheme]
    require(match[4] is None or (match[4] != default and int(match[4]) < 65536), "origin: port")


def key_of(information: SimpleNamespace, key_id: bytes) -> bytes:
    for point, _valid_from in information.keys:
        if kid(point) == key_id:
            return point
    raise Refused("signed by a key that the service does not have")


def read_information(data: bytes, origin: str, known: SimpleNamespace | None = None) -> SimpleNamespace:
    """`known` is the information that the phone has: the new one must be its successor."""
    signed = read_signed(data, "info", _LIMITS["info"])
    values = read_map(decode(signed.payload, "info"), _INFORMATION, "info")
    information = _named(values, signed)
    check_origin(information.origin)
    require(information.origin == origin and information.svc == svc_of(origin), "info: another service")
    signed.verify(key_of(information, information.kid))
    if known is not None:
        key_of(known, information.kid)
        require(information.sequence >= known.sequence, "info: older than the one the phone has")
    return information


def follow(known: SimpleNamespace, data: bytes, origin: str, earlier) -> SimpleNamespace:
    """The information, vouched for by `known`, or by a chain of what `earlier()` fetches (section 13) that begins there."""
    if read_information(data, origin).kid not in {kid(point) for point, _ in known.keys}:
        messages = decode(earlier(), "earlier information")
        require(array(0, MOST_EARLIER, binary(1, _LIMITS["info"]))(messages), "earlier information: not a list of messages")
        for message in messages:
            signer = read_information(message, origin).kid
            if signer in {kid(point) for point, _ in known.keys}:
                known = read_information(message, origin, known)
    return read_information(data, origin, known)


def read_enrolment(data: bytes) -> tuple[SimpleNamespace, Signed]:
    """The signature can be verified only with the information, which is fetched after this."""
    signed = read_signed(data, "enrolment", _LIMITS["enrolment"])
    return _named(read_map(decode(signed.payload, "enrolment"), _ENROLMENT, "enrolment"), signed), signed


def read_challenge(data: bytes, information: SimpleNamespace) -> SimpleNamespace:
    signed = read_signed(data, "challenge", _LIMITS["challenge"])
    payload = decode(signed.payload, "challenge")
    kind = payload.get(1) if type(payload) is dict else None
    require(type(kind) is int and kind in _CHALLENGES, "challenge: type")
    require(kind in BY_INBOX or len(data) <= _LONGEST_IN_QR, "challenge: too long for a QR code")
    challenge = _named(read_map(payload, _CHALLENGES[kind], "challenge"), signed)
    require((challenge.purpose == TRANSFER) == (kind in (TRANSACTION, ONLINE)), "challenge: purpose does not fit the type")
    require(challenge.purpose != UNBLOCK or kind == APPROVE, "challenge: purpose does not fit the type")
    require(challenge.unlock != 0 or kind in (CODE, TRANSACTION), "challenge: unlock")
    if kind in (APPROVE, CODE, ON_MOBILE):
        about = {challenge.subject[0]} if challenge.subject is not None else set()
        takes = _TAKES.get(challenge.purpose, set())
        require(about <= takes and bool(about) == bool(takes), "challenge: subject does not fit the purpose")
    if kind == ONLINE:
        labels = {label for label, _value in challenge.pairs}
        require(len(labels) == len(challenge.pairs), "challenge: a label twice")
    if kind == TRANSACTION:
        fields = [read_map(field, _TRANSACTION_FIELD, "challenge: field") for field in challenge.fields]
        require(len({field["id"] for field in fields}) == len(fields), "challenge: a field twice")
        challenge.fields = [SimpleNamespace(**field) for field in fields]
    if kind == ON_MOBILE:
        url = challenge.return_url
        on_origin = url == information.origin or url.startswith(information.origin + "/")
        require(on_origin and re.fullmatch(r"[!-~]+", url) is not None and not set(url) & set("?#"), "return URL")
    require(challenge.svc == information.svc, "challenge: another service")
    signed.verify(key_of(information, challenge.kid))
    challenge.expiry = challenge.issued_at + challenge.lifetime
    return challenge


# --- Replies --------------------------------------------------------------------------------------------------------

_ENROLLING = {"token", "tries_in_row", "tries_in_epoch", "counter", "next_step", "i0", "epoch", "state", "names", "policy"}
_ACTIVE = _ENROLLING - {"token", "i0"}
_LIFE = {"token", "pending", "began", "granted", "bio_kid", "recovery_ends"}  # each in a status where there is such a thing
_JUDGED = {"token", "tries_in_row", "tries_in_epoch", "counter"}
_OPTIONAL = {field.name for field in _REPLY.values() if field.optional}
# Results that come after the state token was accepted, and bring a new one; and those of them that may come before it too.
_ANSWERED, _CHANGED = {0, 1, 2, 3, 4, 7, 8, 10}, {0, 1, 3, 4, 7, 10, 13}
_AFTER_TOKEN = {APPROVE: _ANSWERED, ON_MOBILE: _ANSWERED, CHANGE: _CHANGED, BIOMETRICS: _CHANGED, COMMIT: {0, 3, 4}}
_AFTER_TOKEN |= {PUSH: {0, 7, 15}, ONLINE: _ANSWERED}
_BEFORE_TOKEN = {APPROVE: {3, 4}, ONLINE: {3, 4}, ON_MOBILE: {3, 4}, CHANGE: {3}, COMMIT: {3}, BIOMETRICS: {3}, PUSH: {3}}


def _goes_with(kind: int, way: int, reply: SimpleNamespace, present: set[str]) -> bool:
    """Whether these fields may go with the result: the table of section 8."""
    result = reply.result
    if kind in (CLAIM, STATUS) and result == 0:
        if reply.state in (1, 2):
            return present == _ENROLLING | ({"confirmation"} if reply.state == 1 and way == ON_PHONE else set())
        return kind == STATUS and present - _LIFE == _ACTIVE
    if kind == COMPLETE and result == 0:
        return present == {"state"} and reply.state == 3
    if kind == INBOX and result == 0:
        return present == {"tries_in_row", "tries_in_epoch", "state", "challenges"}
    if kind == CLAIM and result == 14:
        return present == {"tries_in_row"}
    if kind in _AFTER_TOKEN:
        if result == 5:
            return present == {"counter"}
        if result in _BEFORE_TOKEN[kind] and not present:
            return True
        if result in _AFTER_TOKEN[kind]:
            extra = {"r"} if kind == ON_MOBILE and result == 0 else {"epoch"} if kind == COMMIT else set()
            return present == _JUDGED | extra
    return not present


def read_reply(data: bytes, request: bytes, kind: int, way: int, information: SimpleNamespace) -> SimpleNamespace:
    """`request` is the hash of the request. `kind` is its type; of an answer ON_MOBILE if it approves one, else APPROVE."""
    signed = read_signed(data, "reply", _LIMITS["reply"])
    reply = _named(read_map(decode(signed.payload, "reply"), _REPLY, "reply"), signed)
    require(reply.svc == information.svc, "reply: another service")
    signed.verify(key_of(information, reply.kid))
    require(reply.request == request, "reply: to another request")
    present = {name for name in _OPTIONAL if getattr(reply, name) is not None}
    require(_goes_with(kind, way, reply, present), f"reply: fields that do not go with result {reply.result}")
    return reply


# --- Links ----------------------------------------------------------------------------------------------------------

# What may arrive how: section 4. "confirm" means that the person must confirm first.
CAMERA, PASTE, OS_LINK, CUSTOM_SCHEME, INBOX_LIST = "camera", "paste", "link", "scheme", "inbox"
ARRIVALS = {
    CAMERA: {"enrol-browser", "enrol-phone", CODE, TRANSACTION},
    PASTE: {"enrol-phone", CODE, TRANSACTION, ON_MOBILE},
    OS_LINK: {"enrol-browser", "enrol-phone", CODE, TRANSACTION, ON_MOBILE},
    CUSTOM_SCHEME: {ON_MOBILE},
    INBOX_LIST: {APPROVE, ONLINE},
}


@dataclass(frozen=True)
class Link:
    origin: str
    message: bytes
    custom: bool
    s: bytes | None


_LINK = re.compile(
    r"(?P<scheme>[A-Za-z]+)://(?P<host>[A-Za-z0-9.\-\[\]:]+)/Q/(?P<message>[A-Z2-7]+)(#(?P<fragment>[A-Z2-7]+))?"
)


def read_link(link: str) -> Link:
    require(len(link.encode(errors="replace")) <= 1024, "link: over 1,024 bytes")
    match = _LINK.fullmatch(link)
    require(match is not None, "link: not of Countersign's form")
    scheme, host = match["scheme"].lower(), match["host"].lower()
    custom = scheme == "countersign"
    if custom:
        scheme = "http" if _LOOPBACK.fullmatch(host) else "https"
    check_origin(f"{scheme}://{host}")
    s = None
    if match["fragment"] is not None:
        s = unbase32(match["fragment"], "link: fragment")
        require(len(s) == 16, "link: fragment")
    return Link(f"{scheme}://{host}", unbase32(match["message"], "link"), custom, s)


def same_place(link: Link, information: SimpleNamespace) -> bool:
    """The link names the origin, or the service's link host."""
    scheme = information.origin.partition("://")[0]
    return link.origin in (information.origin, f"{scheme}://{information.link_host}")


def make_link(origin: str, message: bytes) -> str:
    return f"{origin}/Q/{base32(message)}"
