//! A CSV file of people: checked whole, with every fault named by its line, before anybody is
//! added.

use std::collections::HashMap;

use countersign_protocol::id::AccountId;

use super::words::{FAULTS, LONGEST_CSV, MOST_ROWS, Refused};
use crate::{
    base::{
        email::Email,
        lang::Lang,
        person::{BadName, Part, PersonName},
        random::{self, NoRandomness},
    },
    store::NewStaff,
};

/// The columns, in their order.
const HEADER: [&str; 4] = ["email", "first_name", "last_name", "language"];
/// What a spreadsheet takes for the beginning of a formula.
const FORMULAS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Why people can't be added.
pub(super) enum NotRead {
    /// The file has faults.
    Faults(Faults),
    /// The system gave no random bytes.
    Random(NoRandomness),
}

impl From<NoRandomness> for NotRead {
    fn from(error: NoRandomness) -> Self {
        Self::Random(error)
    }
}

/// The faults of a file: the first are kept, the others counted.
#[derive(Default)]
pub(super) struct Faults {
    named: Vec<String>,
    more: usize,
}

impl Faults {
    fn add(&mut self, line: u64, what: &str) {
        self.of_file(format!("line {line}: {what}"));
    }

    fn of_file(&mut self, what: String) {
        match self.named.len() < FAULTS {
            true => self.named.push(what),
            false => self.more += 1,
        }
    }

    fn are_none(&self) -> bool {
        self.named.is_empty()
    }
}

impl From<Faults> for Refused {
    fn from(faults: Faults) -> Self {
        Self::Faults {
            faults: faults.named,
            more: faults.more,
        }
    }
}

/// People to be added.
#[derive(Default)]
pub(super) struct People {
    /// The people.
    pub(super) new: Vec<NewStaff>,
    /// Where in the file they stand.
    pub(super) lines: Lines,
}

/// The line and the address of each person.
#[derive(Default)]
pub(super) struct Lines(Vec<(u64, Email)>);

impl Lines {
    /// The faults of a file with addresses that are taken, by their places in the list.
    pub(super) fn taken(&self, places: &[usize]) -> Faults {
        let mut faults = Faults::default();
        for (line, email) in places.iter().filter_map(|place| self.0.get(*place)) {
            let taken = format!("an account has the address {email} already, or may have it back");
            faults.add(*line, &taken);
        }
        faults
    }
}

/// The separators that spreadsheets write, by the languages that they are set to.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// What a file begins with.
struct Start<'a> {
    /// The file from its header on.
    text: &'a str,
    /// The line of the header.
    line: u64,
    /// What stands between its columns.
    separator: u8,
}

impl<'a> Start<'a> {
    /// Skips a byte order mark and a line `sep=;`, and looks what separates the columns.
    fn of(csv: &'a str) -> Self {
        let text = csv.strip_prefix('\u{feff}').unwrap_or(csv);
        let end = text.find(['\r', '\n']).unwrap_or(text.len());
        let (first, rest) = text.split_at(end);
        let named = |separator: &u8| {
            let line = format!("sep={}", char::from(*separator));
            first.trim_matches('"').eq_ignore_ascii_case(&line)
        };
        if let Some(separator) = SEPARATORS.into_iter().find(named) {
            let rest = rest.strip_prefix('\r').unwrap_or(rest);
            return Self {
                text: rest.strip_prefix('\n').unwrap_or(rest),
                line: 2,
                separator,
            };
        }
        let count = |separator: &u8| first.bytes().filter(|byte| byte == separator).count();
        Self {
            text,
            line: 1,
            separator: SEPARATORS
                .into_iter()
                .rev()
                .max_by_key(count)
                .unwrap_or(b','),
        }
    }
}

/// A row without the empty cells that a spreadsheet adds at its end.
fn cells(row: &csv::StringRecord) -> Vec<&str> {
    let mut cells: Vec<_> = row.iter().collect();
    while cells.len() > HEADER.len() && cells.last().is_some_and(|cell| cell.trim().is_empty()) {
        cells.pop();
    }
    cells
}

/// The people of a CSV file (RFC 4180) in UTF-8, as spreadsheets save it: with or without a byte
/// order mark, with lines that end in any way, and with commas, semicolons or tabs. Empty rows
/// count for nothing.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn people(csv: &str) -> Result<People, NotRead> {
    let mut faults = Faults::default();
    if csv.len() > LONGEST_CSV {
        faults.of_file(format!(
            "the file is too long: {} MB at most",
            LONGEST_CSV / 1024 / 1024
        ));
        return Err(NotRead::Faults(faults));
    }
    let start = Start::of(csv);
    let text = start.text;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(start.separator)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut people = People::default();
    let mut seen = HashMap::new();
    let mut lines = LineCount::new(text, start.line);
    let mut rows = reader.records();
    let header = rows.next().transpose().ok().flatten();
    let is_header = |row: csv::StringRecord| {
        let names = cells(&row)
            .into_iter()
            .map(|name| name.trim().to_lowercase());
        names.eq(HEADER.map(str::to_owned))
    };
    if !header.is_some_and(is_header) {
        faults.add(
            start.line,
            &format!("the first line must be {}", HEADER.join(",")),
        );
        return Err(NotRead::Faults(faults));
    }
    for row in rows {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                let line = lines.at(error.position());
                faults.add(line, "this can't be read as CSV");
                break;
            }
        };
        let line = lines.at(row.position());
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if people.new.len() == MOST_ROWS {
            faults.add(
                line,
                &format!("more than {MOST_ROWS} people: split the file"),
            );
            break;
        }
        match person(&row) {
            Ok(fields) => {
                if let Some(first) = seen.insert(fields.0.clone(), line) {
                    let twice = format!("the address {} is in line {first} too", fields.0);
                    faults.add(line, &twice);
                }
                people.lines.0.push((line, fields.0.clone()));
                people.new.push(new(fields)?);
            }
            Err(wrong) => wrong.iter().for_each(|what| faults.add(line, what)),
        }
    }
    if people.new.is_empty() && faults.are_none() {
        faults.add(2, "there is nobody in the file");
    }
    match faults.are_none() {
        true => Ok(people),
        false => Err(NotRead::Faults(faults)),
    }
}

/// Counts the lines of a file as editors do. The reader's own count stops between the two
/// characters of a line's end.
struct LineCount<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> LineCount<'a> {
    /// Of this text, whose first line has this number.
    fn new(text: &'a str, line: u64) -> Self {
        let bytes = text.as_bytes();
        Self { bytes, at: 0, line }
    }

    /// The line in which what is read next begins. Positions come in their order.
    fn at(&mut self, position: Option<&csv::Position>) -> u64 {
        let wanted = position.map_or(0, csv::Position::byte);
        while let Some(byte) = self.bytes.get(self.at)
            && ((self.at as u64) < wanted || matches!(byte, b'\r' | b'\n'))
        {
            let ends = match byte {
                b'\n' => true,
                b'\r' => self.bytes.get(self.at + 1) != Some(&b'\n'),
                _ => false,
            };
            self.line += u64::from(ends);
            self.at += 1;
        }
        self.line
    }
}

type Fields = (Email, PersonName, Lang);

/// The person of a row, or all that is wrong with it.
fn person(row: &csv::StringRecord) -> Result<Fields, Vec<String>> {
    let fields = cells(row);
    let [email, first, last, language] = fields[..] else {
        let found = fields.len();
        return Err(vec![format!("{found} columns where 4 are needed")]);
    };
    let mut wrong = Vec::new();
    for (name, field) in HEADER.iter().zip(&fields) {
        if field.starts_with(FORMULAS) {
            let formula = format!(
                "the column {name} begins like a formula of a spreadsheet ({:?})",
                field.chars().take(1).collect::<String>()
            );
            wrong.push(formula);
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let email = address(email).map_err(|why| wrong.push(why));
    let name = name(first, last).map_err(|why| wrong.push(why));
    let language = self::language(language).map_err(|why| wrong.push(why));
    match (email, name, language) {
        (Ok(email), Ok(name), Ok(language)) => Ok((email, name, language)),
        _ => Err(wrong),
    }
}

fn address(text: &str) -> Result<Email, String> {
    let email = Email::parse(text);
    email.map_err(|_| format!("{text:?} is not an e-mail address that can be used"))
}

/// The name of a person, or why it is none.
pub(super) fn name(first: &str, last: &str) -> Result<PersonName, String> {
    PersonName::parse(first, last).map_err(|wrong| {
        let words: Vec<_> = wrong.iter().map(|wrong| in_words(*wrong)).collect();
        words.join(", and ")
    })
}

fn in_words(wrong: BadName) -> String {
    let part = |part| match part {
        Part::First => "first name",
        Part::Last => "surname",
    };
    match wrong {
        BadName::Missing => "a first name or a surname is needed".to_owned(),
        BadName::TooLong(which) => format!(
            "the {} has more than {} characters",
            part(which),
            crate::base::person::LONGEST
        ),
        BadName::Character(which) => {
            format!("the {} has a character that no name has", part(which))
        }
    }
}

/// The language of this tag; English without one.
pub(super) fn language(tag: &str) -> Result<Lang, String> {
    match tag.trim() {
        "" => Ok(Lang::default()),
        tag => Lang::from_name(&tag.to_ascii_lowercase()).ok_or_else(|| {
            format!(
                "{tag:?} is not a language of this service ({})",
                languages()
            )
        }),
    }
}

/// The tags of the languages that there are.
pub(super) fn languages() -> String {
    let tags: Vec<_> = Lang::ALL.iter().map(|lang| lang.code()).collect();
    tags.join(", ")
}

/// A person to be added.
pub(super) fn new((email, name, language): Fields) -> Result<NewStaff, NoRandomness> {
    Ok(NewStaff {
        account: AccountId(random::bytes()?),
        email,
        first_name: name.first().to_owned(),
        last_name: name.last().to_owned(),
        language,
        link: random::bytes()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(csv: &str) -> Vec<String> {
        match people(csv) {
            Err(NotRead::Faults(faults)) => faults.named,
            _ => panic!("{csv:?} was read"),
        }
    }

    fn read(csv: &str) -> Vec<[String; 4]> {
        let Ok(people) = people(csv) else {
            panic!("{csv:?}: {:?}", faults(csv))
        };
        let row = |new: &NewStaff| {
            [
                new.email.to_string(),
                new.first_name.clone(),
                new.last_name.clone(),
                new.language.code().to_owned(),
            ]
        };
        people.new.iter().map(row).collect()
    }

    const HEAD: &str = "email,first_name,last_name,language";

    #[test]
    fn a_file_of_a_spreadsheet_is_read_with_its_mark_its_line_ends_and_its_quotes() {
        let ozola = [["anna@example.eu", "Anna", "Ozola", "lv"].map(str::to_owned)];
        for csv in [
            format!("{HEAD}\nanna@example.eu,Anna,Ozola,lv\n"),
            format!("\u{feff}{HEAD}\r\n\"Anna@Example.eu\",\"Anna\",Ozola,lv\r\n"),
            format!("{HEAD}\ranna@example.eu, Anna ,Ozola,lv"),
        ] {
            assert_eq!(read(&csv), ozola, "{csv:?}");
        }
        let csv = format!("{HEAD}\nj@example.eu,Ja\u{304}nis,,\n\nk@example.eu,,O’Brien,en\n");
        let read = read(&csv);
        assert_eq!(read[0], ["j@example.eu", "Jānis", "", "en"]);
        assert_eq!(read[1], ["k@example.eu", "", "O’Brien", "en"]);
    }

    #[test]
    fn a_file_as_spreadsheets_save_it_is_taken_or_told_why_not() {
        let ozola = [["anna@example.eu", "Anna", "Ozola", "lv"].map(str::to_owned)];
        let semicolons = HEAD.replace(',', ";");
        for csv in [
            format!("{semicolons}\r\nanna@example.eu;Anna;Ozola;LV\r\n;;;\r\n"),
            format!("\u{feff}sep=;\r\n{semicolons}\r\nanna@example.eu;Anna;Ozola;lv\r\n"),
            format!("SEP=,\n{HEAD}\nanna@example.eu,Anna,Ozola,lv\n"),
            format!(
                "{}\nanna@example.eu\tAnna\tOzola\tlv\n\t\t\t\n",
                HEAD.replace(',', "\t")
            ),
            "Email,First_Name,LAST_NAME,Language,,\n,,,,,\nanna@example.eu,Anna,Ozola,Lv,,\n"
                .to_owned(),
        ] {
            assert_eq!(read(&csv), ozola, "{csv:?}");
        }
        assert!(faults(&format!("{HEAD}\n,,,\n"))[0].contains("nobody in the file"));
        let mixed = format!("{HEAD}\nanna@example.eu;Anna;Ozola;lv\n");
        assert!(faults(&mixed)[0].contains("1 columns where 4 are needed"));
    }

    #[test]
    fn every_fault_is_named_with_its_line() {
        let csv = format!(
            "{HEAD}\nanna@example.eu,Anna,Ozola,lv\nnobody,Bo,B,en\nc@example.eu,,,en\n\
             ANNA@example.eu,Anna,Ozola,lv\nd@example.eu,D,D,xx\ne@example.eu,E\n\
             f@example.eu,\"=HYPERLINK(1)\",F,en\n-g@example.eu,+1,G,en\n"
        );
        assert_eq!(
            faults(&csv),
            [
                "line 3: \"nobody\" is not an e-mail address that can be used",
                "line 4: a first name or a surname is needed",
                "line 5: the address anna@example.eu is in line 2 too",
                "line 6: \"xx\" is not a language of this service (en, lv)",
                "line 7: 2 columns where 4 are needed",
                "line 8: the column first_name begins like a formula of a spreadsheet (\"=\")",
                "line 9: the column email begins like a formula of a spreadsheet (\"-\")",
                "line 9: the column first_name begins like a formula of a spreadsheet (\"+\")",
            ]
        );
        for end in ["\r\n", "\r"] {
            let blank = csv.replacen('\n', "\n\n", 1).replace('\n', end);
            let first = &faults(&blank)[0];
            assert!(first.starts_with("line 4: \"nobody\""), "{end:?}: {first}");
        }
        for cell in ["@A", "\"\tx\"", "\"\rx\"", "-1"] {
            let csv = format!("{HEAD}\na@example.eu,{cell},B,en\n");
            assert!(faults(&csv)[0].contains("formula"), "{cell:?}");
        }
        let second = format!("sep=;\r\n{}\r\nnobody;B;B;en\r\n", HEAD.replace(',', ";"));
        assert!(
            faults(&second)[0].starts_with("line 3: \"nobody\""),
            "{:?}",
            faults(&second)
        );
        assert!(faults("")[0].starts_with("line 1: the first line must be email"));
        assert!(faults("name,email\n")[0].contains("the first line must be"));
        assert!(faults(&format!("{HEAD}\n"))[0].contains("nobody"));
    }

    #[test]
    fn twenty_faults_are_named_and_the_others_counted_and_a_file_has_bounds() {
        let bad: String = (0..30).map(|n| format!("{n},A,B,en\n")).collect();
        let Err(NotRead::Faults(found)) = people(&format!("{HEAD}\n{bad}")) else {
            panic!("it was read")
        };
        assert_eq!((found.named.len(), found.more), (20, 10));
        let many: String = (0..=MOST_ROWS)
            .map(|n| format!("a{n}@example.eu,A,B,en\n"))
            .collect();
        assert!(faults(&format!("{HEAD}\n{many}"))[0].contains("more than 10000 people"));
        assert!(faults(&"x".repeat(LONGEST_CSV + 1))[0].contains("4 MB"));
    }
}
