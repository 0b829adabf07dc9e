"""The second phone against the vectors of PROTOCOL.md section 16 and of RFC 6287, and against hostile messages."""

import hashlib
import json
import pathlib
import re
import unittest
from unittest import mock

import codes
import messages as m
import phone
import wire
from cryptography.hazmat.primitives.asymmetric import ec
from wire import Refused

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPECIFICATION = ROOT / "core/protocol/PROTOCOL.md"
OCRA_ROWS = ROOT / "core/protocol/tests/vectors/rfc6287.json"
PIN = "4071"


def read_vectors() -> dict[str, str]:
    blocks = re.findall(r"^```vectors\n(.*?)^```", SPECIFICATION.read_text(), re.MULTILINE | re.DOTALL)
    return dict(line.split(" = ", 1) for block in blocks for line in block.splitlines() if line)


V = read_vectors()


def raw(name: str) -> bytes:
    return bytes.fromhex(V[name])


def private(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int(V[name], 16), ec.SECP256R1())


def service_signed(name: str, payload: bytes) -> bytes:
    return wire.make_signed(private("service private key"), name, payload).encode()


def at(seconds: int):
    return mock.patch("time.time", return_value=seconds)


def information():
    return m.read_information(raw("information message"), V["origin"])


ISSUED = information().issued_at


def begin(link: str, arrival: str = m.CAMERA) -> phone.Account:
    with at(ISSUED):
        return phone.begin(link, arrival, fetch=lambda url, body, limit: raw("information message"))


def account(way: int = m.ON_PHONE) -> phone.Account:
    made = begin(V[f"enrolment QR code, way {way}"])
    made.k_dev, made.d, made.n, made.chain = private("device private key"), raw("D"), raw("N"), raw("C_1")
    return made


def payload_of(message: bytes) -> dict:
    return wire.decode(wire.decode(message, "message")[2], "payload")


class KeySchedule(unittest.TestCase):
    def test_names_are_hashes(self):
        self.assertEqual(wire.svc_of(V["origin"]), raw("svc"))
        for who in ("service", "HPKE"):
            self.assertEqual(wire.kid(raw(f"{who} public key")), raw(f"{who} kid"))
            self.assertEqual(wire.public_bytes(private(f"{who} private key")), raw(f"{who} public key"))

    def test_pin_key_and_share_with_and_without_hardware(self):
        ids = raw("svc"), raw("acc"), raw("dev")
        for epoch, z, name in ((1, None, "epoch 1, no Z"), (2, raw("Z"), "epoch 2, with Z")):
            root = wire.prk(*ids, epoch, raw("D"), z)
            self.assertEqual(wire.pin_scalar(root, PIN).to_bytes(32, "big"), raw(f"sk_pin, {name}"))
            self.assertEqual(wire.pin_share(root, PIN), raw(f"P, {name}"))
        key = wire.pin_key(wire.prk(*ids, 1, raw("D"), None), PIN)
        self.assertEqual(wire.public_bytes(key), raw("sk_pin public key"))

    def test_chain_and_code_keys(self):
        self.assertEqual(wire.next_chain(raw("C_1")), raw("C_2"))
        self.assertEqual(wire.code_key(raw("C_2"), raw("P, epoch 1, no Z")), raw("O_2 with P"))
        self.assertEqual(wire.code_key(raw("C_2"), raw("N")), raw("O_2 with N"))

    def test_pin_in_the_browser(self):
        self.assertEqual(wire.browser_pin(raw("S"), raw("enrolment id"), PIN), raw("K"))
        self.assertEqual(wire.sha256(raw("K")), raw("V"))

    def test_sealed_parts_open_with_their_own_ids_only(self):
        key, ids = wire.new_key(), wire.random(24)
        sealed = wire.seal(wire.public_bytes(key), "answer-secret", ids, b"secret")
        self.assertEqual(len(sealed), 4 + 65 + len(b"secret") + 16)
        self.assertEqual(wire.unseal(key, "answer-secret", ids, sealed), b"secret")
        for name, other in (("claim-secret", ids), ("answer-secret", wire.random(24))):
            with self.assertRaises(Exception):
                wire.unseal(key, name, other, sealed)


class Ocra(unittest.TestCase):
    def test_every_row_of_rfc_6287(self):
        rows = json.loads(OCRA_ROWS.read_text())
        self.assertGreater(len(rows), 60)
        for row in rows:
            data = b"" if row["c"] is None else row["c"].to_bytes(8, "big")
            question = f"{int(row['q']):x}" if "QN" in row["suite"] else row["q"].encode().hex()
            data += bytes.fromhex(question.ljust(256, "0"))
            data += hashlib.sha1(b"1234").digest() if row["pin"] else b""
            data += b"" if row["t"] is None else row["t"].to_bytes(8, "big")
            key = (b"1234567890" * 7)[: row["keylen"]]
            with self.subTest(suite=row["suite"], question=row["q"]):
                self.assertEqual(codes.ocra(row["suite"], key, data), row["expect"])


class Vectors(unittest.TestCase):
    def test_information_and_enrolment(self):
        self.assertEqual(information().hash, raw("information hash"))
        self.assertEqual(wire.decode(raw("information message"), "")[2], raw("information payload"))
        for way in (1, 2):
            made = begin(V[f"enrolment QR code, way {way}"])
            self.assertEqual(made.enrolment.hash, raw(f"enrolment hash, way {way}"))
            self.assertEqual(made.enrolment.way, way)
            self.assertEqual(made.s, raw("S") if way == 1 else None)

    def test_claim_opens_to_what_this_phone_would_send(self):
        for way in (1, 2):
            with self.subTest(way=way):
                message, sealed = wire.decode(raw(f"claim body, way {way}"), "claim body")
                signed = wire.read_signed(message, "claim", 4096)
                signed.verify(raw("device public key"))
                self.assertEqual(signed.hash, raw(f"claim hash, way {way}"))
                transcript, sealed_hash = wire.decode(signed.payload, "claim")
                self.assertEqual(sealed_hash, wire.sha256(sealed))
                theirs = self.open_claim(transcript, sealed)
                with at(wire.decode(transcript, "T")[12]):
                    request = account(way).claim(PIN)
                message, sealed = wire.decode(request.body, "claim body")
                transcript, _ = wire.decode(wire.read_signed(message, "claim", 4096).payload, "claim")
                ours = self.open_claim(transcript, sealed)
                for key in (10, 11, 13):  # Platform and model differ, and r is random.
                    del theirs[0][key], ours[0][key]
                self.assertEqual(ours, theirs)

    def open_claim(self, transcript: bytes, sealed: bytes) -> tuple[dict, dict]:
        ids = raw("svc") + raw("acc") + raw("dev")
        secret = wire.decode(wire.unseal(private("HPKE private key"), "claim-secret", ids, sealed), "secret")
        body = wire.decode(secret[1], "body")
        fields = wire.decode(transcript, "T")
        self.assertEqual(fields[13], wire.sha256(secret[0], secret[1]))
        wire.verify(body[4], "claim-pin", transcript, secret[2])
        return fields, body

    def test_complete_status_and_inbox_are_the_same_bytes(self):
        made = account()
        for name, request in (
            ("complete", lambda: made.complete(wait=payload("complete").get(8))),
            ("status", made.status),
            ("inbox", lambda: made.inbox(wait=payload("inbox")[8])),
        ):
            payload = lambda which: wire.decode(raw(f"{which} transcript"), "T")  # noqa: E731
            with self.subTest(name), at(payload(name)[5]), mock.patch("wire.random", return_value=payload(name)[6]):
                self.assertEqual(request().body, raw(f"{name} body"))

    def test_claim_reply(self):
        reply = m.read_reply(raw("claim reply"), raw("claim hash, way 2"), m.CLAIM, m.ON_PHONE, information())
        self.assertEqual((reply.result, reply.state, reply.i0), (0, 1, 1))
        self.assertEqual(reply.token, raw("state token 1"))
        self.assertRegex(reply.confirmation, "^[0-9]{6}$")

    def active(self) -> phone.Account:
        made = account()
        made.token = raw("state token 1")
        return made

    def test_answers(self):
        challenge = m.read_challenge(raw("approve challenge"), information())
        self.assertEqual(challenge.hash, raw("approve challenge hash"))
        theirs = wire.decode(raw("answer transcript"), "T")
        made = self.active()
        with at(theirs[10]):
            transcript = made.answer_transcript(challenge, phone.APPROVED, theirs[9])
        self.assertEqual(wire.encode(transcript), raw("answer transcript"))
        signature = wire.sign(wire.pin_key(made.root(), PIN), "answer-pin", wire.encode(transcript))
        self.assertEqual(signature, raw("answer PIN signature"))
        message, sealed = wire.decode(raw("answer body"), "answer body")
        signed = wire.read_signed(message, "answer", 4096)
        signed.verify(raw("device public key"))
        self.assertEqual(signed.hash, raw("answer hash"))
        self.assertEqual(wire.unseal(private("HPKE private key"), "answer-secret", made.ids, sealed), signature)
        made = self.active()
        with at(theirs[10]):
            self.assertEqual(made.decline(challenge).body, raw("decline body"))

    def test_on_mobile_arrives_by_its_own_ways_only(self):
        made = self.active()
        link = m.make_link(V["origin"], raw("on-mobile challenge"))
        custom = link.replace("https://", "countersign://")
        with at(payload_of(raw("on-mobile challenge"))[8]):
            for text, arrival in ((link, m.PASTE), (link, m.OS_LINK), (custom, m.CUSTOM_SCHEME)):
                self.assertEqual(made.open_link(text, arrival).type, m.ON_MOBILE)
            with self.assertRaises(Refused):
                made.open_link(link, m.CAMERA)

    def test_codes(self):
        for name, vector in (("code", "code"), ("code in digits", "code in digits")):
            made = self.active()
            challenge = payload_of(raw(f"{name} challenge"))
            with self.subTest(name), at(challenge[8]):
                taken = made.open_link(m.make_link(V["origin"], raw(f"{name} challenge")), m.CAMERA)
                self.assertEqual(taken.hash, raw(f"{name} challenge hash"))
                self.assertEqual(made.code(taken, None), V[f"{vector}, no PIN asked"])
                self.assertEqual(made.last, taken.step)
                with self.assertRaises(Refused):
                    made.open_link(m.make_link(V["origin"], raw(f"{name} challenge")), m.CAMERA)
        self.assertEqual(V["code QR code"], m.make_link(V["origin"].upper(), raw("code challenge")))
        self.assertEqual(V["code link"], m.make_link(V["origin"], raw("code challenge")))

    def test_transaction_code(self):
        made = self.active()
        with at(payload_of(raw("transaction challenge"))[8]):
            challenge = made.take(raw("transaction challenge"), m.CAMERA)
            values = [V[f"transaction value {field.id}"] for field in challenge.fields]
            question = [[field.id, value] for field, value in zip(challenge.fields, values)]
            self.assertEqual(
                wire.sha256(b"countersign/v1/txn\0", challenge.hash, wire.encode(question)), raw("transaction question")
            )
            typed = ["lv80 bank 0000 4351 95001", "  Ja\u0304nis   Kalnin\u0327s\u030c ", "1234,5", "RF2026"]
            self.assertEqual(made.code(challenge, PIN, typed), V["transaction code, PIN asked"])


class Strictness(unittest.TestCase):
    """What a phone must refuse."""

    def test_every_truncation_and_every_changed_byte_of_a_message(self):
        info = information()
        for read, name in (
            (lambda data: m.read_information(data, V["origin"]), "information message"),
            (lambda data: m.read_challenge(data, info), "approve challenge"),
            (lambda data: m.read_challenge(data, info), "transaction challenge"),
            (
                lambda data: m.read_reply(data, raw("claim hash, way 2"), m.CLAIM, m.ON_PHONE, info),
                "claim reply",
            ),
        ):
            good = raw(name)
            read(good)
            for length in range(len(good)):
                with self.subTest(name, length=length), self.assertRaises(Refused):
                    read(good[:length])
                changed = good[:length] + bytes([good[length] ^ 1]) + good[length + 1 :]
                with self.subTest(name, changed=length), self.assertRaises(Refused):
                    read(changed)
            with self.subTest(name, trailing=True), self.assertRaises(Refused):
                read(good + b"\0")

    def test_cbor_that_is_not_deterministic(self):
        for bad in (
            "1801", "190001", "1b0000000000000001",  # long integers
            "5f4101ff", "9f01ff", "bf0101ff",  # indefinite lengths
            "a2010102", "a201010101", "a202010101",  # a map cut short, a key twice, keys out of order
            "c101", "c249010000000000000000", "d81c80",  # tags
            "20", "f6", "f7", "f93c00", "fb3ff0000000000000",  # negative, null, undefined, floats
            "a1617801", "a12001", "a1f93c0001", "a1f501",  # keys that are not unsigned integers
            "61ff", "0101", "", "ff", "1c",
            "818181818181818181818101",
        ):
            with self.subTest(bad), self.assertRaises(Refused):
                wire.decode(bytes.fromhex(bad), "test")

    def altered(self, name: str, vector: str, change) -> bytes:
        payload = payload_of(raw(vector))
        change(payload)
        return service_signed(name, wire.encode(payload))

    def test_challenges_out_of_form(self):
        def put(key, value):
            return lambda payload: payload.__setitem__(key, value)

        def drop(key):
            return lambda payload: payload.pop(key)

        def field(key, value):
            return lambda payload: payload[17][0].__setitem__(key, value)

        m.read_challenge(self.altered("challenge", "approve challenge", lambda payload: None), information())
        approve = [
            put(0, 2), put(0, True), put(1, 5), put(2, bytes(8)), put(3, bytes(4)), put(4, bytes(7)), drop(5), put(6, bytes(15)),
            put(7, 0), put(7, 7), put(7, 11), put(7, 12), put(8, 1 << 53), put(9, 0), put(9, 601), put(10, ""), put(10, "a" * 21),
            put(10, "é" * 11), put(10, "a\nb"), put(10, "a\u202eb"), put(10, "\ue000"), put(11, 0), put(11, 3), put(12, [0, 0]),
            put(12, [8, 0, "LV"]), put(12, [0, 7, "LV"]), put(12, [0, 0, "lv"]), put(12, [0, 0, "LVA"]), put(13, 1), put(15, 1),
            drop(15), put(19, 1), put(10, b"name"),
        ]
        transaction = [
            put(7, 1), put(13, 0), put(13, 1 << 53), put(16, ""), put(16, "a" * 31), put(17, []), drop(17), put(15, True),
            lambda payload: payload[17].append(payload[17][0]), lambda payload: payload[17].extend([{}] * 9),
            field(0, ""), field(0, "A"), field(0, "a" * 13), field(1, "a" * 21), field(2, 0), field(2, 7), field(3, 0),
            field(3, 141), field(4, ""), field(4, "a" * 65), field(5, "a" * 41), field(6, 1),
        ]
        mobile = [
            put(4, bytes(8)), put(11, 0), put(18, "https://sign.example.eu.evil/return"), put(18, "https://evil/"),
            put(18, "https://sign.example.eu/return?a=b"), put(18, "https://sign.example.eu/return#a"), drop(18),
        ]
        for vector, changes in (
            ("approve challenge", approve), ("transaction challenge", transaction), ("on-mobile challenge", mobile),
        ):
            for number, change in enumerate(changes):
                with self.subTest(vector, number=number), self.assertRaises(Refused):
                    m.read_challenge(self.altered("challenge", vector, change), information())

    def test_a_challenge_for_others_or_too_late_or_by_another_way(self):
        made = account()
        issued = payload_of(raw("approve challenge"))[8]
        with at(issued):
            made.take(raw("approve challenge"), m.INBOX_LIST)
            for arrival in (m.CAMERA, m.PASTE, m.OS_LINK, m.CUSTOM_SCHEME):
                with self.subTest(arrival), self.assertRaises(Refused):
                    made.take(raw("approve challenge"), arrival)
            for key in (4, 5):
                other = self.altered("challenge", "approve challenge", lambda p: p.__setitem__(key, bytes(8)))
                with self.subTest(other=key), self.assertRaises(Refused):
                    made.take(other, m.INBOX_LIST)
            far = self.altered("challenge", "code challenge", lambda p: p.__setitem__(13, 65537))
            with self.assertRaises(Refused):
                made.take(far, m.CAMERA)
        with at(issued + 300), self.assertRaises(Refused):
            made.take(raw("approve challenge"), m.INBOX_LIST)

    def test_signatures_with_high_s_other_domain_or_other_key(self):
        protected, unprotected, payload, signature = wire.decode(raw("approve challenge"), "")
        high = wire.N - int.from_bytes(signature[32:], "big")
        flipped = wire.encode([protected, unprotected, payload, signature[:32] + high.to_bytes(32, "big")])
        stranger = wire.make_signed(wire.new_key(), "challenge", payload).encode()
        for bad in (flipped, service_signed("reply", payload), stranger):
            with self.assertRaises(Refused):
                m.read_challenge(bad, information())
        zero = wire.encode([protected, unprotected, payload, bytes(64)])
        with self.assertRaises(Refused):
            m.read_challenge(zero, information())

    def test_information_of_another_origin_or_older_or_not_vouched_for(self):
        known = information()
        with self.assertRaises(Refused):
            m.read_information(raw("information message"), "https://sign.example.org")
        newer = self.altered("info", "information message", lambda p: p.__setitem__(6, 9))
        self.assertEqual(m.read_information(newer, V["origin"], known).sequence, 9)
        with self.assertRaises(Refused):
            m.read_information(raw("information message"), V["origin"], m.read_information(newer, V["origin"]))
        stranger = wire.new_key()
        payload = payload_of(raw("information message"))
        payload[8] = [[wire.public_bytes(stranger), 0]]
        payload[3] = wire.kid(payload[8][0][0])
        taken_over = wire.make_signed(stranger, "info", wire.encode(payload)).encode()
        m.read_information(taken_over, V["origin"])
        with self.assertRaises(Refused):
            m.read_information(taken_over, V["origin"], known)

    def rotated(self, signers: list, names: list, sequence: int) -> bytes:
        """Information that the first of `signers` signs, with the public keys of `names`."""
        payload = payload_of(raw("information message"))
        payload |= {3: wire.kid(wire.public_bytes(signers[0])), 6: sequence, 8: [[wire.public_bytes(key), 0] for key in names]}
        return wire.make_signed(signers[0], "info", wire.encode(payload)).encode()

    def test_a_phone_that_slept_through_rotations_follows_from_key_to_key(self):
        keys = [private("service private key"), *(wire.new_key() for _ in range(3))]
        links = [self.rotated(keys[i:], keys[i : i + 2], 2 + i) for i in range(3)]
        present = self.rotated(keys[3:], keys[3:], 9)
        stranger = wire.new_key()
        foreign = self.rotated([stranger], [stranger, keys[1]], 2)

        def follow(data, *earlier):
            served = {".well-known/countersign": data, "countersign/earlier": wire.encode(list(earlier))}
            made = account()
            phone.refresh(made, fetch=lambda url, body, limit: next(v for k, v in served.items() if url.endswith(k)))
            return made.information

        self.assertEqual(follow(present, *links).sequence, 9)
        self.assertEqual(follow(links[0]).sequence, 2, "the known key signed it")
        older = self.rotated(keys, keys, 0)
        for earlier in (
            (), links[:2], links[1:], (links[0], links[2]), links[::-1], (older, *links), [*links, b"x"], [*links, foreign[:-1]],
            links * 6, (self.altered("info", "information message", lambda p: p.__setitem__(4, "https://other.example")), *links),
        ):
            with self.subTest(count=len(earlier)), self.assertRaises(Refused):
                follow(present, *earlier)
        self.assertEqual(follow(present, foreign, links[0], foreign, *links[1:]).sequence, 9, "what nobody known signed leads nowhere")
        with self.assertRaises(Refused):
            follow(self.rotated(keys[3:], keys[3:], 3), *links)  # lower than the last link

    def test_replies_with_fields_that_do_not_go_with_the_result(self):
        request = raw("claim hash, way 2")
        for name, change in (
            ("another request", lambda p: p.__setitem__(4, bytes(32))),
            ("no confirmation code", lambda p: p.pop(18)),
            ("confirmed, yet a code", lambda p: p.__setitem__(15, 2)),
            ("refused, yet a token", lambda p: p.__setitem__(5, 13)),
            ("unknown result", lambda p: p.__setitem__(5, 15)),
            ("no state", lambda p: p.pop(15)),
            ("r", lambda p: p.__setitem__(20, bytes(16))),
            ("policy", lambda p: p.__setitem__(17, [5, 16])),
        ):
            with self.subTest(name), self.assertRaises(Refused):
                bad = self.altered("reply", "claim reply", change)
                m.read_reply(bad, request, m.CLAIM, m.ON_PHONE, information())

    def test_links(self):
        good = V["code QR code"]
        self.assertEqual(m.read_link(good), m.read_link(V["code link"]))
        message = good.rpartition("/")[2]
        for bad in (
            "", "HTTPS://SIGN.EXAMPLE.EU/Q/", good + " ", good + "=", good + "\n", good.lower(), good + "#" + "A" * 26 + "?x",
            f"https://sign.example.eu/q/{message}", f"https://sign.example.eu/Q/{message}/", f"ftp://sign.example.eu/Q/{message}",
            f"https://user@sign.example.eu/Q/{message}", f"https://sign.example.eu/Q/{message}?a=b",
            f"https://sign.example.eu:443/Q/{message}", f"http://sign.example.eu/Q/{message}", good + "#AAAA",
            f"https://sign.example.eu//Q/{message}", f"https://sign.example.eu:99999/Q/{message}",
            "https://sign.example.eu/Q/" + "A" * 1024,
            good[:-1] + "7" if good[-1] != "7" else good[:-1] + "6",
        ):
            with self.subTest(bad[:60]), self.assertRaises(Refused):
                link = m.read_link(bad)
                m.read_challenge(link.message, information())
        self.assertEqual(m.read_link(f"http://127.0.0.1:8080/Q/{message}").origin, "http://127.0.0.1:8080")
        self.assertEqual(m.read_link(f"countersign://localhost/Q/{message}").origin, "http://localhost")

    def test_enrolments_by_the_wrong_way_or_fragment_or_too_late(self):
        browser, on_phone = V["enrolment QR code, way 1"], V["enrolment QR code, way 2"]
        begin(on_phone, m.PASTE)
        for link, arrival in (
            (browser, m.PASTE), (browser, m.CUSTOM_SCHEME), (on_phone, m.CUSTOM_SCHEME), (on_phone, m.INBOX_LIST),
            (browser.partition("#")[0], m.CAMERA), (on_phone + "#" + browser.partition("#")[2], m.CAMERA),
            (on_phone.replace("SIGN.EXAMPLE.EU", "SIGN.EXAMPLE.ORG"), m.CAMERA),
            (on_phone.replace("HTTPS:", "COUNTERSIGN:"), m.OS_LINK),
        ):
            with self.subTest(link[:40], arrival=arrival), self.assertRaises(Refused):
                begin(link, arrival)
        with at(account().enrolment.expiry), self.assertRaises(Refused):
            phone.begin(on_phone, m.CAMERA, fetch=lambda *_: raw("information message"))

    def test_guessable_new_pins(self):
        for pin in ("0000", "1234", "4321", "8901", "1987", "2026", "3112", "1231", "2902", "2580"):
            self.assertTrue(phone.guessable(pin), pin)
        self.assertFalse(phone.guessable(PIN))
        with self.assertRaises(Refused):
            account().claim("1111")
        for pin in ("123", "12345", "12a4", "１２３４"):
            with self.assertRaises(Refused):
                account().claim(pin)

    def test_values_of_transactions(self):
        for value, kind, expected in (
            ("007", 1, "007"), ("5", 2, "5.00"), ("1234,5", 2, "1234.50"), ("1234.50", 2, "1234.50"), ("0012.3", 2, "12.30"),
            ("de89 3704 0044 0532 0130 00", 3, "DE89370400440532013000"), ("AB12", 4, "AB12"), ("2028-02-29", 5, "2028-02-29"),
            ("  two \u00a0 words\u3000", 6, "two words"), ("e\u0301", 6, "\u00e9"),
        ):
            with self.subTest(value):
                self.assertEqual(codes.canonical(value, kind, 40), expected)
        for value, kind in (
            ("", 6), ("   ", 6), ("a\tb", 6), ("a\u200bb", 6), ("a\u2028b", 6), ("1a", 1), ("٣", 1), ("1.234", 2), ("1,234.50", 2), ("-5", 2),
            ("5.", 2), (".5", 2), ("DE89370400440532013001", 3), ("ab12", 4), ("2027-02-29", 5), ("29.02.2028", 5), ("a" * 41, 6),
        ):
            with self.subTest(value, kind=kind), self.assertRaises(Refused):
                codes.canonical(value, kind, 40)
        with self.assertRaises(Refused):
            codes.canonical("AB12x", 6, 40, "[A-Z]+[0-9]+")


if __name__ == "__main__":
    unittest.main()
