import Countersign
import Foundation
import Testing

extension Phone {
    /// What an app is told of a request: each part in a field of its own.
    @Suite struct AskedFields {
        @Test("hostile names of devices stay in their field")
        func hostile() async throws {
            let world = try await World.made()
            var before = "My phone"
            for name in ["Old, Safari on iOS", "from Safari on iOS", "Old”, Safari on iOS, LV"] {
                try await world.person.rename(before, to: name)
                before = name
                try await world.person.device(name, "remove")
                let request = try await world.request()
                let asked = request.details
                #expect(asked.purpose == .remove && asked.subject == .device(name: name))
                #expect(asked.browser == .firefox && asked.system == .linux && asked.place == nil)
                #expect(asked.client == nil && asked.binding == nil && asked.transaction == nil)
                #expect(asked.rows.map(\.label) == ["who", "what for", "about", "from"])
                let inside = name.replacingOccurrences(of: "”", with: "'")
                #expect(asked.rows.contains(LabelledValue(label: "about", value: "device “\(inside)”")))
                #expect(asked.rows.contains(LabelledValue(label: "from", value: "Firefox on Linux, place not known")))
                try await world.phone.decline(request)
            }
        }

        @Test("an online transaction is shown whole and approved")
        func online() async throws {
            let world = try await World.made()
            let number = try await world.person.beginOnlineTransfer()
            let request = try await world.request()
            let pairs = [
                LabelledValue(label: "IBAN", value: "LV80BANK0000435195001"), LabelledValue(label: "Recipient", value: "Old, Safari on iOS"),
                LabelledValue(label: "Amount, EUR", value: "1234.50"), LabelledValue(label: "Reference", value: "RF2026"),
            ]
            #expect(request.details.transaction == OnlineTransaction(title: "Transfer to another account", pairs: pairs))
            #expect(request.details.rows.contains(LabelledValue(label: "“Recipient”", value: "“Old, Safari on iOS”")))
            try await world.phone.approve(request, number: number, pin: pin())
            try await world.person.wait(while: "open")
            #expect(world.person.text.contains("signed"))
        }
    }
}
