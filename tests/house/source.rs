//! Sources as tokens, without the parts that do not change the program: layout, comments, and code for tests only.
use std::path::{Path, PathBuf};
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The root of the repository.
pub(super) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The entries of a folder, as paths from the root.
pub(super) fn folder(path: impl AsRef<Path>) -> Vec<PathBuf> {
    let path = path.as_ref();
    let entries = std::fs::read_dir(root().join(path)).expect("the folder can be read");
    entries.map(|entry| path.join(entry.expect("its entries can be read").file_name())).collect()
}

/// The Rust files below a folder, or the one file, as paths from the root in order.
pub(super) fn files(path: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::from(path)];
    while let Some(path) = open.pop() {
        let whole = root().join(&path);
        if whole.is_dir() {
            open.extend(folder(path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            assert!(whole.is_file(), "{} does not exist", path.display());
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The text of a file.
pub(super) fn read(path: &Path) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
}

/// The tokens of a source in order. Two colons in a row are one token.
pub(super) fn tokens(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    flatten(TokenStream::from_str(source).expect("the source is Rust"), &mut found);
    // A comma before a closing bracket comes and goes with the layout.
    let closes = |token: Option<&String>| token.is_some_and(|it| matches!(it.as_str(), ")" | "]" | "}"));
    let kept: Vec<bool> = (0..found.len()).map(|at| found[at] != "," || !closes(found.get(at + 1))).collect();
    found.into_iter().zip(kept).filter_map(|(token, kept)| kept.then_some(token)).collect()
}

fn flatten(stream: TokenStream, into: &mut Vec<String>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        let (attribute, width) = attribute(&trees[at..]);
        match attribute.as_deref() {
            Some("doc") => at += width,
            Some("cfg(test)") => at += width + item(&trees[at + width..]),
            _ => {
                push(tree, into);
                at += 1;
            }
        }
    }
}

/// The attribute at the start and its length in trees: `doc` for any documentation, else its text without spaces.
fn attribute(trees: &[TokenTree]) -> (Option<String>, usize) {
    let is = |tree: Option<&TokenTree>, mark: char| matches!(tree, Some(TokenTree::Punct(it)) if it.as_char() == mark);
    if !is(trees.first(), '#') {
        return (None, 0);
    }
    let width = if is(trees.get(1), '!') { 3 } else { 2 };
    let Some(TokenTree::Group(group)) = trees.get(width - 1) else { return (None, 0) };
    let documents = matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc");
    let said = if documents { "doc".to_owned() } else { group.stream().to_string().replace(' ', "") };
    (Some(said), width)
}

/// The length in trees of the item at the start: up to its body or its semicolon.
fn item(trees: &[TokenTree]) -> usize {
    // The braces of an import or of a value are not its end.
    let has_body =
        !trees.iter().take(3).any(|tree| matches!(tree, TokenTree::Ident(it) if it == "use" || it == "static"));
    let ends = |tree: &TokenTree| match tree {
        TokenTree::Punct(mark) => mark.as_char() == ';',
        TokenTree::Group(group) => has_body && group.delimiter() == Delimiter::Brace,
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    };
    trees.iter().position(ends).map_or(trees.len(), |last| last + 1)
}

fn push(tree: &TokenTree, into: &mut Vec<String>) {
    match tree {
        TokenTree::Group(group) => {
            let (open, close) = match group.delimiter() {
                Delimiter::Parenthesis => ("(", ")"),
                Delimiter::Bracket => ("[", "]"),
                Delimiter::Brace => ("{", "}"),
                Delimiter::None => ("", ""),
            };
            into.push(open.to_owned());
            flatten(group.stream(), into);
            into.push(close.to_owned());
        }
        TokenTree::Punct(mark) if mark.as_char() == ':' && into.last().is_some_and(|last| last == ":") => {
            into.pop();
            into.push("::".to_owned());
        }
        TokenTree::Punct(mark) => into.push(mark.as_char().to_string()),
        TokenTree::Ident(name) => into.push(name.to_string()),
        TokenTree::Literal(value) => into.push(value.to_string()),
    }
}

#[test]
fn layout_comments_and_tests_are_no_tokens() {
    let plain = "fn f(a: u32) -> u32 { a + 1 } pub use a::{b, c};";
    let dressed = r#"
        //! The module.
        /// The function.
        #[doc = "More."]
        fn f(
            a: u32, // the parameter
        ) -> u32 { /* the sum */ a + 1 }
        #[cfg(test)]
        use std::{fmt, io};
        pub use a::{b, c,};
        #[cfg(test)]
        mod tests { use super::*; }
    "#;
    assert_eq!(tokens(plain), tokens(dressed));
    assert_ne!(tokens(plain), tokens(&plain.replace('1', "2")));
}
