//! No circles among siblings: within a folder of the source tree, the files and folders that use
//! each other form no circle. A parent and its child may know each other.
//!
//! The graph is made of the paths in `use` declarations and in the code. A name that a module
//! imports, and another takes from there, counts as the module that declares it. Methods of one type
//! that stand in several files, as those of the broker do, are no circle.

use std::collections::{BTreeMap, BTreeSet};

use super::architecture::{Source, is_comment, sources};

/// The path of a module below the crate's root.
type Module = Vec<String>;

/// Circles that say what they mean: a value may be a table, and a table has values.
const HONEST: &[(&str, &[&str])] = &[("scenario/load", &["value", "walk"])];

#[test]
fn siblings_form_no_circles() {
    let tree = Tree::read();
    let mut folders: BTreeMap<Module, BTreeSet<(String, String)>> = BTreeMap::new();
    for (user, used) in tree.edges() {
        let shared = user.iter().zip(&used).take_while(|(a, b)| a == b).count();
        if let (Some(a), Some(b)) = (user.get(shared), used.get(shared)) {
            let edges = folders.entry(user[..shared].to_vec()).or_default();
            edges.insert((a.clone(), b.clone()));
        }
    }
    let edges: usize = folders.values().map(BTreeSet::len).sum();
    assert!(folders.len() > 20 && edges > 300, "{edges} edges in {} folders", folders.len());
    for (folder, edges) in folders {
        let folder = folder.join("/");
        for circle in circles(&edges) {
            let circle: Vec<&str> = circle.iter().map(String::as_str).collect();
            let is_honest = HONEST.iter().any(|(place, of)| *place == folder && **of == circle);
            assert!(is_honest, "a circle in `src/{folder}`: {circle:?}, of {edges:#?}");
        }
    }
}

#[test]
fn a_circle_is_found() {
    let edge = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let edges = BTreeSet::from([edge("a", "b"), edge("b", "c"), edge("c", "b"), edge("c", "d")]);
    assert_eq!(circles(&edges), BTreeSet::from([vec!["b".to_owned(), "c".to_owned()]]));
    let paths = paths_of_use("super::{a::{B, self as c}, d::E as F}");
    assert_eq!(paths, ["super::a::B", "super::a", "super::d::E"]);
}

/// The modules of the crate, without their tests.
struct Tree {
    code: BTreeMap<Module, String>,
    /// Each name that a module imports, also for its children, and the path that it stands for.
    imported: BTreeMap<Module, Module>,
}

impl Tree {
    fn read() -> Tree {
        let is_code = |source: &Source| !source.code.is_empty();
        let code = sources().filter(is_code).map(|source| {
            let path = source.path.with_extension("");
            let parts = path.iter().map(|part| part.to_str().unwrap().to_owned());
            let module = parts.filter(|part| part != "lib").collect();
            let lines = source.code.lines().filter(|line| !is_comment(line));
            (module, lines.map(|line| line.to_owned() + "\n").collect())
        });
        let mut tree = Tree { code: code.collect(), imported: BTreeMap::new() };
        for (module, text) in &tree.code {
            for path in uses(text) {
                let Some(path) = tree.absolute(&path, module) else { continue };
                let Some(name) = path.last().cloned() else { continue };
                tree.imported.insert([&module[..], &[name]].concat(), path);
            }
        }
        tree
    }

    /// Returns every module, and each that it uses.
    fn edges(&self) -> BTreeSet<(Module, Module)> {
        let mut edges = BTreeSet::new();
        for (module, text) in &self.code {
            for path in uses(text).into_iter().chain(inline_paths(text)) {
                if let Some(path) = self.absolute(&path, module) {
                    edges.insert((module.clone(), self.declaring(path)));
                }
            }
        }
        edges
    }

    /// Resolves a path from the crate's root; `None` for other crates.
    fn absolute(&self, path: &str, from: &Module) -> Option<Module> {
        let parts: Module = path.split("::").map(str::to_owned).collect();
        let ups = parts.iter().take_while(|part| *part == "super").count();
        match parts[0].as_str() {
            "crate" => Some(parts[1..].to_vec()),
            "self" => Some([from, &parts[1..]].concat()),
            "super" => Some([&from[..from.len().checked_sub(ups)?], &parts[ups..]].concat()),
            child => {
                let is_child = self.code.contains_key(&[&from[..], &[child.to_owned()]].concat());
                is_child.then(|| [&from[..], &parts].concat())
            }
        }
    }

    /// Returns the module that declares the name at a path, through re-exports.
    fn declaring(&self, path: Module) -> Module {
        let known = (0..=path.len()).rev().find(|end| self.code.contains_key(&path[..*end]));
        let end = known.unwrap_or_default();
        let export = path.get(..=end).and_then(|name| self.imported.get(name));
        match export {
            Some(target) if target[..] != path[..=end] => {
                self.declaring([target, &path[end + 1..]].concat())
            }
            _ => path[..end].to_vec(),
        }
    }
}

/// Returns the paths of all `use` declarations.
fn uses(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("use ") {
        let line = rest[..at].rsplit('\n').next().unwrap_or_default().trim();
        rest = &rest[at + 4..];
        if !(line.is_empty() || line.starts_with("pub")) {
            continue;
        }
        let end = rest.find(';').unwrap_or(rest.len());
        found.extend(paths_of_use(&rest[..end]));
        rest = &rest[end..];
    }
    found
}

/// Returns the paths of one declaration: `a::{b, c::D as E}` are `a::b` and `a::c::D`.
fn paths_of_use(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((prefix, list)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        return vec![path.trim_end_matches("::self").to_owned()];
    };
    let (mut paths, mut depth, mut item) = (Vec::new(), 0, String::new());
    for letter in list.strip_suffix('}').unwrap_or(list).chars().chain([',']) {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        if letter != ',' || depth > 0 {
            item.push(letter);
        } else if !item.trim().is_empty() {
            let inner = paths_of_use(&item);
            paths.extend(inner.iter().map(|path| {
                let path = format!("{prefix}{path}");
                path.trim_end_matches("::self").to_owned()
            }));
            item.clear();
        }
    }
    paths
}

/// Returns the paths in code that begin with `crate`, `super` or a module's name.
fn inline_paths(text: &str) -> impl Iterator<Item = String> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    text.split(move |c| !is_path(c))
        .filter(|word| word.contains("::"))
        .map(|word| word.trim_matches(':').to_owned())
}

/// Returns the groups of nodes that reach each other, each sorted.
fn circles(edges: &BTreeSet<(String, String)>) -> BTreeSet<Vec<String>> {
    let reached = |from: &String| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            let next = edges.iter().filter(|(a, b)| a == node && a != b).map(|(_, b)| b);
            open.extend(next.filter(|node| seen.insert((*node).clone())));
        }
        seen
    };
    let nodes: BTreeMap<&String, BTreeSet<String>> =
        edges.iter().map(|(node, _)| (node, reached(node))).collect();
    let circle = |(node, reached): (&&String, &BTreeSet<String>)| {
        let mutual = |other: &&String| nodes.get(other).is_some_and(|back| back.contains(*node));
        let circle: Vec<String> = reached.iter().filter(mutual).cloned().collect();
        (!circle.is_empty()).then_some(circle)
    };
    nodes.iter().filter_map(circle).collect()
}
