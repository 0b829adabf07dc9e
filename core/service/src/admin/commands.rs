//! What each command does.

use std::sync::Arc;

use countersign_protocol::id::AccountId;
use tokio::sync::watch;

use super::{
    import::{self, NotRead},
    words::{
        Act, Answer, Command, DeviceRow, EventRow, Imported, MailAct, MailRow, PAGE, Refused, Row,
        Shown,
    },
};
use crate::{
    app::App,
    base::{
        email::Email,
        lang::Lang,
        operator::Operator,
        random::{self, NoRandomness},
    },
    deliveries::{self, Content, Message},
    messages::notice,
    policy,
    security::{self, Ending, Happened},
    store::{
        AccountEvent, AccountKind, DeadDelivery, Dossier, Listed, NewDelivery, NewStaff, Order,
        Recovery, Retried, Share, StoreError, Unfit,
    },
};

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        let why = error.to_string();
        match error {
            StoreError::Journal(_) => Self::Unrecorded(why),
            _ => Self::Failed(why),
        }
    }
}

impl From<NoRandomness> for Refused {
    fn from(error: NoRandomness) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Carries a command out. What is answered as done is on the disk, and in the journal.
pub(super) async fn run(
    app: &App,
    by: &Operator,
    command: Command,
    progress: watch::Sender<Imported>,
) -> Result<Answer, Refused> {
    match command {
        Command::Add {
            email,
            first_name,
            last_name,
            language,
        } => {
            let address = address(&email)?;
            let name = import::name(&first_name, &last_name).map_err(Refused::Name)?;
            let tag = language.unwrap_or_default();
            let language =
                import::language(&tag).map_err(|_| Refused::Language(tag, import::languages()))?;
            let new = import::new((address, name, language))?;
            let taken = Refused::Taken(new.email.to_string());
            let added = add(app, by, vec![new], progress).await?;
            added.map_err(|_| taken)
        }
        Command::Import { csv } => {
            let people = match import::people(&csv) {
                Ok(people) => people,
                Err(NotRead::Faults(faults)) => return Err(faults.into()),
                Err(NotRead::Random(error)) => return Err(error.into()),
            };
            // The file can be large, and is not needed any more.
            drop(csv);
            let added = add(app, by, people.new, progress).await?;
            added.map_err(|taken| people.lines.taken(&taken).into())
        }
        Command::Act { act, email } => {
            let account = find(app, &email).await?;
            let order = order(app, by, act, account).await?;
            carry_out(app, by, account, &email, order).await
        }
        Command::Rename {
            email,
            first_name,
            last_name,
        } => {
            let account = find(app, &email).await?;
            let now = app.store.account(account).await?;
            let now = now.ok_or_else(|| Refused::None(email.clone()))?;
            let first = first_name.unwrap_or(now.first_name);
            let last = last_name.unwrap_or(now.last_name);
            let name = import::name(&first, &last).map_err(Refused::Name)?;
            carry_out(app, by, account, &email, Order::Rename(name)).await
        }
        Command::Show { email } => {
            let account = find(app, &email).await?;
            look(app, by, Some(account), "admin-shown");
            let found = app.store.dossier(account, app.clock.now()).await?;
            let dossier = found.ok_or(Refused::None(email))?;
            Ok(Answer::Account(Box::new(shown(app, dossier))))
        }
        Command::List { after } => {
            look(app, by, None, "admin-listed");
            let now = app.clock.now();
            let mut found = app.store.list_accounts(after, PAGE + 1, now).await?;
            let more = found.len() > PAGE as usize;
            found.truncate(PAGE as usize);
            let accounts = found.iter().map(row).collect();
            Ok(Answer::Accounts { accounts, more })
        }
        Command::Mail { after, waiting } => {
            look(app, by, None, "mail-listed");
            let found = app.store.dead_deliveries(after, PAGE + 1, waiting);
            let mut found = found.await?;
            let more = found.len() > PAGE as usize;
            found.truncate(PAGE as usize);
            let messages = found.into_iter().map(|dead| mail_row(app, dead));
            let messages = messages.collect();
            Ok(Answer::Mail { messages, more })
        }
        Command::ActOnMail { act, number } => act_on_mail(app, by, act, number).await,
    }
}

/// Tries messages again, or drops them. The security log has it once it is done, with its number
/// and how many there were.
async fn act_on_mail(
    app: &App,
    by: &Operator,
    act: MailAct,
    number: Option<u64>,
) -> Result<Answer, Refused> {
    let now = app.clock.now();
    let (done, over, what) = match act {
        MailAct::Retry => {
            let Retried { again, over } = app.store.retry_dead(number, now).await?;
            app.mail.notify_one();
            (again, over, "mail-retried")
        }
        MailAct::Drop => {
            let dropped = app.store.drop_dead(number, by.clone(), now).await?;
            (dropped, 0, "mail-dropped")
        }
    };
    if number.is_some() && done + over == 0 {
        return Err(Refused::NoMail);
    }
    let which = number.map_or_else(|| "all".to_owned(), |number| format!("message {number}"));
    let mut detail = format!("{}: {which}: {done}", by.as_str());
    if over > 0 {
        detail.push_str(&format!(", and {over} whose links work no more"));
    }
    let happened = Happened {
        account: None,
        what: what.to_owned(),
        detail,
        ending: Ending::Done,
    };
    app.security.note(now, &happened);
    Ok(Answer::Messages { done, over })
}

/// Adds people, or answers which of their addresses are taken.
async fn add(
    app: &App,
    by: &Operator,
    new: Vec<NewStaff>,
    progress: watch::Sender<Imported>,
) -> Result<Result<Answer, Vec<usize>>, Refused> {
    let all = new.len();
    let made = move |done: usize| {
        // A step of 5 in a hundred.
        let step = |done: usize| done * 20 / all.max(1);
        if step(done) > step(done - 1) {
            progress.send_replace(Imported { done, all });
        }
    };
    let now = app.clock.now();
    let added = app
        .store
        .add_staff(new.into(), by.clone(), Arc::new(made), now);
    let added = added.await?;
    app.mail.notify_one();
    Ok(added.map(|last| Answer::Added {
        accounts: all,
        seconds: last.saturating_sub(now),
    }))
}

/// What a command needs to change an account.
async fn order(app: &App, by: &Operator, act: Act, account: AccountId) -> Result<Order, Refused> {
    let now = app.clock.now();
    Ok(match act {
        Act::Invite => Order::Invite(random::bytes()?),
        Act::Disable => Order::Disable,
        Act::Enable => Order::Enable,
        Act::Delete => Order::Delete(told(app, by, account).await?),
        Act::Unblock => Order::Unblock,
        Act::Reset => Order::Reset(Recovery {
            id: random::bytes()?,
            account,
            ripe_at: now + u64::from(app.recovery_hours) * policy::HOUR,
            by_panic: true,
            by_operator: true,
            finished_at: None,
        }),
        Act::Rename => return Err(Refused::Request("a name is missing".to_owned())),
    })
}

async fn carry_out(
    app: &App,
    by: &Operator,
    account: AccountId,
    email: &str,
    order: Order,
) -> Result<Answer, Refused> {
    let kind = app.store.account(account).await?.map(|found| found.kind);
    let done = app
        .store
        .administer(account, order, by.clone(), app.clock.now())
        .await?;
    let email = || email.trim().to_owned();
    let devices = done.map_err(|unfit| match unfit {
        Unfit::Gone => Refused::None(email()),
        Unfit::Already => Refused::Already(email()),
        Unfit::NotDisabled => Refused::NotDisabled(email()),
        Unfit::NotLocked => Refused::NotLocked(email()),
        Unfit::InUse => Refused::InUse(email()),
        Unfit::Own => Refused::Own(email()),
        Unfit::OwnName => Refused::OwnName(email()),
        Unfit::Disabled => Refused::Disabled(email()),
        Unfit::Invited => Refused::Invited(email()),
    })?;
    for dev in devices {
        app.waiting.wake(dev);
    }
    app.mail.notify_one();
    Ok(Answer::Done {
        staff: kind == Some(AccountKind::Staff),
    })
}

/// The messages to the owner of an account that is to be deleted.
async fn told(app: &App, by: &Operator, account: AccountId) -> Result<Vec<NewDelivery>, Refused> {
    let Some(account) = app.store.account(account).await? else {
        return Ok(Vec::new());
    };
    if app.store.is_invited(&account.email).await? {
        return Ok(Vec::new());
    }
    let event = AccountEvent {
        at: app.clock.now(),
        what: Act::Delete.event().to_owned(),
        detail: by.as_str().to_owned(),
        caller: security::caller(),
    };
    let to = app.store.addresses(account.acc, event.at).await?;
    let notices = to
        .into_iter()
        .map(|to| notice::of_the_end(app, &account, to, &event));
    let notices: Result<_, _> = notices.collect();
    notices.map_err(|error| Refused::Failed(error.to_string()))
}

fn address(text: &str) -> Result<Email, Refused> {
    Email::parse(text).map_err(|_| Refused::Email(text.to_owned()))
}

async fn find(app: &App, email: &str) -> Result<AccountId, Refused> {
    let address = address(email)?;
    let found = app.store.administered(&address).await?;
    found.ok_or_else(|| Refused::None(address.to_string()))
}

/// What an operator only looks at is in the security log too.
fn look(app: &App, by: &Operator, account: Option<AccountId>, what: &str) {
    let happened = Happened {
        account,
        what: what.to_owned(),
        detail: by.as_str().to_owned(),
        ending: Ending::Done,
    };
    app.security.note(app.clock.now(), &happened);
}

fn row(listed: &Listed) -> Row {
    let account = &listed.account;
    let state = match (listed.invited, listed.disabled, listed.guarded) {
        (_, true, _) => "disabled",
        (true, ..) if listed.invitation => "invited",
        (true, ..) => "invitation-over",
        (.., true) => "guarded",
        _ => "active",
    };
    Row {
        email: account.email.to_string(),
        first_name: account.first_name.clone(),
        last_name: account.last_name.clone(),
        language: account.language.code().to_owned(),
        kind: account.kind.name().to_owned(),
        state: state.to_owned(),
        devices: listed.devices,
        created_at: listed.created_at,
    }
}

fn mail_row(app: &App, dead: DeadDelivery) -> MailRow {
    let message = deliveries::open(&app.root, &dead.delivery).ok();
    let mail = message.map(|Message { content, .. }| {
        let Content::Mail(mail) = content;
        mail
    });
    MailRow {
        number: dead.delivery.number,
        to: mail.as_ref().map(|mail| mail.to.to_string()),
        subject: mail.map(|mail| mail.subject),
        made_at: dead.delivery.created_at,
        given_up_at: dead.dead_at,
        tries: dead.delivery.tries,
        why: dead.why,
    }
}

fn shown(app: &App, dossier: Dossier) -> Shown {
    let mut locked: Vec<String> = dossier
        .closed
        .iter()
        .map(|share| password(*share))
        .collect();
    if dossier.pin_codes_closed {
        locked.push("codes-with-pin".to_owned());
    }
    if dossier.plain_codes_closed {
        locked.push("codes-without-pin".to_owned());
    }
    let devices = dossier.devices.into_iter().map(|device| DeviceRow {
        name: device.name,
        platform: device.platform,
        state: device.state.to_owned(),
        added_at: device.created_at,
        used_at: device.used_at,
    });
    let events = dossier.events.into_iter().map(|event| {
        let text = app.pages.texts.event(Lang::En, &event.what, &event.detail);
        EventRow {
            at: event.at,
            text: text.unwrap_or_default(),
            what: event.what,
        }
    });
    Shown {
        account: dossier.listed.account.acc.to_string(),
        row: row(&dossier.listed),
        device_list: devices.collect(),
        locked,
        recovery_at: dossier.recovery.map(|recovery| recovery.ripe_at),
        deletion_at: dossier.deletion.map(|deletion| deletion.due_at),
        invited_until: dossier.invitation,
        not_delivered: dossier.not_delivered,
        events: events.collect(),
    }
}

fn password(share: Share) -> String {
    format!("password-{}", share.name())
}
