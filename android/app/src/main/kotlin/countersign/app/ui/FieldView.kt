package countersign.app.ui

import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.material3.LocalTextStyle
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.error
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.AnnotatedString
import androidx.compose.ui.text.input.ImeAction
import androidx.compose.ui.text.input.KeyboardCapitalization
import androidx.compose.ui.text.input.KeyboardType
import androidx.compose.ui.text.input.OffsetMapping
import androidx.compose.ui.text.input.TransformedText
import androidx.compose.ui.text.input.VisualTransformation
import countersign.app.Field
import countersign.app.Keyboard
import countersign.app.NoLearning

/** A field with its label, and what is wrong with what is in it. */
@Composable
fun FieldView(field: Field) {
    val below = (field.problem ?: field.read)?.text() ?: field.hint
    val problem = field.problem?.text()
    NoLearning {
        OutlinedTextField(
            field.value,
            field.typed,
            Modifier.fillMaxWidth().semantics { problem?.let { error(it) } },
            label = { Text(field.label.text()) },
            supportingText = below?.let { { Text(it) } },
            isError = field.problem != null,
            textStyle = if (field.keyboard in EXACT) Exact else LocalTextStyle.current,
            keyboardOptions = field.keyboard.options,
            visualTransformation =
                if (field.keyboard == Keyboard.IBAN) Groups else VisualTransformation.None,
            singleLine = field.keyboard != Keyboard.LINK,
            maxLines = if (field.keyboard == Keyboard.LINK) LINES else 1,
        )
    }
}

private const val LINES = 5
private val EXACT = setOf(Keyboard.IBAN, Keyboard.CAPITALS, Keyboard.LINK)

private val Keyboard.options: KeyboardOptions
    get() {
        val type =
            when (this) {
                Keyboard.TEXT,
                Keyboard.NAME,
                Keyboard.CAPITALS,
                Keyboard.IBAN -> KeyboardType.Text
                Keyboard.LINK -> KeyboardType.Uri
                Keyboard.DIGITS,
                Keyboard.DATE -> KeyboardType.Number
                Keyboard.AMOUNT -> KeyboardType.Decimal
            }
        val capitals =
            when (this) {
                Keyboard.NAME -> KeyboardCapitalization.Sentences
                Keyboard.CAPITALS,
                Keyboard.IBAN -> KeyboardCapitalization.Characters
                else -> KeyboardCapitalization.None
            }
        return KeyboardOptions(
            capitals,
            autoCorrectEnabled = false,
            keyboardType = type,
            imeAction = ImeAction.Next,
        )
    }

/** An account number in groups of four, as people read it; what was typed stays as it was. */
object Groups : VisualTransformation {
    override fun filter(text: AnnotatedString): TransformedText {
        val plain = text.text
        if (' ' in plain) return TransformedText(text, OffsetMapping.Identity)
        val shown = plain.chunked(GROUP).joinToString(" ")
        val mapping =
            object : OffsetMapping {
                override fun originalToTransformed(offset: Int) =
                    offset + (offset - 1).coerceAtLeast(0) / GROUP

                override fun transformedToOriginal(offset: Int) =
                    (offset - offset / (GROUP + 1)).coerceIn(0, plain.length)
            }
        return TransformedText(AnnotatedString(shown), mapping)
    }

    private const val GROUP = 4
}
