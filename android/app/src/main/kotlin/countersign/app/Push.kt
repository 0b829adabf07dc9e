package countersign.app

import android.content.Context
import countersign.android.PushReceiver
import countersign.android.UnifiedPush
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/** What the distributor says. A message says "look" and nothing else, so the phone looks. */
class Push : PushReceiver() {
    override suspend fun look(context: Context) = withContext(Dispatchers.Main) { sessionOf(context).look() }

    override suspend fun addressChanged(context: Context) {
        sessionOf(context).phone().pushAddressChanged()
    }

    private fun sessionOf(context: Context) = (context.applicationContext as CountersignApp).session
}

/** Which app waits for push messages, where there is a choice. */
class PushScreen(session: Session, private val push: UnifiedPush, private val label: (String) -> String) : PageScreen(session) {
    override fun page(): Page {
        val now = push.distributor
        return Page(
            title = words(R.string.push_title),
            text = words(R.string.push_text),
            facts = listOf(Fact(words(R.string.push_now), if (now == null) words(R.string.push_none) else name(label(now)))),
            actions = push.distributors().filter { it != now }.map { Action(name(label(it)), Look.PLAIN) { choose(it) } } +
                listOfNotNull(
                    Action(words(R.string.push_choose_none), Look.PLAIN) { choose(null) }.takeIf { now != null },
                    Action(words(R.string.back), Look.PLAIN) { session.screens.back() },
                ),
        )
    }

    private fun choose(distributor: String?) {
        push.choose(distributor)
        redraw()
        // Services that can't be reached now are told at the next start.
        attempt({}) { session.phone().pushAddressChanged() }
    }
}
