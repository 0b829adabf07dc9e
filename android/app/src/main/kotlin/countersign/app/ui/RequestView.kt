package countersign.app.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.paneTitle
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import countersign.app.Action
import countersign.app.NUMBER_LENGTH
import countersign.app.R
import countersign.app.RequestScreen
import countersign.app.exact
import countersign.app.quoted
import countersign.app.title
import countersign.app.words

@Composable
fun RequestView(screen: RequestScreen) {
    screen.version
    val title = screen.details.title
    val pane = title.text()
    val large = isLarge()
    Halves(
        Modifier.semantics { paneTitle = pane },
        side = 320.dp,
        read = {
            screen.version
            Title(title)
            Body(
                words(
                    R.string.request_for,
                    quoted(screen.details.appName),
                    exact(screen.details.host),
                )
            )
            screen.note?.let { Note(it) }
            screen.otherAccount?.let { Note(it) }
            if (screen.busy) Busy()
            Facts(screen.signed)
            Facts(screen.facts, close = !large)
            Body(words(R.string.request_text))
            for (action in screen.switch) ActionButton(action)
        },
    ) { low ->
        screen.version
        if (screen.expired) {
            ActionButton(Action(words(R.string.go_on)) { screen.session.screens.home() })
            return@Halves
        }
        val close = low || large
        if (screen.numberAsked) {
            Number(screen)
            Gap(if (close) 4 else 10)
            Pad(if (close) 48.dp else 52.dp, !screen.busy, screen::push, screen::erase)
            Gap(if (close) 6 else 12)
        }
        // With the number whole, or none asked, there is a button to go on; before that the pad is
        // what goes on.
        screen.approve
            ?.takeIf {
                it.enabled && (!screen.numberAsked || screen.number.length == NUMBER_LENGTH)
            }
            ?.let {
                ActionButton(it)
                Gap(8)
            }
        val (decline, report) = screen.others
        Two({ ActionButton(decline, it) }, { ActionButton(report, it) })
    }
}

@Composable
private fun Number(screen: RequestScreen) =
    Row(
        Modifier.fillMaxWidth().padding(top = 6.dp),
        Arrangement.spacedBy(12.dp),
        Alignment.CenterVertically,
    ) {
        screen.version
        Text(
            say(R.string.number_label),
            Modifier.weight(1f),
            style = MaterialTheme.typography.titleMedium,
        )
        NumberBoxes(screen.number, NUMBER_LENGTH)
    }
