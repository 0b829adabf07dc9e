"""A phone that does not keep to PROTOCOL.md section 13, against the real service."""

import unittest
from unittest import mock

import base
import life
import messages as m
import phone
import wire
from base import Interop, forge
from person import PIN, TRANSFER, WRONG_PIN, Person

NEW_PIN = "6183"
ABSENT = object()


def setUpModule():
    base.start()


def put(original: dict, changes: dict) -> dict:
    return {key: value for key, value in (original | changes).items() if value is not ABSENT}


def high_s(signature: bytes) -> bytes:
    return signature[:32] + (wire.N - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")


def make(account, kind, transcript, body, signatures, fields, inner, outer, ids=None, key=None) -> phone.Request:
    """A request whose maps were altered after what was made from them: `inner` is the body, `outer` what is sealed."""
    r = wire.random(32)
    body = wire.encode(put(body, inner))
    transcript = put(transcript(wire.sha256(r, body)), fields)
    signed = wire.encode(transcript)
    plain = put({0: r, 1: body} | signatures(signed), outer)
    name = "change" if kind == m.CHANGE else "biometrics"
    sealed = wire.seal(account.information.hpke, f"{name}-secret", ids or account.ids, wire.encode(plain))
    request = wire.decode(forge(account, name, signed, sealed, key), "request")
    return phone.Request(kind, name, wire.encode(request), wire.read_signed(request[0], name, 4096).hash)


def change(
    account, pin=PIN, kind=life.CHANGE, rotate=False, slot=None, new_pin=NEW_PIN, grant=bytes(16),
    fields={}, body={}, outer={}, ids=None, key=None,
) -> phone.Request:
    slot = slot or life.new_slot(account, kind, rotate)
    return make(
        account,
        m.CHANGE,
        lambda commitment: life.change_transcript(account, slot, commitment, grant),
        life.change_body(account, slot, new_pin),
        lambda signed: life.change_signatures(account, slot, signed, new_pin, pin),
        fields, body, outer, ids, key,
    )


def biometrics(account, pin=PIN, fields={}, body={}, outer={}, ids=None) -> phone.Request:
    account.k_bio, account.b = wire.new_key(), wire.random(32)
    return make(
        account,
        m.BIOMETRICS,
        lambda commitment: life.biometrics_transcript(account, commitment),
        {0: account.b},
        lambda signed: life.biometrics_signatures(account, signed, pin),
        fields, body, outer, ids,
    )


def commit(account, change: bytes, fields={}) -> phone.Request:
    return account.request(m.COMMIT, put(life.head(account, m.COMMIT) | {10: change}, fields))


class Hostile(Interop):
    def pending(self, made: phone.Account) -> bytes:
        """A change that waits for its commit."""
        request = change(made)
        self.assertEqual(made.send(request).result, phone.DONE)
        return request.hash

    def block(self, person: Person):
        challenge, number = person.ask_for_approval()
        for _ in range(5):
            person.phone.send(person.phone.approve(challenge, WRONG_PIN, number))
        self.assertEqual(person.phone.send(person.phone.status()).state, 4)

    def tries(self, made: phone.Account) -> tuple[int, int]:
        status = made.send(made.status())
        return status.tries_in_row, status.tries_in_epoch


class Order(Hostile):
    """Each of the messages is wrong in all that is judged from one point on; the first of that is the reply."""

    def assert_order(self, made: phone.Account, send, faults: list[tuple[int, dict]]):
        for first in range(len(faults)):
            together = {}
            for _, fault in faults[first:]:
                for name, value in fault.items():
                    together[name] = together[name] | value if type(value) is dict and name in together else value
            with self.subTest(first=faults[first]):
                self.assertEqual(made.send(send(**together)).result, faults[first][0])
                made.skew = 0

    def test_changes(self):
        made = self.person().phone
        late, unsealable = {5: made.now() - 125}, {"ids": made.ids[:16] + bytes(8)}
        self.pending(made)
        self.assert_order(
            made,
            lambda **faults: change(made, **faults),
            [
                (phone.CLOCK, {"fields": late}),
                (phone.OLD_COUNTER, {"fields": {6: 1}}),
                (phone.OTHER_EPOCH, {"fields": {9: 3}}),
                (phone.UNSEALABLE, unsealable),
                (phone.REFUSED, {"body": {0: bytes(31)}}),
                (phone.WRONG_PIN, {"pin": WRONG_PIN}),
            ],
        )
        self.assertEqual(self.tries(made), (4, 14))
        self.assert_order(
            made,
            lambda **faults: change(made, kind=life.FORGOTTEN, **faults),
            [
                (phone.CLOCK, {"fields": late}),
                (phone.OLD_COUNTER, {"fields": {6: 1}}),
                (phone.OTHER_EPOCH, {"fields": {9: 1}}),
                (phone.NOT_OPEN, unsealable),
            ],
        )
        self.assertEqual(self.tries(made), (4, 14))

    def test_the_class_of_a_new_device_key(self):
        person = self.person(with_phone=False)
        made = person.begin_enrolment()
        made.key_class = life.HARDWARE
        person.finish_enrolment(made, PIN)
        other = made.ids[:16] + bytes(8)
        for result, fields in ((phone.OTHER_EPOCH, {9: 3}), (phone.REFUSED, {}), (phone.UNSEALABLE, {15: life.HARDWARE})):
            self.assertEqual(made.send(change(made, rotate=True, fields=fields, ids=other)).result, result)

    def test_biometrics(self):
        made = self.person().phone
        self.pending(made)
        late, old, epoch = {5: made.now() - 125}, {6: 1}, {9: 2}
        self.assert_order(
            made,
            lambda **faults: biometrics(made, **faults),
            [
                (phone.CLOCK, {"fields": late}),
                (phone.OLD_COUNTER, {"fields": old}),
                (phone.OTHER_EPOCH, {"fields": epoch}),
                (phone.UNSEALABLE, {"ids": made.ids[:16] + bytes(8)}),
                (phone.REFUSED, {"body": {0: bytes(31)}}),
                (phone.WRONG_PIN, {"pin": WRONG_PIN}),
            ],
        )
        self.assertEqual(self.tries(made), (4, 14))
        for result, fields in ((phone.CLOCK, late | old | epoch), (phone.OLD_COUNTER, old | epoch), (phone.OTHER_EPOCH, epoch)):
            off = made.request(m.BIOMETRICS, life.head(made, m.BIOMETRICS) | {9: 1} | fields)
            self.assertEqual(made.send(off).result, result)
            made.skew = 0

    def test_commits(self):
        made = self.person().phone
        waiting = self.pending(made)
        late = {5: made.now() - 125}
        for result, fields in (
            (phone.CLOCK, late | {6: 1, 10: bytes(32)}), (phone.OLD_COUNTER, {6: 1, 10: bytes(32)}), (phone.NOT_OPEN, {10: bytes(32)}),
        ):
            self.assertEqual(made.send(commit(made, waiting, fields)).result, result)
            made.skew = 0
        self.assertEqual(made.send(commit(made, waiting)).result, phone.DONE)

    def test_devices_that_are_not_active(self):
        wrong = {6: 1, 8: bytes(32)}  # The state is judged before the counter and the token.
        for state, result in (("claimed", phone.NOT_ACTIVE), ("blocked", phone.BLOCKED), ("suspended", phone.SUSPENDED)):
            person = self.person(with_phone=state != "claimed")
            made = person.phone or person.begin_enrolment()
            if state == "claimed":
                self.assertEqual(made.send(made.claim(PIN)).result, phone.DONE)
                waiting = bytes(32)
            else:
                waiting = self.pending(made)
            if state == "blocked":
                self.block(person)
            if state == "suspended":
                made.send(change(made, fields={8: bytes(32)}))
                self.assertEqual(made.send(made.status()).state, 5)
            requests = [
                change(made, fields=wrong), change(made, kind=life.REFRESH), commit(made, waiting), biometrics(made, fields=wrong),
                made.request(m.BIOMETRICS, life.head(made, m.BIOMETRICS) | {9: 1}),
            ]
            if state != "blocked":
                requests.append(change(made, kind=life.FORGOTTEN))
            for number, request in enumerate(requests):
                with self.subTest(state, number=number):
                    reply = made.send(request)
                    self.assertEqual((reply.result, reply.token), (result, None))
            self.assertEqual(made.send(change(made, fields={5: made.now() - 125})).result, phone.CLOCK, "the time comes first")

    def test_a_wrong_token_suspends_before_anything_after_it_is_judged(self):
        for name in ("change", "commit", "biometrics", "off"):
            made = self.person().phone
            waiting = self.pending(made)
            wrong = {8: wire.random(32)}
            bad = {
                "change": lambda fields: change(made, fields=fields | {9: 7}, ids=made.ids[:16] + bytes(8)),
                "commit": lambda fields: commit(made, bytes(32), fields),
                "biometrics": lambda fields: biometrics(made, fields=fields | {9: 7}),
                "off": lambda fields: made.request(m.BIOMETRICS, life.head(made, m.BIOMETRICS) | {9: 7} | fields),
            }[name]
            with self.subTest(name):
                self.assertEqual(made.send(bad(wrong | {6: 1})).result, phone.OLD_COUNTER, "the counter comes first")
                self.assertEqual(made.send(made.status()).state, 3)
                self.assertEqual(made.send(bad(wrong)).result, phone.SUSPENDED)
                self.assertEqual(made.send(made.status()).state, 5)
                self.assertEqual(made.send(commit(made, waiting)).result, phone.SUSPENDED)


    def test_a_phone_that_spent_steps_which_nobody_allotted_is_suspended(self):
        person = self.person()
        challenge, number = person.ask_for_approval()
        made = person.phone
        transcript = made.answer_transcript(challenge, phone.APPROVED, number) | {12: 5}
        made.send(made.approve_with(transcript, PIN))
        self.assertEqual(made.send(made.status()).state, 5)
        self.assertFalse(person.is_signed_in())
        ahead = {7: 5}
        for send in (
            lambda made: change(made, fields=ahead), lambda made: commit(made, self.pending(made), ahead),
            lambda made: biometrics(made, fields=ahead), lambda made: made.request(m.BIOMETRICS, life.head(made, m.BIOMETRICS) | {9: 1} | ahead),
        ):
            made = self.person().phone
            made.send(send(made))
            self.assertEqual(made.send(made.status()).state, 5)


class Tries(Hostile):
    def test_five_in_a_row_over_answers_changes_and_biometrics_block(self):
        person = self.person()
        made = person.phone
        challenge, number = person.ask_for_approval()
        guesses = [
            lambda: made.approve(challenge, WRONG_PIN, number), lambda: change(made, WRONG_PIN), lambda: biometrics(made, WRONG_PIN),
            lambda: change(made, WRONG_PIN, life.REFRESH), lambda: made.approve(challenge, WRONG_PIN, number),
        ]
        for left, guess in zip((4, 3, 2, 1, 0), guesses):
            reply = made.send(guess())
            self.assertEqual((reply.result, reply.tries_in_row, reply.tries_in_epoch), (phone.WRONG_PIN, left, left + 10))
        for request in (made.approve(challenge, PIN, number), change(made), change(made, kind=life.REFRESH), biometrics(made)):
            self.assertEqual(made.send(request).result, phone.BLOCKED)
        self.assertEqual(made.send(made.status()).state, 4)
        self.assertEqual(made.send(change(made, kind=life.FORGOTTEN)).result, phone.NOT_OPEN, "may be sent, but nothing grants it")

    def test_fifteen_in_an_epoch_block_whatever_was_right_between(self):
        person = self.person()
        made = person.phone
        challenge, number = person.ask_for_approval()
        wrong = [lambda: made.approve(challenge, WRONG_PIN, number), lambda: change(made, WRONG_PIN), lambda: biometrics(made, WRONG_PIN)]
        right = [lambda: change(made), lambda: biometrics(made), lambda: change(made, kind=life.REFRESH)]
        spent = 0
        for turn in range(3):
            for guess in range(4):
                spent += 1
                reply = made.send(wrong[(turn + guess) % 3]())
                self.assertEqual((reply.result, reply.tries_in_epoch), (phone.WRONG_PIN, 15 - spent))
            reply = made.send(right[turn]())
            self.assertEqual((reply.result, reply.tries_in_row, reply.tries_in_epoch), (phone.DONE, 5, 15 - spent))
        for guess in range(3):
            reply = made.send(wrong[guess]())
        self.assertEqual((reply.result, reply.tries_in_epoch), (phone.WRONG_PIN, 0))
        self.assertEqual(made.send(made.status()).state, 4)
        self.assertEqual(made.send(change(made)).result, phone.BLOCKED)

    def test_a_retry_of_the_same_bytes_costs_nothing_and_outlives_a_crash(self):
        made = self.person().phone
        for request, result, tries in (
            (change(made, WRONG_PIN), phone.WRONG_PIN, (4, 14)), (biometrics(made, WRONG_PIN), phone.WRONG_PIN, (3, 13)),
            (change(made, body={0: bytes(31)}), phone.REFUSED, (3, 13)), (change(made), phone.DONE, (5, 13)),
            (biometrics(made), phone.DONE, (5, 13)),
        ):
            first = self.outcome(request.name, request)
            self.assertEqual(made.send(request).result, result)
            base.SERVICE.crash_and_restart()
            for _ in range(3):
                self.assertEqual(self.outcome(request.name, request), first)
            self.assertEqual(self.tries(made), tries)

    def test_guesses_in_parallel_spend_a_try_each(self):
        person = self.person()
        made = person.phone
        challenge, number = person.ask_for_approval()
        requests = []
        for guess in range(4):
            pin = f"73{guess:02}"
            requests += [made.approve(challenge, pin, number), change(made, pin), biometrics(made, pin)]
        results = self.results_in_parallel(made, requests)
        # In parallel a token may be old by the time it is judged, which ends the device.
        self.assertLessEqual(set(results), {phone.WRONG_PIN, phone.OLD_COUNTER, phone.BLOCKED, phone.SUSPENDED})
        self.assertEqual(results.count(phone.WRONG_PIN), 5 - made.send(made.status()).tries_in_row)

    def test_a_wrong_pin_leaves_the_pending_change_and_a_block_keeps_it_from_being_committed(self):
        person = self.person()
        made = person.phone
        waiting = self.pending(made)
        self.assertEqual(made.send(change(made, WRONG_PIN)).result, phone.WRONG_PIN)
        self.assertEqual(made.send(made.status()).pending, waiting)
        for _ in range(4):
            made.send(biometrics(made, WRONG_PIN))
        self.assertEqual(made.send(commit(made, waiting)).result, phone.BLOCKED)
        status = made.send(made.status())
        self.assertEqual((status.epoch, status.state), (1, 4))

    def test_a_blocked_phone_is_told_of_a_commit_that_was_done_and_stays_blocked(self):
        made = self.person().phone
        waiting = self.pending(made)
        self.assertEqual(made.send(commit(made, waiting)).result, phone.DONE)
        made.epoch = 2
        for _ in range(5):
            made.send(biometrics(made, WRONG_PIN))
        self.assertEqual(made.send(commit(made, waiting)).result, phone.DONE)
        self.assertEqual((made.send(made.status()).state, self.tries(made)), (4, (0, 10)))
        self.assertEqual(made.send(commit(made, bytes(32))).result, phone.BLOCKED)

    def test_wrong_codes_too_make_a_refresh_due_at_the_next_right_pin(self):
        person = self.person()
        made = person.phone
        person.sign_in()  # The browser is known from now on: a stranger's has three wrong codes.
        signed_in = person.browser
        for wrong in (3, 2, 3):
            person.browser = signed_in
            code = made.code(person.ask_for_transaction(), WRONG_PIN, list(TRANSFER.values()))
            for _ in range(wrong):
                person.submit("/code", code=code)
            challenge, number = person.ask_for_approval()
            if wrong == 2:  # Five in a row have closed the path.
                reply = made.send(made.approve(challenge, PIN, number))
                self.assertEqual((reply.result, reply.tries_in_epoch, life.refresh_is_due(reply)), (phone.DONE, 15, False))
            else:
                made.send(made.decline(challenge))
        challenge, number = person.ask_for_approval()
        reply = made.send(made.approve(challenge, WRONG_PIN, number))
        self.assertEqual(reply.tries_in_epoch, 14, "told after a right PIN only")
        reply = made.send(made.approve(challenge, PIN, number))
        self.assertEqual((reply.tries_in_epoch, life.refresh_is_due(reply)), (7, True))
        self.assertEqual(life.refresh(made, PIN), phone.DONE)
        challenge, number = person.ask_for_approval()
        self.assertEqual(made.send(made.approve(challenge, PIN, number)).tries_in_epoch, 15)

    def test_wrong_codes_are_forgotten_with_the_epoch(self):
        person = self.person()
        person.sign_in()
        for challenge in range(2):
            code = person.phone.code(person.ask_for_transaction(), WRONG_PIN, list(TRANSFER.values()))
            for _ in range(3 - challenge):
                person.submit("/code", code=code)
        person.page = person.browser.get("/account/transactions/other")
        closed = person.submit("/account/transactions/other", **TRANSFER)
        self.assertNotIn("/challenge/", closed.path, closed.text)
        self.assertEqual(life.refresh(person.phone, PIN), phone.DONE)
        code = person.phone.code(person.ask_for_transaction(), PIN, list(TRANSFER.values()))
        self.assertIn("The transaction is signed", person.submit("/code", code=code).text)


class Replays(Hostile):
    def test_a_change_and_its_commit_sent_again_after_the_swap_do_nothing(self):
        made = self.person().phone
        first = change(made)
        self.assertEqual(made.send(first).result, phone.DONE)
        second = commit(made, first.hash)
        self.assertEqual(made.send(second).result, phone.DONE)
        for request in (first, second, first):
            before = made.token
            self.assertIn(made.send(request).result, (phone.DONE, phone.OLD_COUNTER))
            made.token = before
            status = made.send(made.status())
            self.assertEqual((status.epoch, status.pending, status.began), (2, None, first.hash))

    def test_an_old_commit_does_not_bring_its_epoch_back(self):
        person = self.person()
        made = person.phone
        old = []
        for new_pin, pin in ((NEW_PIN, PIN), ("9127", NEW_PIN)):
            request = life.change(made, life.new_slot(made, life.CHANGE), new_pin, pin)
            self.assertTrue(life.changed(made, made.send(request)))
            closing = life.commit(made)
            self.assertTrue(life.committed(made, made.send(closing)))
            old += [request, closing]
        token = made.token
        for request in old:
            self.assertIn(made.send(request).result, (phone.DONE, phone.OLD_COUNTER))
        made.token = token
        self.assertEqual(made.send(commit(made, old[0].hash)).result, phone.NOT_OPEN, "committed, but before the present epoch")
        self.assertEqual(made.send(made.status()).epoch, 3)

    def test_biometrics_that_were_turned_off_do_not_come_back(self):
        made = self.person().phone
        on = biometrics(made)
        self.assertEqual(made.send(on).result, phone.DONE)
        self.assertEqual(made.send(life.biometrics_off(made)).result, phone.DONE)
        token = made.token
        self.assertIn(made.send(on).result, (phone.DONE, phone.OLD_COUNTER))
        made.token = token
        self.assertIsNone(made.send(made.status()).bio_kid)

    def test_an_approval_of_another_purpose_or_device_grants_nothing(self):
        person = self.person()
        second = person.add_phone("8305")
        challenge, number = person.ask_for_approval()
        self.assertEqual(person.phone.send(person.phone.approve(challenge, PIN, number)).result, phone.DONE)
        for made in (person.phone, second):
            self.assertIsNone(made.send(made.status()).granted)
            for grant in (challenge.id, wire.random(16), bytes(16)):
                self.assertEqual(made.send(change(made, kind=life.FORGOTTEN, grant=grant)).result, phone.NOT_OPEN)

    def test_a_grant_is_for_one_device_one_new_pin_and_what_another_approved(self):
        person = self.person()
        second = person.add_phone("8305")
        person.ask_to_unblock(second)
        (challenge,) = person.phone.open_challenges(wait=5)
        for request in (person.phone.decline(challenge), change(second, kind=life.FORGOTTEN, grant=challenge.id)):
            made = person.phone if request.kind == m.APPROVE else second
            self.assertEqual(made.send(request).result, phone.DONE if made is person.phone else phone.NOT_OPEN)
        person.ask_to_unblock(second)
        (challenge,) = person.phone.open_challenges(wait=5)
        number = int(person.page.by_id["number"])
        self.assertEqual(second.send(second.approve(challenge, "8305", number)).result, phone.NOT_OPEN, "not its own to approve")
        self.assertEqual(person.phone.send(person.phone.approve(challenge, WRONG_PIN, number)).result, phone.WRONG_PIN)
        self.assertEqual(second.send(change(second, kind=life.FORGOTTEN, grant=challenge.id)).result, phone.NOT_OPEN)
        self.assertEqual(person.phone.send(person.phone.approve(challenge, PIN, number)).result, phone.DONE)
        self.assertIsNone(person.phone.send(person.phone.status()).granted)
        self.assertEqual(person.phone.send(change(person.phone, kind=life.FORGOTTEN, grant=challenge.id)).result, phone.NOT_OPEN)
        self.assertEqual(second.send(change(second, kind=life.FORGOTTEN, grant=bytes(16))).result, phone.NOT_OPEN)
        self.assertEqual(second.send(change(second, kind=life.FORGOTTEN, grant=challenge.id, outer={3: bytes(64)})).result, phone.REFUSED)
        self.assertEqual(life.forgotten(second, NEW_PIN), phone.DONE)
        self.assertIsNone(second.send(second.status()).granted)
        self.assertEqual(second.send(change(second, kind=life.FORGOTTEN, grant=challenge.id)).result, phone.NOT_OPEN, "used up")
        self.assertEqual(self.tries(second), (5, 15))

    def test_a_phone_changes_and_removes_no_other(self):
        person = self.person()
        second = person.add_phone("8305")
        stranger = self.person().phone
        for other in (second, stranger):
            other.token = person.phone.token
            for request in (change(person.phone, key=other.k_dev), person.phone.request(m.REMOVE, life.remove_transcript(person.phone), key=other.k_dev)):
                self.assert_http(401, request.name, request.body)
        self.assertEqual(person.phone.send(person.phone.status()).state, 3)


class Forms(Hostile):
    """Nothing here spends a try, but for signatures of the old PIN that are wrong."""

    def test_what_cannot_be_parsed(self):
        made = self.person().phone
        key = wire.public_bytes(wire.new_key())
        for name, changes in (
            ("change", {11: 0}), ("change", {11: 4}), ("change", {9: 0}), ("change", {9: 1 << 32}), ("change", {8: bytes(31)}),
            ("change", {6: 0}), ("change", {6: 1 << 53}), ("change", {10: bytes(32)}), ("change", {12: bytes(16)}), ("change", {13: ABSENT}), ("change", {13: bytes(31)}),
            ("change", {14: key}), ("change", {15: 1}), ("change", {14: key, 15: 0}), ("change", {14: key, 15: 3}), ("change", {14: b"\4" + bytes(64), 15: 1}),
            ("change", {16: key}), ("change", {11: life.FORGOTTEN}), ("change", {1: 14}), ("change", {0: 2}), ("change", {7: 1 << 53}),
            ("change", {5: ABSENT}), ("change", {11: ABSENT}), ("change", {9: ABSENT}),
            ("biometrics", {16: ABSENT}), ("biometrics", {13: ABSENT}), ("biometrics", {9: ABSENT}), ("biometrics", {11: 1}),
            ("biometrics", {16: key[:64]}), ("biometrics", {13: ABSENT, 16: ABSENT}), ("biometrics", {17: 1}),
        ):
            with self.subTest(name, changes=changes):
                request = (change if name == "change" else biometrics)(made, fields=changes)
                self.assert_http(400, name, request.body)
        good = life.head(made, m.COMMIT) | {10: bytes(32)}
        for changes in ({10: ABSENT}, {10: bytes(31)}, {9: 1}, {1: 13}, {6: 0}, {8: ABSENT}, {11: 1}):
            with self.subTest("commit", changes=changes):
                self.assert_http(400, "commit", forge(made, "commit", wire.encode(put(good, changes))))
        for changes in ({7: 0}, {6: bytes(15)}, {6: ABSENT}, {5: "now"}, {1: 9}):
            with self.subTest("remove", changes=changes):
                self.assert_http(400, "remove", forge(made, "remove", wire.encode(put(life.remove_transcript(made), changes))))
        self.assertEqual(made.send(made.status()).state, 3)

    def test_sealed_parts_that_are_missing_or_superfluous_or_others(self):
        made = self.person().phone
        for name, request in (("change", change(made)), ("biometrics", biometrics(made))):
            message, sealed = wire.decode(request.body, name)
            transcript = wire.decode(wire.read_signed(message, name, 4096).payload, name)[0]
            self.assert_http(400, name, wire.encode([message]))
            self.assert_http(400, name, wire.encode([message, sealed[:-1] + bytes([sealed[-1] ^ 1])]))
            self.assert_http(400, name, forge(made, name, transcript))
            self.assert_http(400, "commit", request.body)
        extra = wire.seal(made.information.hpke, "change-secret", made.ids, b"secret")
        off = wire.encode(life.head(made, m.BIOMETRICS) | {9: 1})
        for name, transcript in (
            ("biometrics", off), ("commit", wire.encode(life.head(made, m.COMMIT) | {10: bytes(32)})),
            ("remove", wire.encode(life.remove_transcript(made))),
        ):
            self.assert_http(400, name, forge(made, name, transcript, extra))

    def test_what_was_sealed_is_not_as_it_must_be(self):
        made = self.person().phone
        stranger = wire.new_key()
        point = wire.public_bytes(stranger)
        forged = wire.sign(stranger, "change-new", b"T")
        cases = [
            change(made, body=inner)
            for inner in (
                {0: bytes(31)}, {0: bytes(33)}, {0: ABSENT}, {1: bytes(31)}, {1: "text"}, {1: ABSENT}, {2: point}, {2: point[:64]},
                {2: b"\4" + bytes(64)}, {2: ABSENT}, {3: bytes(32)},
            )
        ] + [
            change(made, outer=outer)
            for outer in (
                {0: bytes(32)}, {0: bytes(31)}, {0: ABSENT}, {1: b""}, {1: wire.encode([])}, {1: {}}, {1: ABSENT}, {2: forged}, {2: bytes(63)},
                {2: bytes(64)}, {2: ABSENT}, {3: ABSENT}, {3: bytes(63)}, {4: forged}, {5: 1},
            )
        ]
        cases += [
            change(made, fields={13: bytes(32)}),
            change(made, rotate=True, outer={4: ABSENT}),
            change(made, rotate=True, outer={4: forged}),
            change(made, rotate=True, fields={14: point}),
            biometrics(made, body={0: bytes(31)}), biometrics(made, body={0: ABSENT}), biometrics(made, body={1: bytes(32)}),
            biometrics(made, outer={0: bytes(32)}), biometrics(made, outer={1: b"\xa0"}), biometrics(made, outer={3: forged}),
            biometrics(made, outer={2: ABSENT}), biometrics(made, outer={3: ABSENT}), biometrics(made, outer={4: forged}),
            biometrics(made, fields={16: point}), biometrics(made, fields={13: bytes(32)}),
        ]
        for number, request in enumerate(cases):
            with self.subTest(number=number):
                reply = made.send(request)
                self.assertEqual((reply.result, reply.tries_in_row, reply.tries_in_epoch), (phone.REFUSED, 5, 15))
        self.assertIsNone(made.send(made.status()).pending)
        self.assertIsNone(made.send(made.status()).bio_kid)

    def test_signatures_of_another_message_kind_or_form(self):
        made = self.person().phone
        swapped = {}

        def keep(name):
            def sign(key, what, payload, real=wire.sign):
                made_signature = real(key, what, payload)
                return real(key, name.get(what, what), payload) if what in name else made_signature
            return sign

        for names, result in (
            ({"change-new": "claim-pin"}, phone.REFUSED), ({"change-pin": "change-new"}, phone.WRONG_PIN),
            ({"change-pin": "answer-pin"}, phone.WRONG_PIN), ({"change-pin": "biometrics-pin"}, phone.WRONG_PIN),
        ):
            with self.subTest(names), mock.patch("wire.sign", keep(names)):
                swapped = change(made)
            self.assertEqual(made.send(swapped).result, result)

    def test_keys_that_are_unknown_to_the_service_seal_nothing(self):
        made = self.person().phone
        right, made.information.hpke = made.information.hpke, wire.public_bytes(wire.new_key())
        requests = [change(made), biometrics(made)]
        made.information.hpke = right
        for request in requests:
            reply = made.send(request)
            self.assertEqual((reply.result, reply.tries_in_epoch), (phone.UNSEALABLE, 15))

    def test_a_removal_at_another_time_is_told_the_time(self):
        made = self.person().phone
        late = life.remove_transcript(made) | {5: made.now() - 125}
        self.assertEqual(made.send(made.request(m.REMOVE, late)).result, phone.CLOCK)
        made.skew = 0
        self.assertEqual(made.send(made.status()).state, 3)


if __name__ == "__main__":
    unittest.main()
