package countersign.app

import android.app.Activity
import android.view.View
import android.view.ViewGroup
import androidx.compose.ui.node.RootForTest
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.getAllSemanticsNodes

fun View.roots(): List<RootForTest> = when (this) {
    is RootForTest -> listOf(this)
    is ViewGroup -> (0 until childCount).flatMap { getChildAt(it).roots() }
    else -> emptyList()
}

/** The view that Compose draws into. */
val Activity.drawn: RootForTest get() = window.decorView.roots().single()

/** What an activity says to whoever looks or listens; ui-test, which has this too, is not on this machine's registry as a whole. */
fun Activity.semantics(merged: Boolean): List<SemanticsNode> =
    window.decorView.roots().onEach { it.measureAndLayoutForTest() }.flatMap { it.semanticsOwner.getAllSemanticsNodes(mergingEnabled = merged) }

/** The labels of the fields on the screen. */
fun List<SemanticsNode>.labels(): List<String> = filter { SemanticsActions.SetText in it.config }.map { field ->
    field.children.flatMap { it.below }.first(String::isNotEmpty)
}
