"""A person of the tests: an account on the service's pages, and a phone beside it."""

import hashlib
import itertools

import messages as m
import phone
from pages import Browser, Page
from service import Service

PASSWORD = "Correct-horse-7"
PIN, WRONG_PIN = "7294", "7295"
TRANSFER = {"iban": "LV80BANK0000435195001", "name": "Jānis Kalniņš", "amount": "1234.50", "reference": "RF2026"}
_numbers = itertools.count(1)


def work(page: Page) -> str:
    """What the script of the page does for its form: numbers whose hashes begin with zeros."""
    form = next(a for tag, a in page.elements if tag == "form" and "data-bits" in a)
    bits, puzzles = int(form["data-bits"]), int(form["data-puzzles"])
    token = next(a["value"] for tag, a in page.elements if a.get("name") == "check")
    seed = hashlib.sha256(token.encode()).digest()

    def solved(puzzle: int) -> int:
        of = seed + puzzle.to_bytes(4, "big")
        hashes = (hashlib.sha256(of + number.to_bytes(4, "big")).digest() for number in itertools.count())
        return next(number for number, found in enumerate(hashes) if not int.from_bytes(found[:4], "big") >> (32 - bits))

    return "".join(f"{solved(puzzle):08x}" for puzzle in range(puzzles))


class Person:
    """Registered and signed in; with `phone=True` also an active phone, whose PIN is PIN."""

    def __init__(self, service: Service, with_phone: bool = True):
        self.email = f"person{next(_numbers)}@example.eu"
        self.service = service
        self.browser = Browser(service.origin)
        self.page = self.ask_to_register(self.browser, self.email)
        self.open_mailed("/register/", password=PASSWORD, password_again=PASSWORD)
        assert self.page.path == "/register/done", self.page.text
        self.page = self.browser.get("/account")
        self.phone = self.enrol() if with_phone else None

    @staticmethod
    def ask_to_register(browser: Browser, to: str, **more: str) -> Page:
        """Fills in the form that mails the link."""
        page = browser.get("/register")
        return browser.submit(
            page,
            "/register",
            first_name="Anna",
            last_name="Bērziņa",
            email=to,
            email_again=to,
            privacy="yes",
            proof=work(page),
            **more,
        )

    def open_mailed(self, path: str, **values: str) -> Page:
        """Opens the newest link of the person's mail below the path, and sends its form."""
        link = self.service.mailed_link(self.email, path)
        self.page = self.browser.get(link)
        return self.submit(link, **values)

    def link(self) -> str:
        """The link of the QR code on the page."""
        return self.browser.get(f"{self.page.path}/link").html.strip()

    def submit(self, action: str, of: dict[str, str] | None = None, **values: str) -> Page:
        self.page = self.browser.submit(self.page, action, of, **values)
        return self.page

    def reload(self) -> Page:
        """What the page's script does when the state changes; a form that was refused shows the page at another path."""
        self.page = self.browser.get(self.page.path.removesuffix("/code"))
        return self.page

    def begin_enrolment(self) -> phone.Account:
        self.page = self.browser.get("/account/devices")
        first = "password" in self.page.form("/account/devices/add").names
        self.submit("/account/devices/add", name="My phone", **({"password": PASSWORD} if first else {}))
        if first:
            self.open_mailed("/account/confirm/")
        return phone.begin(self.link(), m.CAMERA)

    def enrol(self) -> phone.Account:
        return self.finish_enrolment(self.begin_enrolment(), PIN)

    def finish_enrolment(self, made: phone.Account, pin: str) -> phone.Account:
        reply = made.send(made.claim(pin))
        assert reply.result == phone.DONE, reply
        self.reload()
        self.submit("/code", code=reply.confirmation)
        assert made.send(made.complete(wait=5)).result == phone.DONE
        assert made.send(made.status()).state == 3
        return made

    def approve_on_page(self, purpose: int, by: phone.Account | None = None, pin: str = PIN):
        """Answers the challenge that the page waits for, with the phone and its PIN."""
        by = by or self.phone
        (challenge,) = by.open_challenges(wait=5)
        assert challenge.purpose == purpose, challenge
        reply = by.send(by.approve(challenge, pin, int(self.page.by_id["number"])))
        assert reply.result == phone.DONE, reply
        self.reload()
        return challenge

    def add_phone(self, pin: str) -> phone.Account:
        """A second one, approved with the first."""
        self.page = self.browser.get("/account/devices")
        self.submit("/account/devices/add", name="Second")
        self.approve_on_page(purpose=2)
        assert "/account/enrolments/" in self.page.path, self.page.text
        return self.finish_enrolment(phone.begin(self.link(), m.CAMERA), pin)

    def ask_to_unblock(self, made: phone.Account) -> Page:
        self.page = self.browser.get("/account/devices")
        return self.submit("/account/devices/unblock", of={"dev": made.enrolment.dev.hex()})

    def type_password(self) -> None:
        """In a browser without a session."""
        self.browser = Browser(self.browser.origin)
        self.page = self.browser.get("/sign-in")
        self.submit("/sign-in", email=self.email)
        self.submit("/sign-in/password", password=PASSWORD, method="password")

    def begin_sign_in(self) -> Page:
        """As far as the question which factor."""
        self.type_password()
        assert self.page.path == "/sign-in/method", self.page.text
        return self.page

    def sign_in(self) -> None:
        challenge, number = self.ask_for_approval()
        assert self.phone.send(self.phone.approve(challenge, PIN, number)).result == phone.DONE
        assert self.is_signed_in()

    def ask_for_approval(self):
        """Signs in with the app; the challenge that the phone gets, and the number on the page."""
        self.begin_sign_in()
        self.submit("/sign-in/app")
        if self.page.path == "/sign-in/device":  # There are several.
            self.submit("/sign-in/app", of={"dev": self.phone.enrolment.dev.hex()})
        (challenge,) = self.phone.open_challenges(wait=5)
        return challenge, int(self.page.by_id["number"])

    def ask_for_code(self):
        self.begin_sign_in()
        self.submit("/sign-in/code")
        return self.phone.open_link(self.link(), m.CAMERA)

    def ask_for_transaction(self, **values: str):
        self.page = self.browser.get("/account/transactions/other")
        self.submit("/account/transactions/other", **(TRANSFER | values))
        return self.phone.open_link(self.link(), m.CAMERA)

    def is_signed_in(self) -> bool:
        """Lets the page of the challenge go on first."""
        self.reload()
        return self.browser.get("/account").path == "/account"
