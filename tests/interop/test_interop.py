"""The second phone against the real service, over HTTP, with a person who uses its pages."""

import threading
import unittest

import base
import messages as m
import phone
import wire
from base import Interop, forge
from pages import Browser
from person import PIN, TRANSFER, WRONG_PIN, Person


def setUpModule():
    base.start()


class Enrolment(Interop):
    def test_pin_on_the_phone_with_the_six_digits_typed_on_the_page(self):
        person = self.person(with_phone=False)
        made = person.begin_enrolment()
        claim = made.claim(PIN)
        reply = made.send(claim)
        self.assertEqual((reply.result, reply.state), (phone.DONE, 1))
        self.assertEqual(made.send(made.complete()).result, phone.NOT_YET)
        self.assertIn("Second phone", person.reload().by_id["model"])
        self.assertEqual(made.send(made.status()).confirmation, reply.confirmation, "a restarted phone gets it again")
        wrong = f"{(int(reply.confirmation) + 1) % 1000000:06}"
        self.assertEqual(person.submit("/code", code=wrong).status, 401)
        self.assertEqual(made.send(made.complete()).result, phone.NOT_YET)
        person.submit("/code", code=reply.confirmation)
        self.assertEqual(made.send(made.complete(wait=5)).result, phone.DONE)
        self.assertEqual(made.send(made.status()).state, 3)

    def test_a_retried_claim_gets_the_recorded_reply(self):
        made = self.person(with_phone=False).begin_enrolment()
        claim = made.claim(PIN)
        self.assertEqual(self.outcome("claim", claim), self.outcome("claim", claim))

    def test_a_second_phone_cannot_claim_and_three_wrong_codes_void(self):
        person = self.person(with_phone=False)
        first = person.begin_enrolment()
        second = phone.begin(person.link(), m.CAMERA)
        reply = first.send(first.claim(PIN))
        self.assertEqual(second.send(second.claim(PIN)).result, phone.REFUSED)
        person.reload()
        for _ in range(3):
            person.submit("/code", code=f"{(int(reply.confirmation) + 1) % 1000000:06}")
        self.assert_http(401, "complete", first.complete().body)
        self.assertEqual(second.send(second.claim(PIN)).result, phone.REFUSED)

    def test_claims_that_must_be_refused(self):
        made = self.person(with_phone=False).begin_enrolment()
        good = made.claim(PIN)
        message, sealed = wire.decode(good.body, "claim")
        changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        self.assert_http(400, "claim", wire.encode([message]))
        self.assert_http(400, "claim", wire.encode([message, changed]))
        transcript = wire.decode(wire.read_signed(message, "claim", 4096).payload, "claim")[0]
        fields = wire.decode(transcript, "T")

        self.assert_http(401, "claim", forge(made, "claim", transcript, sealed, key=wire.new_key()))
        for result, changes in (
            (phone.REFUSED, {4: bytes(8)}),
            (phone.REFUSED, {5: bytes(16)}),
            (phone.REFUSED, {6: bytes(32)}),
            (phone.CLOCK, {12: fields[12] - 200}),
            (phone.REFUSED, {13: bytes(32)}),
            (phone.REFUSED, {11: "Another model"}),  # sk_pin signed the other transcript
        ):
            with self.subTest(changes):
                self.assert_result(result, "claim", forge(made, "claim", wire.encode(fields | changes), sealed))
        for changes in ({7: b"\4" + bytes(64)}, {8: 3}, {10: ""}, {10: "a\nb"}, {14: 1}, {0: 2}):
            with self.subTest(changes):
                self.assert_http(400, "claim", forge(made, "claim", wire.encode(fields | changes), sealed))
        unknown = wire.seal(wire.public_bytes(wire.new_key()), "claim-secret", made.ids, b"secret")
        self.assert_result(phone.UNSEALABLE, "claim", forge(made, "claim", transcript, unknown))
        self.assertEqual(made.send(good).result, phone.DONE, "none of these closed the enrolment")


class Devices(Interop):
    def test_a_second_device_is_approved_with_the_first_and_both_make_codes(self):
        person = self.person()
        first, challenge = person.phone, person.ask_for_transaction()
        person.submit("/code", code=first.code(challenge, PIN, list(TRANSFER.values())))
        second = person.add_phone("8305")
        self.assertGreater(second.step, 1, "its chain begins where the account is")
        for made, pin in ((first, PIN), (second, "8305")):
            person.phone = made
            challenge = person.ask_for_transaction()
            person.submit("/code", code=made.code(challenge, pin, list(TRANSFER.values())))
            self.assertIn("The transaction is signed", person.page.text)

    def test_a_removed_device_is_told_401(self):
        person = self.person()
        person.page = person.browser.get("/account/devices")
        person.submit("/account/devices/remove")
        if "/challenge/" in person.page.path:
            challenge = person.approve_on_page(m.REMOVAL)
            self.assertEqual(challenge.subject, [m.DEVICE, person.phone.enrolment.dev, "My phone"])
        self.assert_http(401, "status", person.phone.status().body)


class Approval(Interop):
    def test_number_matching_signs_in(self):
        person = self.person()
        challenge, number = person.ask_for_approval()
        self.assertEqual((challenge.purpose, challenge.matching), (1, True))
        reply = person.phone.send(person.phone.approve(challenge, PIN, number))
        self.assertEqual(reply.result, phone.DONE)
        self.assertTrue(person.is_signed_in())

    def test_an_online_transaction_is_shown_and_counted_like_an_approval(self):
        person = self.person()
        person.page = person.browser.get("/account/transactions/other")
        person.submit("/account/transactions/other", **(TRANSFER | {"way": "phone"}))
        (challenge,) = person.phone.open_challenges(wait=5)
        self.assertEqual((challenge.type, challenge.purpose, challenge.title), (m.ONLINE, m.TRANSFER, "Transfer to another account"))
        self.assertEqual([value for _label, value in challenge.pairs], list(TRANSFER.values()))
        number = int(person.page.by_id["number"])
        reply = person.phone.send(person.phone.approve(challenge, WRONG_PIN, number))
        self.assertEqual((reply.result, reply.tries_in_row), (phone.WRONG_PIN, 4))
        reply = person.phone.send(person.phone.approve(challenge, PIN, number))
        self.assertEqual((reply.result, reply.tries_in_row), (phone.DONE, 5))
        person.reload()
        self.assertIn("The transaction is signed", person.page.text)

    def test_a_waiting_inbox_gets_the_challenge_once_it_is_there(self):
        person = self.person()
        person.begin_sign_in()
        found = []
        waiting = threading.Thread(target=lambda: found.extend(person.phone.open_challenges(wait=20)))
        waiting.start()
        person.submit("/sign-in/app")
        waiting.join(15)
        self.assertEqual(len(found), 1)
        self.assertEqual(person.phone.send(person.phone.inbox(wait=1, known=found[0].id)).result, phone.DONE)

    def test_wrong_pin_then_right_pin(self):
        person = self.person()
        challenge, number = person.ask_for_approval()
        reply = person.phone.send(person.phone.approve(challenge, WRONG_PIN, number))
        self.assertEqual((reply.result, reply.tries_in_row, reply.tries_in_epoch), (phone.WRONG_PIN, 4, 14))
        self.assertFalse(person.is_signed_in())
        reply = person.phone.send(person.phone.approve(challenge, PIN, number))
        self.assertEqual((reply.result, reply.tries_in_row, reply.tries_in_epoch), (phone.DONE, 5, 14))
        self.assertTrue(person.is_signed_in())

    def test_a_retry_of_the_same_bytes_gets_the_same_answer_and_spends_no_try(self):
        person = self.person()
        challenge, number = person.ask_for_approval()
        for pin, result, tries in ((WRONG_PIN, phone.WRONG_PIN, 4), (PIN, phone.DONE, 5)):
            request = person.phone.approve(challenge, pin, number)
            first = person.phone.send(request)
            for _ in range(3):
                again = person.phone.send(request)
                self.assertEqual((again.result, again.tries_in_row, again.token), (result, tries, first.token))
        self.assertEqual(person.phone.send(person.phone.inbox()).tries_in_epoch, 14)

    def test_five_wrong_pins_block(self):
        person = self.person()
        challenge, number = person.ask_for_approval()
        for left in (4, 3, 2, 1, 0):
            reply = person.phone.send(person.phone.approve(challenge, WRONG_PIN, number))
            self.assertEqual((reply.result, reply.tries_in_row), (phone.WRONG_PIN, left))
        self.assertEqual(person.phone.send(person.phone.approve(challenge, PIN, number)).result, phone.BLOCKED)
        inbox = person.phone.send(person.phone.inbox())
        self.assertEqual(inbox.state, 4)
        self.assertEqual(person.phone.send(person.phone.status()).state, 4)
        self.assertFalse(person.is_signed_in())

    def test_guesses_in_parallel_spend_a_try_each(self):
        person = self.person()
        made = person.phone
        challenge, number = person.ask_for_approval()
        requests = [made.approve(challenge, f"73{guess:02}", number) for guess in range(12)]
        results = self.results_in_parallel(made, requests)
        self.assertLessEqual(set(results), {phone.WRONG_PIN, phone.OLD_COUNTER, phone.BLOCKED})
        self.assertEqual(results.count(phone.WRONG_PIN), 5 - made.send(made.status()).tries_in_row)

    def test_tries_and_outcomes_outlive_a_crash_of_the_service(self):
        person = self.person()
        challenge, number = person.ask_for_approval()
        for pin, result in ((WRONG_PIN, phone.WRONG_PIN), (PIN, phone.DONE)):
            request = person.phone.approve(challenge, pin, number)
            first = self.outcome("answer", request)
            base.SERVICE.crash_and_restart()
            self.assertEqual(self.outcome("answer", request), first)
            self.assertEqual(person.phone.send(request).result, result)
        self.assertEqual(person.phone.send(person.phone.inbox()).tries_in_epoch, 14)
        self.assertTrue(person.is_signed_in())

    def test_decline_and_report_are_final(self):
        for decision in (phone.DECLINED, phone.REPORTED):
            person = self.person()
            challenge, number = person.ask_for_approval()
            self.assertEqual(person.phone.send(person.phone.decline(challenge, decision)).result, phone.DONE)
            self.assertEqual(person.phone.send(person.phone.approve(challenge, PIN, number)).result, phone.NOT_OPEN)
            self.assertFalse(person.is_signed_in())

    def test_a_wrong_or_missing_number_closes_the_challenge_and_spends_no_try(self):
        for wrong in (lambda number: 10 + (number - 9) % 90, lambda number: None):
            person = self.person()
            challenge, number = person.ask_for_approval()
            transcript = person.phone.answer_transcript(challenge, phone.APPROVED, wrong(number))
            reply = person.phone.send(person.phone.approve_with(transcript, PIN))
            self.assertEqual((reply.result, reply.tries_in_row), (phone.WRONG_NUMBER, 5))
            self.assertEqual(person.phone.send(person.phone.approve(challenge, PIN, number)).result, phone.NOT_OPEN)

    def test_answers_that_the_service_judges(self):
        person = self.person()
        made = person.phone
        challenge, number = person.ask_for_approval()
        self.assertEqual(made.send(made.approve(challenge, WRONG_PIN, number)).counter, 1)

        def judged(changes, seal=None):
            transcript = made.answer_transcript(challenge, phone.APPROVED, number) | changes
            if seal is None:
                return made.send(made.approve_with(transcript, PIN))
            return made.send(made.request(challenge.type, transcript, seal))

        self.assertEqual(judged({11: 1}).result, phone.OLD_COUNTER)
        self.assertEqual(judged({11: 1}).counter, 1)
        for changes, result in (
            ({1: m.ON_MOBILE}, phone.NOT_OPEN), ({3: 2}, phone.NOT_OPEN), ({6: bytes(16)}, phone.NOT_OPEN), ({7: bytes(32)}, phone.NOT_OPEN),
            ({10: made.now() - 125}, phone.CLOCK), ({14: 2}, phone.OTHER_EPOCH), ({13: 2}, phone.WRONG_UNLOCK),
        ):
            with self.subTest(changes):
                self.assertEqual(judged(changes).result, result)
                made.skew = 0
        right = made.information.hpke
        made.information.hpke = wire.public_bytes(wire.new_key())
        wrong_kid = made.approve(challenge, PIN, number)
        made.information.hpke = right
        self.assertEqual(made.send(wrong_kid).result, phone.UNSEALABLE)
        sealed = wire.seal(right, "answer-secret", made.ids[:16] + bytes(8), bytes(64))  # for another device
        transcript = wire.encode(made.answer_transcript(challenge, phone.APPROVED, number))
        self.assert_result(phone.UNSEALABLE, "answer", forge(made, "answer", transcript, sealed))
        reply = made.send(made.approve(challenge, PIN, number))
        self.assertEqual((reply.result, reply.tries_in_epoch), (phone.DONE, 14), "none of these spent a try")

    def test_a_copied_phone_is_suspended(self):
        person = self.person()
        made = person.phone
        challenge, number = person.ask_for_approval()
        transcript = made.answer_transcript(challenge, phone.APPROVED, number) | {15: wire.random(32)}
        self.assertEqual(made.send(made.approve_with(transcript, PIN)).result, phone.SUSPENDED)
        self.assertEqual(made.send(made.approve(challenge, PIN, number)).result, phone.SUSPENDED)
        self.assertEqual(made.send(made.status()).state, 5)
        self.assertFalse(person.is_signed_in())

    def test_an_older_token_is_a_copy_but_the_one_before_the_newest_is_a_lost_reply(self):
        person = self.person()
        made = person.phone
        challenge, number = person.ask_for_approval()
        tokens = [made.token]
        for _ in range(2):
            made.token = tokens[-1]
            tokens.append(made.send(made.approve(challenge, WRONG_PIN, number)).token)
        made.token = tokens[1]  # acked: the reply with the issued one was lost
        self.assertEqual(made.send(made.approve(challenge, PIN, number)).result, phone.DONE)
        challenge, number = person.ask_for_approval()
        made.token = tokens[0]
        self.assertEqual(made.send(made.approve(challenge, PIN, number)).result, phone.SUSPENDED)


class Codes(Interop):
    def test_a_sign_in_code_made_offline(self):
        person = self.person()
        challenge = person.ask_for_code()
        code = person.phone.code(challenge, PIN if challenge.unlock else None)
        person.submit("/code", code=code)
        self.assertTrue(person.is_signed_in())

    def test_codes_are_read_without_case_hyphens_and_look_alikes(self):
        person = self.person()
        challenge = person.ask_for_code()
        code = person.phone.code(challenge, PIN if challenge.unlock else None)
        person.submit("/code", code=f" {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} ")
        self.assertTrue(person.is_signed_in())

    def test_a_code_works_once_and_the_phone_makes_none_of_its_step_again(self):
        person = self.person()
        challenge = person.ask_for_code()
        code = person.phone.code(challenge, PIN if challenge.unlock else None)
        with self.assertRaises(wire.Refused):
            person.phone.open_link(person.link(), m.CAMERA)
        page = person.page
        person.submit("/code", code=code)
        self.assertNotEqual(person.browser.submit(page, "/code", code=code).path, "/account")
        person.ask_for_code()
        self.assertGreaterEqual(person.submit("/code", code=code).status, 400)
        self.assertFalse(person.is_signed_in())

    def test_steps_that_were_skipped(self):
        person = self.person()
        person.ask_for_code()
        challenge = person.ask_for_code()
        self.assertGreater(challenge.step, person.phone.last + 1)
        person.submit("/code", code=person.phone.code(challenge, PIN if challenge.unlock else None))
        self.assertTrue(person.is_signed_in())

    def signed(self, person: Person) -> bool:
        return "The transaction is signed" in person.page.text

    def test_a_transaction_code_over_values_that_the_person_types(self):
        person = self.person()
        challenge = person.ask_for_transaction()
        typed = ["lv80 bank 0000 4351 9500 1", "  Ja\u0304nis\u00a0 Kalnin\u0327s\u030c", "1234,5", "RF2026"]
        self.assertEqual([field.id for field in challenge.fields], list(TRANSFER))
        person.submit("/code", code=person.phone.code(challenge, PIN, typed))
        self.assertTrue(self.signed(person), person.page.text)

    def test_a_transaction_code_with_a_changed_digit_or_a_wrong_pin_fails(self):
        for pin, amount in ((PIN, "1234.51"), (WRONG_PIN, TRANSFER["amount"])):
            person = self.person()
            challenge = person.ask_for_transaction()
            code = person.phone.code(challenge, pin, list((TRANSFER | {"amount": amount}).values()))
            self.assertGreaterEqual(person.submit("/code", code=code).status, 400)
            self.assertFalse(self.signed(person))

    def test_both_sides_make_the_same_canonical_values(self):
        person = self.person()
        for name, amount in (("e\u0301\u3000 x", "0012,3"), ("x" * 70, "5"), ("\u1680a\u2003b", "0")):
            with self.subTest(name):
                challenge = person.ask_for_transaction(name=name, amount=amount)
                typed = list((TRANSFER | {"name": name, "amount": amount}).values())
                person.submit("/code", code=person.phone.code(challenge, PIN, typed))
                self.assertTrue(self.signed(person), person.page.text)


class HostileRequests(Interop):
    @classmethod
    def setUpClass(cls):
        cls.made = Person(base.SERVICE).phone

    def test_every_truncation_and_trailing_bytes(self):
        body = self.made.status().body
        for length in range(0, len(body), 7):
            self.assert_http(400, "status", body[:length])
        self.assert_http(400, "status", body + b"\0")

    def test_cbor_that_is_not_deterministic(self):
        request = self.made.status()
        transcript = wire.encode(self.status_fields())
        self.assert_http(400, "status", b"\x98\x01" + request.body[1:])  # a long array header
        self.assert_http(400, "status", b"\x9f" + request.body[1:] + b"\xff")  # an indefinite array
        self.assert_http(400, "status", b"\xc6" + request.body)  # a tag
        for bad in (
            b"\xb8\x08" + transcript[1:],  # a long map header
            transcript.replace(b"\x00\x01", b"\x00\x18\x01", 1),  # a long integer
            transcript + b"\0",
            wire.encode(self.status_fields() | {20: 1}),
            b"\xa9" + transcript[1:] + b"\x00\x01",  # a key twice
            wire.encode({**self.status_fields(), 0: True}),
        ):
            self.assert_http(400, "status", forge(self.made, "status", bad))

    def status_fields(self) -> dict:
        return self.made.head(m.STATUS) | {5: self.made.now(), 6: wire.random(16), 7: 0}

    def test_fields_out_of_bounds(self):
        for changes in ({0: 2}, {1: 10}, {2: bytes(7)}, {3: "text"}, {5: 1 << 53}, {6: bytes(15)}, {7: 1 << 53}):
            with self.subTest(changes):
                body = forge(self.made, "status", wire.encode(self.status_fields() | changes))
                self.assert_http(400, "status", body)
        for missing in range(8):
            fields = self.status_fields()
            del fields[missing]
            self.assert_http(400, "status", forge(self.made, "status", wire.encode(fields)))
        wait = self.made.head(m.INBOX) | {5: self.made.now(), 6: wire.random(16), 7: 0, 8: 51}
        self.assert_http(400, "inbox", forge(self.made, "inbox", wire.encode(wait)))

    def test_signatures_and_devices_that_are_not_known_are_told_alike(self):
        transcript = wire.encode(self.status_fields())
        unknown = wire.encode(self.status_fields() | {4: bytes(8)})
        for body in (
            forge(self.made, "status", transcript, high_s=True),
            forge(self.made, "status", transcript, key=wire.new_key()),
            forge(self.made, "inbox", transcript),
            forge(self.made, "status", unknown),
            wire.encode([wire.Signed("status", wire.encode([transcript]), bytes(64)).encode()]),
        ):
            self.assert_http(401, "status", body)

    def test_requests_that_http_refuses(self):
        body = self.made.status().body
        self.assert_http(413, "status", bytes(4097))
        self.assert_http(415, "status", body, "application/cbor")
        self.assert_http(404, "nothing", body)
        with self.assertRaises(phone.HttpError) as caught:
            phone.http(f"{base.SERVICE.origin}/api/v1/status", None, 8192)
        self.assertEqual(caught.exception.status, 405)

    def test_requests_for_another_endpoint_another_enrolment_or_at_another_time(self):
        self.assert_http(400, "inbox", self.made.status().body)
        complete = self.made.head(m.COMPLETE) | {5: self.made.now(), 6: wire.random(16), 8: 0, 9: bytes(16)}
        self.assert_result(phone.REFUSED, "complete", forge(self.made, "complete", wire.encode(complete)))
        late = wire.encode(self.status_fields() | {5: self.made.now() - 125})
        self.assert_result(phone.CLOCK, "status", forge(self.made, "status", late))

    def test_scanning_the_code_with_a_browser_has_no_side_effect(self):
        person = self.person(with_phone=False)
        made = person.begin_enrolment()
        page = Browser(base.SERVICE.origin).get(person.link())
        self.assertEqual(page.status, 200)
        self.assertEqual(made.send(made.claim(PIN)).result, phone.DONE)


if __name__ == "__main__":
    unittest.main()
