//! The regular expressions that a field's pattern may be: those for which every phone has tables,
//! whatever its build or language.

use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{
    Ast, ClassSetItem, ClassUnicode, ClassUnicodeKind, Flag, Flags, FlagsItemKind, GroupKind,
    Visitor, visit,
};

/// How deep groups and classes may nest.
pub(crate) const NEST_LIMIT: u32 = 16;

/// Looks through an expression (PROTOCOL.md, section 6).
///
/// # Errors
/// The reason for refusing it, in a few words.
pub(crate) fn check(source: &str) -> Result<(), String> {
    let ast = ParserBuilder::new()
        .nest_limit(NEST_LIMIT)
        .build()
        .parse(source)
        .map_err(|error| error.to_string())?;
    visit(&ast, Allowed).map_err(str::to_owned)
}

struct Allowed;

impl Visitor for Allowed {
    type Output = ();
    type Err = &'static str;

    fn finish(self) -> Result<(), Self::Err> {
        Ok(())
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        match ast {
            Ast::ClassUnicode(class) => known(class),
            Ast::Flags(set) => in_ascii(&set.flags),
            Ast::Group(group) => match &group.kind {
                GroupKind::NonCapturing(flags) => in_ascii(flags),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Self::Err> {
        match item {
            ClassSetItem::Unicode(class) => known(class),
            _ => Ok(()),
        }
    }
}

/// A general category by its short name.
fn known(class: &ClassUnicode) -> Result<(), &'static str> {
    let is_category = |name: &str| {
        let mut letters = name.chars();
        letters.next().is_some_and(|c| "LMNPSZ".contains(c))
            && letters.all(|c| c.is_ascii_lowercase())
            && name.len() <= 2
    };
    let fits = match &class.kind {
        ClassUnicodeKind::OneLetter(letter) => "LMNPSZ".contains(*letter),
        ClassUnicodeKind::Named(name) => is_category(name),
        ClassUnicodeKind::NamedValue { .. } => false,
    };
    fits.then_some(()).ok_or(
        "of Unicode's classes it may name the general categories by their short names, like \\p{L}",
    )
}

/// Without regard to case only where that is about ASCII.
fn in_ascii(flags: &Flags) -> Result<(), &'static str> {
    let (mut off, mut case, mut ascii) = (false, false, false);
    for item in &flags.items {
        match item.kind {
            FlagsItemKind::Negation => off = true,
            FlagsItemKind::Flag(Flag::CaseInsensitive) => case = !off,
            FlagsItemKind::Flag(Flag::Unicode) => ascii = off,
            FlagsItemKind::Flag(_) => {}
        }
    }
    (!case || ascii)
        .then_some(())
        .ok_or("it may leave case out of account for ASCII only: (?i-u)")
}
