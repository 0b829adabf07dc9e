"""The life cycle's messages and vectors (PROTOCOL.md sections 6 to 8, 12, 13 and 16), without a service."""

import unittest
from unittest import mock

import codes
import life
import messages as m
import phone
import wire
from test_phone import PIN, V, account, at, information, payload_of, private, raw, service_signed
from wire import Refused

NEW_PIN = V["new PIN"]


def opened(name: str, secret: str) -> tuple[dict, bytes, dict, dict]:
    """T as a map and as bytes, the sealed map and its body, of a request among the vectors."""
    message, sealed = wire.decode(raw(f"{name}, body"), name)
    signed = wire.read_signed(message, secret, 4096)
    signed.verify(raw("device public key"))
    transcript, sealed_hash = wire.decode(signed.payload, name)
    assert sealed_hash == wire.sha256(sealed)
    ids = raw("svc") + raw("acc") + raw("dev")
    plain = wire.decode(wire.unseal(private("HPKE private key"), f"{secret}-secret", ids, sealed), "secret")
    return wire.decode(transcript, "T"), transcript, plain, wire.decode(plain[1], "body")


def active(transcript: dict, counter: int = 6) -> phone.Account:
    """The phone of the vectors as it was just before it sent this."""
    made = account()
    made.counter, made.step, made.token = transcript[counter] - 1, transcript[7] + 1, transcript[8]
    return made


def slot(kind: int, rotated: bool = False) -> life.Slot:
    k_dev = private("new device private key") if rotated else None
    return life.Slot(kind, 2, raw("new D"), raw("new C_3"), 3, k_dev, life.HARDWARE)


class Vectors(unittest.TestCase):
    def test_keys_of_the_new_epoch(self):
        root = account().root(2, raw("new D"))
        self.assertEqual(wire.pin_scalar(root, NEW_PIN).to_bytes(32, "big"), raw("new sk_pin, epoch 2"))
        self.assertEqual(wire.pin_share(root, NEW_PIN), raw("new P, epoch 2"))

    def test_changes_open_to_what_this_phone_would_send(self):
        for name, kind, rotated, new_pin, old_pin in (
            ("change", life.CHANGE, False, NEW_PIN, PIN),
            ("refresh with a new device key", life.REFRESH, True, PIN, PIN),
            ("change after a forgotten PIN", life.FORGOTTEN, False, NEW_PIN, None),
        ):
            with self.subTest(name):
                fields, transcript, plain, body = opened(name, "change")
                message = wire.decode(raw(f"{name}, body"), name)[0]
                self.assertEqual(wire.read_signed(message, "change", 4096).hash, raw(f"{name}, hash"))
                self.assertEqual(fields[13], wire.sha256(plain[0], plain[1]))
                self.assertEqual(set(body), {0, 1, 2})
                wire.verify(body[2], "change-new", transcript, plain[2])
                made = active(fields)
                with at(fields[5]), mock.patch("wire.random", return_value=plain[0]):
                    request = life.change(made, slot(kind, rotated), new_pin, old_pin, fields.get(12))
                mine, sealed = wire.decode(request.body, name)
                mine = wire.read_signed(mine, "change", 4096)
                self.assertEqual(wire.decode(mine.payload, name)[0], transcript)
                ids = made.ids
                self.assertEqual(wire.unseal(private("HPKE private key"), "change-secret", ids, sealed), wire.encode(plain))
                self.assertEqual(made.slot_b.change, mine.hash)

    def test_commit_and_remove_are_the_same_bytes(self):
        fields = wire.decode(raw("commit transcript"), "T")
        made = active(fields)
        made.slot_b = slot(life.CHANGE)
        made.slot_b.change = raw("change, hash")
        with at(fields[5]):
            self.assertEqual(life.commit(made).body, raw("commit body"))
        fields = wire.decode(raw("remove transcript"), "T")
        made = account()
        with at(fields[5]), mock.patch("wire.random", return_value=fields[6]):
            self.assertEqual(life.remove(made).body, raw("remove body"))

    def test_biometrics(self):
        fields, transcript, plain, body = opened("biometrics on", "biometrics")
        self.assertEqual(body, {0: raw("B")})
        self.assertEqual(fields[16], wire.public_bytes(private("biometric private key")))
        made = active(fields)
        key = private("biometric private key")
        with at(fields[5]), mock.patch("wire.random", side_effect=[raw("B"), plain[0]]), mock.patch("wire.new_key", lambda: key):
            request = life.biometrics_on(made, PIN)
        message, sealed = wire.decode(request.body, "body")
        self.assertEqual(wire.decode(wire.read_signed(message, "biometrics", 4096).payload, "")[0], transcript)
        mine = wire.unseal(private("HPKE private key"), "biometrics-secret", made.ids, sealed)
        self.assertEqual(mine, wire.encode(plain))
        fields = wire.decode(raw("biometrics off transcript"), "T")
        made = active(fields)
        with at(fields[5]):
            self.assertEqual(life.biometrics_off(made).body, raw("biometrics off body"))

    def test_push_addresses_are_the_same_bytes(self):
        for name, address in (
            ("push address", (life.WEB_PUSH, "https://push.example.eu/wpush/v2/gAAAAABoX3-_c2Vjcm90")),
            ("no push address", None),
        ):
            fields = wire.decode(raw(f"{name} transcript"), "T")
            with at(fields[5]):
                self.assertEqual(life.push_address(active(fields), address).body, raw(f"{name} body"))

    def test_information_names_the_push_key(self):
        read = m.read_information(raw("information message with a push key"), V["origin"])
        self.assertEqual(read.push_key, wire.public_bytes(private("push private key")))
        self.assertIsNone(information().push_key)

    def test_status_reply(self):
        status = wire.read_signed(wire.decode(raw("status body"), "body")[0], "status", 4096)
        reply = m.read_reply(raw("status reply"), status.hash, m.STATUS, m.ON_PHONE, information())
        self.assertEqual((reply.result, reply.state, reply.epoch), (phone.DONE, 3, 2))
        self.assertEqual((reply.pending, reply.began), (raw("change, hash"), raw("refresh with a new device key, hash")))
        self.assertEqual(reply.bio_kid, wire.kid(wire.public_bytes(private("biometric private key"))))
        self.assertEqual(reply.recovery_ends, payload_of(raw("status reply"))[25])
        self.assertEqual(reply.granted, wire.decode(opened("change after a forgotten PIN", "change")[1], "T")[12])

    def test_the_challenge_to_unblock_names_the_device(self):
        challenge = m.read_challenge(raw("unblock challenge"), information())
        self.assertEqual((challenge.purpose, challenge.subject), (m.UNBLOCK, [m.DEVICE, raw("dev"), "My phone"]))
        self.assertNotEqual(challenge.dev, raw("dev"), "another device is asked")


class Storage(unittest.TestCase):
    """What lies in the phone's storage at any moment of a change."""

    def test_the_slots_have_nothing_in_common_and_nothing_of_a_pin(self):
        made = account()
        made.token = raw("state token 1")
        for kind, old_pin in ((life.CHANGE, PIN), (life.REFRESH, PIN), (life.FORGOTTEN, None)):
            new_pin = PIN if kind == life.REFRESH else NEW_PIN
            b = life.new_slot(made, kind)
            request = life.change(made, b, new_pin, old_pin, bytes(16))
            self.assertEqual(len({made.d, made.chain, made.n, b.d, b.chain}), 5)
            self.assertEqual(b.change, request.hash)
            stored = repr(vars(made)) + repr(vars(b))
            for root, pin in ((made.root(), PIN), (made.root(b.epoch, b.d), new_pin)):
                key = wire.pin_key(root, pin)
                scalar = wire.pin_scalar(root, pin).to_bytes(32, "big")
                for secret in (scalar, wire.public_bytes(key), wire.pin_share(root, pin), request.body, wire.sha256(request.body)):
                    self.assertNotIn(repr(secret)[2:-1], stored)

    def test_a_change_signed_anew_replaces_the_stored_hash_and_moves_the_new_chain_along(self):
        made = account()
        made.token = raw("state token 1")
        b = life.new_slot(made, life.CHANGE)
        first, chain = life.change(made, b, NEW_PIN, PIN), b.chain
        made.move_to(made.step + 2)  # A made codes meanwhile.
        second = life.change(made, b, NEW_PIN, PIN)
        self.assertNotEqual(first.hash, second.hash)
        self.assertEqual((made.slot_b.change, b.step), (second.hash, made.step))
        self.assertEqual(b.chain, wire.next_chain(wire.next_chain(chain)))

    def test_guessable_new_pins_are_refused_but_a_refresh_keeps_what_there_is(self):
        made = account()
        made.token = raw("state token 1")
        for kind in (life.CHANGE, life.FORGOTTEN):
            with self.assertRaises(Refused):
                life.change(made, life.new_slot(made, kind), "1234", PIN, bytes(16))
            self.assertIsNone(made.slot_b)
        life.change(made, life.new_slot(made, life.REFRESH), "1234", "1234")

    def test_no_code_from_either_slot_between_commit_and_its_answer(self):
        challenge = payload_of(raw("code challenge"))
        made = account()
        made.token = raw("state token 1")
        with at(challenge[8]):
            life.change(made, life.new_slot(made, life.CHANGE), NEW_PIN, PIN)
            taken = made.take(raw("code challenge"), m.CAMERA)  # from slot A, until commit is sent
            life.commit(made)
            for ask in (lambda: made.take(raw("code challenge"), m.CAMERA), lambda: made.code(taken, None)):
                with self.assertRaises(Refused):
                    ask()
            life.adopt(made)
            made.code(made.take(raw("code challenge"), m.CAMERA), None)

    def test_codes_with_biometrics_come_from_their_own_share(self):
        challenge = payload_of(raw("transaction challenge"))
        with at(challenge[8]):
            made = account()
            made.b, typed = raw("B"), [V[f"transaction value {name}"] for name in ("iban", "name", "amount", "reference")]
            taken = made.take(raw("transaction challenge"), m.CAMERA)
            with self.assertRaises(Refused):
                made.code(taken, None, typed, biometrics=True)  # it wants the PIN
            taken.unlock = 2
            for bad in ({"pin": None}, {"pin": PIN, "biometrics": True}):
                with self.assertRaises(Refused):
                    made.code(taken, values=typed, **bad)
            key = wire.code_key(raw("C_2"), raw("B"))
            question = [[field.id, value] for field, value in zip(taken.fields, typed)]
            expected = codes.transaction_code(key, 2, taken.hash, question)
            self.assertEqual(made.code(taken, None, typed, biometrics=True), expected)

    def test_the_new_chain_begins_after_the_last_step_that_the_old_one_spent(self):
        made = account()
        made.token = raw("state token 1")
        b = life.new_slot(made, life.CHANGE)
        life.change(made, b, NEW_PIN, PIN)
        expected = wire.next_chain(wire.next_chain(wire.next_chain(b.chain)))
        made.move_to(made.step + 3)
        life.adopt(made)
        self.assertEqual((made.step, made.chain, made.epoch), (4, expected, 2))

    def test_biometrics_go_with_a_changed_pin_and_stay_in_a_refresh(self):
        for kind, stay in ((life.CHANGE, False), (life.FORGOTTEN, False), (life.REFRESH, True)):
            made = account()
            made.k_bio, made.b, made.slot_b = wire.new_key(), raw("B"), slot(kind)
            life.adopt(made)
            self.assertEqual((made.k_bio is not None, made.b is not None), (stay, stay))

    def test_a_removal_erases_all_but_the_device_key(self):
        made = account()
        made.slot_b, made.k_bio, made.b = slot(life.CHANGE), wire.new_key(), raw("B")
        life.remove(made)
        stored = repr(vars(made))
        for name in ("D", "N", "C_1", "B", "new D", "new C_3"):
            self.assertNotIn(repr(raw(name))[2:-1], stored)
        self.assertIsNotNone(made.k_dev)


class Strictness(unittest.TestCase):
    def test_every_truncation_and_every_changed_byte(self):
        info = information()
        status = wire.read_signed(wire.decode(raw("status body"), "body")[0], "status", 4096).hash
        for name, read in (
            ("unblock challenge", lambda data: m.read_challenge(data, info)),
            ("change-e-mail challenge", lambda data: m.read_challenge(data, info)),
            ("online transaction challenge", lambda data: m.read_challenge(data, info)),
            ("status reply", lambda data: m.read_reply(data, status, m.STATUS, m.ON_PHONE, info)),
        ):
            good = raw(name)
            read(good)
            for at_byte in range(len(good)):
                for bad in (good[:at_byte], good[:at_byte] + bytes([good[at_byte] ^ 1]) + good[at_byte + 1 :]):
                    with self.subTest(name, at_byte=at_byte, length=len(bad)), self.assertRaises(Refused):
                        read(bad)

    def altered(self, name: str, vector: str, change) -> bytes:
        payload = payload_of(raw(vector))
        change(payload)
        return service_signed(name, wire.encode(payload))

    def put(self, **changes):
        return lambda payload: payload.update({int(key[1:]): value for key, value in changes.items()})

    def read_altered(self, vector: str, *changes) -> object:
        payload = payload_of(raw(vector))
        for change in changes:
            change(payload)
        return m.read_challenge(service_signed("challenge", wire.encode(payload)), information())

    def refuse_altered(self, vector: str, *changes) -> None:
        with self.subTest(vector), self.assertRaises(Refused):
            self.read_altered(vector, *changes)

    def test_each_purpose_takes_its_own_subject_in_each_type(self):
        dev, name = raw("dev"), "My phone"
        subjects = [None, [1, dev, name], [2, "anna@example.eu"], [3, name], [4, "anna@example.eu"]]
        taken = {
            1: {0}, 2: {3}, 3: {1}, 4: {1}, 5: {1, 3}, 6: {4}, 7: {0}, 8: {2}, 9: {3}, 10: {4}, 11: {4},
        }
        vectors = {m.APPROVE: "approve", m.CODE: "code", m.TRANSACTION: "transaction", m.ON_MOBILE: "on-mobile", m.ONLINE: "online transaction"}
        for kind, vector in vectors.items():
            for purpose, takes in taken.items():
                for at_place, subject in enumerate(subjects):
                    change = self.put(_7=purpose, **({} if subject is None else {"_19": subject}))
                    of_type = (purpose == 7) == (kind in (m.TRANSACTION, m.ONLINE)) and (purpose != 4 or kind == m.APPROVE)
                    if of_type and at_place in takes:
                        self.read_altered(f"{vector} challenge", change)
                    else:
                        self.refuse_altered(f"{vector} challenge", change)

    def test_subjects_out_of_form(self):
        put, dev = self.put, raw("dev")
        for good in ([1, dev, "a" * 40], [1, dev, "Old, Safari on iOS"]):
            self.read_altered("unblock challenge", put(_19=good))
        for bad in (
            [1, dev], [1, dev, ""], [1, dev, "a" * 41], [1, dev, "é" * 21], [1, dev, "a\nb"], [1, dev, "a\u202eb"], [1, dev[:7], "a"],
            [1, dev + b"\0", "a"], [1, "text1234", "a"], [1, dev, b"a"], [1, dev, "a", 1], {0: dev, 1: "a"}, dev, True, [],
            [dev, "a"], [0, dev, "a"], [5, dev, "a"], [True, dev, "a"], ["1", dev, "a"], [1, "a"],
        ):
            self.refuse_altered("unblock challenge", put(_19=bad))
        self.read_altered("change-e-mail challenge", put(_19=[2, "a" * 243 + "@example.eu"]))
        for bad in (
            "anna.example.eu", "@example.eu", "anna@", "anna @example.eu", "anna\u00a0@example.eu", "anna\u202e@example.eu", "@",
            "a" * 244 + "@example.eu", "", b"anna@example.eu", ["anna@example.eu"],
        ):
            self.refuse_altered("change-e-mail challenge", put(_19=[2, bad]))

    def test_client_and_binding_message(self):
        for vector in ("approve", "code", "on-mobile", "online transaction"):
            for good in (self.put(_20="c" * 40), self.put(_21="b" * 80), self.put(_20="é" * 20, _21="7Q4, “x”")):
                self.read_altered(f"{vector} challenge", good)
            for bad in ("", "a\u2066b", "a\nb", b"text", 7):
                self.refuse_altered(f"{vector} challenge", self.put(_20=bad))
                self.refuse_altered(f"{vector} challenge", self.put(_21=bad))
            self.refuse_altered(f"{vector} challenge", self.put(_20="c" * 41))
            self.refuse_altered(f"{vector} challenge", self.put(_21="b" * 81))
        for key in ("_20", "_21"):
            self.refuse_altered("transaction challenge", self.put(**{key: "Shop"}))

    def test_online_transactions_out_of_form(self):
        good = [[f"Label {n}", "value"] for n in range(12)]
        self.read_altered("online transaction challenge", self.put(_22=good))
        self.read_altered("online transaction challenge", self.put(_22=[["To", "ā" * 140]]))
        for bad in (
            [], good + [["One more", "value"]], [["To", "a"], ["To", "b"]], [["", "a"]], [["To", ""]], [["To", " a"]], [["To", "a "]],
            [["To", "a  b"]], [["To", "a\u00a0b"]], [["To", "a\tb"]], [["To", "Ja\u0304nis"]], [["Ja\u0304nis", "a"]], [[" To", "a"]],
            [["To", "a\u202eb"]], [["To\u200f", "a"]], [["l" * 21, "a"]], [["é" * 11, "a"]], [["To", "a" * 141]], [["To"]],
            [["To", "a", "b"]], [["To", 5]], [[5, "a"]], ["To", "a"], [{0: "To", 1: "a"}], "To",
        ):
            self.refuse_altered("online transaction challenge", self.put(_22=bad))
        for key in (4, 5, 15, 16, 22):
            self.refuse_altered("online transaction challenge", lambda payload, key=key: payload.pop(key))
        for key, value in ((11, 0), (13, 1), (14, 1), (16, "a" * 31), (17, []), (18, "https://sign.example.eu/"), (19, [3, "a"])):
            self.refuse_altered("online transaction challenge", self.put(**{f"_{key}": value}))
        self.refuse_altered("approve challenge", self.put(_22=good))
        long = [[f"Label {n}", "v" * 140] for n in range(8)]
        self.refuse_altered("online transaction challenge", self.put(_22=long))
        self.refuse_altered("on-mobile challenge", self.put(_18=V["origin"] + "/" + "r" * 230, _20="c" * 40, _21="b" * 80, _7=6, _19=[4, "a" * 40]))

    def test_an_online_transaction_is_shown_and_answered(self):
        made, issued = account(), payload_of(raw("online transaction challenge"))[8]
        made.token = raw("state token 1")
        with at(issued):
            challenge = made.take(raw("online transaction challenge"), m.INBOX_LIST)
            for arrival in (m.CAMERA, m.PASTE, m.OS_LINK, m.CUSTOM_SCHEME):
                with self.assertRaises(Refused):
                    made.take(raw("online transaction challenge"), arrival)
        self.assertEqual(challenge.hash, raw("online transaction challenge hash"))
        self.assertEqual(challenge.title, "Transfer")
        expected = [["To", "Jānis Kalniņš"], ["IBAN", "LV80 BANK 0000 4351 9500 1"], ["Amount", "1234.50 EUR"]]
        self.assertEqual((challenge.pairs, challenge.client, challenge.binding), (expected, "Example Bank", "Compare: 7Q4"))
        theirs = wire.decode(raw("online answer transcript"), "T")
        with at(theirs[10]):
            self.assertEqual(wire.encode(made.answer_transcript(challenge, phone.APPROVED)), raw("online answer transcript"))
        message, sealed = wire.decode(raw("online answer body"), "body")
        wire.read_signed(message, "answer", 4096).verify(raw("device public key"))
        signature = wire.unseal(private("HPKE private key"), "answer-secret", raw("svc") + raw("acc") + raw("dev"), sealed)
        wire.verify(raw("sk_pin public key"), "answer-pin", raw("online answer transcript"), signature)

    def reply(self, kind: int, result: int, *names: str, **changes) -> object:
        """Reads a reply with these optional fields, each of its form unless changed."""
        forms = {
            "token": raw("state token 1"), "tries_in_row": 5, "tries_in_epoch": 15, "counter": 7, "next_step": 3, "i0": 1,
            "epoch": 2, "state": 3, "names": ["Example", "anna@example.eu", "My phone"], "policy": [5, 15], "confirmation": "123456",
            "challenges": [], "r": bytes(16), "pending": bytes(32), "began": bytes(32), "granted": bytes(16), "bio_kid": bytes(4),
            "recovery_ends": 9,
        }
        request = bytes(32)
        payload = {0: 1, 1: m.REPLY, 2: raw("svc"), 3: raw("service kid"), 4: request, 5: result, 6: 1, 7: 1}
        keys = {field.name: key for key, field in m._REPLY.items()}
        payload |= {keys[name]: changes.get(name, forms[name]) for name in names}
        return m.read_reply(service_signed("reply", wire.encode(payload)), request, kind, m.ON_PHONE, information())

    def test_what_goes_with_each_result(self):
        judged = ("token", "tries_in_row", "tries_in_epoch", "counter")
        active = ("tries_in_row", "tries_in_epoch", "counter", "next_step", "epoch", "state", "names", "policy")
        whole = {
            m.CHANGE: [(result, judged) for result in (0, 1, 3, 4, 7, 10, 13)] + [(5, ("counter",))],
            m.BIOMETRICS: [(result, judged) for result in (0, 1, 3, 7, 10, 13)] + [(5, ("counter",))],
            m.COMMIT: [(result, judged + ("epoch",)) for result in (0, 3, 4)] + [(5, ("counter",))],
            m.STATUS: [(0, active)],
        }
        for kind, rows in whole.items():
            for result, names in rows:
                with self.subTest(kind=kind, result=result):
                    self.reply(kind, result, *names)
                for name in names:
                    with self.subTest(kind=kind, result=result, without=name), self.assertRaises(Refused):
                        self.reply(kind, result, *(other for other in names if other != name))
                extra = ("r", "pending", "began", "granted", "bio_kid", "recovery_ends", "i0") if kind != m.STATUS else ("r", "i0", "challenges")
                for name in extra:
                    with self.subTest(kind=kind, result=result, extra=name), self.assertRaises(Refused):
                        self.reply(kind, result, *names, name)
        for kind, results in ((m.CHANGE, (3, 6, 9, 11)), (m.COMMIT, (3, 6, 9, 11)), (m.BIOMETRICS, (3, 6, 9, 11)), (m.REMOVE, (0, 9))):
            for result in results:
                self.reply(kind, result)
                with self.subTest(kind=kind, result=result), self.assertRaises(Refused):
                    self.reply(kind, result, "counter")
        for name in ("pending", "began", "granted", "bio_kid", "recovery_ends"):
            self.reply(m.STATUS, 0, *active, name)
            with self.subTest(claimed=name), self.assertRaises(Refused):
                self.reply(m.STATUS, 0, *active, "token", "i0", name, state=2)
        self.reply(m.STATUS, 0, *active, "token", "pending", "began", "granted", "bio_kid", "recovery_ends", state=4)

    def test_forms_of_the_new_fields(self):
        active = ("tries_in_row", "tries_in_epoch", "counter", "next_step", "epoch", "state", "names", "policy")
        for name, bad in (
            ("pending", bytes(31)), ("pending", bytes(33)), ("pending", "a" * 32), ("began", bytes(16)), ("granted", bytes(32)),
            ("granted", True), ("bio_kid", bytes(3)), ("bio_kid", bytes(8)), ("bio_kid", 1234), ("recovery_ends", 1 << 53),
            ("recovery_ends", "soon"),
        ):
            with self.subTest(name), self.assertRaises(Refused):
                self.reply(m.STATUS, 0, *active, name, **{name: bad})


if __name__ == "__main__":
    unittest.main()
