package countersign.phone

import countersign.Browser
import countersign.LabelledValue
import countersign.OnlineTransaction
import countersign.OperatingSystem
import countersign.Purpose
import countersign.Subject
import countersign.approve
import countersign.decline
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertNull

/** What an app is told of a request: each part in a field of its own. */
class AskedTest {
    @Test
    fun `hostile names of devices stay in their field`() = job {
        World.create().use { world ->
            var before = "My phone"
            for (name in
                listOf("Old, Safari on iOS", "from Safari on iOS", "Old”, Safari on iOS, LV")) {
                world.person.rename(before, name)
                before = name
                world.person.withDevice(name, "remove")
                val request = world.request()
                val asked = request.details
                assertEquals(Purpose.REMOVE to Subject.Device(name), asked.purpose to asked.subject)
                assertEquals(
                    Browser.FIREFOX to OperatingSystem.LINUX,
                    asked.browser to asked.system,
                )
                assertNull(asked.place ?: asked.client ?: asked.binding)
                assertNull(asked.transaction)
                val about = LabelledValue("about", "device “${name.replace('”', '\'')}”")
                assertEquals(
                    listOf("who", "what for", "about", "from"),
                    asked.rows.map { it.label },
                )
                assertContains(asked.rows, about)
                assertContains(
                    asked.rows,
                    LabelledValue("from", "Firefox on Linux, place not known"),
                )
                world.phone.decline(request)
            }
        }
    }

    @Test
    fun `an online transaction is shown whole and approved`() = job {
        World.create().use { world ->
            val number =
                world.person.beginOnlineTransfer(TRANSFER + ("name" to "Old, Safari on iOS"))
            val request = world.request()
            val pairs =
                listOf(
                    LabelledValue("IBAN", "LV80BANK0000435195001"),
                    LabelledValue("Recipient", "Old, Safari on iOS"),
                    LabelledValue("Amount, EUR", "1234.50"),
                    LabelledValue("Reference", "RF2026"),
                )
            assertEquals(
                OnlineTransaction("Transfer to another account", pairs),
                request.details.transaction,
            )
            assertContains(
                request.details.rows,
                LabelledValue("“Recipient”", "“Old, Safari on iOS”"),
            )
            world.phone.approve(request, pin(PIN), number)
            world.person.waitWhile("open")
            assertContains(world.person.text(), "signed")
        }
    }
}
