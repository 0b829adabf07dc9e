package countersign.app.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalResources
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.paneTitle
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import countersign.app.Action
import countersign.app.PinScreen
import countersign.app.R
import countersign.app.plural
import countersign.app.words

@Composable
fun PinView(screen: PinScreen) {
    screen.version
    val title = words(screen.ask.title)
    val pane = title.text()
    // Where letters are large the number would scroll away: it stands beside the dots then.
    val close = isLarge()
    val number = @Composable { screen.task.number?.let { NumberKept(it, close) } }
    Halves(
        Modifier.semantics { paneTitle = pane },
        read = { low ->
            screen.version
            Title(title)
            Body(screen.task.text)
            if (!close) number()
            val note = if (screen.expired) words(R.string.request_expired) else screen.note
            if (note != null) Note(note)
            else screen.triesLeft?.let { Note(plural(R.plurals.tries_left_of, it)) }
            if (screen.busy) Busy()
            if (low && !screen.expired) More(screen)
        },
    ) { low ->
        screen.version
        if (screen.expired) {
            ActionButton(Action(words(R.string.go_on)) { screen.session.screens.home() })
        } else {
            Row(Modifier.fillMaxWidth(), Arrangement.SpaceEvenly, Alignment.CenterVertically) {
                if (close) number()
                Dots(screen.length)
            }
            Gap(if (low) 2 else 6)
            Pad(
                if (low) 48.dp else 54.dp,
                screen.enabled,
                screen::push,
                screen::erase,
                screen::eraseAll,
            )
            Gap(if (low) 6 else 10)
            ActionButton(screen.action)
            if (!low) More(screen)
        }
    }
}

/** The buttons beside the PIN: fingerprint or face, and “Forgotten PIN?”. */
@Composable
private fun More(screen: PinScreen) {
    screen.version
    val more = listOfNotNull(screen.finger, screen.forgotten)
    if (more.isEmpty()) return
    Row(Modifier.fillMaxWidth(), Arrangement.SpaceEvenly, Alignment.CenterVertically) {
        for (action in more) {
            Box(Modifier.weight(1f), Alignment.Center) { Quiet(action) }
        }
    }
}

/** An action in words alone. */
@Composable
fun Quiet(action: Action, modifier: Modifier = Modifier) =
    TextButton(action.run, modifier.heightIn(min = 48.dp), action.enabled) {
        Text(
            action.words.text(),
            textAlign = TextAlign.Center,
            style = MaterialTheme.typography.labelLarge,
        )
    }

/** The number that was typed before: it stays in sight. */
@Composable
private fun NumberKept(number: String, close: Boolean) =
    Surface(
        color = MaterialTheme.colorScheme.primaryContainer,
        contentColor = MaterialTheme.colorScheme.onPrimaryContainer,
        shape = MaterialTheme.shapes.medium,
    ) {
        val shown = LocalResources.current.getString(R.string.number_typed, number)
        val edge =
            if (close) Modifier.padding(horizontal = 12.dp)
            else Modifier.padding(horizontal = 16.dp, vertical = 8.dp)
        Row(edge, Arrangement.spacedBy(12.dp), Alignment.CenterVertically) {
            if (close) {
                Text(
                    number,
                    Modifier.semantics { contentDescription = shown },
                    style = MaterialTheme.typography.titleMedium,
                )
            } else {
                Text(shown, style = MaterialTheme.typography.titleMedium)
                Text(say(R.string.number_change), style = MaterialTheme.typography.bodyMedium)
            }
        }
    }
