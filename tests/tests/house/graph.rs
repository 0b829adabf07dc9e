//! Arrows between files, and their circles.

use std::collections::{BTreeMap, BTreeSet};

use crate::paths::{Module, Names, module, paths};

/// From each module to those that it uses, parents and children apart.
pub(crate) type Graph = BTreeMap<Module, BTreeSet<Module>>;

/// The arrows between the files of a crate: pairs of a path below `src` and its text.
pub(crate) fn graph(files: &[(&str, &str)]) -> Graph {
    let mut modules: Vec<Module> = files.iter().map(|(file, _)| module(file)).collect();
    modules.sort();
    let mut known = BTreeMap::new();
    let mut arrows = Vec::new();
    for (file, text) in files {
        let own = module(file);
        for found in paths(&own, text) {
            if found.within == own
                && let Some(name) = found.name
            {
                known.insert((own.clone(), name), found.path.clone());
            }
            arrows.push((own.clone(), found.path));
        }
    }
    let names = Names { modules, known };
    let mut graph: Graph = names
        .modules
        .iter()
        .map(|module| (module.clone(), BTreeSet::new()))
        .collect();
    for (from, path) in arrows {
        let to = names.home(&path);
        if !from.starts_with(&to) && !to.starts_with(&from) {
            graph.entry(from).or_default().insert(to);
        }
    }
    graph
}

/// A circle, as the modules on it in order, if there is one.
pub(crate) fn circle(graph: &Graph) -> Option<Vec<Module>> {
    let mut done = BTreeSet::new();
    let mut way = Vec::new();
    graph
        .keys()
        .find_map(|module| visit(graph, module, &mut done, &mut way))
}

fn visit(
    graph: &Graph,
    module: &Module,
    done: &mut BTreeSet<Module>,
    way: &mut Vec<Module>,
) -> Option<Vec<Module>> {
    if let Some(start) = way.iter().position(|before| before == module) {
        return Some(way[start..].to_vec());
    }
    if done.contains(module) {
        return None;
    }
    way.push(module.clone());
    let found = graph
        .get(module)
        .into_iter()
        .flatten()
        .find_map(|next| visit(graph, next, done, way));
    way.pop();
    done.insert(module.clone());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circle_of(files: &[(&str, &str)]) -> Option<Vec<String>> {
        let found = circle(&graph(files))?;
        Some(found.iter().map(|module| module.join("::")).collect())
    }

    #[test]
    fn a_circle_is_found_also_through_the_root() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c; pub use c::C;"),
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "use crate::C;"),
            ("c.rs", "fn f() { super::a::g() }"),
        ];
        assert_eq!(
            circle_of(&files),
            Some(vec!["a".into(), "b".into(), "c".into()])
        );
    }

    #[test]
    fn a_parent_and_its_child_may_use_each_other() {
        let files = [
            ("lib.rs", "mod a;"),
            ("a.rs", "mod b; use b::B; pub struct A;"),
            ("a/b.rs", "use super::A; use crate::a::A as Same;"),
        ];
        assert_eq!(circle_of(&files), None);
    }
}
