package countersign.app

/** Whether the app may use something of the phone. */
enum class Leave {
    /** It may. */
    GIVEN,

    /** The person was not asked yet, or may be asked again. */
    NOT_ASKED,

    /** The person refused: only the system's settings change that. */
    REFUSED,
}

/** A page of the system's settings. */
enum class Setting {
    APP,
    NOTIFICATIONS,
    LANGUAGE,
}

/** A picture that is read when it is needed. */
fun interface Picture {
    /**
     * The whole file; none if it can't be read, takes longer than ten seconds or is larger than 32
     * MB.
     */
    suspend fun read(): ByteArray?
}

/** What the screens have the system do, while the app is on the display. */
interface Shell {
    /** Opens a page in the phone's own browser; whether there is one. */
    fun browse(url: String): Boolean

    /** Puts the app into the background. */
    fun leave()

    /** Lets the person choose a picture; whether something shows pictures. */
    fun choosePicture(): Boolean

    val camera: Leave

    fun askForCamera()

    val notifications: Leave

    fun askForNotifications()

    /** Opens a page of the system's settings; whether there is one. */
    fun open(setting: Setting): Boolean

    /** Whether the system has this page. */
    fun has(setting: Setting): Boolean

    /** Has a screen reader say something that nobody looked for. */
    fun announce(words: Words)

    /** A screen reader or switches are in use: nothing goes on or closes by itself then. */
    val assisted: Boolean
}
