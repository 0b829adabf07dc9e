"""A device's life with the real service: PROTOCOL.md section 13, by a phone that keeps to it."""

import dataclasses
import time
import unittest

import base
import life
import messages as m
import phone
import wire
from base import Interop
from person import PIN, TRANSFER, WRONG_PIN, Person

NEW_PIN = "6183"


def setUpModule():
    base.start()


def stored(account: phone.Account) -> phone.Account:
    """The phone as its storage brings it back."""
    slot = account.slot_b and dataclasses.replace(account.slot_b)
    return dataclasses.replace(account, slot_b=slot)


class Life(Interop):
    def assert_pin(self, person: Person, right: str, *wrong: str):
        """Signs in with the one right PIN, after each wrong one was refused."""
        challenge, number = person.ask_for_approval()
        for pin in wrong:
            reply = person.phone.send(person.phone.approve(challenge, pin, number))
            self.assertEqual(reply.result, phone.WRONG_PIN, pin)
        self.assertEqual(person.phone.send(person.phone.approve(challenge, right, number)).result, phone.DONE, right)
        self.assertTrue(person.is_signed_in())

    def transfer_code(self, person: Person, pin: str) -> str:
        return person.phone.code(person.ask_for_transaction(), pin, list(TRANSFER.values()))

    def assert_signed(self, person: Person, code: str, signed: bool = True):
        person.submit("/code", code=code)
        self.assertEqual("The transaction is signed" in person.page.text, signed, person.page.text)


class Change(Life):
    def test_a_change_is_pending_until_it_is_committed(self):
        person = self.person()
        made = person.phone
        self.assertEqual((made.send(made.status()).pending, made.send(made.status()).began), (None, None))
        self.assertTrue(life.changed(made, made.send(life.change(made, life.new_slot(made, life.CHANGE), NEW_PIN, PIN))))
        status = made.send(made.status())
        self.assertEqual((status.pending, status.began, status.epoch), (made.slot_b.change, None, 1))
        self.assert_pin(person, PIN, NEW_PIN)
        change = made.slot_b.change
        reply = made.send(life.commit(made))
        self.assertEqual((reply.result, reply.epoch, reply.tries_in_row, reply.tries_in_epoch), (phone.DONE, 2, 5, 15))
        self.assertTrue(life.committed(made, reply))
        status = made.send(made.status())
        self.assertEqual((status.pending, status.began, status.epoch, status.state), (None, change, 2, 3))
        self.assert_pin(person, NEW_PIN, PIN)

    def test_a_crash_or_a_lost_answer_anywhere_leaves_exactly_one_pin(self):
        person = self.person()
        right, other, epoch = PIN, NEW_PIN, 1
        for kind, rotate in ((life.CHANGE, False), (life.REFRESH, False), (life.CHANGE, True), (life.REFRESH, True)):
            for lost, committed in (("the change", False), ("its answer", True), ("the commit", True), ("its confirmation", True)):
                with self.subTest(kind=kind, rotate=rotate, lost=lost):
                    made = person.phone
                    new = other if kind == life.CHANGE else right
                    request = life.change(made, life.new_slot(made, kind, rotate), new, right)
                    kept = stored(made)
                    if lost != "the change":
                        reply = made.send(request)
                        self.assertEqual(reply.result, phone.DONE)
                    if lost in ("the commit", "its confirmation"):
                        life.changed(made, reply)
                        request = life.commit(made)
                        kept = stored(made)
                    if lost == "its confirmation":
                        self.assertEqual(made.send(request).result, phone.DONE)
                    if rotate:
                        base.SERVICE.crash_and_restart()
                    person.phone = kept
                    status = life.resume(kept)
                    self.assertEqual(kept.slot_b, None)
                    if committed:
                        epoch += 1
                        right, other = (new, right) if new != right else (right, other)
                    self.assertEqual((kept.epoch, kept.send(kept.status()).epoch), (epoch, epoch), status)
                    self.assert_pin(person, right, other)
                    self.assertEqual(life.resume(kept).pending, None)

    def test_a_new_change_replaces_the_pending_one(self):
        person = self.person()
        made = person.phone
        self.assertTrue(life.changed(made, made.send(life.change(made, life.new_slot(made, life.CHANGE), "9127", PIN))))
        first = made.slot_b
        self.assertTrue(life.changed(made, made.send(life.change(made, life.new_slot(made, life.CHANGE), NEW_PIN, PIN))))
        second, made.slot_b = made.slot_b, first
        reply = made.send(life.commit(made))
        self.assertEqual((reply.result, reply.epoch), (phone.NOT_OPEN, 1))
        made.slot_b = second
        for _ in range(2):  # Committed already is done again.
            reply = made.send(life.commit(made))
            self.assertEqual((reply.result, reply.epoch), (phone.DONE, 2))
        life.committed(made, reply)
        self.assert_pin(person, NEW_PIN, PIN)

    def test_the_device_key_is_rotated_with_the_old_one_gone(self):
        person = self.person()
        made, old = person.phone, person.phone.k_dev
        self.assertEqual(life.refresh(made, PIN, rotate=True), phone.DONE)
        self.assertIsNot(made.k_dev, old)
        self.assert_http(401, "status", made.status(key=old).body)
        self.assert_pin(person, PIN)

    def test_a_hardware_key_is_not_replaced_by_software(self):
        person = self.person(with_phone=False)
        made = person.begin_enrolment()
        made.key_class = life.HARDWARE
        person.phone = person.finish_enrolment(made, PIN)
        slot = life.new_slot(made, life.REFRESH, rotate=True)
        reply = made.send(life.change(made, slot, PIN, PIN))
        self.assertEqual((reply.result, reply.tries_in_epoch), (phone.REFUSED, 15))
        slot.key_class = life.HARDWARE
        self.assertEqual(life.change_pin(made, slot, PIN, PIN), phone.DONE)
        self.assert_pin(person, PIN)

    def test_after_eight_wrong_pins_a_refresh_brings_all_tries_back(self):
        person = self.person()
        made = person.phone
        for wrong, due in ((4, False), (4, True)):
            challenge, number = person.ask_for_approval()
            for _ in range(wrong):
                made.send(made.approve(challenge, WRONG_PIN, number))
            reply = made.send(made.approve(challenge, PIN, number))
            self.assertEqual(life.refresh_is_due(reply), due)
        self.assertEqual((reply.tries_in_row, reply.tries_in_epoch), (5, 7))
        self.assertEqual(life.refresh(made, PIN), phone.DONE)
        status = made.send(made.status())
        self.assertEqual((status.tries_in_row, status.tries_in_epoch, status.epoch), (5, 15, 2))
        self.assert_pin(person, PIN, WRONG_PIN)

    def test_an_approval_asked_for_before_the_commit_is_given_with_the_new_pin(self):
        person = self.person()
        made = person.phone
        challenge, number = person.ask_for_approval()
        self.assertEqual(life.change_pin(made, life.new_slot(made, life.CHANGE), NEW_PIN, PIN), phone.DONE)
        self.assertEqual(made.send(made.approve(challenge, PIN, number)).result, phone.WRONG_PIN)
        self.assertEqual(made.send(made.approve(challenge, NEW_PIN, number)).result, phone.DONE)
        self.assertTrue(person.is_signed_in())


class Forgotten(Life):
    def two(self, blocked: bool = True) -> tuple[Person, phone.Account]:
        """A person whose first phone has the PIN, and the second one, which is blocked."""
        person = self.person()
        second = person.add_phone("8305")
        if blocked:
            for _ in range(5):
                reply = life.turn_on_biometrics(second, WRONG_PIN)
            self.assertEqual((reply.result, reply.tries_in_row), (phone.WRONG_PIN, 0))
            self.assertEqual(second.send(second.status()).state, 4)
            self.assertEqual(life.change_pin(second, life.new_slot(second, life.CHANGE), NEW_PIN, "8305"), phone.BLOCKED)
        return person, second

    def test_another_phone_unblocks_it_and_it_sets_its_pin_anew(self):
        for blocked in (True, False):
            person, second = self.two(blocked)
            person.ask_to_unblock(second)
            challenge = person.approve_on_page(m.UNBLOCK)
            self.assertEqual(challenge.subject, [m.DEVICE, second.enrolment.dev, "Second"])
            self.assertEqual(second.send(second.status()).granted, challenge.id)
            self.assertEqual(life.forgotten(second, NEW_PIN), phone.DONE)
            status = second.send(second.status())
            self.assertEqual((status.state, status.granted, status.tries_in_row, status.tries_in_epoch), (3, None, 5, 15))
            person.phone = second
            self.assert_pin(person, NEW_PIN, "8305")
            self.assert_signed(person, self.transfer_code(person, NEW_PIN))

    def test_biometrics_of_another_phone_unblock_it_and_its_own_are_gone(self):
        person, second = self.two(blocked=False)
        self.assertEqual(life.turn_on_biometrics(second, "8305").result, phone.DONE)
        self.assertEqual(life.turn_on_biometrics(person.phone, PIN).result, phone.DONE)
        person.ask_to_unblock(second)
        (challenge,) = person.phone.open_challenges(wait=5)
        number = int(person.page.by_id["number"])
        self.assertEqual(person.phone.send(person.phone.approve_by_biometrics(challenge, number)).result, phone.DONE)
        self.assertEqual(life.forgotten(second, NEW_PIN, rotate=True), phone.DONE)
        self.assertEqual((second.k_bio, second.send(second.status()).bio_kid), (None, None))
        self.assertIsNotNone(person.phone.send(person.phone.status()).bio_kid)

    def test_a_lost_answer_anywhere_leaves_one_pin_or_a_grant_to_set_one(self):
        for rotate, lost in ((False, "the change"), (False, "its answer"), (True, "the commit"), (True, "its confirmation")):
            with self.subTest(lost):
                person, second = self.two()
                person.ask_to_unblock(second)
                challenge = person.approve_on_page(m.UNBLOCK)
                slot = life.new_slot(second, life.FORGOTTEN, rotate)
                request = life.change(second, slot, NEW_PIN, grant=challenge.id)
                if lost != "the change":
                    self.assertEqual(second.send(request).result, phone.DONE)
                if lost == "its confirmation":
                    self.assertEqual(second.send(life.commit(second)).result, phone.DONE)
                base.SERVICE.crash_and_restart()
                second = stored(second)
                status = life.resume(second)
                if lost == "the change":
                    self.assertEqual((status.granted, status.state), (challenge.id, 4))
                    self.assertEqual(life.forgotten(second, NEW_PIN), phone.DONE)
                person.phone = second
                self.assert_pin(person, NEW_PIN, "8305")

    def test_a_block_between_does_not_keep_the_new_pin_from_being_committed(self):
        person, second = self.two(blocked=False)
        person.ask_to_unblock(second)
        challenge = person.approve_on_page(m.UNBLOCK)
        self.assertTrue(life.changed(second, second.send(life.change(second, life.new_slot(second, life.FORGOTTEN), NEW_PIN, grant=challenge.id))))
        for _ in range(5):
            life.turn_on_biometrics(second, WRONG_PIN)
        self.assertEqual(second.send(second.status()).state, 4)
        self.assertEqual(life.finish(second), phone.DONE)
        person.phone = second
        self.assert_pin(person, NEW_PIN, "8305")

    def test_a_phone_ahead_of_a_restored_service_goes_on_from_its_own_epoch(self):
        person, second = self.two(blocked=False)
        backup = base.SERVICE.backup()
        for epoch in range(2, 7):
            self.assertEqual(life.refresh(second, "8305"), phone.DONE)
        base.SERVICE.restore(backup)
        self.assertEqual(life.refresh(second, "8305"), phone.OTHER_EPOCH)
        person.sign_in()
        person.ask_to_unblock(second)
        person.approve_on_page(m.UNBLOCK)
        self.assertEqual(life.forgotten(second, NEW_PIN), phone.DONE)
        self.assertEqual(second.send(second.status()).epoch, 7)
        person.phone = second
        self.assert_pin(person, NEW_PIN, "8305")


class Codes(Life):
    def test_codes_made_by_the_old_epoch_before_the_swap_are_taken_after_it(self):
        person = self.person()
        made = person.phone
        code = self.transfer_code(person, PIN)
        self.assertEqual(life.change_pin(made, life.new_slot(made, life.CHANGE), NEW_PIN, PIN), phone.DONE)
        self.assert_signed(person, code)
        self.assert_signed(person, self.transfer_code(person, NEW_PIN))

    def test_codes_made_by_the_new_epoch_for_a_question_from_before_the_swap(self):
        person = self.person()
        challenge = person.ask_for_transaction()
        self.assertEqual(life.refresh(person.phone, PIN), phone.DONE)
        self.assert_signed(person, person.phone.code(challenge, PIN, list(TRANSFER.values())))

    def test_the_old_epoch_makes_no_code_for_a_question_after_the_swap(self):
        person = self.person()
        old = stored(person.phone)
        self.assertEqual(life.change_pin(person.phone, life.new_slot(person.phone, life.CHANGE), NEW_PIN, PIN), phone.DONE)
        challenge = person.ask_for_transaction()
        self.assert_signed(person, old.code(challenge, PIN, list(TRANSFER.values())), signed=False)
        self.assert_signed(person, person.phone.code(challenge, NEW_PIN, list(TRANSFER.values())))

    def test_codes_without_a_pin_go_on_through_changes(self):
        person = self.person()
        for change in range(3):
            challenge = person.ask_for_code()
            self.assertEqual(challenge.unlock, 0)
            code = person.phone.code(challenge, None)
            if change == 1:
                self.assertEqual(life.refresh(person.phone, PIN, rotate=True), phone.DONE)
            person.submit("/code", code=code)
            self.assertTrue(person.is_signed_in(), change)
            if change != 1:
                self.assertEqual(life.refresh(person.phone, PIN), phone.DONE)

    def test_codes_made_while_a_change_is_pending_come_from_the_old_epoch(self):
        person = self.person()
        made = person.phone
        request = life.change(made, life.new_slot(made, life.CHANGE), NEW_PIN, PIN)
        self.assertEqual(made.send(request).result, phone.DONE)
        self.assert_signed(person, self.transfer_code(person, PIN))
        step = made.step
        life.finish(made)
        self.assertEqual((made.epoch, made.step), (2, step))
        self.assert_signed(person, self.transfer_code(person, NEW_PIN))


class Biometrics(Life):
    def on(self, person: Person):
        reply = life.turn_on_biometrics(person.phone, PIN)
        self.assertEqual((reply.result, reply.tries_in_epoch), (phone.DONE, 15))

    def assert_biometrics(self, person: Person, result: int = phone.DONE):
        challenge, number = person.ask_for_approval()
        self.assertEqual(challenge.unlock, 2)
        self.assertEqual(person.phone.send(person.phone.approve_by_biometrics(challenge, number)).result, result)
        if result != phone.DONE:
            self.assertEqual(person.phone.send(person.phone.approve(challenge, PIN, number)).result, phone.DONE)
        self.assertTrue(person.is_signed_in())

    def test_on_approve_and_off(self):
        person = self.person()
        made = person.phone
        made.k_bio = wire.new_key()
        self.assert_biometrics(person, phone.WRONG_UNLOCK)
        self.on(person)
        self.assertEqual(made.send(made.status()).bio_kid, wire.kid(wire.public_bytes(made.k_bio)))
        self.assert_biometrics(person)
        self.assert_pin(person, PIN)
        key = made.k_bio
        self.assertEqual(made.send(life.biometrics_off(made)).result, phone.DONE)
        self.assertIsNone(made.send(made.status()).bio_kid)
        made.k_bio = key
        self.assert_biometrics(person, phone.WRONG_UNLOCK)
        self.assertEqual(made.send(life.biometrics_off(made)).result, phone.DONE, "off is off again")

    def test_a_wrong_pin_does_not_turn_them_on_and_costs_a_try(self):
        person = self.person()
        reply = life.turn_on_biometrics(person.phone, WRONG_PIN)
        self.assertEqual((reply.result, reply.tries_in_row, reply.tries_in_epoch), (phone.WRONG_PIN, 4, 14))
        self.assertIsNone(person.phone.k_bio)
        self.assertIsNone(person.phone.send(person.phone.status()).bio_kid)

    def test_another_key_signs_nothing_and_costs_no_try(self):
        person = self.person()
        self.on(person)
        challenge, number = person.ask_for_approval()
        right, person.phone.k_bio = person.phone.k_bio, wire.new_key()
        for _ in range(6):
            reply = person.phone.send(person.phone.approve_by_biometrics(challenge, number))
            self.assertEqual((reply.result, reply.tries_in_row, reply.tries_in_epoch), (phone.WRONG_PIN, 5, 15))
        person.phone.k_bio = right
        self.assertEqual(person.phone.send(person.phone.approve_by_biometrics(challenge, number)).result, phone.DONE)

    def test_they_go_with_a_changed_pin_and_stay_in_a_refresh(self):
        person = self.person()
        self.on(person)
        self.assertEqual(life.refresh(person.phone, PIN, rotate=True), phone.DONE)
        self.assertIsNotNone(person.phone.send(person.phone.status()).bio_kid)
        self.assert_biometrics(person)
        old = person.phone.k_bio
        self.assertEqual(life.change_pin(person.phone, life.new_slot(person.phone, life.CHANGE), NEW_PIN, PIN), phone.DONE)
        self.assertIsNone(person.phone.send(person.phone.status()).bio_kid)
        person.phone.k_bio = old
        challenge, number = person.ask_for_approval()
        self.assertEqual(
            person.phone.send(person.phone.approve_by_biometrics(challenge, number)).result, phone.WRONG_UNLOCK
        )

    def test_a_lost_answer_is_settled_by_the_status(self):
        person = self.person()
        made = person.phone
        request = life.biometrics_on(made, PIN)
        kept = stored(made)
        life.resume(kept)
        self.assertIsNone(kept.k_bio, "it never arrived")
        self.post("biometrics", request.body)
        life.resume(made)
        self.assertIsNotNone(made.k_bio, "it arrived, and the answer was lost")
        self.assert_biometrics(person)

    def test_turned_on_again_the_newer_key_counts(self):
        person = self.person()
        self.on(person)
        old = person.phone.k_bio
        self.on(person)
        self.assert_biometrics(person)
        person.phone.k_bio = old
        challenge, number = person.ask_for_approval()
        self.assertEqual(person.phone.send(person.phone.approve_by_biometrics(challenge, number)).result, phone.WRONG_PIN)

    def test_a_code_whose_question_wants_the_pin_is_not_made_with_the_biometric_share(self):
        person = self.person()
        self.on(person)
        challenge = person.ask_for_transaction()
        self.assertEqual(challenge.unlock, 1)
        challenge.unlock = 2  # a phone that does as it likes
        code = person.phone.code(challenge, None, list(TRANSFER.values()), biometrics=True)
        self.assert_signed(person, code, signed=False)


class Restored(Life):
    def test_phones_go_on_with_newer_tokens_counters_and_steps(self):
        person = self.person()
        made = person.phone
        self.assert_pin(person, PIN)
        backup = base.SERVICE.backup()
        for _ in range(3):
            self.assert_pin(person, PIN, WRONG_PIN)
            self.assert_signed(person, self.transfer_code(person, PIN))
        spent, information = made.last, made.information
        base.SERVICE.restore(backup)
        status = made.send(made.status())
        self.assertEqual((status.state, status.next_step > 10_000), (3, True))
        self.assertGreater(made.step, spent + 9000)
        phone.refresh(made)
        self.assertGreaterEqual(made.information.sequence, information.sequence + 10_000)
        self.assert_pin(person, PIN, WRONG_PIN)
        self.assert_signed(person, self.transfer_code(person, PIN))
        self.assertEqual(life.change_pin(made, life.new_slot(made, life.CHANGE), NEW_PIN, PIN), phone.DONE)
        self.assert_pin(person, NEW_PIN, PIN)

    def test_a_change_that_the_backup_has_pending_is_finished_by_the_phone(self):
        for committed in (False, True):
            with self.subTest(committed=committed):
                person = self.person()
                made = person.phone
                self.assertEqual(made.send(life.change(made, life.new_slot(made, life.CHANGE), NEW_PIN, PIN)).result, phone.DONE)
                backup = base.SERVICE.backup()
                if committed:
                    made.send(life.commit(made))  # the answer is lost, and then the swap is
                base.SERVICE.restore(backup)
                life.resume(made)
                self.assertEqual(made.epoch, 2)
                self.assert_pin(person, NEW_PIN, PIN)

    def test_removals_and_suspensions_are_not_undone(self):
        person, other = self.person(), self.person()
        removed, status = person.phone, person.phone.status()
        backup = base.SERVICE.backup()
        self.assertTrue(life.tell_removal(removed))
        other.phone.token = wire.random(32)
        self.assertEqual(other.phone.send(life.biometrics_off(other.phone)).result, phone.SUSPENDED)
        base.SERVICE.restore(backup)
        self.assert_http(401, "status", status.body)
        self.assertEqual(other.phone.send(other.phone.status()).state, 5)


class PushAddresses(Life):
    def test_a_service_that_sends_none_says_so_and_the_phone_goes_on(self):
        person = self.person()
        made = person.phone
        self.assertIsNone(made.information.push_key)
        for address in ((life.WEB_PUSH, "https://push.example.eu/up/1"), (life.FCM, "token"), (life.APNS, "00ff")):
            request = life.push_address(made, address)
            reply = made.send(request)
            self.assertEqual((reply.result, reply.tries_in_row, reply.counter), (phone.NO_PUSH, 5, made.counter))
            self.assertEqual(made.send(request).token, reply.token, "the same bytes, the same outcome")
        self.assertEqual(made.send(life.push_address(made, None)).result, phone.DONE)
        self.assert_pin(person, PIN)

    def test_what_is_no_address_is_no_request(self):
        made = self.person().phone
        for address in ((0, "a"), (4, "a"), (life.WEB_PUSH, "http://example.eu/"), (life.FCM, "a b"), (life.APNS, "0"), (life.FCM, "a" * 513)):
            self.assert_http(400, "push", life.push_address(made, address).body)
        self.assertEqual(made.send(life.push_address(made, None)).result, phone.DONE)


class ServiceKeys(Life):
    def test_phones_follow_the_keys_of_a_running_service(self):
        person = self.person()
        made = person.phone
        first = made.information
        base.SERVICE.rotate_keys("hpke")
        base.SERVICE.rotate_keys("signing")
        for _ in range(100):
            phone.refresh(made)
            if len(made.information.keys) == 2 and made.information.hpke != first.hpke:
                break
            time.sleep(0.1)
        self.assertEqual((made.information.keys[0], made.information.kid), (first.keys[0], first.kid), "the known key signs")
        self.assertGreaterEqual(made.information.keys[1][1], made.information.issued_at + 30 * 86400)
        self.assertGreater(made.information.sequence, first.sequence)
        self.assert_pin(person, PIN)
        made.information = first
        self.assert_pin(person, PIN)  # sealed to the key that was replaced
        self.assertEqual(self.get("earlier"), wire.encode([]), "no signing key has been replaced yet")

    def get(self, name: str) -> bytes:
        return phone.http(f"{base.SERVICE.origin}/.well-known/countersign/{name}", None, 8192)


class Removal(Life):
    def test_a_phone_that_removes_itself_is_gone(self):
        person = self.person()
        made = person.phone
        status = made.status()
        self.assertTrue(life.tell_removal(made))
        self.assert_http(401, "status", status.body)
        self.assertEqual(person.browser.get("/account").path, "/sign-in", "the sessions ended")

    def test_the_last_phone_leaves_a_guarded_account_and_another_one_does_not(self):
        for last in (True, False):
            person = self.person()
            gone = person.phone if last else person.add_phone("8305")
            self.assertTrue(life.tell_removal(gone))
            person.type_password()
            self.assertEqual(person.page.path, "/recovery" if last else "/sign-in/method")

    def test_told_again_it_is_401_and_done(self):
        made = self.person().phone
        kept = made.k_dev
        self.assertTrue(life.tell_removal(made))
        made.k_dev = kept
        self.assertTrue(life.tell_removal(made))
        self.assertIsNone(made.k_dev)

    def test_blocked_and_suspended_phones_can_be_removed(self):
        for state in (4, 5):
            person = self.person()
            made = person.phone
            challenge, number = person.ask_for_approval()
            if state == 5:
                made.token = bytes(32)
            for _ in range(5):
                made.send(made.approve(challenge, WRONG_PIN, number))
            self.assertEqual(made.send(made.status()).state, state)
            self.assertTrue(life.tell_removal(made))
            self.assertIsNone(made.k_dev)

    def test_a_rotated_key_removes_and_the_old_one_does_not(self):
        made = self.person().phone
        old = made.k_dev
        self.assertEqual(life.refresh(made, PIN, rotate=True), phone.DONE)
        kept, made.k_dev = made.k_dev, old
        self.assert_http(401, "remove", life.remove(made).body)
        made.k_dev = kept
        self.assertEqual(made.send(life.remove(made)).result, phone.DONE)


if __name__ == "__main__":
    unittest.main()
