package countersign.phone

import countersign.AccountException
import countersign.ApproveException
import countersign.BeginException
import countersign.ClaimException
import countersign.CodeException
import countersign.FormException
import countersign.Guessable
import countersign.InboxException
import countersign.LinkProblem
import countersign.OpenException
import countersign.PhoneProblem
import countersign.PictureException
import countersign.PinEntry
import countersign.PinEntryException
import countersign.PixelFormat
import countersign.ReadException
import countersign.Refusal
import countersign.Resumed
import countersign.Scanned
import countersign.Scanner
import countersign.ServiceProblemKind
import countersign.SignException
import countersign.Source
import countersign.StatusException
import countersign.TypedValue
import countersign.UnlockMethod
import countersign.approve
import countersign.code
import countersign.decline
import countersign.frame
import countersign.pending
import countersign.refresh
import countersign.rename
import countersign.review
import countersign.sign
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertTrue

/** Every operation's errors, matched by type. */
class ErrorsTest {
    @Test
    fun `a keypad's entry takes digits and gives none back`() {
        val entry = PinEntry()
        assertFailsWith<PinEntryException.NotADigit> { entry.push(10) }
        assertEquals(listOf(1, 2, 3, 4, 4), listOf(1, 2, 3, 4, 5).map(entry::push))
        assertEquals(Guessable.RUN, entry.guessable())
        assertEquals(3, entry.erase())
        entry.clear()
        assertEquals(0, entry.length())
        val methods =
            PinEntry::class.java.declaredMethods.filter {
                it.returnType in listOf(String::class.java, ByteArray::class.java)
            }
        assertEquals(emptyList(), methods)
    }

    @Test
    fun `an enrolment's errors`() = job {
        val person = Person(Service.shared)
        open(newFolder()).use { phone ->
            val foreign =
                assertFailsWith<BeginException.Link> {
                    phone.beginEnrolment("https://example.eu/", Source.CAMERA)
                }
            assertEquals(LinkProblem.FOREIGN, foreign.problem)
            person.addDevice()
            val text = textOf(person.picture())
            val damaged =
                assertFailsWith<BeginException.Link> {
                    phone.beginEnrolment(text.dropLast(3), Source.CAMERA)
                }
            assertEquals(LinkProblem.DAMAGED, damaged.problem)
            val wrongWay =
                assertFailsWith<BeginException.Link> {
                    phone.beginEnrolment(text, Source.CUSTOM_SCHEME)
                }
            assertEquals(LinkProblem.WRONG_WAY, wrongWay.problem)
            val offer = phone.beginEnrolment(text, Source.CAMERA)
            assertFailsWith<ClaimException.PinIncomplete> {
                phone.claimWithNewPin(offer, pin("407"), pin(PIN))
            }
            assertFailsWith<ClaimException.PinsDiffer> {
                phone.claimWithNewPin(offer, pin(PIN), pin(WRONG_PIN))
            }
            val guessed =
                assertFailsWith<ClaimException.GuessablePin> {
                    phone.claimWithNewPin(offer, pin("1987"), pin("1987"))
                }
            assertEquals(Guessable.YEAR, guessed.reason)
            assertFailsWith<ClaimException.OtherWay> { phone.claimWithBrowserPin(offer, pin(PIN)) }
            val account = enrol(person, phone)
            person.addDevice()
            val here =
                assertFailsWith<BeginException.AlreadyHere> {
                    // The page asks for an approval first now; the earlier code names the same
                    // account.
                    phone.beginEnrolment(text, Source.CAMERA)
                }
            assertEquals(account.name, here.name)
        }
    }

    @Test
    fun `a request's errors`() = job {
        World.create().use { world ->
            assertFailsWith<ApproveException.NotHeld> {
                world.phone.approve("no request", null, 42, UnlockMethod.Pin(pin(PIN)))
            }
            assertFailsWith<ApproveException.NotHeld> {
                world.phone.decline("00".repeat(16), null, false)
            }
            val number = world.person.askApp()
            val request = world.request()
            assertFailsWith<ApproveException.PinIncomplete> {
                world.phone.approve(request, PinEntry(), number)
            }
            assertFailsWith<ApproveException.NumberNeeded> {
                world.phone.approve(request, pin(PIN))
            }
            assertFailsWith<ApproveException.NumberNeeded> {
                world.phone.approve(request, pin(PIN), 1000)
            }
            assertFailsWith<ApproveException.PinNeeded> {
                world.phone.approve(request.id, null, number, UnlockMethod.Nothing)
            }
            val other = if (number == 99) 10 else number + 1
            assertFailsWith<ApproveException.WrongNumber> {
                world.phone.approve(request, pin(PIN), other)
            }
            assertFailsWith<ApproveException.NotHeld> {
                world.phone.approve(request, pin(PIN), number)
            }
        }
    }

    @Test
    fun `five wrong PINs block, and each says how many are left`() = job {
        World.create().use { world ->
            val number = world.person.askApp()
            val request = world.request()
            val wrong =
                List(4) {
                    assertFailsWith<ApproveException.Refused> {
                            world.phone.approve(request, pin(WRONG_PIN), number)
                        }
                        .refusal
                }
            assertEquals(listOf(4, 3, 2, 1), wrong.map { (it as Refusal.WrongPin).triesLeft })
            val last =
                assertFailsWith<ApproveException> {
                    world.phone.approve(request, pin(WRONG_PIN), number)
                }
            // Exhaustive: a kind that is added later does not compile here until it is thought of.
            val screen =
                when (last) {
                    is ApproveException.Refused ->
                        when (val refusal = last.refusal) {
                            is Refusal.WrongPin -> refusal.triesLeft
                            is Refusal.Blocked -> 0
                            is Refusal.Suspended,
                            is Refusal.OtherEpoch,
                            is Refusal.NotActive -> null
                        }
                    is ApproveException.PinIncomplete,
                    is ApproveException.NotHeld,
                    is ApproveException.NumberNeeded,
                    is ApproveException.Expired,
                    is ApproveException.WrongNumber,
                    is ApproveException.Closed,
                    is ApproveException.PinNeeded,
                    is ApproveException.AccountNeeded,
                    is ApproveException.UnlockNotAllowed,
                    is ApproveException.BiometricsNotAllowed,
                    is ApproveException.BiometricsOff,
                    is ApproveException.Biometrics,
                    is ApproveException.OtherService,
                    is ApproveException.Service,
                    is ApproveException.Phone -> null
                }
            assertEquals(0, screen)
            val blocked =
                assertFailsWith<ApproveException.Refused> {
                    world.phone.approve(request, pin(PIN), number)
                }
            assertEquals(Refusal.Blocked, blocked.refusal)
        }
    }

    @Test
    fun `what is scanned for another phone or nobody`() = job {
        World.create().use { one ->
            World.create().use { other ->
                other.person.askCode()
                val stranger =
                    assertFailsWith<ReadException.OtherAccount> {
                        one.phone.scan(other.person.link(), Source.CAMERA)
                    }
                assertTrue(stranger.host in Service.shared.origin)
                assertIs<Scanned.Code>(other.scanned())
            }
        }
        val person =
            World.create().use { world ->
                world.person.askCode()
                world.person
            }
        open(newFolder()).use { empty ->
            assertFailsWith<ReadException.UnknownService> {
                empty.scan(person.link(), Source.CAMERA)
            }
            val foreign =
                assertFailsWith<ReadException.Link> { empty.scan("tel:112", Source.PASTE) }
            assertEquals(LinkProblem.FOREIGN, foreign.problem)
        }
    }

    @Test
    fun `a code's and a form's errors`() = job {
        World.create().use { world ->
            assertFailsWith<CodeException.NotHeld> {
                world.phone.code("00".repeat(16), UnlockMethod.Nothing)
            }
            world.person.askCode()
            val request = assertIs<Scanned.Code>(world.scanned()).request
            assertFailsWith<CodeException.PinIncomplete> { world.phone.code(request, pin("12")) }
            assertFailsWith<FormException.NotHeld> { world.phone.review(request.id, emptyList()) }
            world.person.type(world.phone.code(request).code)
            assertTrue(world.person.isSignedIn(), "nothing was spent by the errors before")
        }
        World.create().use { world ->
            world.person.beginTransfer()
            val form = assertIs<Scanned.Transaction>(world.scanned()).form
            assertFailsWith<FormException.NoSuchField> {
                world.phone.review(form, TRANSFER + ("colour" to "red"))
            }
            val twice =
                TRANSFER.map { (id, value) -> TypedValue(id, value) } + TypedValue("name", "Else")
            assertFailsWith<FormException.Twice> { world.phone.review(form.id, twice) }
            val needed = assertFailsWith<SignException.Code> { world.phone.sign(form, TRANSFER) }
            assertIs<CodeException.PinNeeded>(needed.error)
            world.phone.sign(form, TRANSFER, pin(PIN))
            val other =
                assertFailsWith<SignException.Code> {
                    world.phone.sign(form, TRANSFER + ("amount" to "9999"), pin(PIN))
                }
            assertIs<CodeException.OtherValues>(other.error)
        }
    }

    @Test
    fun `a service that is not there, or does not know the phone`() = job {
        Service().use { service ->
            World.create(service).use { world ->
                val number = world.person.askApp()
                val request = world.request()
                service.unreachable {
                    val away =
                        assertFailsWith<StatusException.Service> {
                            world.phone.refresh(world.account)
                        }
                    assertEquals(ServiceProblemKind.UNREACHABLE, away.problem.kind)
                    val lost =
                        assertFailsWith<ApproveException.Service> {
                            world.phone.approve(request, pin(PIN), number)
                        }
                    assertEquals(ServiceProblemKind.UNREACHABLE, lost.problem.kind)
                    val inbox = world.phone.pendingAll()
                    assertEquals(world.account.number, inbox.problems.single().account.number)
                }
                world.phone.approve(request, pin(PIN), number)
                world.person.waitWhile("open")
                world.person.withDevice("My phone", "remove")
                world.phone.approve(world.request(), pin(PIN), world.person.number())
                world.person.waitWhile("open")
                val gone =
                    assertFailsWith<InboxException.Service> { world.phone.pending(world.account) }
                assertEquals(ServiceProblemKind.NOT_KNOWN, gone.problem.kind)
                assertEquals(gone.problem.text, gone.toString())
            }
        }
    }

    @Test
    fun `what is in the way on the phone itself`() = job {
        val folder = newFolder()
        open(folder).use { phone ->
            val none = assertFailsWith<StatusException.Phone> { phone.refresh(999u) }
            assertEquals(PhoneProblem.NO_SUCH_ACCOUNT, none.problem)
            val idle = assertFailsWith<InboxException.Refused> { phone.watch(null).next() }
            assertEquals(Refusal.NotActive, idle.refusal)
        }
        val otherKeys =
            assertFailsWith<OpenException.Phone> { open(folder, keys = SoftKeys(newFolder())) }
        assertEquals(PhoneProblem.KEYS_NOT_OURS, otherKeys.problem)
        val data = folder.resolve("countersign.db").toFile()
        data.delete()
        // A key without its data is a reinstall, and reported as one.
        open(folder).use { phone ->
            assertEquals(listOf<Resumed>(Resumed.Reinstalled), phone.resume())
        }
        data.writeText("no database")
        val damaged = assertFailsWith<OpenException.Phone> { open(folder) }
        assertEquals(PhoneProblem.DATA_DAMAGED, damaged.problem)
        World.create().use { world ->
            assertFailsWith<AccountException.Name> { world.phone.rename(world.account, " ") }
        }
    }

    @Test
    fun `pictures that show no code`() = job {
        Scanner().use { scanner ->
            assertFailsWith<PictureException.Format> { scanner.picture("no picture".toByteArray()) }
            val png =
                Person(Service.shared).run {
                    addDevice()
                    picture()
                }
            assertFailsWith<PictureException.Damaged> { scanner.picture(png.copyOf(png.size / 2)) }
            val grey = ByteArray(200 * 100) { 127 }
            assertEquals(emptyList(), scanner.frame(grey, 200, 100, 200, PixelFormat.LUMA))
            for ((width, height, stride) in
                listOf(
                    Triple(200, 101, 200),
                    Triple(-1, 100, 200),
                    Triple(200, 100, 100),
                    Triple(0, 0, 0),
                )) {
                assertNotNull(
                    assertFailsWith<PictureException.Size> {
                            scanner.frame(grey, width, height, stride, PixelFormat.LUMA)
                        }
                        .text
                )
            }
        }
    }
}
