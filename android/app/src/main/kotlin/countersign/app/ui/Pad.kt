package countersign.app.ui

import androidx.compose.foundation.background
import androidx.compose.foundation.border
import androidx.compose.foundation.combinedClickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.RowScope
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.shape.CircleShape
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.alpha
import androidx.compose.ui.draw.clip
import androidx.compose.ui.hapticfeedback.HapticFeedbackType
import androidx.compose.ui.platform.LocalHapticFeedback
import androidx.compose.ui.platform.LocalLayoutDirection
import androidx.compose.ui.platform.LocalResources
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.clearAndSetSemantics
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.isSensitiveData
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.LayoutDirection
import androidx.compose.ui.unit.dp
import androidx.compose.ui.unit.sp
import countersign.app.PIN_LENGTH
import countersign.app.R

/**
 * The keys of a number or PIN. Services that are no tools for disabled people see none of them, and
 * none is told which one was pressed.
 *
 * @param key how high a key is; at least 48 dp.
 */
@Composable
fun Pad(
    key: Dp,
    enabled: Boolean,
    push: (Int) -> Unit,
    erase: () -> Unit,
    eraseAll: (() -> Unit)? = null,
) =
    // Digits stand as on every keypad, in every language.
    CompositionLocalProvider(LocalLayoutDirection provides LayoutDirection.Ltr) {
        Column(Modifier.fillMaxWidth().widthIn(max = 400.dp), Arrangement.spacedBy(6.dp)) {
            for (row in listOf(1..3, 4..6, 7..9)) {
                Row(Modifier.fillMaxWidth(), Arrangement.spacedBy(8.dp)) {
                    for (digit in row) Digit(digit, key, enabled, push)
                }
            }
            Row(Modifier.fillMaxWidth(), Arrangement.spacedBy(8.dp)) {
                Box(Modifier.weight(1f))
                Digit(0, key, enabled, push)
                Erase(key, enabled, erase, eraseAll)
            }
        }
    }

@Composable
private fun RowScope.Digit(digit: Int, height: Dp, enabled: Boolean, push: (Int) -> Unit) =
    PadKey(height, enabled, solid = true, { push(digit) }) {
        Text("$digit", style = MaterialTheme.typography.titleLarge.copy(fontSize = 24.sp))
    }

@Composable
private fun RowScope.Erase(
    height: Dp,
    enabled: Boolean,
    erase: () -> Unit,
    eraseAll: (() -> Unit)?,
) {
    val name = say(R.string.pin_erase)
    val all = say(R.string.pin_erase_all)
    PadKey(height, enabled, solid = false, erase, eraseAll, all) { Icon(Icons.Erase, name) }
}

@Composable
private fun RowScope.PadKey(
    height: Dp,
    enabled: Boolean,
    solid: Boolean,
    run: () -> Unit,
    long: (() -> Unit)? = null,
    longName: String? = null,
    content: @Composable () -> Unit,
) {
    val feel = LocalHapticFeedback.current
    val colours = MaterialTheme.colorScheme
    val shape = MaterialTheme.shapes.medium
    val ground = if (solid) Modifier.background(colours.surfaceContainerHigh, shape) else Modifier
    Box(
        Modifier.weight(1f)
            .height(height)
            .clip(shape)
            .then(ground)
            .semantics { isSensitiveData = true }
            .combinedClickable(
                enabled = enabled,
                role = Role.Button,
                onLongClickLabel = longName.takeIf { long != null },
                onLongClick = long,
                hapticFeedbackEnabled = false,
            ) {
                feel.performHapticFeedback(HapticFeedbackType.KeyboardTap)
                run()
            }
            .alpha(if (enabled) 1f else DISABLED),
        Alignment.Center,
    ) {
        content()
    }
}

private const val DISABLED = 0.6f

/** How many digits of a PIN were typed: all that the screen knows of it. */
@Composable
fun Dots(length: Int) {
    val spoken =
        LocalResources.current.getQuantityString(
            R.plurals.pin_digits_typed,
            length,
            length,
            PIN_LENGTH,
        )
    val colours = MaterialTheme.colorScheme
    Row(
        Modifier.padding(vertical = 6.dp).clearAndSetSemantics {
            contentDescription = spoken
            liveRegion = LiveRegionMode.Polite
        },
        Arrangement.spacedBy(18.dp),
    ) {
        repeat(PIN_LENGTH) { at ->
            val dot = Modifier.size(18.dp)
            Box(
                if (at < length) dot.background(colours.primary, CircleShape)
                else dot.border(2.dp, colours.outline, CircleShape)
            )
        }
    }
}

/** The digits of the number on the computer, which is no secret. */
@Composable
fun NumberBoxes(number: String, boxes: Int) {
    val typed =
        if (number.isEmpty()) say(R.string.number_empty) else number.toList().joinToString(" ")
    val spoken = LocalResources.current.getString(R.string.number_spoken, typed)
    val colours = MaterialTheme.colorScheme
    // A number runs from left to right in every language.
    CompositionLocalProvider(LocalLayoutDirection provides LayoutDirection.Ltr) {
        Row(
            Modifier.clearAndSetSemantics {
                contentDescription = spoken
                liveRegion = LiveRegionMode.Polite
            },
            Arrangement.spacedBy(8.dp),
        ) {
            repeat(boxes) { at ->
                val here = at == number.length
                val line =
                    if (here) Modifier.border(2.dp, colours.primary, MaterialTheme.shapes.small)
                    else Modifier.border(1.dp, colours.outline, MaterialTheme.shapes.small)
                Box(line.size(width = 48.dp, height = 56.dp), Alignment.Center) {
                    val digit = number.getOrNull(at)?.toString().orEmpty()
                    Text(digit, style = MaterialTheme.typography.titleLarge.copy(fontSize = 24.sp))
                }
            }
        }
    }
}
