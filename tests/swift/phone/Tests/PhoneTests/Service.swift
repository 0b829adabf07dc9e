import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif
#if canImport(Glibc)
    import Glibc
#endif

struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// The real sign-in service, on a free port, with a folder of its own.
final class Service: @unchecked Sendable {
    /// One for all tests; each has an account of its own.
    static let shared = Task {
        let service = try await Service.started()
        // Not `close`: at exit nothing runs any more that it could wait for.
        atexit { if let running = Service.running { kill(running, SIGKILL) } }
        running = service.process?.processIdentifier
        return service
    }
    nonisolated(unsafe) private static var running: pid_t?

    let origin: URL
    private let folder: URL
    private let port: UInt16
    private let settings: [String]
    private var process: Process?

    private init(settings: [String]) throws {
        self.settings = settings
        folder = try newFolder()
        port = try freePort()
        origin = URL(string: "http://127.0.0.1:\(port)")!
    }

    static func started(_ settings: String...) async throws -> Service {
        let service = try Service(settings: settings)
        try await service.start()
        return service
    }

    private func start() async throws {
        guard let program = ProcessInfo.processInfo.environment["COUNTERSIGN_SERVICE"] else {
            throw Failure("COUNTERSIGN_SERVICE does not name the service's program: use tests/swift/run")
        }
        let log = folder.appendingPathComponent("log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [
            "--listen", "127.0.0.1:\(port)", "--data", folder.appendingPathComponent("data").path, "--origin", origin.absoluteString,
            "--large-network", "127.0.0.0/8=1000",
        ]
        process.arguments? += settings
        process.standardOutput = try FileHandle(forWritingTo: log)
        process.standardError = process.standardOutput
        try process.run()
        self.process = process
        for _ in 0..<600 {
            if let (_, answer) = try? await URLSession.shared.data(from: origin.appendingPathComponent(".well-known/countersign")),
                (answer as? HTTPURLResponse)?.statusCode == 200
            {
                return
            }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Failure("the service did not start:\n\((try? String(contentsOf: log, encoding: .utf8)) ?? "")")
    }

    /// The newest link to a page below this path that was mailed to this address and was not opened yet, without its origin.
    func mailedLink(to address: String, below: String, notIn opened: Set<String>) async throws -> String {
        let outbox = folder.appendingPathComponent("data/outbox")
        let start = origin.absoluteString + below
        for _ in 0..<1500 {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: outbox.path)) ?? []
            for name in names.filter({ $0.hasSuffix(".eml") }).sorted(by: >) {
                let message = try String(contentsOf: outbox.appendingPathComponent(name), encoding: .utf8)
                let lines = message.components(separatedBy: "\r\n")
                guard lines.contains("To: \(address)"), let link = lines.first(where: { $0.hasPrefix(start) }) else { continue }
                let path = String(link.dropFirst(origin.absoluteString.count))
                if !opened.contains(path) { return path }
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw Failure("no message to \(address) with \(below)")
    }

    /// What happens to a phone whose network is down.
    func unreachable<T>(_ work: () async throws -> T) async throws -> T {
        // Not `terminate`, after which it finishes what is under way: a browser may keep its connection for a while.
        if let process { kill(process.processIdentifier, SIGKILL) }
        while process?.isRunning == true { try await Task.sleep(for: .milliseconds(20)) }
        let done: Result<T, any Error>
        do { done = .success(try await work()) } catch { done = .failure(error) }
        try await start()
        return try done.get()
    }

    func close() {
        if let process { kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(at: folder)
    }
}

func newFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("countersign-swift-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
}

/// A port that nobody listens at.
private func freePort() throws -> UInt16 {
    let (socket, port) = try boundSocket()
    close(socket)
    return port
}

/// A socket with a port of its own, on this computer alone.
func boundSocket() throws -> (socket: Int32, port: UInt16) {
    #if canImport(Glibc)
        let stream = Int32(SOCK_STREAM.rawValue)
    #else
        let stream = SOCK_STREAM
    #endif
    let socket = socket(AF_INET, stream, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, size) == 0 && getsockname(socket, $0, &size) == 0 }
    }
    guard bound else {
        close(socket)
        throw Failure("no port is free")
    }
    return (socket, UInt16(bigEndian: address.sin_port))
}
