package countersign.phone

import countersign.ApproveException
import countersign.Refusal
import countersign.Scanned
import countersign.approve
import countersign.code
import kotlin.system.exitProcess

/** The main job once more, for code that R8 has made small: tests/kotlin/app/apk runs it. */
fun main() {
    job {
        World.create().use { world ->
            val number = world.person.askApp()
            val request = world.request()
            try {
                world.phone.approve(request, pin(WRONG_PIN), number)
                error("a wrong PIN was taken")
            } catch (error: ApproveException.Refused) {
                check((error.refusal as Refusal.WrongPin).triesLeft == 4)
            }
            world.phone.approve(request, pin(PIN), number)
            world.person.waitWhile("open")
            world.person.askCode()
            val scanned = world.scanned() as Scanned.Code
            world.person.type(world.phone.code(scanned.request).code)
            check(world.person.isSignedIn())
        }
    }
    println("initialised, approved and signed in by code")
    exitProcess(0)
}
