package countersign.app

import android.view.TextureView
import androidx.compose.runtime.Composable
import androidx.compose.runtime.DisposableEffect
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.viewinterop.AndroidView
import countersign.Choice

/** What the camera sees; the camera is in use as long as this is drawn. */
@Composable
fun CameraPreview(torch: Boolean, modifier: Modifier, saw: (Choice) -> Unit, lost: () -> Unit) {
    val context = LocalContext.current
    val view = remember { TextureView(context) }
    var camera by remember { mutableStateOf<Camera?>(null) }
    DisposableEffect(view) {
        camera = Camera.open(context, view, saw, lost)
        if (camera == null) lost()
        onDispose { camera?.close() }
    }
    LaunchedEffect(camera, torch) { camera?.light(torch) }
    AndroidView({ view }, modifier)
}
