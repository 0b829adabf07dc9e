//! Issuing challenges (PROTOCOL.md, sections 11 and 12).

use countersign_protocol::{
    Step,
    challenge::{Challenge, CodeForm, Context, Field, Kind, Pair, Purpose, Subject, Unlock},
    id::{AccountId, ChallengeId, DeviceId},
    message::{Message, Received},
    policy::share::Asker,
};

use super::Failed;
use crate::{
    app::App,
    base::{hex, random},
    edge::Source,
    policy,
    ring::ServiceKeys,
    store::{self, ChallengeKind, Issue, NewChallenge, Session, SessionHash, SignedMessage},
};

/// A challenge's identifier, or the text key of why there is none.
pub(crate) type Issued = Result<ChallengeId, &'static str>;

/// The browser that asks.
pub(crate) struct Asking<'a> {
    /// Its session.
    pub(crate) session: &'a Session,
    /// What a phone shows of it.
    pub(crate) context: Context,
    /// The mark by which it is known for the account, if it is.
    pub(crate) mark: Option<SessionHash>,
}

/// The browser of a phone, in which a sign-in begins.
pub(crate) struct MobileBrowser {
    /// The hash of its cookie.
    pub(crate) cookie: SessionHash,
    /// The account, if it has a session already.
    pub(crate) account: Option<AccountId>,
    /// Where it is.
    pub(crate) source: Source,
    /// What a phone shows of it.
    pub(crate) context: Context,
}

/// Asks a device for an approval with PIN or biometrics and number matching. `subject` is what the
/// operation is about: PROTOCOL.md, section 6, names which kind each purpose takes.
pub(crate) async fn approval(
    app: &App,
    asking: &Asking<'_>,
    purpose: Purpose,
    dev: DeviceId,
    subject: Option<Subject>,
    payload: String,
) -> Result<Issued, Failed> {
    let mut challenge = draft(app, asking.context, purpose, Unlock::PinOrBiometrics)?;
    challenge.subject = subject;
    challenge.kind = Kind::Approve {
        acc: asking.session.account,
        dev,
        number_matching: true,
    };
    ask(app, asking, &challenge, ChallengeKind::Approve, payload).await
}

/// A transaction whose data a phone shows before it approves.
pub(crate) struct Shown {
    /// The title that is signed.
    pub(crate) title: String,
    /// The data, canonical (PROTOCOL.md, section 6).
    pub(crate) pairs: Vec<Pair>,
    /// The service behind this one that asks.
    pub(crate) client: Option<String>,
    /// What the person compares with what stands where they began.
    pub(crate) binding: Option<String>,
    /// Which secret unlocks the approval.
    pub(crate) unlock: Unlock,
}

/// Asks a device to show a transaction's data and to approve them, with number matching.
pub(crate) async fn online(
    app: &App,
    asking: &Asking<'_>,
    dev: DeviceId,
    shown: Shown,
    payload: String,
) -> Result<Issued, Failed> {
    let mut challenge = draft(app, asking.context, Purpose::Transaction, shown.unlock)?;
    challenge.client = shown.client;
    challenge.binding = shown.binding;
    challenge.kind = Kind::Online {
        acc: asking.session.account,
        dev,
        number_matching: true,
        title: shown.title,
        pairs: shown.pairs,
    };
    ask(app, asking, &challenge, ChallengeKind::Online, payload).await
}

/// Puts a challenge into its device's inbox.
async fn ask(
    app: &App,
    asking: &Asking<'_>,
    challenge: &Challenge,
    kind: ChallengeKind,
    payload: String,
) -> Result<Issued, Failed> {
    let Some(dev) = challenge.kind.inbox() else {
        return Err(Failed::Unavailable("a challenge is for no device".into()));
    };
    let number = u8::try_from(10 + random::below(90)?).unwrap_or(10);
    // Every bound is judged here, of what a person typed too.
    let Some(message) = sign(challenge, &app.keys.now()) else {
        return Ok(Err("issue_no_form"));
    };
    let new = NewChallenge {
        dev: Some(dev),
        subject: challenge.subject.as_ref().and_then(Subject::device),
        grants_itself: app.own_biometrics,
        message: Some(message),
        number: challenge.kind.asks_number().then_some(number),
        ..new(asking, challenge, kind, payload)
    };
    let issue = app.store.issue_approval(new, app.clock.now()).await?;
    // When pushes have stopped, a phone that waits is not disturbed either, and finds the request
    // when it next asks.
    if issue == Issue::Opened {
        app.waiting.wake(dev);
        app.pushes.knock(dev, challenge.id);
    }
    outcome(issue, challenge.id)
}

/// Opens a sign-in that the phone approves in whose browser it begins.
pub(crate) async fn on_mobile(app: &App, browser: MobileBrowser) -> Result<Issued, Failed> {
    let mut challenge = draft(
        app,
        browser.context,
        Purpose::SignIn,
        Unlock::PinOrBiometrics,
    )?;
    challenge.kind = Kind::OnMobile {
        return_url: format!(
            "{}/mobile/{}/return",
            app.origin.as_str(),
            hex::encode(&challenge.id.0)
        ),
    };
    let (until, now) = (challenge.expires_at(), app.clock.now());
    let Ok(replaces) = app
        .edge
        .mobile
        .add(browser.source, challenge.id, until, now)
    else {
        return Ok(Err("mobile_busy"));
    };
    let new = NewChallenge {
        id: challenge.id,
        replaces,
        account: browser.account,
        session: browser.cookie,
        asker: Asker::Unknown,
        mark: None,
        kind: ChallengeKind::OnMobile,
        purpose: challenge.purpose,
        dev: None,
        subject: None,
        grants_itself: false,
        message: sign(&challenge, &app.keys.now()),
        number: None,
        payload: String::new(),
        unlock: challenge.unlock,
        expires_at: challenge.expires_at(),
    };
    match app.store.issue_mobile(new, app.clock.now()).await? {
        Issue::TooMany => Ok(Err("mobile_busy")),
        issue => outcome(issue, challenge.id),
    }
}

/// Opens a challenge that is answered by a typed code. `subject` as for [`approval`].
pub(crate) async fn code(
    app: &App,
    asking: &Asking<'_>,
    purpose: Purpose,
    subject: Option<Subject>,
    payload: String,
    unlock: Unlock,
) -> Result<Issued, Failed> {
    let mut challenge = draft(app, asking.context, purpose, unlock)?;
    challenge.subject = subject;
    challenge.kind = Kind::Code {
        acc: asking.session.account,
        step: 1,
        form: CodeForm::Characters,
    };
    open(app, asking, challenge, ChallengeKind::Code, payload).await
}

/// What a person types on the phone to sign it (PROTOCOL.md, section 6).
pub(crate) struct Form {
    /// The title that is signed.
    pub(crate) title: String,
    /// The fields, in order.
    pub(crate) fields: Vec<Field>,
}

/// Opens a transaction that is answered by a typed code for the data in `payload`.
pub(crate) async fn transaction(
    app: &App,
    asking: &Asking<'_>,
    form: Form,
    payload: String,
    unlock: Unlock,
) -> Result<Issued, Failed> {
    let mut challenge = draft(app, asking.context, Purpose::Transaction, unlock)?;
    challenge.kind = Kind::Transaction {
        acc: asking.session.account,
        step: 1,
        title: form.title,
        fields: form.fields,
    };
    open(app, asking, challenge, ChallengeKind::Transaction, payload).await
}

/// Allots the next step to a challenge that is answered by a typed code, and signs it.
async fn open(
    app: &App,
    asking: &Asking<'_>,
    challenge: Challenge,
    kind: ChallengeKind,
    payload: String,
) -> Result<Issued, Failed> {
    let new = new(asking, &challenge, kind, payload);
    let id = challenge.id;
    let keys = app.keys.now();
    let sign_step = move |allotted: Step| {
        let mut challenge = challenge.clone();
        match &mut challenge.kind {
            Kind::Code { step, .. } | Kind::Transaction { step, .. } => *step = allotted,
            Kind::Approve { .. } | Kind::OnMobile { .. } | Kind::Online { .. } => return None,
        }
        sign(&challenge, &keys)
    };
    outcome(
        app.store
            .issue_code(new, Box::new(sign_step), app.clock.now())
            .await?,
        id,
    )
}

fn draft(
    app: &App,
    context: Context,
    purpose: Purpose,
    unlock: Unlock,
) -> Result<Challenge, Failed> {
    let now = app.clock.now();
    Ok(Challenge {
        svc: app.origin.svc(),
        kid: app.keys.now().kid(now),
        id: ChallengeId(random::bytes()?),
        purpose,
        issued_at: now,
        lifetime: u16::try_from(policy::CHALLENGE_SECONDS).unwrap_or(180),
        app_name: app.name.clone(),
        unlock,
        context,
        subject: None,
        client: None,
        binding: None,
        // Replaced by the caller, which knows whose it is.
        kind: Kind::OnMobile {
            return_url: String::new(),
        },
    })
}

/// What a challenge is about, as its message says.
pub(crate) fn subject_of(challenge: &store::Challenge) -> Option<Subject> {
    let message = Received::<Challenge>::parse(&challenge.message).ok()?;
    message.subject().cloned()
}

fn sign(challenge: &Challenge, keys: &ServiceKeys) -> Option<SignedMessage> {
    let bytes = challenge.sign(keys.signing(challenge.kid)?).ok()?;
    let hash = Received::<Challenge>::parse(&bytes).ok()?.hash();
    Some(SignedMessage { bytes, hash })
}

fn new(
    asking: &Asking<'_>,
    challenge: &Challenge,
    kind: ChallengeKind,
    payload: String,
) -> NewChallenge {
    let session = asking.session;
    NewChallenge {
        id: challenge.id,
        replaces: None,
        account: Some(session.account),
        session: session.hash,
        asker: Asker::from_known(asking.mark.is_some() || session.signed_in && session.is_strong()),
        mark: asking.mark,
        kind,
        purpose: challenge.purpose,
        dev: None,
        subject: None,
        grants_itself: false,
        message: None,
        number: None,
        payload,
        unlock: challenge.unlock,
        expires_at: challenge.expires_at(),
    }
}

fn outcome(issue: Issue, id: ChallengeId) -> Result<Issued, Failed> {
    Ok(match issue {
        Issue::Opened | Issue::OpenedQuietly => Ok(id),
        Issue::Busy => Err("issue_busy"),
        Issue::TooMany => Err("issue_too_many"),
        Issue::Closed => Err("issue_closed"),
        Issue::NoDevice => Err("issue_no_device"),
        Issue::NotSigned => return Err(Failed::Unavailable("a challenge can't be signed".into())),
    })
}
