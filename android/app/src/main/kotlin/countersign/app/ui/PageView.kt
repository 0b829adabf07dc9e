package countersign.app.ui

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.selection.toggleable
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Switch
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.paneTitle
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import countersign.app.Page
import countersign.app.PageScreen
import countersign.app.Row as Line

/** How many actions are always in sight; others come after what is read. */
private const val PINNED = 2

@Composable
fun PageView(screen: PageScreen) {
    screen.version
    val page = screen.page()
    val pane = page.title.text()
    val centred = page.sign != null
    // What is dangerous is never the nearest to the thumb by having slipped down.
    val pinned = if (page.actions.size <= PINNED + 1) page.actions else page.actions.take(PINNED)
    Halves(
        Modifier.semantics { paneTitle = pane },
        centred = centred,
        read = {
            page.sign?.let {
                Gap(20)
                SignPicture(it)
            }
            Title(page.title, centred = centred)
            page.text?.let { Body(it, centred = centred) }
            page.code?.let { BigCode(it) }
            page.note?.let { Note(it) }
            if (page.busy) Busy()
            for (field in page.fields) FieldView(field)
            Facts(page.facts)
            Rows(page)
            for (action in page.actions.drop(pinned.size)) ActionButton(action)
        },
    ) {
        Column(Modifier.fillMaxWidth(), Arrangement.spacedBy(10.dp)) {
            for (action in pinned) ActionButton(action)
        }
    }
}

@Composable
private fun Rows(page: Page) {
    if (page.rows.isEmpty()) return
    Surface(
        Modifier.fillMaxWidth(),
        MaterialTheme.shapes.large,
        MaterialTheme.colorScheme.surfaceContainerLow,
    ) {
        Column {
            page.rows.forEachIndexed { at, row ->
                if (at > 0) HorizontalDivider(color = MaterialTheme.colorScheme.outlineVariant)
                RowView(row)
            }
        }
    }
}

@Composable
private fun RowView(row: Line) {
    val on = row.on
    val press =
        if (on == null) {
            Modifier.clickable(role = Role.Button, onClick = row.run)
        } else {
            Modifier.toggleable(on, role = Role.Switch) { row.run() }
        }
    Row(
        press.fillMaxWidth().heightIn(min = 60.dp).padding(horizontal = 18.dp, vertical = 10.dp),
        Arrangement.spacedBy(12.dp),
        Alignment.CenterVertically,
    ) {
        val ink =
            if (row.danger) MaterialTheme.colorScheme.error else MaterialTheme.colorScheme.onSurface
        Column(Modifier.weight(1f)) {
            Text(row.words.text(), style = MaterialTheme.typography.bodyLarge, color = ink)
            row.value?.let {
                Text(
                    it.text(),
                    style = MaterialTheme.typography.bodyMedium,
                    color = MaterialTheme.colorScheme.onSurfaceVariant,
                )
            }
        }
        Box {
            if (on == null) Icon(Icons.On, null, tint = MaterialTheme.colorScheme.onSurfaceVariant)
            else Switch(on, null)
        }
    }
}
