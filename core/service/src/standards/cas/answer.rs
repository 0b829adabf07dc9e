//! What CAS answers: XML (section 2.5.2, and appendix A) or JSON; and what it tells a service when
//! a session ends (section 2.3.3).

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_protocol::Time;
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};
use serde_json::{Value, json};

use crate::{
    base::{hex, random, time::rfc3339},
    clients::Attribute,
    standards::{ProvedBy, released},
    store::{Account, AccountKind},
};

/// The namespace of CAS.
const NAMESPACE: &str = "http://www.yale.edu/tp/cas";

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Xml,
    Json,
}

/// What an answer tells besides the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tells {
    /// Nothing: CAS 2.0.
    User,
    /// Attributes: CAS 3.0.
    Attributes,
    /// Elements beside the user, as the reference system has them.
    Dialect,
}

/// Why a ticket is not redeemed, or none is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// A parameter is missing.
    Request,
    /// It is a proxy ticket, where none is taken.
    Kind,
    /// There is no such ticket any more.
    Ticket,
    /// It is not for this service, or the service is not registered.
    Service,
    /// The callback is not registered, or was not reached.
    Callback,
    /// The service may not go there for a person.
    Unauthorized,
    /// The account is none of the staff (dialect).
    User,
    /// Something failed here.
    Internal,
}

impl Failure {
    /// The code (section 2.5.3), and a sentence for whoever looks for the cause.
    const fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::Request => (
                "INVALID_REQUEST",
                "service and ticket are needed, each once",
            ),
            Self::Kind => (
                "INVALID_TICKET_SPEC",
                "this is a proxy ticket, and none is taken here",
            ),
            Self::Ticket => (
                "INVALID_TICKET",
                "there is no such ticket, or it was used, or its time is over",
            ),
            Self::Service => (
                "INVALID_SERVICE",
                "the ticket is not for this service, or the service is not registered",
            ),
            Self::Callback => (
                "INVALID_PROXY_CALLBACK",
                "the callback is not registered, or was not reached",
            ),
            Self::Unauthorized => (
                "UNAUTHORIZED_SERVICE",
                "the target does not let this service in on behalf of people",
            ),
            Self::User => ("INVALID_USER", "the account is none of the staff"),
            Self::Internal => ("INTERNAL_ERROR", "try again later"),
        }
    }
}

/// A ticket that was redeemed.
pub(super) struct Success {
    pub(super) user: String,
    pub(super) account: Box<Account>,
    pub(super) released: Vec<Attribute>,
    pub(super) proved: ProvedBy,
    pub(super) is_proxy: bool,
    /// The services through which it came, the last one first.
    pub(super) proxies: Vec<String>,
    /// The name of the ticket that the callback was given.
    pub(super) granting: Option<String>,
}

/// The name of an attribute in an answer.
const fn cas_name(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::Email => "email",
        Attribute::FirstName => "firstName",
        Attribute::LastName => "lastName",
        Attribute::Name => "displayName",
        Attribute::Language => "locale",
    }
}

impl Success {
    /// What the entry releases, by its names.
    fn attributes(&self) -> Vec<(&'static str, String)> {
        let all = self.released.iter();
        let known = all.filter_map(|it| Some((cas_name(*it), released(&self.account, *it)?)));
        known.collect()
    }

    /// What CAS 3.0 tells: the three of section 2.5.7, how the person signed in, and what the
    /// entry releases.
    fn of_cas_3(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("authenticationDate", rfc3339(self.proved.at)),
            ("longTermAuthenticationRequestTokenUsed", "false".to_owned()),
            ("isFromNewLogin", self.proved.new.to_string()),
            ("authenticationLevel", self.proved.level().name().to_owned()),
            ("strength", self.proved.way.name().to_owned()),
        ];
        all.extend(self.attributes());
        all
    }
}

/// An XML document that is being written. Texts are escaped; characters that XML can't have are
/// left out.
struct Xml(Writer<Vec<u8>>);

impl Xml {
    fn event(&mut self, event: Event<'_>) {
        // Writing into memory does not fail.
        let _ = self.0.write_event(event);
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let start = BytesStart::new(name).with_attributes(attributes.iter().copied());
        self.event(Event::Start(start));
    }

    fn close(&mut self, name: &str) {
        self.event(Event::End(BytesEnd::new(name)));
    }

    fn words(&mut self, text: &str) {
        let text: String = text.chars().filter(|c| is_xml(*c)).collect();
        self.event(Event::Text(BytesText::new(&text)));
    }

    fn text(&mut self, name: &str, text: &str) {
        self.open(name, &[]);
        self.words(text);
        self.close(name);
    }
}

/// Whether XML 1.0 can have this character (section 2.2).
const fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn xml(write: impl FnOnce(&mut Xml)) -> Response {
    let mut xml = Xml(Writer::new(Vec::new()));
    xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
    xml.open("cas:serviceResponse", &[("xmlns:cas", NAMESPACE)]);
    write(&mut xml);
    xml.close("cas:serviceResponse");
    let Ok(text) = String::from_utf8(xml.0.into_inner()) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let kind = HeaderValue::from_static("application/xml; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

fn as_json(name: &str, value: &Value) -> Response {
    Json(json!({ "serviceResponse": { name: value } })).into_response()
}

pub(super) fn failure(format: Format, failure: Failure) -> Response {
    refused(format, "authenticationFailure", failure)
}

fn refused(format: Format, name: &str, failure: Failure) -> Response {
    let (code, why) = failure.parts();
    match format {
        Format::Json => as_json(name, &json!({ "code": code, "description": why })),
        Format::Xml => xml(|xml| {
            let name = format!("cas:{name}");
            xml.open(&name, &[("code", code)]);
            xml.words(why);
            xml.close(&name);
        }),
    }
}

pub(super) fn success(format: Format, success: &Success, tells: Tells) -> Response {
    match format {
        Format::Json => as_json("authenticationSuccess", &success_json(success, tells)),
        Format::Xml => xml(|xml| {
            xml.open("cas:authenticationSuccess", &[]);
            xml.text("cas:user", &success.user);
            match tells {
                Tells::User => {}
                Tells::Attributes => {
                    xml.open("cas:attributes", &[]);
                    for (name, value) in success.of_cas_3() {
                        xml.text(&format!("cas:{name}"), &value);
                    }
                    xml.close("cas:attributes");
                }
                Tells::Dialect => dialect(xml, success),
            }
            if let Some(granting) = &success.granting {
                xml.text("cas:proxyGrantingTicket", granting);
            }
            if !success.proxies.is_empty() {
                xml.open("cas:proxies", &[]);
                for proxy in &success.proxies {
                    xml.text("cas:proxy", proxy);
                }
                xml.close("cas:proxies");
            }
            xml.close("cas:authenticationSuccess");
        }),
    }
}

/// The elements of the dialect, beside the user.
fn dialect(xml: &mut Xml, success: &Success) {
    for (name, value) in success.attributes() {
        xml.text(&format!("cas:{name}"), &value);
    }
    xml.text("cas:authenticationLevel", success.proved.level().name());
    xml.text("cas:assuranceLevel", assurance(success));
    xml.open("cas:strengths", &[("number", "1")]);
    xml.text("cas:strength", success.proved.way.name());
    xml.close("cas:strengths");
    // By what the person signed in: the address, to those alone that may know it.
    if success.released.contains(&Attribute::Email) {
        xml.open("cas:authenticationFactors", &[("number", "1")]);
        xml.open("cas:moniker", &[("number", "1")]);
        xml.words(success.account.email.as_str());
        xml.close("cas:moniker");
        xml.close("cas:authenticationFactors");
    }
    xml.text("cas:loginDate", &rfc3339(success.proved.at));
    xml.text("cas:sso", &(!success.proved.new).to_string());
    xml.text("cas:ticketType", ticket_type(success));
}

const fn ticket_type(success: &Success) -> &'static str {
    match success.is_proxy {
        true => "PROXY",
        false => "SERVICE",
    }
}

/// How sure it is whose the account is: an administrator added it, or its owner registered.
fn assurance(success: &Success) -> &'static str {
    match success.account.kind {
        AccountKind::Staff => "40",
        AccountKind::Own => "10",
    }
}

fn success_json(success: &Success, tells: Tells) -> Value {
    let mut value = json!({ "user": success.user });
    match tells {
        Tells::User => {}
        Tells::Attributes => {
            let all = success.of_cas_3().into_iter();
            // Each is a list, as the public servers have it (section 2.5.8).
            value["attributes"] = all
                .map(|(name, value)| (name.to_owned(), json!([value])))
                .collect();
        }
        Tells::Dialect => {
            for (name, given) in success.attributes() {
                value[name] = given.into();
            }
            value["authenticationLevel"] = success.proved.level().name().into();
            value["assuranceLevel"] = assurance(success).into();
            value["strengths"] = json!([success.proved.way.name()]);
            value["loginDate"] = rfc3339(success.proved.at).into();
            value["sso"] = (!success.proved.new).into();
            value["ticketType"] = ticket_type(success).into();
        }
    }
    if let Some(granting) = &success.granting {
        value["proxyGrantingTicket"] = granting.as_str().into();
    }
    if !success.proxies.is_empty() {
        value["proxies"] = success.proxies.clone().into();
    }
    value
}

pub(super) fn proxied(ticket: &str, json: bool) -> Response {
    match json {
        true => as_json("proxySuccess", &json!({ "proxyTicket": ticket })),
        false => xml(|xml| {
            xml.open("cas:proxySuccess", &[]);
            xml.text("cas:proxyTicket", ticket);
            xml.close("cas:proxySuccess");
        }),
    }
}

pub(super) fn not_proxied(failure: Failure) -> Response {
    refused(Format::Xml, "proxyFailure", failure)
}

/// What a service is told when a session ends: a `LogoutRequest` of SAML 2.0, whose `SessionIndex`
/// is the ticket with which the person entered.
pub(crate) fn logout_request(ticket: &str, now: Time) -> Option<String> {
    let id = format!("LR-{}", hex::encode(&random::bytes::<16>().ok()?));
    let mut xml = Xml(Writer::new(Vec::new()));
    let root = "samlp:LogoutRequest";
    xml.open(
        root,
        &[
            ("xmlns:samlp", "urn:oasis:names:tc:SAML:2.0:protocol"),
            ("xmlns:saml", "urn:oasis:names:tc:SAML:2.0:assertion"),
            ("ID", &id),
            ("Version", "2.0"),
            ("IssueInstant", &rfc3339(now)),
        ],
    );
    xml.text("saml:NameID", "@NOT_USED@");
    xml.text("samlp:SessionIndex", ticket);
    xml.close(root);
    String::from_utf8(xml.0.into_inner()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_an_answer_is_no_markup_and_has_no_character_that_xml_can_not_have() {
        let mut xml = Xml(Writer::new(Vec::new()));
        xml.text("a", "<b>&\"'\u{0}\u{b}\u{fffe}\r\n]]>ē");
        let text = String::from_utf8(xml.0.into_inner()).unwrap();
        assert!(text.starts_with("<a>&lt;b&gt;&amp;"), "{text}");
        assert!(
            text.ends_with("ē</a>") && !text.contains(['\0', '\u{b}', '\u{fffe}']),
            "{text}"
        );
        assert_eq!(text.matches('<').count(), 2, "{text}");
    }

    #[test]
    fn a_logout_names_the_ticket() {
        let text = logout_request("ST-1<", 0).unwrap();
        assert!(
            text.contains("<samlp:SessionIndex>ST-1&lt;</samlp:SessionIndex>"),
            "{text}"
        );
        assert!(
            text.contains("IssueInstant=\"1970-01-01T00:00:00Z\""),
            "{text}"
        );
    }
}
