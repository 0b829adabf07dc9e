"""A mail server that takes mail and keeps it: aiosmtpd, which is not ours. As a program, a mailbox for the tests in a browser.

    sink.py FOLDER    prints the port, then writes each message to FOLDER, until its standard input ends
"""

import asyncio
import email.policy
import itertools
import pathlib
import re
import socket
import sys
import threading
import time
from dataclasses import dataclass
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

# As the service writes files: UTF-8, and no line is broken, so that links stay whole.
WHOLE = email.policy.SMTP.clone(cte_type="8bit", max_line_length=None, utf8=True)


@dataclass
class Came:
    """A message as it came."""

    sender: str
    to: str
    at: float
    raw: bytes
    message: EmailMessage

    def text(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None, f"no {kind} part in {self.raw!r}"
        return part.get_content().replace("\r\n", "\n")

    def links(self, path: str) -> list[str]:
        return re.findall(rf"^https?://\S*{re.escape(path)}\S*$", self.text("plain"), re.MULTILINE)


def readable(message: EmailMessage) -> bytes:
    """The same message, such that a reader of the file needs no decoder."""
    for part in message.walk():
        if part.get_content_maintype() == "text":
            part.set_content(part.get_content(), subtype=part.get_content_subtype(), cte="8bit")
    return message.as_bytes(policy=WHOLE)


class Sink:
    """Answers as it is told: for each recipient a list of answers to RCPT or DATA, the next one each time; then 250."""

    def __init__(self, folder: str | pathlib.Path, **settings):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.came: list[Came] = []
        self.rcpt: dict[str, list[str]] = {}
        self.data: dict[str, list[str]] = {}
        self.connections = 0
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        sink = self

        class Counting(Controller):
            def factory(self):
                sink.connections += 1
                return SMTP(self.handler, **self.SMTP_kwargs)

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._controller: Controller | None = None
        self._make = lambda: Counting(self, hostname="127.0.0.1", port=self.port, **settings)
        self.start()

    def start(self) -> None:
        self._controller = self._make()
        self._controller.start()
        self.connections = 0  # it has tried itself

    def stop(self) -> None:
        controller, self._controller = self._controller, None
        if controller is not None:
            controller.stop()

    async def handle_RCPT(self, server, session, envelope, address, _options):
        answer = await self._told(self.rcpt, address, server)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        (to,) = envelope.rcpt_tos
        answer = await self._told(self.data, to, server)
        if answer is not None:
            return answer
        message = email.message_from_bytes(envelope.content, policy=email.policy.SMTP)
        with self._lock:
            self.came.append(Came(envelope.mail_from, to, time.time(), envelope.content, message))
            name = f"{int(time.time())}-{next(self._numbers):08}"
        again = email.message_from_bytes(envelope.content, policy=email.policy.SMTP)
        (self.folder / f".{name}").write_bytes(readable(again))
        (self.folder / f".{name}").rename(self.folder / f"{name}.eml")
        return "250 2.0.0 taken"

    async def _told(self, told: dict[str, list[str]], address: str, server) -> str | None:
        answers = told.get(address, [])
        answer = answers.pop(0) if answers else None
        if answer == "disconnect":
            server.transport.abort()
        elif answer is not None and answer.startswith("wait "):
            await asyncio.sleep(float(answer.removeprefix("wait ")))
            return None
        return answer

    def to(self, address: str) -> list[Came]:
        with self._lock:
            return [came for came in self.came if came.to == address]

    def wait(self, address: str, count: int = 1, patience: float = 30) -> list[Came]:
        """So many messages to this address, once they are there."""
        end = time.monotonic() + patience
        while len(self.to(address)) < count and time.monotonic() < end:
            time.sleep(0.02)
        came = self.to(address)
        assert len(came) >= count, f"{len(came)} messages to {address}, not {count}"
        return came


def only(user: str, password: str):
    """Lets this user in and nobody else."""

    def check(_server, _session, _envelope, _mechanism, data) -> AuthResult:
        let_in = (data.login.decode(), data.password.decode()) == (user, password)
        return AuthResult(success=let_in, handled=let_in)

    return check


if __name__ == "__main__":
    mailbox = Sink(sys.argv[1])
    print(mailbox.port, flush=True)
    sys.stdin.read()
    mailbox.stop()
