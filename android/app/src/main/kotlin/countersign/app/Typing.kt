package countersign.app

import android.view.inputmethod.EditorInfo
import androidx.compose.runtime.Composable
import androidx.compose.ui.ExperimentalComposeUiApi
import androidx.compose.ui.platform.InterceptPlatformTextInput
import androidx.compose.ui.platform.PlatformTextInputMethodRequest

/** Keyboards learn nothing from what is typed in [content]. */
@OptIn(ExperimentalComposeUiApi::class)
@Composable
fun NoLearning(content: @Composable () -> Unit) =
    InterceptPlatformTextInput(
        { request, next ->
            next.startInputMethod(
                PlatformTextInputMethodRequest { attributes: EditorInfo ->
                    request.createInputConnection(attributes).also {
                        attributes.imeOptions =
                            attributes.imeOptions or EditorInfo.IME_FLAG_NO_PERSONALIZED_LEARNING
                    }
                }
            )
        },
        content,
    )
