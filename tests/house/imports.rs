//! Files import each other in one direction: reading from any file along its imports never returns to the start.
//!
//! A file imports another one when it names the module or anything in it, by `use` or in place. If a module only
//! re-exports a name (`pub use`), the user of the name imports the file that defines it, and the module itself imports
//! nothing.
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::source::{folder, read, root, tokens};

type Name = Vec<String>;

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for top in tops() {
        circles.extend(circles_of(&Program::read(&top).imports()));
    }
    assert!(circles.is_empty(), "files import each other in circles: {circles:#?}");
}

#[test]
fn an_import_in_every_form_is_seen_and_a_circle_is_found() {
    let program = Program::of(&[
        ("", "mod a; mod b; mod c; pub use b::Deep; pub use c::Used; fn f() -> Used { a::f() }"),
        ("a", "use crate::{b::{self, X as Y}, c}; fn f() { super::Deep::new(); }"),
        ("b", "mod inner; pub use inner::Deep; // use crate::a;\n fn f<'a>() -> impl Iterator + use<'a> { c() }"),
        ("b::inner", "pub struct Deep; #[cfg(test)] mod tests { use crate::a; }"),
        ("c", "fn c() { let _ = crate::a::f; }"),
    ]);
    let imports = program.imports();
    let of = |file: &str| imports[Path::new(file)].iter().map(|to| to.display().to_string()).collect::<Vec<_>>();
    assert_eq!(of(""), ["a", "c"]);
    assert_eq!(of("a"), ["b", "b::inner", "c"]);
    assert_eq!(of("b"), [""; 0]);
    assert_eq!(of("b::inner"), [""; 0]);
    let circle: BTreeSet<PathBuf> = ["a".into(), "c".into()].into();
    assert_eq!(circles_of(&imports), [circle]);
}

/// The file at the top of every library and program of the product.
fn tops() -> Vec<PathBuf> {
    let crates = folder("services");
    let source = crates.into_iter().map(|it| it.join("src"));
    let tops = source.flat_map(|source| [source.join("lib.rs"), source.join("main.rs")]);
    tops.filter(|top| root().join(top).is_file()).collect()
}

/// The modules of one crate.
struct Program {
    modules: BTreeMap<Name, Module>,
}

struct Module {
    file: PathBuf,
    /// Paths in `use`, each with whether it is handed on, and under which name.
    uses: Vec<(Name, String, bool)>,
    /// Paths elsewhere.
    others: Vec<Name>,
    /// All names elsewhere.
    names: BTreeSet<String>,
}

impl Module {
    fn of(file: PathBuf, tokens: &[String]) -> Self {
        let (mut uses, mut others) = (Vec::new(), Vec::new());
        let mut names = BTreeSet::new();
        let mut at = 0;
        while at < tokens.len() {
            let before = at.checked_sub(1).map(|last| tokens[last].as_str());
            // `use<'a>` bounds what a type captures.
            if tokens[at] == "use" && tokens.get(at + 1).is_some_and(|next| next != "<") {
                let first = uses.len();
                at = tree(tokens, at + 1, &[], &mut uses);
                let handed_on = matches!(before, Some("pub" | ")"));
                uses[first..].iter_mut().for_each(|(_, _, on)| *on = handed_on);
            } else if is_name(&tokens[at]) && before != Some("::") {
                let end = path_end(tokens, at);
                if before != Some("mod") {
                    names.insert(tokens[at].clone());
                }
                if end > at + 1 {
                    others.push(tokens[at..end].iter().filter(|token| *token != "::").cloned().collect());
                }
                at = end;
            } else {
                at += 1;
            }
        }
        Self { file, uses, others, names }
    }
}

/// The names of files that are declared as modules.
fn declared(tokens: &[String]) -> Vec<String> {
    let declares = |three: &&[String]| three[0] == "mod" && three[2] == ";";
    tokens.windows(3).filter(declares).map(|three| three[1].clone()).collect()
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Where the path ends that begins at `at`.
fn path_end(tokens: &[String], at: usize) -> usize {
    let mut end = at + 1;
    while tokens.get(end).is_some_and(|it| it == "::") && tokens.get(end + 1).is_some_and(|it| is_name(it)) {
        end += 2;
    }
    end
}

/// Reads one tree of a `use` from `at` on and returns where it ends.
fn tree(tokens: &[String], mut at: usize, prefix: &[String], into: &mut Vec<(Name, String, bool)>) -> usize {
    let mut path = prefix.to_vec();
    let mut add = |path: Name, name: String| into.push((path, name, false));
    loop {
        match tokens[at].as_str() {
            "{" => {
                at += 1;
                while tokens[at] != "}" {
                    at = tree(tokens, at, &path, into);
                    at += usize::from(tokens[at] == ",");
                }
                return at + 1;
            }
            "as" => {
                add(path, tokens[at + 1].clone());
                return at + 2;
            }
            ";" | "," | "}" => {
                let name = path.last().cloned().unwrap_or_default();
                add(path, name);
                return at;
            }
            "::" => at += 1,
            name => {
                path.push(name.to_owned());
                at += 1;
            }
        }
    }
}

impl Program {
    /// Reads the crate whose top is this file.
    fn read(top: &Path) -> Self {
        let mut modules = BTreeMap::new();
        let mut open = vec![(Name::new(), top.to_owned())];
        while let Some((name, file)) = open.pop() {
            let tokens = tokens(&read(&file));
            let folder = if name.is_empty() { top.with_file_name("") } else { file.with_extension("") };
            for child in declared(&tokens) {
                let path = folder.join(format!("{child}.rs"));
                open.push((name.iter().cloned().chain([child]).collect(), path));
            }
            modules.insert(name, Module::of(file, &tokens));
        }
        Self { modules }
    }

    /// A crate out of sources, each with its module's path.
    fn of(sources: &[(&str, &str)]) -> Self {
        let name = |path: &str| path.split("::").filter(|it| !it.is_empty()).map(str::to_owned).collect::<Name>();
        let module = |(path, source): &(&str, &str)| (name(path), Module::of(path.into(), &tokens(source)));
        Self { modules: sources.iter().map(module).collect() }
    }

    /// For each file the files that it imports.
    fn imports(&self) -> BTreeMap<PathBuf, BTreeSet<PathBuf>> {
        let mut imports: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
        for (name, module) in &self.modules {
            let used = |(_, name, on): &&(Name, String, bool)| !on || module.names.contains(name);
            let paths = module.uses.iter().filter(used).map(|(path, ..)| path).chain(&module.others);
            let named = paths.filter_map(|path| self.definer(name, path, 0));
            let files = named.map(|name| self.modules[&name].file.clone()).filter(|file| *file != module.file);
            imports.insert(module.file.clone(), files.collect());
        }
        imports
    }

    /// The module in which the last name of `path` is defined, as written in the module `from`; `None` where it is in another crate or
    /// no module at all.
    fn definer(&self, from: &Name, path: &[String], depth: usize) -> Option<Name> {
        let (mut at, mut rest) = (from.clone(), path);
        let is_child = |at: &Name, child: &String| {
            self.modules.contains_key(&[at.as_slice(), std::slice::from_ref(child)].concat())
        };
        match rest.first()?.as_str() {
            "crate" => {
                at.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|it| it == "super") {
                    at.pop()?;
                    rest = &rest[1..];
                }
            }
            _ if is_child(&at, &rest[0]) => {}
            _ => return None,
        }
        while let Some(child) = rest.first().filter(|child| is_child(&at, child)) {
            at.push(child.clone());
            rest = &rest[1..];
        }
        // Circles of `pub use` do not compile; the bound is only against wrong readings.
        let handed_on = rest.first().filter(|_| depth < 8).and_then(|wanted| {
            let module = &self.modules[&at];
            module.uses.iter().find(|(_, name, on)| *on && name == wanted)
        });
        match handed_on {
            Some((path, ..)) => self.definer(&at, path, depth + 1),
            None => Some(at),
        }
    }
}

/// Sets of files of which each reaches all others.
fn circles_of(imports: &BTreeMap<PathBuf, BTreeSet<PathBuf>>) -> Vec<BTreeSet<PathBuf>> {
    let reached: BTreeMap<&PathBuf, BTreeSet<&PathBuf>> =
        imports.keys().map(|file| (file, reach(imports, file))).collect();
    let mut circles: Vec<BTreeSet<PathBuf>> = Vec::new();
    for (file, beyond) in &reached {
        if !beyond.contains(file) || circles.iter().any(|circle| circle.contains(*file)) {
            continue;
        }
        circles.push(beyond.iter().filter(|other| reached[**other].contains(file)).map(|it| (*it).clone()).collect());
    }
    circles
}

/// The files that are reached by imports from `file`; itself only if it comes back.
fn reach<'a>(imports: &'a BTreeMap<PathBuf, BTreeSet<PathBuf>>, file: &PathBuf) -> BTreeSet<&'a PathBuf> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&PathBuf> = imports[file].iter().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(&imports[next]);
        }
    }
    reached
}
