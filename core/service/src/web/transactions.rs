//! The sample operations that are signed with the app: their list, the form of each, and what was
//! signed.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use countersign_protocol::{
    challenge::Unlock,
    field::FieldKind,
    id::{ChallengeId, DeviceId},
};
use minijinja::{Value, context};

use super::{
    choice::{approving, listed, pick, usable},
    error::{PageError, Refusal},
    issue,
    posted::Posted,
    prove,
    signing::Words,
    visitor::Visitor,
};
use crate::{
    app::App,
    base::hex::{self, Hex},
    flow,
    store::{Device, SignedTransaction},
    transactions::{OPERATIONS, Operation, Signing, Wrong},
};

/// Operations that were signed, on the page.
const SHOWN: u32 = 20;

/// `GET /account/transactions`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let account = visitor.signed_in()?.account;
    let operations: Vec<_> = OPERATIONS.iter().map(|operation| operation.id).collect();
    let words = Words::of(&app, &visitor);
    let mut signed = Vec::new();
    for row in app.store.signed_transactions(account, SHOWN).await? {
        let what = words.shown(&data(&row)?)?;
        signed.push(context! { id => hex::encode(&row.id.0), at => row.at, what });
    }
    let values = context! { operations, signed };
    app.pages.show("transactions.html", &visitor, values)
}

fn data(row: &SignedTransaction) -> Result<Signing, PageError> {
    let data = Signing::of(row);
    data.ok_or_else(|| PageError::Broken("a signed transaction's data are damaged".into()))
}

/// `GET /account/transactions/{operation}`.
pub(super) async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(operation): Path<String>,
) -> Result<Response, PageError> {
    let devices = usable(&app, visitor.signed_in()?.account).await?;
    let operation = Operation::find(&operation).ok_or(PageError::NotFound)?;
    let fields = operation.fields.iter();
    let typed: Vec<_> = fields
        .map(|field| match visitor.filled.get(field.id) {
            Some(text) => (text.to_owned(), field.read(visitor.lang, text).err()),
            None => (String::new(), None),
        })
        .collect();
    show(&app, &visitor, operation, &devices, &typed, None)
}

/// A field's typed text, and why it can't be signed.
type Judged = (String, Option<Wrong>);

fn show(
    app: &App,
    visitor: &Visitor,
    operation: &Operation,
    devices: &[Device],
    typed: &[Judged],
    refusal: Option<Refusal>,
) -> Result<Response, PageError> {
    let words = Words::of(app, visitor);
    let mut fields = Vec::new();
    for (field, (value, wrong)) in operation.fields.iter().zip(typed) {
        let choices = field.choices.iter().map(|(value, name)| {
            let shown = field.shown(visitor.lang, value);
            let text = match name.is_empty() {
                true => shown,
                false => format!("{name}, {shown}"),
            };
            context! { value, text }
        });
        let error = wrong.as_ref().map(|wrong| words.reason(wrong));
        fields.push(context! {
            id => field.id,
            label => words.label(field)?,
            hint => words.hint(field)?,
            example => field.example,
            mode => mode(field.kind),
            choices => choices.collect::<Vec<Value>>(),
            value,
            error => error.transpose()?,
        });
    }
    let errors = typed.iter().any(|(_, wrong)| wrong.is_some());
    let (status, error) = match errors {
        true => (StatusCode::BAD_REQUEST, None),
        false => Refusal::parts(refusal),
    };
    let values = context! {
        operation => operation.id,
        title => words.title(operation.id)?,
        online => operation.online,
        devices => devices.len(),
        approving => listed(&approving(devices)),
        fields,
        errors,
        error,
    };
    app.pages
        .refuse(status, "transaction.html", visitor, values)
}

/// The keyboard that fits, as HTML's `inputmode` names it.
fn mode(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Digits => "numeric",
        FieldKind::Amount => "decimal",
        FieldKind::Iban | FieldKind::Code | FieldKind::Date | FieldKind::Text => "text",
    }
}

/// A field that our form has once, or not at all.
fn once<'a>(form: &'a [(String, String)], name: &str) -> Result<Option<&'a str>, PageError> {
    let mut found = form.iter().filter(|(field, _)| field == name);
    match (found.next(), found.next()) {
        (found, None) => Ok(found.map(|(_, text)| text.as_str())),
        _ => Err(PageError::BadForm),
    }
}

/// `POST /account/transactions/{operation}`. With `way=phone` the phone shows the data; otherwise
/// the person types them there once more, which a dishonest page can't falsify.
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    Path(operation): Path<String>,
    posted: Posted<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    let session = visitor.signed_in()?;
    let operation = Operation::find(&operation).ok_or(PageError::NotFound)?;
    let on_phone = once(&form, "way")? == Some("phone");
    let with = once(&form, "with")?;
    if on_phone && !operation.online {
        return Err(PageError::BadForm);
    }
    let devices = usable(&app, session.account).await?;
    let mut data = Vec::new();
    let mut typed = Vec::new();
    for field in operation.fields {
        let text = once(&form, field.id)?.ok_or(PageError::BadForm)?;
        let value = field.read(visitor.lang, text);
        typed.push((text.to_owned(), value.as_ref().err().cloned()));
        data.extend(value.map(|value| (field.id.to_owned(), value)));
    }
    let refuse = |refusal| show(&app, &visitor, operation, &devices, &typed, refusal);
    if data.len() < operation.fields.len() {
        return refuse(None);
    }
    if devices.is_empty() {
        return refuse(Some(Refusal::conflict("transactions_error_device")));
    }
    let dev = match on_phone {
        true => match pick(&approving(&devices), with) {
            Some(dev) => Some(dev),
            None => return refuse(Some(Refusal::conflict("devices_error_with"))),
        },
        false => None,
    };
    let signing = Signing {
        operation: operation.id.to_owned(),
        data,
    };
    let asking = issue::asking(&app, session, &headers).await?;
    let issued = ask(&app, &visitor, &asking, dev, &signing).await?;
    match prove::go(issued, Refusal::too_many) {
        Ok(response) => Ok(response),
        Err(not_done) => refuse(Some(not_done.refusal()?)),
    }
}

/// Asks this phone to approve the data, or any to give a code for them.
async fn ask(
    app: &App,
    visitor: &Visitor,
    asking: &flow::issue::Asking<'_>,
    dev: Option<DeviceId>,
    signing: &Signing,
) -> Result<flow::issue::Issued, PageError> {
    let unlock = match app.biometric_transfers {
        true => Unlock::PinOrBiometrics,
        false => Unlock::Pin,
    };
    let (words, payload) = (Words::of(app, visitor), signing.payload());
    let Some(dev) = dev else {
        let form = words.form(signing)?;
        return Ok(flow::issue::transaction(app, asking, form, payload, unlock).await?);
    };
    let shown = words.on_phone(signing, unlock)?;
    Ok(flow::issue::online(app, asking, dev, shown, payload).await?)
}

/// `GET /account/transactions/done/{id}`.
pub(super) async fn outcome(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Hex(id): Hex<ChallengeId>,
) -> Result<Response, PageError> {
    let account = visitor.signed_in()?.account;
    let row = app.store.signed_transaction(id, account).await?;
    let row = row.ok_or(PageError::NotFound)?;
    let what = Words::of(&app, &visitor).shown(&data(&row)?)?;
    app.pages
        .show("signed.html", &visitor, context! { what, at => row.at })
}
