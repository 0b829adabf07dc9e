package countersign.app.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.material3.CircularProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.clearAndSetSemantics
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.isSensitiveData
import androidx.compose.ui.semantics.paneTitle
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.text.style.TextDirection
import androidx.compose.ui.unit.dp
import androidx.compose.ui.unit.sp
import countersign.app.CodeScreen
import countersign.app.R
import countersign.app.name
import countersign.app.plural
import countersign.app.words

private const val MINUTE = 60

@Composable
fun CodeView(screen: CodeScreen) {
    screen.version
    val pane = screen.title.text()
    Halves(
        Modifier.semantics { paneTitle = pane },
        read = {
            screen.version
            Title(screen.title)
            Body(screen.text)
            screen.code?.let { BigCode(it) }
            Countdown(screen)
            screen.note?.let { Note(it) }
            Facts(screen.facts)
        },
    ) {
        ActionButton(screen.action)
    }
}

/**
 * A code, spoken digit by digit when it is looked for; never copied, and announced to nobody by
 * itself.
 */
@Composable
fun BigCode(code: String) {
    val digits = code.replace("-", ",").toCharArray().joinToString(" ")
    val spoken = words(R.string.code_spoken, name(digits)).text()
    Surface(
        Modifier.fillMaxWidth().clearAndSetSemantics {
            contentDescription = spoken
            isSensitiveData = true
        },
        MaterialTheme.shapes.large,
        MaterialTheme.colorScheme.primaryContainer,
    ) {
        Text(
            // Where it takes two lines, they break between its groups.
            code.replace("-", "-\u200B"),
            Modifier.padding(horizontal = 12.dp, vertical = 22.dp),
            fontFamily = FontFamily.Monospace,
            fontWeight = FontWeight.Bold,
            fontSize = 34.sp,
            lineHeight = 44.sp,
            letterSpacing = 1.sp,
            textAlign = TextAlign.Center,
            style = MaterialTheme.typography.bodyLarge.copy(textDirection = TextDirection.Ltr),
        )
    }
}

/** Read out when it is looked for, and no live region: the screen has it said at two moments. */
@Composable
private fun Countdown(screen: CodeScreen) {
    screen.version
    val left = screen.left
    val shown =
        when {
            screen.code == null -> words(R.string.code_gone)
            left > MINUTE -> plural(R.plurals.code_minutes, left / MINUTE)
            else -> plural(R.plurals.code_seconds, left)
        }
    Row(
        Modifier.fillMaxWidth().semantics(mergeDescendants = true) {},
        Arrangement.spacedBy(12.dp),
        Alignment.CenterVertically,
    ) {
        CircularProgressIndicator(
            progress = { screen.part },
            Modifier.size(28.dp).clearAndSetSemantics {},
            trackColor = MaterialTheme.colorScheme.surfaceVariant,
        )
        Text(shown.text(), style = MaterialTheme.typography.titleMedium)
    }
}
