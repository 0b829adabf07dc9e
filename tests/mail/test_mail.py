"""Mail leaves the real program by SMTP, whatever the mail server does."""

import contextlib
import email.utils
import html
import logging
import pathlib
import sqlite3
import ssl
import sys
import tempfile
import time
import unittest
import warnings

import trustme

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

from pages import Browser  # noqa: E402
from person import PASSWORD, Person  # noqa: E402
from service import Service  # noqa: E402
from sink import Sink, only  # noqa: E402

FROM = "Example Šķirotava <no-reply@sign.example.eu>"
# What aiosmtpd says of clients that hang up, as some of these tests make them.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)
USER, SMTP_PASSWORD = "relay@example.eu", "p4ss-of-the-relay"


class Mail(unittest.TestCase):
    def setUp(self):
        warnings.simplefilter("ignore")
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="countersign-mail-")))
        self.authority = trustme.CA()
        self.authority.cert_pem.write_to_path(self.folder / "ca.pem")

    def sink(self, **settings) -> Sink:
        sink = Sink(self.folder / "mail", **settings)
        self.addCleanup(sink.stop)
        return sink

    def service(self, sink: Sink, *arguments: str, url: str = "smtp://127.0.0.1:{port}", **environment: str) -> Service:
        mail = ["--smtp", url.format(port=sink.port), "--mail-from", FROM, *arguments]
        service = Service(*mail, SSL_CERT_FILE=str(self.folder / "ca.pem"), **environment)
        self.addCleanup(service.stop)
        service.outbox = sink.folder
        return service

    def plain(self) -> tuple[Sink, Service]:
        sink = self.sink()
        return sink, self.service(sink, "--smtp-tls", "none")

    def tls(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*names).configure_cert(context)
        return context

    def ask_stop(self, service: Service, to: str) -> None:
        """Asks for the link that anybody may ask for, once in half an hour."""
        browser = Browser(service.origin)
        page = browser.submit(browser.get("/stop/link"), "/stop/link", email=to)
        self.assertEqual(page.status, 200, page.text)

    def ask_reset(self, service: Service, to: str) -> None:
        browser = Browser(service.origin)
        page = browser.submit(browser.get("/password/forgotten"), "/password/forgotten", email=to)
        self.assertEqual(page.status, 200, page.text)

    @contextlib.contextmanager
    def database(self, service: Service):
        connection = sqlite3.connect(service.data / "service.db", timeout=10)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def waiting(self, service: Service) -> list[tuple]:
        with self.database(service) as database:
            return database.execute("SELECT tries, dead_at, why FROM delivery ORDER BY number").fetchall()

    def until(self, true, what: str, patience: float = 30):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            found = true()
            if found:
                return found
            time.sleep(0.05)
        self.fail(what)

    def assert_no_address(self, service: Service, *addresses: str):
        log = service.log()
        for address in addresses:
            self.assertNotIn(address, log)
            self.assertNotIn(address.split("@")[0], log)

    def test_mail_leaves_within_seconds_as_plain_text_and_html_with_proper_headers(self):
        sink, service = self.plain()
        person = Person(service)
        before = len(sink.wait(person.email, 3))
        began = time.time()
        self.ask_stop(service, person.email)
        last = sink.wait(person.email, before + 1)[-1]
        self.assertLess(last.at - began, 5)
        self.assertEqual(last.sender, "no-reply@sign.example.eu")
        ids = set()
        for came in sink.to(person.email):
            message = came.message
            self.assertEqual(message.get_content_type(), "multipart/alternative")
            self.assertEqual([part.get_content_type() for part in message.iter_parts()], ["text/plain", "text/html"])
            self.assertEqual(message["From"], FROM)
            self.assertEqual(message["To"], person.email)
            self.assertEqual(message["Auto-Submitted"], "auto-generated")
            self.assertEqual(message["Content-Language"], "en")
            self.assertRegex(message["Message-ID"], r"\A<[0-9a-f]{32}@sign\.example\.eu>\Z")
            age = time.time() - email.utils.parsedate_to_datetime(message["Date"]).timestamp()
            self.assertTrue(-5 < age < 60, age)
            self.assertTrue(came.raw.isascii(), "every server takes it")
            self.assertLess(max(map(len, came.raw.splitlines())), 999)
            self.assertEqual(message.defects, [])
            ids.add(message["Message-ID"])
            markup = html.unescape(came.text("html"))
            for link in came.links("/"):
                self.assertIn(f'href="{link}"', markup)
            for outside in ("<img", "src=", "@import", "url(", "<script", "<link"):
                self.assertNotIn(outside, markup)
        self.assertEqual(len(ids), len(sink.to(person.email)))
        self.assertEqual(self.until(lambda: self.waiting(service) == [] or None, "something waits still"), True)
        self.assertLess(sink.connections, len(sink.came), "a connection carries several")

    def test_mail_is_in_the_language_that_the_person_chose(self):
        sink, service = self.plain()
        to = "jana@example.eu"
        Person.ask_to_register(Browser(service.origin), to, language="lv")
        came = sink.wait(to)[0]
        self.assertEqual(came.message["Content-Language"], "lv")
        self.assertEqual(came.message["Subject"], "Countersign: apstipriniet savu e-pasta adresi")
        self.assertIn("Ja tas nebijāt jūs", came.text("plain"))
        self.assertIn('<html lang="lv"', came.text("html"))
        self.assertEqual(len(came.links("/register/")), 1)

    def test_names_that_are_hostile_add_no_header_and_no_markup(self):
        sink, service = self.plain()
        person = Person(service, with_phone=False)
        name = '<img src=x onerror="alert(1)">&amp;'
        page = person.browser.get("/account/devices")
        person.page = page
        with self.database(service) as database:
            # As if a form had let it through.
            database.execute(
                "INSERT INTO event (account, at, what, detail, mail) SELECT acc, unixepoch(), 'device-added', ?, 1 FROM account",
                (f"{name}\r\nBcc: eve@example.eu\r\n\r\nhttp://evil.example/",),
            )
        came = self.until(
            lambda: [came for came in sink.to(person.email) if "onerror" in (came.message["Subject"] or "")], "no message"
        )[0]
        self.assertIsNone(came.message["Bcc"])
        self.assertIn("Bcc: eve@example.eu", came.message["Subject"])
        self.assertEqual(came.message.defects, [])
        self.assertNotIn("<img", came.text("html"))
        self.assertIn("&lt;img src=x", came.text("html"))
        lines = came.text("plain").splitlines()
        self.assertFalse([line for line in lines if line.startswith(("Bcc", "http://evil"))], lines)
        self.assertEqual(len(sink.to("eve@example.eu")), 0)

    def test_a_server_that_says_later_gets_the_message_again(self):
        sink, service = self.plain()
        person = Person(service, with_phone=False)
        before = len(sink.to(person.email))
        sink.rcpt[person.email] = [f"451 4.2.0 <{person.email}>: greylisted, {person.email.split('@')[0]}", "452 4.2.2 full"]
        sink.data[person.email] = ["421 4.3.2 closing"]
        self.ask_stop(service, person.email)
        sink.wait(person.email, before + 1)
        self.assertEqual(sink.rcpt[person.email] + sink.data[person.email], [])
        time.sleep(1)
        self.assertEqual(len(sink.to(person.email)), before + 1)
        self.assert_no_address(service, person.email)

    def test_a_recipient_who_is_refused_for_good_is_given_up_and_nobody_else_waits(self):
        sink, service = self.plain()
        person, other = Person(service, with_phone=False), Person(service, with_phone=False)
        before = len(sink.to(other.email))
        sink.rcpt[person.email] = [f"550 5.1.1 <{person.email}>: no such user"]
        self.ask_stop(service, person.email)
        self.ask_stop(service, other.email)
        sink.wait(other.email, before + 1)
        tries, dead_at, why = self.until(lambda: self.waiting(service), "nothing was given up")[0]
        self.assertEqual(tries, 1)
        self.assertIsNotNone(dead_at)
        self.assertIn("550", why)
        self.assertIn("no such user", why)
        self.assertNotIn(person.email, why)
        self.assert_no_address(service, person.email)

    def test_a_slow_recipient_holds_up_no_other(self):
        sink, service = self.plain()
        slow, other = Person(service, with_phone=False), Person(service, with_phone=False)
        before = len(sink.to(other.email))
        sink.rcpt[slow.email] = ["wait 15"]
        self.ask_stop(service, slow.email)
        time.sleep(1)
        began = time.monotonic()
        self.ask_stop(service, other.email)
        sink.wait(other.email, before + 1, patience=10)
        self.assertLess(time.monotonic() - began, 8)

    def test_a_connection_that_breaks_in_the_middle_loses_no_message(self):
        sink, service = self.plain()
        person = Person(service, with_phone=False)
        before = len(sink.to(person.email))
        sink.data[person.email] = ["disconnect"]
        sink.rcpt[person.email] = ["disconnect"]
        self.ask_stop(service, person.email)
        sink.wait(person.email, before + 1)

    def test_a_server_that_is_away_gets_all_of_it_when_it_is_back(self):
        sink, service = self.plain()
        person = Person(service, with_phone=False)
        before = len(sink.to(person.email))
        sink.stop()
        self.ask_stop(service, person.email)
        self.ask_reset(service, person.email)
        self.until(lambda: [row for row in self.waiting(service) if row[0] > 1], "it was not tried again")
        self.assertIn("can't be reached", service.log())
        sink.start()
        sink.wait(person.email, before + 2)

    def test_a_link_whose_time_is_over_is_not_sent_any_more(self):
        sink, service = self.plain()
        person = Person(service, with_phone=False)
        before = len(sink.to(person.email))
        sink.rcpt[person.email] = ["451 4.3.0 later"] * 3
        self.ask_stop(service, person.email)
        self.until(lambda: [row for row in self.waiting(service) if row[0]], "it was not tried")
        with self.database(service) as database:
            database.execute("UPDATE mailed_link SET expires_at = unixepoch() WHERE kind = 'stop'")
        self.until(lambda: not self.waiting(service), "it waits still")
        self.assertEqual(len(sink.to(person.email)), before)

    def test_a_service_that_is_killed_when_it_has_sent_sends_once_more_at_most_and_the_same(self):
        sink = self.sink()
        service = self.service(sink, "--smtp-tls", "none")
        person = Person(service, with_phone=False)
        before = len(sink.to(person.email))
        self.until(lambda: not self.waiting(service), "something waits still")
        # It dies before it notes that the message was sent.
        service.restart(COUNTERSIGN_KILL_BEFORE="DeliveryTried")
        self.ask_stop(service, person.email)
        sink.wait(person.email, before + 1)
        self.until(service.is_gone, "it was not killed")
        service.restart()
        sink.wait(person.email, before + 2)
        self.until(lambda: not self.waiting(service), "something waits still")
        time.sleep(2)
        first, second = sink.to(person.email)[before:]
        self.assertEqual(first.message["Message-ID"], second.message["Message-ID"])
        self.assertEqual(first.raw, second.raw)

    def test_starttls_and_a_password_from_a_file(self):
        context = self.tls("localhost")
        sink = self.sink(
            tls_context=context, require_starttls=True, authenticator=only(USER, SMTP_PASSWORD), auth_required=True
        )
        file = self.folder / "password"
        file.write_text(f"{SMTP_PASSWORD}\n")
        file.chmod(0o600)
        url = "smtp://relay%40example.eu@localhost:{port}"
        service = self.service(sink, "--smtp-password-file", str(file), url=url)
        person = Person(service, with_phone=False)
        self.assertTrue(sink.to(person.email))
        self.assertNotIn(SMTP_PASSWORD, service.log())

    def test_tls_from_the_first_byte_and_a_password_from_the_environment(self):
        sink = self.sink(
            ssl_context=self.tls("localhost"), authenticator=only(USER, SMTP_PASSWORD), auth_required=True, auth_require_tls=False
        )
        url = "smtps://relay%40example.eu@localhost:{port}"
        service = self.service(sink, url=url, COUNTERSIGN_SMTP_PASSWORD=SMTP_PASSWORD)
        self.assertTrue(sink.to(Person(service, with_phone=False).email))

    def refused(self, sink: Sink, words: str, *arguments: str, **settings) -> None:
        """Nothing leaves, and the log says why."""
        service = self.service(sink, *arguments, **settings)
        address = "anna.refused@example.eu"
        self.register(service, address)
        self.until(lambda: words in service.log(), f"{words}: {service.log()}")
        self.assertEqual(sink.came, [])
        self.assertNotIn(address, service.log())

    def register(self, service: Service, to: str) -> None:
        Person.ask_to_register(Browser(service.origin), to)

    def test_without_tls_nothing_leaves_where_it_is_required(self):
        self.refused(self.sink(), "offers no TLS")

    def test_nothing_leaves_to_a_server_whose_certificate_is_another_ones(self):
        sink = self.sink(tls_context=self.tls("mail.example.eu"))
        self.refused(sink, "no TLS with the mail server", url="smtp://localhost:{port}")

    def test_nothing_leaves_where_the_password_is_wrong(self):
        sink = self.sink(
            ssl_context=self.tls("localhost"), authenticator=only(USER, "another"), auth_required=True, auth_require_tls=False
        )
        url = "smtps://relay%40example.eu@localhost:{port}"
        self.refused(sink, "does not let the user in", url=url, COUNTERSIGN_SMTP_PASSWORD=SMTP_PASSWORD)


if __name__ == "__main__":
    unittest.main()
