//! The received spans, and how they lead to each other: by parents and by links.
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::support::collector::{Span, SpanId};

/// Spans by their ids.
pub(super) struct Traces(pub(super) BTreeMap<SpanId, Span>);

impl Traces {
    pub(super) fn all(&self, is: impl Fn(&Span) -> bool) -> Vec<&Span> {
        self.0.values().filter(|span| is(span)).collect()
    }

    pub(super) fn one(&self, what: &str, is: impl Fn(&Span) -> bool) -> &Span {
        let found = self.all(is);
        let names: Vec<&str> = found.iter().map(|span| span.name.as_str()).collect();
        assert_eq!(found.len(), 1, "one span is {what}, not {names:?}");
        found[0]
    }

    /// Children of a span, recursively.
    pub(super) fn below(&self, span: &Span) -> Vec<&Span> {
        let children = self.all(|it| it.parent.as_ref() == Some(&span.id));
        children.iter().flat_map(|child| self.below(child)).chain(children.iter().copied()).collect()
    }

    /// The ancestors of a span: its parent and the spans it is linked to, recursively.
    pub(super) fn before(&self, span: &Span) -> BTreeSet<SpanId> {
        let mut seen = BTreeSet::from([span.id.clone()]);
        let mut left = VecDeque::from([&span.id]);
        while let Some(id) = left.pop_front() {
            let span = self.0.get(id).unwrap_or_else(|| panic!("{id:?} was not received, but another span names it"));
            for came_of in span.parent.iter().chain(span.links.iter().map(|(_, id)| id)) {
                if seen.insert(came_of.clone()) {
                    left.push_back(came_of);
                }
            }
        }
        seen
    }
}

pub(super) fn linked<'a>(span: &'a Span, how: &str) -> Vec<&'a SpanId> {
    span.links.iter().filter(|(it, _)| it == how).map(|(_, id)| id).collect()
}
