import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// A push service: whoever has an address there gets what is posted to it.
final class PushServer: @unchecked Sendable {
    /// The paths of the messages that came; each had no content.
    let knocks: AsyncStream<String>
    let host: String
    private let socket: Int32

    init() throws {
        let (socket, port) = try boundSocket()
        guard listen(socket, 16) == 0 else { throw Failure("nothing can listen") }
        self.socket = socket
        host = "127.0.0.1:\(port)"
        let (stream, news) = AsyncStream.makeStream(of: String.self)
        knocks = stream
        Thread.detachNewThread {
            while case let connection = accept(socket, nil, nil), connection >= 0 {
                if let path = served(connection) { news.yield(path) }
                closed(connection)
            }
            news.finish()
        }
    }

    func url(_ name: String) -> String { "http://\(host)/up/\(name)" }

    /// The path of the next message.
    func knock() async throws -> String {
        for await path in knocks { return path }
        throw Failure("the push service is closed")
    }

    func close() {
        shutdown(socket, Int32(SHUT_RDWR))
        closed(socket)
    }
}

/// `close` of the system, where a class has one of its own.
private func closed(_ descriptor: Int32) {
    close(descriptor)
}

/// Reads one request and answers it; the path, if it is a message.
private func served(_ connection: Int32) -> String? {
    var request = Data()
    var bytes = [UInt8](repeating: 0, count: 4096)
    while request.range(of: Data("\r\n\r\n".utf8)) == nil {
        let count = read(connection, &bytes, bytes.count)
        guard count > 0 else { return nil }
        request.append(contentsOf: bytes[..<count])
    }
    let lines = String(decoding: request, as: UTF8.self).lowercased().components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    let isMessage = words.count == 3 && words[0] == "post" && lines.contains("content-length: 0") && lines.contains { $0.hasPrefix("ttl: ") }
    let answer = Array("HTTP/1.1 \(isMessage ? "201 Created" : "400 Bad Request")\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8)
    _ = write(connection, answer, answer.count)
    return isMessage ? String(words[1]) : nil
}
