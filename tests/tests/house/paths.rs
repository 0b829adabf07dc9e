//! Which modules a Rust source names by `crate::`, `super::` and `self::`.

use std::collections::BTreeMap;

/// The segments of a module's path from its crate's root; empty for the root.
pub(crate) type Module = Vec<String>;

/// A path in a source: the module in which it stands, and its segments from the root.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) within: Module,
    pub(crate) path: Vec<String>,
    /// The name by which a `use` makes it known there.
    pub(crate) name: Option<String>,
}

/// The module of a file below `src`: `verify/update.rs` is `verify::update`.
pub(crate) fn module(file: &str) -> Module {
    let mut path: Module = file
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if path.last().is_some_and(|last| last == "mod") || path == ["lib"] || path == ["main"] {
        path.pop();
    }
    path
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Colons,
    Other(char),
}

/// Words, `::` and other characters, without comments, texts and characters in quotation marks.
fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or(' ');
    let mut out = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        match (at(i), at(i + 1)) {
            ('/', '/') => {
                while i < chars.len() && at(i) != '\n' {
                    i += 1;
                }
            }
            ('/', '*') => {
                i += 2;
                while i < chars.len() && (at(i), at(i + 1)) != ('*', '/') {
                    i += 1;
                }
                i += 2;
            }
            ('r', '"' | '#') if raw_text(&chars, i).is_some() => {
                i = raw_text(&chars, i).unwrap_or(i + 1);
            }
            ('"', _) => {
                i += 1;
                while i < chars.len() && at(i) != '"' {
                    i += if at(i) == '\\' { 2 } else { 1 };
                }
                i += 1;
            }
            // A character, and not a lifetime.
            ('\'', '\\') => {
                i += 3;
                while i < chars.len() && at(i) != '\'' {
                    i += 1;
                }
                i += 1;
            }
            ('\'', _) if at(i + 2) == '\'' => i += 3,
            (':', ':') => {
                out.push(Token::Colons);
                i += 2;
            }
            (c, _) if c.is_alphanumeric() || c == '_' => {
                let start = i;
                while at(i).is_alphanumeric() || at(i) == '_' {
                    i += 1;
                }
                out.push(Token::Word(chars[start..i].iter().collect()));
            }
            (c, _) => {
                if !c.is_whitespace() {
                    out.push(Token::Other(c));
                }
                i += 1;
            }
        }
    }
    out
}

/// The end of a raw text that begins at `i`: `r"..."`, `r#"..."#`.
fn raw_text(chars: &[char], i: usize) -> Option<usize> {
    let before = i.checked_sub(1).and_then(|i| chars.get(i));
    if before.is_some_and(|c| c.is_alphanumeric() || *c == '_') {
        return None;
    }
    let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
    let start = i + 1 + hashes;
    if chars.get(start) != Some(&'"') {
        return None;
    }
    let end = |j: &usize| {
        chars[*j] == '"' && chars[j + 1..].iter().take_while(|c| **c == '#').count() >= hashes
    };
    Some((start + 1..chars.len()).find(end)? + 1 + hashes)
}

/// All paths in a source by `crate::`, `super::` and `self::`, and every `use` of a child module.
pub(crate) fn paths(file: &Module, source: &str) -> Vec<Found> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    let mut within = file.clone();
    // The depth of braces at which each module within the file ends.
    let mut ends = Vec::new();
    let mut depth = 0;
    let mut i = 0;
    while i < tokens.len() {
        match &tokens[i..] {
            [Token::Word(word), Token::Word(name), Token::Other('{'), ..] if word == "mod" => {
                within.push(name.clone());
                ends.push(depth);
                depth += 1;
                i += 3;
            }
            [Token::Other('{'), ..] => {
                depth += 1;
                i += 1;
            }
            [Token::Other('}'), ..] => {
                depth -= 1;
                if ends.last() == Some(&depth) {
                    ends.pop();
                    within.pop();
                }
                i += 1;
            }
            [Token::Word(word), rest @ ..] if word == "use" => {
                i += 1 + tree(rest, &within, &[], true, &mut found);
            }
            // `$crate` in a macro is named where the macro is used.
            [Token::Other('$'), Token::Word(_), ..] => i += 2,
            [Token::Word(word), Token::Colons, ..]
                if ["crate", "super", "self"].contains(&word.as_str())
                    && (i == 0 || tokens[i - 1] != Token::Colons) =>
            {
                i += tree(&tokens[i..], &within, &[], false, &mut found);
            }
            _ => i += 1,
        }
    }
    found
}

/// Reads one path or tree of paths. Returns how many tokens it has.
fn tree(
    tokens: &[Token],
    within: &Module,
    before: &[String],
    is_use: bool,
    found: &mut Vec<Found>,
) -> usize {
    let mut path = before.to_vec();
    let mut name = None;
    let mut i = 0;
    loop {
        match tokens.get(i) {
            Some(Token::Word(word)) if word == "as" => {
                if let Some(Token::Word(other)) = tokens.get(i + 1) {
                    name = Some(other.clone());
                }
                i += 2;
                break;
            }
            Some(Token::Word(word)) => {
                path.push(word.clone());
                i += 1;
            }
            Some(Token::Other('*')) if is_use => {
                path.push("*".into());
                i += 1;
            }
            Some(Token::Other('{')) if is_use => {
                i += 1;
                while !matches!(tokens.get(i), None | Some(Token::Other('}'))) {
                    i += tree(&tokens[i..], within, &path, is_use, found);
                    if tokens.get(i) == Some(&Token::Other(',')) {
                        i += 1;
                    }
                }
                return i + 1;
            }
            _ => return i.max(1),
        }
        match tokens.get(i) {
            Some(Token::Colons) => i += 1,
            Some(Token::Word(word)) if word == "as" && is_use => {}
            _ => break,
        }
    }
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let name = is_use
        .then(|| name.or_else(|| path.last().cloned()))
        .flatten();
    if let Some(path) = from_root(within, &path) {
        found.push(Found {
            within: within.clone(),
            path,
            name,
        });
    }
    i
}

/// A path's segments from the crate's root. A path that begins with none of the three words may
/// begin with a child.
fn from_root(within: &Module, path: &[String]) -> Option<Vec<String>> {
    let (mut base, mut rest) = match path.first()?.as_str() {
        "crate" => (Vec::new(), &path[1..]),
        "self" => (within.clone(), &path[1..]),
        _ => (within.clone(), path),
    };
    while rest.first().is_some_and(|word| word == "super") {
        base.pop()?;
        rest = &rest[1..];
    }
    base.extend_from_slice(rest);
    Some(base)
}

/// The modules of a crate, and the names that each makes known by `use`.
pub(crate) struct Names {
    pub(crate) modules: Vec<Module>,
    pub(crate) known: BTreeMap<(Module, String), Vec<String>>,
}

impl Names {
    /// The module in which the item of a path is written, as far as `use` leads there.
    pub(crate) fn home(&self, path: &[String]) -> Module {
        self.follow(path, 8)
    }

    fn follow(&self, path: &[String], steps: usize) -> Module {
        let mut at = Module::new();
        for (i, segment) in path.iter().enumerate() {
            let mut next = at.clone();
            next.push(segment.clone());
            if self.modules.contains(&next) {
                at = next;
                continue;
            }
            let known = self.known.get(&(at.clone(), segment.clone()));
            return match known {
                Some(target) if steps > 0 => {
                    let mut longer = target.clone();
                    longer.extend_from_slice(&path[i + 1..]);
                    self.follow(&longer, steps - 1)
                }
                _ => at,
            };
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(path: &str) -> Vec<String> {
        if path.is_empty() {
            return Vec::new();
        }
        path.split("::").map(str::to_owned).collect()
    }

    fn names(file: &str, source: &str) -> Vec<String> {
        let found = paths(&segments(file), source);
        found.iter().map(|found| found.path.join("::")).collect()
    }

    #[test]
    fn a_file_is_a_module() {
        assert_eq!(module("lib.rs"), segments(""));
        assert_eq!(module("verify/update.rs"), segments("verify::update"));
        assert_eq!(module("store/mod.rs"), segments("store"));
    }

    #[test]
    fn trees_of_uses_and_paths_in_code_are_found() {
        let source =
            "use crate::{a::B, c::{self, D as E}};\nfn f() -> crate::g::H { super::i::j(1) }";
        assert_eq!(
            names("x::y", source),
            ["a::B", "c", "c::D", "g::H", "x::i::j"]
        );
    }

    #[test]
    fn super_in_a_module_within_the_file_is_the_file() {
        let source = "mod tests { use super::*; use super::super::z::Q; } use super::w::V;";
        assert_eq!(names("x::y", source), ["x::y::*", "x::z::Q", "x::w::V"]);
    }

    #[test]
    fn comments_texts_and_macros_name_nothing() {
        let source = [
            "// crate::a::B",
            "/* super::c */ const T: &str = \"crate::d\"; const C: char = '\"';",
            "fn r() { r#\"super::e \" \"#; $crate::f::g() }",
            "const L: &'static str = crate::h::I;",
        ]
        .join("\n");
        assert_eq!(names("x::y", &source), ["h::I"]);
    }

    #[test]
    fn what_is_used_again_is_followed_to_its_home() {
        let known = BTreeMap::from([
            ((segments(""), "Time".to_owned()), segments("clock::Time")),
            (
                (segments("clock"), "Time".to_owned()),
                segments("clock::kinds::Time"),
            ),
        ]);
        let modules = ["", "clock", "clock::kinds", "x"];
        let names = Names {
            modules: modules.into_iter().map(segments).collect(),
            known,
        };
        assert_eq!(names.home(&segments("Time")), segments("clock::kinds"));
        assert_eq!(names.home(&segments("clock::Other")), segments("clock"));
        assert_eq!(names.home(&segments("x::f")), segments("x"));
        assert_eq!(names.home(&segments("ITEM_OF_THE_ROOT")), segments(""));
    }
}
