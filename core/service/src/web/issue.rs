//! Issuing challenges for the pages.

use axum::{
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::{
    Step,
    challenge::{
        Browser, Challenge, CodeForm, Context, Kind, Pair, Purpose, Subject, System, Unlock,
    },
    id::{ChallengeId, DeviceId},
    message::{Message, Received},
    policy::share::Asker,
};

use super::{
    PageError,
    visitor::{self, Visitor},
};
use crate::{
    app::App,
    base::{hex, random},
    edge::Source,
    keys::ring::ServiceKeys,
    policy,
    store::{self, ChallengeKind, Issue, NewChallenge, Session, SignedMessage},
    transfer,
};

/// A challenge's identifier, or the text key of why there is none.
type Issued = Result<ChallengeId, &'static str>;

/// The page of a challenge.
pub(super) fn to(id: ChallengeId) -> Response {
    Redirect::to(&format!("/challenge/{}", hex::encode(&id.0))).into_response()
}

/// Asks a device for an approval with PIN or biometrics and number matching. `subject` is what the operation is about: PROTOCOL.md, section 6,
/// names which kind each purpose takes.
pub(super) async fn approval(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    purpose: Purpose,
    dev: DeviceId,
    subject: Option<Subject>,
    payload: String,
) -> Result<Issued, PageError> {
    let mut challenge = draft(app, headers, purpose, Unlock::PinOrBiometrics)?;
    challenge.subject = subject;
    challenge.kind = Kind::Approve {
        acc: session.account,
        dev,
        number_matching: true,
    };
    ask(
        app,
        session,
        headers,
        &challenge,
        ChallengeKind::Approve,
        payload,
    )
    .await
}

/// A transaction whose data a phone shows before it approves.
pub(super) struct Shown {
    /// What is signed.
    pub(super) title: &'static str,
    /// The data, canonical (PROTOCOL.md, section 6).
    pub(super) pairs: Vec<Pair>,
    /// The service behind this one that asks.
    pub(super) client: Option<String>,
    /// What the person compares with what stands where they began.
    pub(super) binding: Option<String>,
    /// What must unlock the approval.
    pub(super) unlock: Unlock,
}

/// Asks a device to show a transaction's data and to approve them, with number matching.
pub(super) async fn online(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    dev: DeviceId,
    shown: Shown,
    payload: String,
) -> Result<Issued, PageError> {
    let mut challenge = draft(app, headers, Purpose::Transaction, shown.unlock)?;
    challenge.client = shown.client;
    challenge.binding = shown.binding;
    challenge.kind = Kind::Online {
        acc: session.account,
        dev,
        number_matching: true,
        title: shown.title.into(),
        pairs: shown.pairs,
    };
    ask(
        app,
        session,
        headers,
        &challenge,
        ChallengeKind::Online,
        payload,
    )
    .await
}

/// Puts a challenge into its device's inbox.
async fn ask(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    challenge: &Challenge,
    kind: ChallengeKind,
    payload: String,
) -> Result<Issued, PageError> {
    let Some(dev) = challenge.kind.inbox() else {
        return Err(PageError::Broken("a challenge is for no device".into()));
    };
    let number = u8::try_from(10 + random::below(90)?).unwrap_or(10);
    // Every bound is judged here, of what a person typed too.
    let Some(message) = sign(challenge, &app.keys.now()) else {
        return Ok(Err("issue_no_form"));
    };
    let mut new = NewChallenge {
        dev: Some(dev),
        subject: challenge.subject.as_ref().and_then(Subject::device),
        grants_itself: app.own_biometrics,
        message: Some(message),
        number: challenge.kind.asks_number().then_some(number),
        ..new(session, challenge, kind, payload)
    };
    known(app, headers, session, &mut new).await?;
    let issue = app.store().issue_approval(new, app.now()).await?;
    // When pushes have stopped, a phone that waits is not disturbed either, and finds the request when it next asks.
    if issue == Issue::Opened {
        app.waiting.wake(dev);
        app.pushes.knock(dev, challenge.id);
    }
    outcome(issue, challenge.id)
}

/// Opens a sign-in that the phone approves in whose browser it begins.
pub(super) async fn on_mobile(
    app: &App,
    visitor: &Visitor,
    source: Source,
    headers: &HeaderMap,
) -> Result<Issued, PageError> {
    let mut challenge = draft(app, headers, Purpose::SignIn, Unlock::PinOrBiometrics)?;
    challenge.kind = Kind::OnMobile {
        return_url: format!(
            "{}/mobile/{}/return",
            app.origin.as_str(),
            hex::encode(&challenge.id.0)
        ),
    };
    let (until, now) = (challenge.expires_at(), app.now());
    let Ok(replaces) = app.edge.mobile.add(source, challenge.id, until, now) else {
        return Ok(Err("mobile_busy"));
    };
    let new = NewChallenge {
        id: challenge.id,
        replaces,
        account: visitor.session.as_ref().map(|session| session.account),
        session: visitor.browser(),
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
    match app.store().issue_mobile(new, app.now()).await? {
        Issue::TooMany => Ok(Err("mobile_busy")),
        issue => outcome(issue, challenge.id),
    }
}

/// Opens a challenge that is answered by a typed code. `subject` as for [`approval`].
pub(super) async fn code(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    purpose: Purpose,
    subject: Option<Subject>,
    payload: String,
    unlock: Unlock,
) -> Result<Issued, PageError> {
    let mut challenge = draft(app, headers, purpose, unlock)?;
    challenge.subject = subject;
    let acc = session.account;
    challenge.kind = match purpose {
        Purpose::Transaction => Kind::Transaction {
            acc,
            step: 1,
            title: transfer::TITLE.into(),
            fields: transfer::fields(),
        },
        _ => Kind::Code {
            acc,
            step: 1,
            form: CodeForm::Characters,
        },
    };
    let kind = if purpose == Purpose::Transaction {
        ChallengeKind::Transaction
    } else {
        ChallengeKind::Code
    };
    let mut new = new(session, &challenge, kind, payload);
    known(app, headers, session, &mut new).await?;
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
        app.store()
            .issue_code(new, Box::new(sign_step), app.now())
            .await?,
        id,
    )
}

/// Notes the mark of a browser that is known for the account.
async fn known(
    app: &App,
    headers: &HeaderMap,
    session: &Session,
    new: &mut NewChallenge,
) -> Result<(), PageError> {
    new.mark = visitor::known_mark(app, headers, session.account).await?;
    if new.mark.is_some() {
        new.asker = Asker::Known;
    }
    Ok(())
}

fn draft(
    app: &App,
    headers: &HeaderMap,
    purpose: Purpose,
    unlock: Unlock,
) -> Result<Challenge, PageError> {
    let now = app.now();
    Ok(Challenge {
        svc: app.origin.svc(),
        kid: app.keys.now().kid(now),
        id: ChallengeId(random::bytes()?),
        purpose,
        issued_at: now,
        lifetime: u16::try_from(policy::CHALLENGE_SECONDS).unwrap_or(180),
        app_name: app.name.clone(),
        unlock,
        context: context(headers),
        subject: None,
        client: None,
        binding: None,
        // Replaced by the caller, who knows for whom it is.
        kind: Kind::OnMobile {
            return_url: String::new(),
        },
    })
}

/// What a challenge is about, as its message says.
pub(super) fn subject_of(challenge: &store::Challenge) -> Option<Subject> {
    let message = Received::<Challenge>::parse(&challenge.message).ok()?;
    message.subject().cloned()
}

fn sign(challenge: &Challenge, keys: &ServiceKeys) -> Option<SignedMessage> {
    let bytes = challenge.sign(keys.signing(challenge.kid)?).ok()?;
    let hash = Received::<Challenge>::parse(&bytes).ok()?.hash();
    Some(SignedMessage { bytes, hash })
}

fn new(
    session: &Session,
    challenge: &Challenge,
    kind: ChallengeKind,
    payload: String,
) -> NewChallenge {
    NewChallenge {
        id: challenge.id,
        replaces: None,
        account: Some(session.account),
        session: session.hash,
        asker: Asker::from_known(session.signed_in && session.is_strong()),
        mark: None,
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

fn outcome(issue: Issue, id: ChallengeId) -> Result<Issued, PageError> {
    Ok(match issue {
        Issue::Opened | Issue::OpenedQuietly => Ok(id),
        Issue::Busy => Err("issue_busy"),
        Issue::TooMany => Err("issue_too_many"),
        Issue::Closed => Err("issue_closed"),
        Issue::NoDevice => Err("issue_no_device"),
        Issue::NotSigned => return Err(PageError::Broken("a challenge can't be signed".into())),
    })
}

/// What a phone is told of the browser that asks: from closed lists, never the text that the browser sends.
fn context(headers: &HeaderMap) -> Context {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let has = |name: &str| agent.contains(name);
    // Every browser also names those that it imitates, so the order matters.
    let browser = match () {
        () if has("SamsungBrowser/") => Browser::SamsungInternet,
        () if has("Edg") => Browser::Edge,
        () if has("OPR/") => Browser::Opera,
        () if has("Firefox/") || has("FxiOS/") => Browser::Firefox,
        () if has("Chrome/") || has("CriOS/") => Browser::Chrome,
        () if has("Safari/") => Browser::Safari,
        () if agent.is_empty() => Browser::Unknown,
        () => Browser::Program,
    };
    let system = match () {
        () if has("iPhone") || has("iPad") => System::Ios,
        () if has("Android") => System::Android,
        () if has("CrOS") => System::ChromeOs,
        () if has("Windows") => System::Windows,
        () if has("Mac OS X") => System::MacOs,
        () if has("Linux") => System::Linux,
        () => System::Unknown,
    };
    Context {
        browser,
        system,
        place: *b"ZZ",
    }
}
