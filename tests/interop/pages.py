"""The person at the computer: a browser with cookies and forms, and no script."""

import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"input", "img", "br", "hr", "meta", "link"}


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)  # unticked boxes too


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.words: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.by_id: dict[str, str] = {}
        self._form: Form | None = None
        self._select: str | None = None
        self._open: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag, attributes):
        a = {name: value or "" for name, value in attributes}
        self.elements.append((tag, a))
        if tag not in _VOID:
            self._open.append((tag, a.get("id")))
        if "id" in a:
            self.by_id.setdefault(a["id"], "")
        if tag == "form":
            self._form = Form(a.get("action", ""), a.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is None or "disabled" in a:
            return
        elif tag in ("input", "textarea") and "name" in a:
            self._form.names.add(a["name"])
            chosen = a.get("type") not in ("radio", "checkbox") or "checked" in a
            if a.get("type") != "submit" and chosen:
                self._form.fields[a["name"]] = a.get("value", "")
        elif tag == "button" and "name" in a:
            self._form.names.add(a["name"])  # sent only where the person presses it
        elif tag == "select":
            self._select = a.get("name")
            self._form.names.add(self._select)
        elif tag == "option" and self._select and (self._select not in self._form.fields or "selected" in a):
            self._form.fields[self._select] = a.get("value", "")

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        while any(name == tag for name, _ in self._open):
            if self._open.pop()[0] == tag:
                break

    def handle_data(self, data):
        if any(name in ("script", "style") for name, _ in self._open):
            return
        self.words.append(data)
        for _, identity in self._open:
            if identity is not None:
                self.by_id[identity] += data


class Page:
    def __init__(self, url: str, status: int, html: str):
        self.url, self.status, self.html = url, status, html
        reader = _Reader()
        reader.feed(html)
        self.forms, self.elements = reader.forms, reader.elements
        self.by_id = {identity: " ".join(inner.split()) for identity, inner in reader.by_id.items()}
        self.text = " ".join(" ".join(reader.words).split())

    @property
    def path(self) -> str:
        return urllib.parse.urlsplit(self.url).path

    def form(self, action: str, **fields: str) -> Form:
        """The one form whose action ends so, and whose fields say so already."""
        found = [form for form in self.forms if urllib.parse.urlsplit(form.action).path.endswith(action)]
        found = [form for form in found if fields.items() <= form.fields.items()]
        assert len(found) == 1, f"{len(found)} forms to {action} on {self.url} ({self.status}): {self.text[:600]}"
        return found[0]

    def attribute(self, name: str) -> str:
        """The value of the one attribute of this name, such as data-link."""
        found = {attributes[name] for _, attributes in self.elements if name in attributes}
        assert len(found) == 1, f"{len(found)} values of {name} on {self.url} ({self.status}): {self.text[:600]}"
        return found.pop()


# As browsers send it: some applications send programs, which have none, no redirect.
ACCEPT = "text/html,application/xhtml+xml,*/*;q=0.8"


class Browser:
    def __init__(self, origin: str):
        self.origin = origin
        # Browsers take a loopback host for a secure place.
        policy = http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https"))
        self.cookies = http.cookiejar.CookieJar(policy)
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        )

    def _open(self, url: str, data: bytes | None, media_type: str) -> tuple[str, int, str]:
        headers = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Accept": ACCEPT}
        if data is not None:
            headers |= {"Content-Type": media_type, "Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        request = urllib.request.Request(urllib.parse.urljoin(self.origin + "/", url), data, headers)
        try:
            with self._opener.open(request, timeout=70) as response:
                return response.url, response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.url, error.code, error.read().decode(errors="replace")

    def get(self, url: str) -> Page:
        return Page(*self._open(url, None, ""))

    def submit(self, page: Page, action: str, of: dict[str, str] | None = None, **values: str) -> Page:
        """Fills the form in as a person would: hidden fields stay as they are. `of` tells forms of one action apart."""
        form = page.form(action, **(of or {}))
        unknown = set(values) - form.names
        assert not unknown, f"the form {action} has no {unknown}, only {form.names}"
        target = urllib.parse.urljoin(page.url, form.action)
        data = urllib.parse.urlencode(form.fields | values)
        if form.method == "get":
            return self.get(f"{target}?{data}")
        return Page(*self._open(target, data.encode(), "application/x-www-form-urlencoded"))
