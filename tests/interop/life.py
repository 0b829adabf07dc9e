"""A device's life after its enrolment: PROTOCOL.md section 13.

An `Account` is what a phone stores. What these functions change in it before a message is sent outlives a crash; a message
that they return does not.
"""

from dataclasses import dataclass
from types import SimpleNamespace

import messages as m
import phone
import wire
from phone import Account, HttpError, Request
from wire import require

CHANGE, REFRESH, FORGOTTEN = 1, 2, 3
SOFTWARE, HARDWARE = 1, 2
REFRESH_AT = 7  # tries left in the epoch
SIGN_ANEW = (phone.OLD_COUNTER, phone.CLOCK, phone.UNSEALABLE)


@dataclass
class Slot:
    """Slot B: the epoch that a change begins. Nothing in it is made from a PIN, or from slot A."""

    kind: int
    epoch: int
    d: bytes
    chain: bytes
    step: int  # of `chain`
    k_dev: object = None  # the new one, in a rotation
    key_class: int = SOFTWARE
    change: bytes | None = None  # hash of the change, from before it is sent
    accepted: bool = False


def new_slot(account: Account, kind: int, rotate: bool = False, service_epoch: int = 0) -> Slot:
    """`service_epoch` is the status's, for a forgotten PIN: a service that was restored may be behind this phone."""
    epoch = max(account.epoch, service_epoch) + 1
    return Slot(kind, epoch, wire.random(32), wire.random(32), account.step, wire.new_key() if rotate else None)


def head(account: Account, kind: int) -> dict:
    """What the transcripts of change, commit, biometrics and push address share. Takes the next counter of the device."""
    account.counter += 1
    return account.head(kind) | {5: account.now(), 6: account.counter, 7: account.last, 8: account.token}


def change_body(account: Account, slot: Slot, new_pin: str) -> dict:
    """What the service gets of the new epoch; C' stands for the step after the last that A spent."""
    while slot.step < account.step:
        slot.chain, slot.step = wire.next_chain(slot.chain), slot.step + 1
    root = account.root(slot.epoch, slot.d)
    return {0: wire.pin_share(root, new_pin), 1: slot.chain, 2: wire.public_bytes(wire.pin_key(root, new_pin))}


def change_transcript(account: Account, slot: Slot, commitment: bytes, grant: bytes | None) -> dict:
    transcript = head(account, m.CHANGE) | {9: slot.epoch, 11: slot.kind, 13: commitment}
    if slot.kind == FORGOTTEN:
        transcript[12] = grant
    if slot.k_dev is not None:
        transcript |= {14: wire.public_bytes(slot.k_dev), 15: slot.key_class}
    return transcript


def change_signatures(account: Account, slot: Slot, transcript: bytes, new_pin: str, old_pin: str | None) -> dict:
    signatures = {2: wire.sign(wire.pin_key(account.root(slot.epoch, slot.d), new_pin), "change-new", transcript)}
    if slot.kind != FORGOTTEN:
        phone.check_pin(old_pin)
        signatures[3] = wire.sign(wire.pin_key(account.root(), old_pin), "change-pin", transcript)
    if slot.k_dev is not None:
        signatures[4] = wire.sign(slot.k_dev, "change-device", transcript)
    return signatures


def change(account: Account, slot: Slot, new_pin: str, old_pin: str | None = None, grant: bytes | None = None) -> Request:
    """The change to slot B, which is stored with the change's hash before it is sent. Signing anew is calling again."""
    phone.check_pin(new_pin)
    require(slot.kind == REFRESH or not phone.guessable(new_pin), "this PIN is easy to guess")
    r, body = wire.random(32), wire.encode(change_body(account, slot, new_pin))
    transcript = change_transcript(account, slot, wire.sha256(r, body), grant)
    signatures = change_signatures(account, slot, wire.encode(transcript), new_pin, old_pin)
    request = account.request(m.CHANGE, transcript, wire.encode({0: r, 1: body} | signatures))
    slot.change = request.hash
    account.slot_b = slot
    return request


def changed(account: Account, reply: SimpleNamespace) -> bool:
    """What the phone does on a change's reply; whether the commit is to be sent."""
    if reply.result == phone.DONE:
        account.slot_b.accepted = True
    elif reply.result not in SIGN_ANEW:
        account.slot_b = None
    return reply.result == phone.DONE


def commit(account: Account) -> Request:
    account.slot_b.accepted = True
    return account.request(m.COMMIT, head(account, m.COMMIT) | {10: account.slot_b.change})


def committed(account: Account, reply: SimpleNamespace) -> bool:
    """What the phone does on a commit's reply; whether slot B is in use."""
    if reply.result == phone.DONE:
        adopt(account)
    elif reply.result not in SIGN_ANEW:
        account.slot_b = None
    return reply.result == phone.DONE


def adopt(account: Account) -> None:
    """Slot B in place of slot A, with C' moved to the step after the last that A spent."""
    slot, step = account.slot_b, account.step
    account.d, account.chain, account.step, account.epoch = slot.d, slot.chain, slot.step, slot.epoch
    account.move_to(step)
    if slot.k_dev is not None:
        account.k_dev = slot.k_dev
    if slot.kind != REFRESH:
        account.k_bio = account.b = None
    account.slot_b = None


def change_pin(account: Account, slot: Slot, new_pin: str, old_pin: str | None = None, grant: bytes | None = None) -> int:
    """The whole of it, with a message signed anew where the service asks for that. The last result."""
    for _ in range(3):
        reply = account.send(change(account, slot, new_pin, old_pin, grant))
        if changed(account, reply):
            return finish(account)
        if account.slot_b is None:
            return reply.result
        if reply.result == phone.UNSEALABLE:
            phone.refresh(account)
    account.slot_b = None
    return reply.result


def finish(account: Account) -> int:
    for _ in range(3):
        reply = account.send(commit(account))
        if committed(account, reply) or account.slot_b is None:
            break
    return reply.result


def resume(account: Account) -> SimpleNamespace:
    """At a start, and when no answer came: asks for the status, and brings a change under way to its end."""
    slot = account.slot_b
    try:
        status = account.send(account.status())
    except HttpError as error:
        if error.status != 401 or slot is None or slot.k_dev is None:
            raise
        status = account.send(account.status(slot.k_dev))  # The service may know the new K_dev already.
    require(status.result == phone.DONE, f"status: result {status.result}")
    if slot is not None:
        if status.began == slot.change:
            adopt(account)
        elif status.pending == slot.change:
            finish(account)
        else:
            account.slot_b = None
    if account.k_bio is not None and status.bio_kid != wire.kid(wire.public_bytes(account.k_bio)):
        account.k_bio = account.b = None
    return status


def forgotten(account: Account, new_pin: str, rotate: bool = False) -> int:
    """A PIN set anew once another factor has approved that."""
    status = account.send(account.status())
    require(status.granted is not None, "nothing grants this yet")
    return change_pin(account, new_slot(account, FORGOTTEN, rotate, status.epoch), new_pin, grant=status.granted)


def refresh_is_due(reply: SimpleNamespace) -> bool:
    """After a right PIN."""
    return reply.result == phone.DONE and reply.tries_in_epoch is not None and reply.tries_in_epoch <= REFRESH_AT


def refresh(account: Account, pin: str, rotate: bool = False) -> int:
    return change_pin(account, new_slot(account, REFRESH, rotate), pin, pin)


# --- Biometrics -----------------------------------------------------------------------------------------------------


def biometrics_transcript(account: Account, commitment: bytes) -> dict:
    return head(account, m.BIOMETRICS) | {9: account.epoch, 13: commitment, 16: wire.public_bytes(account.k_bio)}


def biometrics_signatures(account: Account, transcript: bytes, pin: str) -> dict:
    by_pin = wire.sign(wire.pin_key(account.root(), pin), "biometrics-pin", transcript)
    return {2: by_pin, 3: wire.sign(account.k_bio, "biometrics-key", transcript)}


def biometrics_on(account: Account, pin: str) -> Request:
    """Makes K_bio and B, which are stored before they are sent."""
    phone.check_pin(pin)
    account.k_bio, account.b = wire.new_key(), wire.random(32)
    r, body = wire.random(32), wire.encode({0: account.b})
    transcript = biometrics_transcript(account, wire.sha256(r, body))
    signatures = biometrics_signatures(account, wire.encode(transcript), pin)
    return account.request(m.BIOMETRICS, transcript, wire.encode({0: r, 1: body} | signatures))


def biometrics_off(account: Account) -> Request:
    """Also what the phone sends when the platform says that biometrics changed."""
    account.k_bio = account.b = None
    return account.request(m.BIOMETRICS, head(account, m.BIOMETRICS) | {9: account.epoch})


def turn_on_biometrics(account: Account, pin: str) -> SimpleNamespace:
    reply = account.send(biometrics_on(account, pin))
    if reply.result != phone.DONE:
        account.k_bio = account.b = None
    return reply


# --- Push address ---------------------------------------------------------------------------------------------------

WEB_PUSH, FCM, APNS = 1, 2, 3


def push_address(account: Account, address: tuple[int, str] | None) -> Request:
    """Where push messages go from now on: kind and address, or nowhere."""
    extra = {17: address[0], 18: address[1]} if address is not None else {}
    return account.request(m.PUSH, head(account, m.PUSH) | extra)


# --- Removal --------------------------------------------------------------------------------------------------------


def remove_transcript(account: Account) -> dict:
    return account.head(m.REMOVE) | {5: account.now(), 6: wire.random(16)}


def remove(account: Account) -> Request:
    """Erases everything but K_dev at once; the request may go out later, signed then."""
    account.d = account.n = account.chain = account.token = account.s = account.z = None
    account.slot_b = account.k_bio = account.b = None
    return account.request(m.REMOVE, remove_transcript(account))


def tell_removal(account: Account) -> bool:
    """Whether the service knows of the removal, by this or already; then K_dev goes too."""
    try:
        told = account.send(remove(account)).result == phone.DONE
    except HttpError as error:
        told = error.status == 401
    if told:
        account.k_dev = None
    return told

