package countersign.app.ui

import androidx.compose.foundation.isSystemInDarkTheme
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.ColorScheme
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Shapes
import androidx.compose.material3.Typography
import androidx.compose.material3.darkColorScheme
import androidx.compose.material3.lightColorScheme
import androidx.compose.runtime.Composable
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.style.Hyphens
import androidx.compose.ui.text.style.LineBreak
import androidx.compose.ui.text.style.TextDirection
import androidx.compose.ui.unit.dp
import androidx.compose.ui.unit.sp

// Every text has a contrast of at least 4.5 to 1 on what it stands on; a test computes it.

val LightColours: ColorScheme =
    lightColorScheme(
        primary = Color(0xFF0F5257),
        onPrimary = Color.White,
        primaryContainer = Color(0xFFCFEDEE),
        onPrimaryContainer = Color(0xFF05292C),
        secondary = Color(0xFF3E5F61),
        onSecondary = Color.White,
        secondaryContainer = Color(0xFFDDECEC),
        onSecondaryContainer = Color(0xFF10292B),
        tertiary = Color(0xFF704B00),
        onTertiary = Color.White,
        tertiaryContainer = Color(0xFFFFEACB),
        onTertiaryContainer = Color(0xFF3B2700),
        error = Color(0xFFA3182A),
        onError = Color.White,
        errorContainer = Color(0xFFFFDFDF),
        onErrorContainer = Color(0xFF5F0010),
        background = Color(0xFFF7F9F8),
        onBackground = Color(0xFF15202B),
        surface = Color(0xFFF7F9F8),
        onSurface = Color(0xFF15202B),
        surfaceVariant = Color(0xFFE3E9E9),
        onSurfaceVariant = Color(0xFF43505A),
        outline = Color(0xFF6A747B),
        outlineVariant = Color(0xFFCBD3D4),
        surfaceContainerLowest = Color.White,
        surfaceContainerLow = Color.White,
        surfaceContainer = Color(0xFFEFF3F2),
        surfaceContainerHigh = Color(0xFFE9EEED),
        surfaceContainerHighest = Color(0xFFE3E9E8),
    )

val DarkColours: ColorScheme =
    darkColorScheme(
        primary = Color(0xFF8FD3D6),
        onPrimary = Color(0xFF00363A),
        primaryContainer = Color(0xFF134A4E),
        onPrimaryContainer = Color(0xFFCFEDEE),
        secondary = Color(0xFFB1CBCC),
        onSecondary = Color(0xFF1C3436),
        secondaryContainer = Color(0xFF223537),
        onSecondaryContainer = Color(0xFFD7E8E9),
        tertiary = Color(0xFFFFCB7F),
        onTertiary = Color(0xFF402C00),
        tertiaryContainer = Color(0xFF443208),
        onTertiaryContainer = Color(0xFFFFE3B8),
        error = Color(0xFFFFB3B6),
        onError = Color(0xFF680014),
        errorContainer = Color(0xFF6E1422),
        onErrorContainer = Color(0xFFFFDFDF),
        background = Color(0xFF0E1415),
        onBackground = Color(0xFFE4E9EA),
        surface = Color(0xFF0E1415),
        onSurface = Color(0xFFE4E9EA),
        surfaceVariant = Color(0xFF3A4547),
        onSurfaceVariant = Color(0xFFBDC8CC),
        outline = Color(0xFF8B969A),
        outlineVariant = Color(0xFF384347),
        surfaceContainerLowest = Color(0xFF0A0F10),
        surfaceContainerLow = Color(0xFF172022),
        surfaceContainer = Color(0xFF1A2426),
        surfaceContainerHigh = Color(0xFF223034),
        surfaceContainerHighest = Color(0xFF2B3A3E),
    )

private val Letters =
    Typography().run {
        copy(
            headlineMedium =
                headlineMedium.copy(
                    fontWeight = FontWeight.SemiBold,
                    fontSize = 26.sp,
                    lineHeight = 32.sp,
                    lineBreak = LineBreak.Heading,
                ),
            titleLarge =
                titleLarge.copy(
                    fontWeight = FontWeight.SemiBold,
                    fontSize = 20.sp,
                    lineHeight = 26.sp,
                ),
            titleMedium = titleMedium.copy(fontWeight = FontWeight.SemiBold),
            bodyLarge = bodyLarge.copy(fontSize = 16.sp, lineHeight = 23.sp),
            labelLarge =
                labelLarge.copy(
                    fontSize = 15.sp,
                    fontWeight = FontWeight.SemiBold,
                    hyphens = Hyphens.Auto,
                ),
        )
    }

/**
 * Letters that are easy to tell apart, from left to right in every language: codes, hosts, account
 * numbers.
 */
val Exact
    @Composable
    get() =
        MaterialTheme.typography.bodyLarge.copy(
            fontFamily = FontFamily.Monospace,
            letterSpacing = 0.sp,
            textDirection = TextDirection.Ltr,
        )

private val Corners =
    Shapes(
        small = RoundedCornerShape(10.dp),
        medium = RoundedCornerShape(16.dp),
        large = RoundedCornerShape(22.dp),
    )

@Composable
fun CountersignTheme(dark: Boolean = isSystemInDarkTheme(), content: @Composable () -> Unit) =
    MaterialTheme(if (dark) DarkColours else LightColours, Corners, Letters, content)
