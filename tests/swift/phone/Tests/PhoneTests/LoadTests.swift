import Countersign
import Foundation
import Testing

extension Phone {
    /// Many calls, cancelled calls, calls at once.
    @Suite struct Load {
        @Test("a call that waits is cancelled at once, and loses nothing")
        func cancelled() async throws {
            let world = try await World.made()
            let watcher = world.phone.watch(account: world.account.number)
            let waiting = Task { try await watcher.next() }
            try await Task.sleep(for: .milliseconds(300))
            let began = ContinuousClock.now
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(ContinuousClock.now - began < .seconds(2))
            let number = try await world.person.askApp()
            try await world.phone.approve(watcher.next(), number: number, pin: pin())
        }

        @Test("a loop over requests ends when its task is cancelled, before and while it waits")
        func loop() async throws {
            let world = try await World.made()
            let phone = world.phone
            let loop = Task { for try await _ in phone.requests() { Issue.record("nobody asked") } }
            try await Task.sleep(for: .milliseconds(300))
            loop.cancel()
            await #expect(throws: CancellationError.self) { try await loop.value }
            let dead = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                for try await _ in phone.requests() { Issue.record("nobody asked") }
            }
            await #expect(throws: CancellationError.self) { try await dead.value }
        }

        @Test("a loop tells of every new request once")
        func once() async throws {
            let world = try await World.made()
            let (phone, account) = (world.phone, world.account)
            let both = Task {
                var ids: [String] = []
                for try await request in phone.requests() {
                    ids.append(request.id)
                    if ids.count == 2 { break }
                }
                return ids
            }
            let first = try await world.person.askApp()
            while try await phone.pending(of: account).isEmpty { try await Task.sleep(for: .milliseconds(50)) }
            try await phone.approve(world.request(), number: first, pin: pin())
            try await world.person.wait(while: "open")
            _ = try await world.person.askApp()
            #expect(try await Set(both.value).count == 2)
        }

        @Test("cancelled in the middle of anything, the phone goes on")
        func middle() async throws {
            let world = try await World.made()
            let (phone, account) = (world.phone, world.account)
            var ended = 0
            for after in stride(from: 0, through: 40, by: 2) {
                let call = Task { try await phone.refresh(account) }
                try await Task.sleep(for: .milliseconds(after))
                call.cancel()
                switch await call.result {
                case .success(let account): #expect(account.triesLeft == 5)
                case .failure(let error): #expect(error is CancellationError)
                }
                ended += 1
            }
            #expect(ended == 21)
            #expect(try await world.phone.refresh(world.account).triesLeft == 5)
        }

        @Test("two hundred calls at once are answered, each with its own answer")
        func many() async throws {
            let world = try await World.made()
            let (phone, account) = (world.phone, world.account)
            let right = try await withThrowingTaskGroup(of: Bool.self) { group in
                for call in 0..<200 {
                    group.addTask {
                        switch call % 4 {
                        case 0: try await phone.accounts().map(\.number) == [account.number]
                        case 1: try await phone.history().count == 1
                        case 2: try await phone.pending(of: account).isEmpty
                        default: try await phone.refresh(account).triesLeft == 5
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(right == 200)
        }

        #if os(Linux)
            @Test("ten thousand calls leave no more memory taken than none")
            func memory() async throws {
                let world = try await World.made()
                let (phone, account) = (world.phone, world.account)
                let grey = Data(repeating: 127, count: 64 * 64)
                func calls(_ count: Int) async throws {
                    for call in 0..<count {
                        switch call % 6 {
                        case 0: #expect(try await phone.accounts().count == 1)
                        case 1: _ = try await thrown(ReadError.self) { try await phone.scan(text: "nothing", source: .paste) }
                        case 2: _ = try pin()
                        case 3:
                            _ = try await thrown(ApproveError.self) {
                                try await phone.approve(request: "nothing", account: nil, number: 10, unlock: .pin(pin: pin()))
                            }
                        case 4:
                            let task = Task { try await phone.watch(account: account.number).next() }
                            task.cancel()
                            await #expect(throws: CancellationError.self) { try await task.value }
                        default: #expect(try Scanner().frame(grey, width: 64, height: 64, stride: 64, format: .luma).isEmpty)
                        }
                    }
                }
                try await calls(10_000)
                // What leaks grows in each round; what the runtime takes for itself, once.
                var grown = 0
                for _ in 0..<3 {
                    let before = try resident()
                    try await calls(10_000)
                    grown = try resident() - before
                    print("10,000 calls took \(grown) kB more")
                    if grown < 4096 { break }
                }
                #expect(grown < 4096)
            }

            /// The process's memory in kB.
            private func resident() throws -> Int {
                let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
                let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
                return try #require(Int(line.filter(\.isNumber)))
            }
        #endif
    }
}
