"""A second phone, written from PROTOCOL.md alone. Test code: it keeps its secrets in ordinary memory.

It never notices a wrong PIN (section 1): every method that takes one makes a well-formed answer from it.
"""

import datetime
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from types import SimpleNamespace

import codes
import messages as m
import wire
from wire import Refused, require

MEDIA_TYPE = "application/vnd.countersign+cbor"
FURTHEST_STEP = 65536
APPROVED, DECLINED, REPORTED = 1, 2, 3
BY_PIN, BY_BIOMETRICS = 1, 2
DONE, WRONG_PIN, WRONG_NUMBER, BLOCKED, NOT_OPEN, OLD_COUNTER = 0, 1, 2, 3, 4, 5
SUSPENDED, OTHER_EPOCH, WRONG_UNLOCK, CLOCK, UNSEALABLE, NOT_ACTIVE, NOT_YET, REFUSED, WRONG_ENROLMENT_PIN, NO_PUSH = range(6, 16)
_PATHS = {m.CLAIM: "claim", m.COMPLETE: "complete", m.STATUS: "status", m.INBOX: "inbox", m.CHANGE: "change"}
_PATHS |= {m.COMMIT: "commit", m.REMOVE: "remove", m.BIOMETRICS: "biometrics", m.PUSH: "push"}


class HttpError(Exception):
    """An unsigned error of the service: the phone changes nothing on it."""

    def __init__(self, status: int, line: str):
        super().__init__(f"{status}: {line}")
        self.status, self.line = status, line


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


_opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


def http(url: str, body: bytes | None, limit: int, media_type: str = MEDIA_TYPE) -> bytes:
    """GET, or POST of a body; the reply must be `application/cose`."""
    request = urllib.request.Request(url, data=body, headers={"Content-Type": media_type} if body is not None else {})
    try:
        with _opener.open(request, timeout=70) as response:
            require(response.headers.get_content_type() == "application/cose", "not a reply of the protocol")
            return response.read(limit + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise HttpError(error.code, error.read(1024).decode(errors="replace").strip()) from None


def guessable(pin: str) -> bool:
    """The PINs that a phone refuses when a new one is chosen (section 10, way 2)."""
    steps = {(int(b) - int(a)) % 10 for a, b in zip(pin, pin[1:])}
    if steps in ({0}, {1}, {9}) or pin[:2] in ("19", "20"):
        return True
    for day, month in ((pin[:2], pin[2:]), (pin[2:], pin[:2])):
        try:
            datetime.date(2024, int(month), int(day))
            return True
        except ValueError:
            pass
    return pin in ("2580", "0852", "6969", "1313", "4321", "1004", "4545", "5683")


def check_pin(pin: str) -> None:
    require(len(pin) == 4 and pin.isascii() and pin.isdigit(), "a PIN is four digits")


@dataclass(frozen=True)
class Request:
    """What the phone sends, kept until it has the reply: a retry sends the same bytes."""

    kind: int
    name: str
    body: bytes
    hash: bytes


@dataclass
class Account:
    """What the phone stores of one enrolment, and what it can do with it."""

    information: SimpleNamespace
    enrolment: SimpleNamespace
    s: bytes | None = None
    z: bytes | None = None
    k_dev: object = field(default_factory=wire.new_key)
    key_class: int = 1  # software; a phone that lies about it is its own business
    d: bytes = field(default_factory=lambda: wire.random(32))
    n: bytes = field(default_factory=lambda: wire.random(32))
    chain: bytes = field(default_factory=lambda: wire.random(32))
    step: int = 1  # of `chain`; the service's i0 comes with the claim's reply
    i0: int | None = None
    epoch: int = 1
    slot_b: object = None  # life.Slot, while a change is under way
    k_bio: object = None  # which only biometrics unlock
    b: bytes | None = None
    counter: int = 0
    token: bytes | None = None
    state: int | None = None
    skew: int = 0  # seconds to add to this phone's clock

    @property
    def last(self) -> int:
        return self.step - 1

    @property
    def ids(self) -> bytes:
        return self.information.svc + self.enrolment.acc + self.enrolment.dev

    def now(self) -> int:
        return int(time.time()) + self.skew

    def root(self, epoch: int | None = None, d: bytes | None = None) -> bytes:
        """PRK of slot A, or of the epoch and D given."""
        e = self.enrolment
        return wire.prk(e.svc, e.acc, e.dev, epoch or self.epoch, d or self.d, self.z)

    # --- Requests ---

    def request(self, kind: int, transcript: dict, plaintext: bytes | None = None, key=None) -> Request:
        """Signs a transcript by K_dev, or by `key`, and seals `plaintext` beside it. `kind` is the challenge's for an answer."""
        name = _PATHS.get(kind, "answer")
        parts = [wire.encode(transcript)]
        sealed = None
        if plaintext is not None:
            sealed = wire.seal(self.information.hpke, f"{name}-secret", self.ids, plaintext)
            parts.append(wire.sha256(sealed))
        message = wire.make_signed(key or self.k_dev, name, wire.encode(parts))
        body = [message.encode()] if sealed is None else [message.encode(), sealed]
        return Request(kind, name, wire.encode(body), message.hash)

    def head(self, kind: int) -> dict:
        e = self.enrolment
        return {0: 1, 1: kind, 2: e.svc, 3: e.acc, 4: e.dev}

    def claim(self, pin: str) -> Request:
        check_pin(pin)
        e = self.enrolment
        require(e.way == m.IN_BROWSER or not guessable(pin), "this PIN is easy to guess")
        root = self.root()
        pin_key = wire.pin_key(root, pin)
        secrets = {0: e.secret, 1: wire.pin_share(root, pin), 2: self.n, 3: self.chain, 4: wire.public_bytes(pin_key)}
        if e.way == m.IN_BROWSER:
            secrets[5] = wire.browser_pin(self.s, e.id, pin)
        r, body = wire.random(32), wire.encode(secrets)
        transcript = self.head(m.CLAIM) | {
            5: e.id,
            6: e.hash,
            7: wire.public_bytes(self.k_dev),
            8: self.key_class,
            9: self.z is not None,
            10: "Python",
            11: "Second phone",
            12: self.now(),
            13: wire.sha256(r, body),
        }
        signature = wire.sign(pin_key, "claim-pin", wire.encode(transcript))
        return self.request(m.CLAIM, transcript, wire.encode({0: r, 1: body, 2: signature}))

    def complete(self, wait: int = 0) -> Request:
        extra = {5: self.now(), 6: wire.random(16), 8: wait, 9: self.enrolment.id}
        return self.request(m.COMPLETE, self.head(m.COMPLETE) | extra)

    def status(self, key=None) -> Request:
        return self.request(m.STATUS, self.head(m.STATUS) | {5: self.now(), 6: wire.random(16), 7: self.last}, key=key)

    def inbox(self, wait: int = 0, known: bytes | None = None) -> Request:
        extra = {5: self.now(), 6: wire.random(16), 7: self.last, 8: wait}
        if known is not None:
            extra[10] = known
        return self.request(m.INBOX, self.head(m.INBOX) | extra)

    def answer_transcript(self, challenge: SimpleNamespace, decision: int, number: int | None = None) -> dict:
        """Takes the next counter of the device."""
        self.counter += 1
        transcript = {
            0: 1,
            1: challenge.type,
            2: challenge.svc,
            3: challenge.purpose,
            4: self.enrolment.acc,
            5: self.enrolment.dev,
            6: challenge.id,
            7: challenge.hash,
            8: decision,
            10: self.now(),
            11: self.counter,
            12: self.last,
            13: BY_PIN if decision == APPROVED else 0,
            14: self.epoch,
            15: self.token,
        }
        if number is not None:
            transcript[9] = number
        return transcript

    def approve(self, challenge: SimpleNamespace, pin: str, number: int | None = None) -> Request:
        matching = challenge.type in m.BY_INBOX and challenge.matching
        require((number is not None) == matching, "the number is typed exactly where the challenge asks for it")
        return self.approve_with(self.answer_transcript(challenge, APPROVED, number), pin)

    def approve_with(self, transcript: dict, pin: str) -> Request:
        check_pin(pin)
        signature = wire.sign(wire.pin_key(self.root(), pin), "answer-pin", wire.encode(transcript))
        return self.request(transcript[1], transcript, signature)

    def approve_by_biometrics(self, challenge: SimpleNamespace, number: int | None = None) -> Request:
        transcript = self.answer_transcript(challenge, APPROVED, number) | {13: BY_BIOMETRICS}
        return self.request(transcript[1], transcript, wire.sign(self.k_bio, "answer-bio", wire.encode(transcript)))

    def decline(self, challenge: SimpleNamespace, decision: int = DECLINED) -> Request:
        return self.request(m.APPROVE, self.answer_transcript(challenge, decision))

    # --- Replies ---

    def send(self, request: Request) -> SimpleNamespace:
        """Sends a request, verifies the reply, and stores what it brings."""
        url = f"{self.information.origin}/api/v1/{request.name}"
        data = http(url, request.body, 8192)
        reply = m.read_reply(data, request.hash, request.kind, self.enrolment.way, self.information)
        if reply.token is not None:
            self.token = reply.token
        if reply.counter is not None:
            self.counter = max(self.counter, reply.counter)
        if reply.state is not None:
            self.state = reply.state
        if reply.i0 is not None and self.i0 is None:
            self.step = self.i0 = reply.i0
        if reply.next_step is not None:
            self.move_to(reply.next_step)
        if reply.result == CLOCK:
            self.skew = reply.time - int(time.time())
        return reply

    def move_to(self, step: int) -> None:
        """Moves the chain, erasing what came before. How far a reply may move it, the specification does not bound."""
        require(step <= self.step + FURTHEST_STEP, "a step too far ahead")
        while self.step < step:
            self.chain, self.step = wire.next_chain(self.chain), self.step + 1

    def open_challenges(self, wait: int = 0, known: bytes | None = None) -> list[SimpleNamespace]:
        reply = self.send(self.inbox(wait, known))
        require(reply.result == DONE, f"inbox: result {reply.result}")
        return [self.take(data, m.INBOX_LIST) for data in reply.challenges]

    # --- Challenges and codes ---

    def take(self, data: bytes, arrival: str) -> SimpleNamespace:
        """Reads a challenge, and refuses what is not for this phone or may not arrive this way."""
        challenge = m.read_challenge(data, self.information)
        require(challenge.type in m.ARRIVALS[arrival], f"a challenge of type {challenge.type} does not arrive by {arrival}")
        if challenge.type != m.ON_MOBILE:
            require(challenge.acc == self.enrolment.acc, "for another account")
        if challenge.type in m.BY_INBOX:
            require(challenge.dev == self.enrolment.dev, "for another device")
        require(self.now() < challenge.expiry, "expired")
        if challenge.type in (m.CODE, m.TRANSACTION):
            require(self.last < challenge.step <= self.last + FURTHEST_STEP, "a code of this step was already made")
            require(self.slot_b is None or not self.slot_b.accepted, "no codes until the commit is answered")
        return challenge

    def open_link(self, text: str, arrival: str) -> SimpleNamespace:
        link = m.read_link(text)
        require(link.s is None and m.same_place(link, self.information), "the link is not of this service")
        challenge = self.take(link.message, m.CUSTOM_SCHEME if link.custom else arrival)
        return challenge

    def code(
        self, challenge: SimpleNamespace, pin: str | None, values: list[str] | None = None, biometrics: bool = False
    ) -> str:
        """Makes the code, offline. `values` are what the person typed into the fields of a transaction, in order."""
        unlocked = (pin is not None) + biometrics == (challenge.unlock != 0)
        require(unlocked and (challenge.unlock == 2 or not biometrics), "unlocked exactly as the challenge says")
        require(self.slot_b is None or not self.slot_b.accepted, "no codes until the commit is answered")
        typed = []
        if challenge.type == m.TRANSACTION:
            require(values is not None and len(values) == len(challenge.fields), "all fields are required")
            for asked, value in zip(challenge.fields, values):
                typed.append([asked.id, codes.canonical(value, asked.kind, asked.longest, asked.pattern)])
        if pin is None:
            share = self.b if biometrics else self.n
        else:
            check_pin(pin)
            share = wire.pin_share(self.root(), pin)
        require(challenge.step > self.last, "a code of this step was already made")
        self.move_to(challenge.step)
        key = wire.code_key(self.chain, share)
        self.move_to(challenge.step + 1)  # The step is spent before the code is shown.
        if challenge.type == m.TRANSACTION:
            return codes.transaction_code(key, challenge.step, challenge.hash, typed)
        return codes.sign_in_code(key, challenge.step, challenge.hash, challenge.form == 2)


def begin(text: str, arrival: str, fetch=http) -> Account:
    """Takes an enrolment link as far as the question for the PIN: host and account label are in the result."""
    link = m.read_link(text)
    require(not link.custom, "an enrolment does not arrive by the custom scheme")
    enrolment, signed = m.read_enrolment(link.message)
    way = "enrol-browser" if enrolment.way == m.IN_BROWSER else "enrol-phone"
    require(way in m.ARRIVALS[arrival], f"{way} does not arrive by {arrival}")
    require((link.s is not None) == (enrolment.way == m.IN_BROWSER), "a fragment is there exactly with the PIN in the browser")
    require(enrolment.svc == wire.svc_of(link.origin), "the link is not of the service that it names")
    require(time.time() < enrolment.expiry, "this enrolment has expired")
    information = m.read_information(fetch(f"{link.origin}/.well-known/countersign", None, 2048), link.origin)
    require(information.hash == enrolment.information, "not the information that the enrolment means")
    signed.verify(m.key_of(information, enrolment.kid))
    return Account(information, enrolment, link.s)


def refresh(account: Account, fetch=http) -> None:
    """After an unknown kid, or what the service cannot open: the information again, if the one that the phone has leads there."""
    known = account.information
    place = f"{known.origin}/.well-known/countersign"
    earlier = lambda: fetch(f"{place}/earlier", None, m.MOST_EARLIER * 2051 + 1)  # noqa: E731
    account.information = m.follow(known, fetch(place, None, 2048), known.origin, earlier)


__all__ = ["Account", "HttpError", "Refused", "Request", "begin", "guessable", "http", "refresh"]
