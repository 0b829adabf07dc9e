package countersign.app

import countersign.Authenticator
import countersign.Claimed
import countersign.EnrolmentOffer
import countersign.PinEntry
import countersign.biometricsOffered
import countersign.complete
import countersign.turnOnBiometrics

/**
 * Whose account it is, and where: shown before any PIN is asked.
 *
 * @param fromBrowser whether it began in a browser on this phone.
 */
class OfferScreen(
    session: Session,
    private val offer: EnrolmentOffer,
    private val fromBrowser: Boolean,
) : PageScreen(session) {
    private val details = offer.details()
    private var handedOn = false

    override fun page() =
        Page(
            title = words(R.string.offer_title),
            text = words(R.string.offer_text),
            facts =
                listOf(
                    Fact(words(R.string.account_label), name(details.accountLabel)),
                    Fact(words(R.string.offer_host), exact(details.host), exact = true),
                    Fact(words(R.string.offer_service), name(details.appName)),
                    Fact(words(R.string.asked_until), moment(details.expiresAt, session.now)),
                ),
            actions =
                listOf(
                    Action(words(R.string.offer_yes)) {
                        handedOn = true
                        session.screens.replace(PinScreen(session, task()))
                    },
                    Action(words(R.string.offer_no), Look.DANGER) { session.screens.home() },
                ),
        )

    private fun task() =
        PinTask(
            text =
                words(R.string.pin_for_account, quoted(details.accountLabel), exact(details.host)),
            asks =
                if (details.pinChosenInBrowser) listOf(Ask.CHOSEN_ON_PAGE)
                else listOf(Ask.NEW, Ask.AGAIN),
            closed = offer::close,
        ) { pins ->
            claimed(session.phone(), pins)
        }

    private suspend fun claimed(phone: Authenticator, pins: List<PinEntry>): Screen {
        val claimed =
            if (details.pinChosenInBrowser) {
                phone.claimWithBrowserPin(offer, pins.single())
            } else {
                phone.claimWithNewPin(offer, pins[0], pins[1])
            }
        session.reload()
        return session.confirmation(claimed, fromBrowser)
    }

    override fun close() {
        super.close()
        if (!handedOn) offer.close()
    }
}

/** Waits for the page; where the PIN was chosen here, with six digits to be typed there. */
class ConfirmScreen(
    session: Session,
    private val claimed: Claimed,
    private val fromBrowser: Boolean,
) : PageScreen(session) {
    private var note: Words? = null
    override val underway
        get() = note == null

    init {
        await()
    }

    private fun await() =
        attempt(::failed) {
            val phone = session.phone()
            val account = phone.complete(claimed)
            session.confirmed(claimed)
            session.choose(account)
            session.reload()
            val offered = phone.biometricsOffered(account)
            session.screens.home(
                if (offered) BiometricsScreen(session, account.number, fromBrowser)
                else welcome(session, fromBrowser)
            )
        }

    private suspend fun failed(said: Said) {
        session.reload()
        if (said.again) {
            note = said.words
            redraw()
        } else {
            session.confirmed(claimed)
            session.screens.home(
                MessageScreen(session, words(R.string.not_done), said.words, Sign.WARNING)
            )
        }
    }

    override fun page(): Page {
        val code = claimed.confirmationCode
        val again =
            Action(words(R.string.try_again)) {
                note = null
                redraw()
                await()
            }
        val browser = Action(words(R.string.back_to_browser), Look.PLAIN) { session.shell?.leave() }
        return Page(
            title = words(if (code == null) R.string.confirm_wait else R.string.confirm_title),
            text = words(if (code == null) R.string.confirm_wait_text else R.string.confirm_text),
            code = code,
            note = note ?: if (claimed.earlierAttempt) words(R.string.confirm_earlier) else null,
            busy = note == null,
            actions = listOfNotNull(again.takeIf { note != null }, browser.takeIf { fromBrowser }),
        )
    }
}

/** A finger or face, offered at once. */
class BiometricsScreen(
    session: Session,
    private val number: UInt,
    private val fromBrowser: Boolean,
) : PageScreen(session) {
    override fun page() =
        Page(
            title = words(R.string.biometrics_title),
            sign = Sign.FINGER,
            text = words(R.string.biometrics_text),
            actions =
                listOf(
                    Action(words(R.string.yes)) {
                        session.screens.replace(
                            PinScreen(
                                session,
                                turningOn(session, number) { welcome(session, fromBrowser) },
                            )
                        )
                    },
                    Action(words(R.string.skip), Look.PLAIN) {
                        session.screens.home(welcome(session, fromBrowser))
                    },
                ),
        )
}

/** The PIN and then the finger. */
fun turningOn(session: Session, number: UInt, next: () -> Screen) =
    PinTask(
        text = words(R.string.biometrics_pin),
        asks = listOf(Ask.PRESENT),
        account = session.accounts?.find { it.number == number },
    ) { pins ->
        session.phone().turnOnBiometrics(number, pins.single())
        session.reload()
        next()
    }
