import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

let password = "Ventspils-1991!"

let transfer: KeyValuePairs = [
    "iban": "LV80BANK0000435195001",
    "name": "Jānis Kalniņš",
    "amount": "1234.50",
    "reference": "RF2026",
]

/// The person at the computer: a browser with cookies and forms, at the service's own pages.
final class Person {
    private let service: Service
    private let origin: URL
    private let email = "anna-\(UUID().uuidString.lowercased())@example.eu"
    private let browser = URLSession(configuration: .ephemeral, delegate: NoRedirects(), delegateQueue: nil)
    private var cookies: [String: String] = [:]
    private var page = ""
    private var path = "/"
    /// Mailed links that were opened: each works once.
    private var opened: Set<String> = []
    /// Whether the browser says that it is a phone's: only then the pages offer "On mobile".
    private var onPhone = false

    private init(_ service: Service) { (self.service, origin) = (service, service.origin) }

    deinit { browser.finishTasksAndInvalidate() }

    static func registered(at service: Service) async throws -> Person {
        let person = Person(service)
        try await person.open("/register")
        try await person.submit(
            "/register",
            [
                "first_name": "Anna", "last_name": "Bērziņa", "email": person.email, "email_again": person.email,
                "privacy": "yes", "proof": try person.work(),
            ])
        try await person.openMailed("/register/", ["password": password, "password_again": password])
        guard person.path == "/register/done" else { throw person.lost("an account") }
        try await person.open("/account")
        return person
    }

    /// What the page's script does for its form: numbers whose hashes begin with zeros.
    private func work() throws -> String {
        guard let bits = page.firstMatch(of: /data-bits="([0-9]+)"/).flatMap({ Int($0.output.1) }),
            let puzzles = page.firstMatch(of: /data-puzzles="([0-9]+)"/).flatMap({ UInt32($0.output.1) }),
            let token = page.firstMatch(of: /name="check" value="([^"]*)"/)
        else { throw lost("work") }
        let seed = Cryptography.digest(Array(token.output.1.utf8))
        func bytes(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
        return (0..<puzzles).map { puzzle in
            let of = seed + bytes(puzzle)
            let solved = (0...UInt32.max).first { number in
                let hash = Cryptography.digest(of + bytes(number))
                return hash.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }.leadingZeroBitCount >= bits
            }
            return String(format: "%08x", solved ?? 0)
        }.joined()
    }

    // MARK: the browser

    private func lost(_ what: String) -> Failure {
        Failure("no \(what) on \(path): \(text.prefix(400))")
    }

    /// What a person reads.
    var text: String {
        let body = page.range(of: "<main").map { String(page[$0.lowerBound...]) } ?? page
        return body.replacing(/<[^>]*>/, with: " ").replacing(/\s+/, with: " ")
    }

    private func load(_ path: String, sending body: String? = nil) async throws -> (data: Data, path: String) {
        // Redirects are followed by hand, so that each sends the cookies as they are then.
        var url = URL(string: path, relativeTo: origin)!
        var body = body
        for _ in 0..<10 {
            var request = URLRequest(url: url)
            request.setValue("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", forHTTPHeaderField: "User-Agent")
            request.setValue("same-origin", forHTTPHeaderField: "Sec-Fetch-Site")
            request.setValue(onPhone ? "?1" : "?0", forHTTPHeaderField: "Sec-CH-UA-Mobile")
            request.setValue(cookies.map { "\($0)=\($1)" }.joined(separator: "; "), forHTTPHeaderField: "Cookie")
            request.httpShouldHandleCookies = false
            if let body {
                request.httpMethod = "POST"
                request.setValue(origin.absoluteString, forHTTPHeaderField: "Origin")
                request.setValue("application/x-www-form-urlencoded", forHTTPHeaderField: "Content-Type")
                request.httpBody = Data(body.utf8)
            }
            let (data, answer) = try await browser.data(for: request)
            guard let answer = answer as? HTTPURLResponse else { throw Failure("no HTTP") }
            let fields = answer.allHeaderFields as? [String: String] ?? [:]
            for cookie in HTTPCookie.cookies(withResponseHeaderFields: fields, for: url) { cookies[cookie.name] = cookie.value }
            guard (300..<400).contains(answer.statusCode), let next = answer.value(forHTTPHeaderField: "Location") else {
                return (data, url.path)
            }
            url = URL(string: next, relativeTo: url)!.absoluteURL
            body = nil
        }
        throw Failure("\(path) leads nowhere")
    }

    private func show(_ loaded: (data: Data, path: String)) {
        page = String(decoding: loaded.data, as: UTF8.self)
        path = loaded.path
    }

    func open(_ path: String) async throws {
        show(try await load(path))
    }

    /// Opens a link that the app gave back, in this browser.
    func follow(_ link: String) async throws {
        try await open(link)
        // The page asks whether the person means the account that approved.
        if page.contains("continue-as") { try await submit("/return") }
    }

    /// Opens the newest link of the person's mail below this path, and sends its form.
    private func openMailed(_ below: String, _ values: KeyValuePairs<String, String> = [:]) async throws {
        let link = try await service.mailedLink(to: email, below: below, notIn: opened)
        opened.insert(link)
        try await open(link)
        try await submit(link, values)
    }

    /// Fills in the form with this address, and sends it.
    func submit(_ action: String, _ values: KeyValuePairs<String, String> = [:]) async throws {
        // Of several with one address, such as a list's, the one that has these values already.
        let forms = forms(in: page).filter { $0.action.hasSuffix(action) }
        let fitting = forms.max { one, two in
            func known(_ form: Form) -> Int { values.filter { value in form.fields.contains { $0 == value } }.count }
            return known(one) < known(two)
        }
        guard let form = fitting else { throw lost("form \(action)") }
        let names = values.map(\.key)
        let fields = form.fields.filter { !names.contains($0.0) } + values.map { ($0.key, $0.value) }
        let body = fields.map { "\($0.0)=\(encoded($0.1))" }.joined(separator: "&")
        show(try await load(form.action, sending: body))
    }

    // MARK: what a person does

    /// Adds a device: the first with the password and a link that comes by mail. Where there is one, it is asked first: then approve with `number()`, and `wait(while: "open")`.
    func addDevice(_ name: String = "My phone") async throws {
        try await open("/account/devices")
        let add = forms(in: page).first { $0.action == "/account/devices/add" }
        guard add?.fields.contains(where: { $0.0 == "password" }) == true else {
            return try await submit("/account/devices/add", ["name": name])
        }
        try await submit("/account/devices/add", ["name": name, "password": password])
        try await openMailed("/account/confirm/")
    }

    /// Removes a device, or has it unblocked. A device is asked first, as in `addDevice`.
    func device(_ name: String, _ what: String) async throws {
        try await open("/account/devices")
        let items = page.matches(of: /<li.*?<\/li>/.dotMatchesNewlines()).map { String($0.output) }
        // By its heading: another device's item has its name too, as the one to ask.
        guard let item = items.first(where: { $0.contains("<h2>\(name)</h2>") }),
            let dev = item.firstMatch(of: /name="dev" value="([^"]*)"/)?.output.1
        else {
            throw lost("device \(name)")
        }
        try await submit("/account/devices/\(what)", ["dev": unescaped(String(dev))])
    }

    /// The number on the page, to be typed on the phone.
    func number() throws -> Int {
        guard let found = page.firstMatch(of: /id="number"[^>]*>([^<]*)</), let number = Int(found.output.1.filter(\.isNumber)) else {
            throw lost("number")
        }
        return number
    }

    private func beginSignIn() async throws {
        try await open("/account")
        try await submit("/sign-out")
        try await open("/sign-in")
        try await submit("/sign-in", ["email": email])
        try await submit("/sign-in/password", ["password": password, "method": "password"])
        guard path == "/sign-in/method" else { throw lost("choice of methods") }
    }

    /// Chooses the app; the number that the page shows.
    func askApp() async throws -> Int {
        try await beginSignIn()
        try await submit("/sign-in/app")
        return try number()
    }

    /// Chooses "On mobile"; the link that opens the app.
    func onMobile() async throws -> String {
        try await open("/account")
        try await submit("/sign-out")
        onPhone = true
        try await open("/sign-in")
        try await submit("/sign-in/mobile")
        return try await link()
    }

    func askCode() async throws {
        try await beginSignIn()
        try await submit("/sign-in/code")
    }

    func beginTransfer() async throws {
        try await open("/account/transactions/other")
        try await submit("/account/transactions/other", transfer)
    }

    /// The same, shown on the phone; the number that the page shows.
    func beginOnlineTransfer() async throws -> Int {
        try await open("/account/transactions/other")
        try await submit(
            "/account/transactions/other",
            [
                "iban": "LV80BANK0000435195001", "name": "Old, Safari on iOS", "amount": "1234.50", "reference": "RF2026",
                "way": "phone",
            ])
        return try number()
    }

    func rename(_ name: String, to new: String) async throws {
        try await open("/account/devices")
        guard let dev = page.firstMatch(of: /name="dev" value="([^"]*)"/)?.output.1 else { throw lost("device \(name)") }
        try await submit("/account/devices/rename", ["dev": unescaped(String(dev)), "name": new])
    }

    /// Where the page's picture, link and state are: beside it.
    private var asked: String { path.hasSuffix("/code") ? String(path.dropLast(5)) : path }

    /// The QR code on the page, as a picture.
    func picture() async throws -> Data {
        try await load("\(asked)/code.png").data
    }

    /// What a camera sees of it, a byte of brightness for each pixel.
    func photographed(width: Int, height: Int) throws -> Data {
        guard let side = page.firstMatch(of: /class="qr"[^>]*viewBox="0 0 (\d+)/).flatMap({ Int($0.output.1) }) else { throw lost("QR code") }
        let scale = min(width, height) / side
        let (left, top) = ((width - side * scale) / 2, (height - side * scale) / 2)
        var pixels = [UInt8](repeating: 210, count: width * height)
        // The page draws each dark run as M17 4h3v1h-3z: column, row and length.
        for run in page.components(separatedBy: "M").dropFirst() where run.contains("v1h-") {
            let numbers = run.split { !$0.isNumber }.prefix(3).compactMap { Int($0) }
            for row in top + numbers[1] * scale..<top + (numbers[1] + 1) * scale {
                for column in left + numbers[0] * scale..<left + (numbers[0] + numbers[2]) * scale { pixels[row * width + column] = 40 }
            }
        }
        return Data(pixels)
    }

    /// The link behind it.
    func link() async throws -> String {
        String(decoding: try await load("\(asked)/link").data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func type(_ code: String) async throws {
        try await submit("/code", ["code": code])
    }

    /// What the page says of itself to its script, as soon as it is other than `state`.
    @discardableResult
    func wait(while state: String) async throws -> String {
        let page = asked
        for _ in 0..<300 {
            let said = String(decoding: try await load("\(page)/state").data, as: UTF8.self)
            guard let now = said.firstMatch(of: /"state":"(\w+)"/)?.output.1 else { throw Failure("\(page) has no state: \(said)") }
            if now != state {
                try await open(page)
                return String(now)
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw lost("change")
    }

    func isSignedIn() async throws -> Bool {
        try await open("/account")
        return path == "/account"
    }
}

private final class NoRedirects: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse, newRequest _: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}

// MARK: just enough HTML for the service's pages

private struct Form {
    let action: String
    let fields: [(String, String)]
}

private func forms(in page: String) -> [Form] {
    page.matches(of: /<form\b([^>]*)>(.*?)<\/form>/.dotMatchesNewlines()).map { form in
        let inputs = form.output.2.matches(of: /<input\b([^>]*)>/).map { String($0.output.1) }
        let sent = inputs.filter { !["checkbox", "radio"].contains(attribute("type", of: $0)) || $0.contains(" checked") }
        let fields = sent.compactMap { input in attribute("name", of: input).map { ($0, attribute("value", of: input) ?? "") } }
        return Form(action: attribute("action", of: String(form.output.1)) ?? "", fields: fields)
    }
}

private func attribute(_ name: String, of tag: String) -> String? {
    tag.matches(of: /([\w-]+)="([^"]*)"/).first { $0.output.1 == name }.map { unescaped(String($0.output.2)) }
}

private func unescaped(_ text: String) -> String {
    [("&quot;", "\""), ("&#x27;", "'"), ("&#39;", "'"), ("&#x2f;", "/"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
        .reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
}

private func encoded(_ value: String) -> String {
    value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
}
