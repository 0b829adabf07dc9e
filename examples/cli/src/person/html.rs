//! Just enough HTML for the pages of a sign-in service: tags with their attributes, forms with
//! their fields, texts by id.
//!
//! A tolerant scanner and no parser of the standard's: it reads server-rendered pages that a person
//! could use without scripts, and whatever it does not understand it passes over.

use std::collections::HashMap;

/// Elements without content.
const VOID: [&str; 7] = ["br", "hr", "img", "input", "link", "meta", "wbr"];

/// A start tag, an end tag or a run of text.
enum Token<'a> {
    Start(Tag),
    End(String),
    Text(&'a str),
}

/// A start tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tag {
    /// In lower case.
    pub name: String,
    /// With entities resolved; an attribute without a value has an empty one.
    pub attributes: HashMap<String, String>,
}

impl Tag {
    /// An attribute's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

/// A form: where it goes, and what it sends when nothing is changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// Where to, as written.
    pub action: String,
    /// Whether by POST.
    pub post: bool,
    /// Names and values, in order. Buttons are not among them.
    pub fields: Vec<(String, String)>,
    /// Names and values of the buttons that have a name.
    pub buttons: Vec<(String, String)>,
    /// Names of the tick boxes, with the value of each when ticked.
    pub boxes: Vec<(String, String)>,
}

impl Form {
    /// Whether it has a field of this name, be it a tick box.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.fields
            .iter()
            .chain(&self.boxes)
            .chain(&self.buttons)
            .any(|(found, _)| found == name)
    }
}

fn tokens(html: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let (text, tag) = rest.split_at(start);
        if !text.is_empty() {
            out.push(Token::Text(text));
        }
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let Some((token, after)) = tag_at(tag) else {
            out.push(Token::Text("<"));
            rest = tag.get(1..).unwrap_or_default();
            continue;
        };
        rest = after;
        // Scripts and styles contain no HTML.
        if let Token::Start(Tag { name, .. }) = &token
            && (name == "script" || name == "style")
        {
            let end = format!("</{name}");
            rest = rest.find(&end).and_then(|at| rest.get(at..)).unwrap_or("");
        }
        out.push(token);
    }
    if !rest.is_empty() {
        out.push(Token::Text(rest));
    }
    out
}

/// The tag at the beginning of `text`, and what follows it.
fn tag_at(text: &str) -> Option<(Token<'_>, &str)> {
    let inside = text.strip_prefix('<')?;
    if let Some(inside) = inside.strip_prefix('/') {
        let (name, after) = inside.split_once('>')?;
        return Some((Token::End(name.trim().to_ascii_lowercase()), after));
    }
    if let Some(declaration) = inside.strip_prefix('!') {
        return Some((Token::Text(""), declaration.split_once('>')?.1));
    }
    let length = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '-')?;
    let (name, mut rest) = inside.split_at(length);
    if name.is_empty() {
        return None;
    }
    let mut tag = Tag {
        name: name.to_ascii_lowercase(),
        attributes: HashMap::new(),
    };
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return Some((Token::Start(tag), after));
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/'))?;
        let (name, after) = rest.split_at(end);
        let after = after.trim_ascii_start();
        let (value, after) = match after.strip_prefix('=') {
            Some(after) => value_at(after.trim_ascii_start())?,
            None => ("", after),
        };
        if !name.is_empty() {
            tag.attributes
                .entry(name.to_ascii_lowercase())
                .or_insert_with(|| unescape(value));
        }
        rest = after;
        if name.is_empty() && !rest.starts_with('>') {
            rest = rest.get(1..)?;
        }
    }
}

fn value_at(text: &str) -> Option<(&str, &str)> {
    for quote in ['"', '\''] {
        if let Some(inside) = text.strip_prefix(quote) {
            return inside.split_once(quote);
        }
    }
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '>')?;
    Some(text.split_at(end))
}

/// Resolves the entities that templates write. Unknown ones stay as they are.
#[must_use]
pub fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, entity) = rest.split_at(at);
        out.push_str(before);
        let known = entity[1..]
            .split_once(';')
            .filter(|(name, _)| name.len() <= 8)
            .and_then(|(name, after)| Some((character(name)?, after)));
        match known {
            Some((character, after)) => {
                out.push(character);
                rest = after;
            }
            None => {
                out.push('&');
                rest = &entity[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    let number = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        },
        None => None,
    };
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => number.and_then(char::from_u32),
    }
}

/// Every start tag of this name.
#[must_use]
pub fn tags(html: &str, name: &str) -> Vec<Tag> {
    tokens(html)
        .into_iter()
        .filter_map(|token| match token {
            Token::Start(tag) if tag.name == name => Some(tag),
            _ => None,
        })
        .collect()
}

/// The text inside of the first element that `which` picks, with spaces made one.
#[must_use]
pub fn text_of(html: &str, which: impl Fn(&Tag) -> bool) -> Option<String> {
    let tokens = tokens(html);
    let start = tokens
        .iter()
        .position(|token| matches!(token, Token::Start(tag) if which(tag)))?;
    let mut depth = 0_usize;
    let mut text = String::new();
    for token in &tokens[start..] {
        match token {
            Token::Start(tag) => {
                text.push(' ');
                if !VOID.contains(&tag.name.as_str()) {
                    depth += 1;
                }
            }
            Token::End(_) => {
                text.push(' ');
                depth = depth.saturating_sub(1);
            }
            Token::Text(run) => text.push_str(&unescape(run)),
        }
        if depth == 0 {
            break;
        }
    }
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// All text of the page, with spaces made one.
#[must_use]
pub fn text(html: &str) -> String {
    let runs = tokens(html).into_iter().filter_map(|token| match token {
        Token::Text(run) => Some(unescape(run)),
        _ => None,
    });
    let all: String = runs.collect::<Vec<_>>().join(" ");
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every form, in order.
#[must_use]
pub fn forms(html: &str) -> Vec<Form> {
    let mut out = Vec::new();
    let mut current: Option<Form> = None;
    // The name of the list that is open, and whether an option of it was taken.
    let mut list: Option<(String, bool)> = None;
    let mut area: Option<(String, String)> = None;
    for token in tokens(html) {
        match token {
            Token::Start(tag) if tag.name == "form" => {
                current = Some(Form {
                    action: tag.get("action").unwrap_or_default().to_owned(),
                    post: tag
                        .get("method")
                        .is_some_and(|method| method.eq_ignore_ascii_case("post")),
                    ..Form::default()
                });
            }
            Token::End(name) if name == "form" => out.extend(current.take()),
            Token::End(name) if name == "select" => list = None,
            Token::End(name) if name == "textarea" => {
                if let (Some(form), Some(area)) = (&mut current, area.take()) {
                    form.fields.push(area);
                }
            }
            Token::Text(run) => {
                if let Some((_, text)) = &mut area {
                    text.push_str(&unescape(run));
                }
            }
            Token::Start(tag) => {
                let Some(form) = &mut current else { continue };
                let value = tag.get("value").unwrap_or_default().to_owned();
                let name = tag.get("name").map(str::to_owned);
                match (tag.name.as_str(), name) {
                    ("input", Some(name)) => input(form, &tag, name, value),
                    ("button", Some(name)) => form.buttons.push((name, value)),
                    ("select", Some(name)) => list = Some((name, false)),
                    ("textarea", Some(name)) => area = Some((name, String::new())),
                    ("option", _) => {
                        if let Some((name, taken)) = &mut list {
                            let selected = tag.get("selected").is_some();
                            if selected && *taken {
                                form.fields.pop();
                            }
                            if selected || !*taken {
                                form.fields.push((name.clone(), value));
                                *taken = true;
                            }
                        }
                    }
                    _ => {}
                }
            }
            Token::End(_) => {}
        }
    }
    out.extend(current);
    out
}

fn input(form: &mut Form, tag: &Tag, name: String, value: String) {
    let kind = tag.get("type").unwrap_or("text").to_ascii_lowercase();
    match kind.as_str() {
        "submit" | "image" => form.buttons.push((name, value)),
        "button" | "reset" | "file" => {}
        "checkbox" | "radio" => {
            let value = if tag.get("value").is_some() {
                value
            } else {
                "on".to_owned()
            };
            if tag.get("checked").is_some() {
                form.fields.push((name.clone(), value.clone()));
            }
            form.boxes.push((name, value));
        }
        _ => form.fields.push((name, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!doctype html><title>A &amp; B</title><!-- <form> -->
        <script>if (1 < 2) { "<form action='/no'>" }</script>
        <form method=POST action="/sign-in?a=1&amp;b=2"><input type=hidden name="csrf" value='x&#x27;y'>
        <label>E <input name="email" type="email" required></label><input type="checkbox" name="agree" value="yes">
        <select name="lang"><option value="en">English<option value="lv" selected>Latvian</select>
        <textarea name="note">a &lt; b</textarea><button name="go" value="1">Go</button></form>
        <form action=/search><input name=q></form>
        <p id="number" data-kind="match">4<b>2</b></p><img src="data:image/png;base64,AA==" alt="x > y">"#;

    #[test]
    fn forms_give_what_a_browser_would_send() {
        let forms = forms(PAGE);
        assert_eq!(forms.len(), 2);
        assert_eq!(forms[0].action, "/sign-in?a=1&b=2");
        assert!(forms[0].post && !forms[1].post);
        let fields: Vec<_> = forms[0]
            .fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            fields,
            [
                ("csrf", "x'y"),
                ("email", ""),
                ("lang", "lv"),
                ("note", "a < b")
            ]
        );
        assert_eq!(forms[0].boxes, [("agree".to_owned(), "yes".to_owned())]);
        assert_eq!(forms[0].buttons, [("go".to_owned(), "1".to_owned())]);
        assert!(forms[0].has("agree") && !forms[0].has("q"));
    }

    #[test]
    fn texts_and_attributes_are_found_by_what_they_stand_in() {
        assert_eq!(
            text_of(PAGE, |tag| tag.get("id") == Some("number")).as_deref(),
            Some("4 2")
        );
        assert_eq!(
            text_of(PAGE, |tag| tag.name == "title").as_deref(),
            Some("A & B")
        );
        assert_eq!(tags(PAGE, "img")[0].get("alt"), Some("x > y"));
        assert!(text(PAGE).contains("Latvian") && !text(PAGE).contains("1 < 2"));
    }

    #[test]
    fn no_page_makes_it_panic() {
        for end in 0..PAGE.len() {
            if let (Some(head), Some(tail)) = (PAGE.get(..end), PAGE.get(end..)) {
                for part in [head, tail] {
                    let _ = (forms(part), text(part), text_of(part, |_| true));
                }
            }
        }
        for odd in [
            "<",
            "<a",
            "<a b",
            "<a b=",
            "<a b='",
            "</",
            "<!",
            "<!--",
            "&;",
            "&#x110000;",
            "<a =>",
            "<é>",
            "<p é=1>",
        ] {
            let _ = (forms(odd), text(odd), unescape(odd), tags(odd, "p"));
        }
    }
}
