package countersign.app

import countersign.android.UnifiedPush

/** Which app waits for push messages, where there is a choice. */
class PushScreen(session: Session, private val push: UnifiedPush) : PageScreen(session) {
    override fun page(): Page {
        val now = push.distributor
        val none = words(R.string.push_none)
        return Page(
            title = words(R.string.push_title),
            text = words(R.string.push_text),
            facts =
                listOf(
                    Fact(words(R.string.push_now), if (now == null) none else name(push.label(now)))
                ),
            actions =
                push
                    .distributors()
                    .filter { it != now }
                    .map { Action(name(push.label(it)), Look.PLAIN) { choose(it) } } +
                    listOfNotNull(
                        Action(words(R.string.push_choose_none), Look.PLAIN) { choose(null) }
                            .takeIf { now != null },
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
