"""What the tests against the real service share: the service, and requests that no honest phone makes."""

import threading
import unittest

import phone
import wire
from person import Person
from service import Service

SERVICE: Service


def start() -> None:
    """For `setUpModule`: a new service, which ends with the module."""
    global SERVICE
    SERVICE = Service()
    unittest.addModuleCleanup(SERVICE.stop)


def forge(account: phone.Account, name: str, transcript: bytes, sealed: bytes | None = None, key=None, high_s=False) -> bytes:
    """The body of a request around these bytes, whatever they are."""
    parts = [transcript] if sealed is None else [transcript, wire.sha256(sealed)]
    message = wire.make_signed(key or account.k_dev, name, wire.encode(parts))
    if high_s:
        s = wire.N - int.from_bytes(message.signature[32:], "big")
        message = wire.Signed(name, message.payload, message.signature[:32] + s.to_bytes(32, "big"))
    return wire.encode([message.encode()] if sealed is None else [message.encode(), sealed])


class Interop(unittest.TestCase):
    def person(self, with_phone: bool = True) -> Person:
        return Person(SERVICE, with_phone)

    def post(self, name: str, body: bytes, media_type: str = phone.MEDIA_TYPE) -> bytes:
        return phone.http(f"{SERVICE.origin}/api/v1/{name}", body, 8192, media_type)

    def outcome(self, name: str, request: phone.Request) -> dict:
        """The signed reply without the service's time, which a repeated reply has anew."""
        reply = wire.decode(wire.read_signed(self.post(name, request.body), "reply", 8192).payload, "reply")
        del reply[6]
        return reply

    def assert_http(self, status: int, name: str, body: bytes, media_type: str = phone.MEDIA_TYPE):
        with self.assertRaises(phone.HttpError) as caught:
            self.post(name, body, media_type)
        self.assertEqual(caught.exception.status, status, caught.exception.line)
        if status not in (404, 405):
            self.assertRegex(caught.exception.line, r"\A[^<\n]+\Z", "one line of text for people")

    def assert_result(self, result: int, name: str, body: bytes):
        signed = wire.read_signed(self.post(name, body), "reply", 8192)
        self.assertEqual(wire.decode(signed.payload, "reply")[5], result)

    def results_in_parallel(self, account: phone.Account, requests: list[phone.Request]) -> list[int]:
        replies = []
        threads = [threading.Thread(target=lambda r=request: replies.append(account.send(r))) for request in requests]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(len(replies), len(requests))
        return [reply.result for reply in replies]
