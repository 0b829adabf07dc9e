package countersign.app.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.BoxWithConstraints
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.IntrinsicSize
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxHeight
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.width
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.dp

/** Lines get no longer than this, on tablets too. */
private val WIDEST = 560.dp
private val SIDE = 300.dp

/** How high the way back is. */
val BAR = 48.dp

/** A phone on its side: not high enough for two things above each other. */
fun isLow(width: Dp, height: Dp) = width > height && height < 480.dp

/** Letters from this scale on leave room for a pad only where all else is close together. */
private const val LARGE = 1.3f

@Composable fun isLarge() = LocalDensity.current.fontScale > LARGE

/**
 * What is read scrolls; what is pressed stays in sight: below it, or beside it on a phone on its
 * side.
 *
 * @param side how wide what is pressed is, beside.
 */
@Composable
fun Halves(
    modifier: Modifier = Modifier,
    side: Dp = SIDE,
    centred: Boolean = false,
    read: @Composable ColumnScope.(low: Boolean) -> Unit,
    press: @Composable ColumnScope.(low: Boolean) -> Unit,
) =
    BoxWithConstraints(modifier.fillMaxSize(), Alignment.TopCenter) {
        val low = isLow(maxWidth, maxHeight)
        val gap = Arrangement.spacedBy(14.dp)
        val across = if (centred) Alignment.CenterHorizontally else Alignment.Start
        if (low) {
            Row(Modifier.fillMaxSize().padding(horizontal = 16.dp), Arrangement.spacedBy(20.dp)) {
                Column(
                    // Beside it, the way back lies above what is read.
                    Modifier.weight(1f)
                        .fillMaxHeight()
                        .padding(top = BAR)
                        .verticalScroll(rememberScrollState())
                        .padding(bottom = 8.dp),
                    gap,
                    across,
                ) {
                    read(true)
                }
                Column(
                    Modifier.width(side).fillMaxHeight(),
                    Arrangement.Center,
                    Alignment.CenterHorizontally,
                ) {
                    press(true)
                }
            }
        } else {
            Column(Modifier.widthIn(max = WIDEST).fillMaxSize().padding(horizontal = 16.dp)) {
                Column(
                    Modifier.weight(1f)
                        .fillMaxWidth()
                        .verticalScroll(rememberScrollState())
                        .padding(vertical = 8.dp),
                    gap,
                    across,
                ) {
                    read(false)
                }
                Column(
                    Modifier.fillMaxWidth().padding(bottom = 12.dp),
                    horizontalAlignment = Alignment.CenterHorizontally,
                ) {
                    press(false)
                }
            }
        }
    }

/** Two buttons beside each other, of one height however many lines their words take. */
@Composable
fun Two(first: @Composable (Modifier) -> Unit, second: @Composable (Modifier) -> Unit) =
    Row(Modifier.fillMaxWidth().height(IntrinsicSize.Max), Arrangement.spacedBy(10.dp)) {
        Box(Modifier.weight(1f)) { first(Modifier.fillMaxWidth().fillMaxHeight()) }
        Box(Modifier.weight(1f)) { second(Modifier.fillMaxWidth().fillMaxHeight()) }
    }
