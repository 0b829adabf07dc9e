package countersign.app.ui

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.BoxWithConstraints
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.shape.CircleShape
import androidx.compose.material3.Button
import androidx.compose.material3.ButtonDefaults
import androidx.compose.material3.CircularProgressIndicator
import androidx.compose.material3.FilledTonalButton
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.platform.LocalResources
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.rememberTextMeasurer
import androidx.compose.ui.text.style.Hyphens
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import countersign.app.Action
import countersign.app.Fact
import countersign.app.Look
import countersign.app.R
import countersign.app.Sign
import countersign.app.Words
import countersign.app.words

/** In the language that is spoken now. */
@Composable fun Words.text(): String = of(LocalResources.current)

@Composable fun say(id: Int): String = words(id).text()

/** A heading. Only a word that is longer than the line is divided. */
@Composable
fun Title(title: Words, modifier: Modifier = Modifier, centred: Boolean = false) =
    BoxWithConstraints {
        val text = title.text()
        val style = MaterialTheme.typography.headlineMedium
        val measurer = rememberTextMeasurer()
        val long =
            text.split(' ').any {
                measurer.measure(it, style, maxLines = 1).size.width > constraints.maxWidth
            }
        Text(
            text,
            modifier.semantics { heading() },
            style = if (long) style.copy(hyphens = Hyphens.Auto) else style,
            textAlign = if (centred) TextAlign.Center else TextAlign.Start,
        )
    }

@Composable
fun Body(text: Words, modifier: Modifier = Modifier, centred: Boolean = false) =
    Text(
        text.text(),
        modifier,
        style = MaterialTheme.typography.bodyLarge,
        color = MaterialTheme.colorScheme.onSurfaceVariant,
        textAlign = if (centred) TextAlign.Center else TextAlign.Start,
    )

/** What the person has to know now: read out at once. */
@Composable
fun Note(note: Words) =
    Surface(
        Modifier.fillMaxWidth().semantics { liveRegion = LiveRegionMode.Assertive },
        color = MaterialTheme.colorScheme.tertiaryContainer,
        contentColor = MaterialTheme.colorScheme.onTertiaryContainer,
        shape = MaterialTheme.shapes.medium,
    ) {
        Row(Modifier.padding(14.dp), Arrangement.spacedBy(12.dp), Alignment.Top) {
            Icon(Icons.Warning, null)
            Text(note.text(), style = MaterialTheme.typography.bodyLarge)
        }
    }

@Composable
fun Busy() {
    val wait = say(R.string.please_wait)
    Row(Modifier.fillMaxWidth().padding(8.dp), Arrangement.Center) {
        CircularProgressIndicator(Modifier.size(32.dp).semantics { contentDescription = wait })
    }
}

private val Roomy = PaddingValues(horizontal = 16.dp, vertical = 10.dp)

/** A button that grows with its words. */
@Composable
fun ActionButton(action: Action, modifier: Modifier = Modifier.fillMaxWidth()) {
    val colours = MaterialTheme.colorScheme
    val tall = modifier.heightIn(min = 52.dp)
    val shape = MaterialTheme.shapes.medium
    val words =
        @Composable {
            Text(
                action.words.text(),
                textAlign = TextAlign.Center,
                style = MaterialTheme.typography.labelLarge,
            )
        }
    when (action.look) {
        Look.MAIN ->
            Button(action.run, tall, action.enabled, shape, contentPadding = Roomy) { words() }
        Look.PLAIN ->
            FilledTonalButton(action.run, tall, action.enabled, shape, contentPadding = Roomy) {
                words()
            }
        Look.DANGER ->
            Button(
                action.run,
                tall,
                action.enabled,
                shape,
                ButtonDefaults.buttonColors(
                    containerColor = colours.errorContainer,
                    contentColor = colours.onErrorContainer,
                ),
                contentPadding = Roomy,
            ) {
                words()
            }
    }
}

@Composable
fun SymbolButton(
    symbol: ImageVector,
    name: String,
    modifier: Modifier = Modifier,
    enabled: Boolean = true,
    run: () -> Unit,
) = IconButton(run, modifier.size(48.dp), enabled) { Icon(symbol, name) }

/**
 * A card of labels and values.
 *
 * @param close each label beside its value, where room is dear.
 */
@Composable
fun Facts(facts: List<Fact>, close: Boolean = false) {
    if (facts.isEmpty()) return
    Surface(
        Modifier.fillMaxWidth(),
        shape = MaterialTheme.shapes.large,
        color = MaterialTheme.colorScheme.surfaceContainerLow,
    ) {
        Column(Modifier.padding(horizontal = 18.dp, vertical = 6.dp)) {
            facts.forEachIndexed { at, fact ->
                if (at > 0) HorizontalDivider(color = MaterialTheme.colorScheme.outlineVariant)
                if (close) CloseRow(fact) else FactRow(fact)
            }
        }
    }
}

@Composable
private fun FactRow(fact: Fact) =
    Column(
        Modifier.fillMaxWidth().padding(vertical = 10.dp).semantics(mergeDescendants = true) {}
    ) {
        Text(
            fact.label.text(),
            style = MaterialTheme.typography.bodyMedium,
            color = MaterialTheme.colorScheme.onSurfaceVariant,
        )
        Text(
            fact.value.text(),
            style = if (fact.exact) Exact else MaterialTheme.typography.bodyLarge,
        )
    }

@Composable
private fun CloseRow(fact: Fact) =
    Row(
        Modifier.fillMaxWidth().padding(vertical = 8.dp).semantics(mergeDescendants = true) {},
        Arrangement.spacedBy(12.dp),
    ) {
        Text(
            fact.label.text(),
            Modifier.weight(1f),
            style = MaterialTheme.typography.bodyMedium,
            color = MaterialTheme.colorScheme.onSurfaceVariant,
        )
        Text(fact.value.text(), Modifier.weight(2f), style = MaterialTheme.typography.bodyMedium)
    }

/** The picture at the head of a page. */
@Composable
fun SignPicture(sign: Sign) {
    val colours = MaterialTheme.colorScheme
    val (symbol, ground, ink) =
        when (sign) {
            Sign.DONE -> Triple(Icons.Tick, colours.primaryContainer, colours.onPrimaryContainer)
            Sign.WARNING ->
                Triple(Icons.Warning, colours.tertiaryContainer, colours.onTertiaryContainer)
            Sign.FINGER ->
                Triple(Icons.Finger, colours.primaryContainer, colours.onPrimaryContainer)
            Sign.PHONE ->
                Triple(Icons.Picture, colours.primaryContainer, colours.onPrimaryContainer)
            Sign.BELL -> Triple(Icons.Bell, colours.primaryContainer, colours.onPrimaryContainer)
        }
    Disc(symbol, ground, ink, large = true)
}

@Composable
fun Disc(symbol: ImageVector, ground: Color, ink: Color, large: Boolean = false) =
    Box(
        Modifier.size(if (large) 88.dp else 44.dp).background(ground, CircleShape),
        Alignment.Center,
    ) {
        Icon(symbol, null, Modifier.size(if (large) 48.dp else 24.dp), tint = ink)
    }

@Composable fun Gap(height: Int) = Spacer(Modifier.size(height.dp))
