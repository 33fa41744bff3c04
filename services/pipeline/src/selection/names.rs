//! What a condition compares: names that are wanted or excluded, and operators.
use std::collections::BTreeSet;

/// Names of one field that are wanted, and names that are excluded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// One of these; any, if empty.
    pub any: BTreeSet<String>,
    /// None of these.
    pub none: BTreeSet<String>,
}

/// A comparison of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "they are what they are called")]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Operator {
    /// Every operator. A longer text comes before its prefixes.
    pub const ALL: [Operator; 6] =
        [Operator::NotEqual, Operator::AtMost, Operator::AtLeast, Operator::Equal, Operator::Less, Operator::Greater];

    /// In the typed form.
    pub fn text(self) -> &'static str {
        match self {
            Operator::Equal => "=",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::AtMost => "<=",
            Operator::Greater => ">",
            Operator::AtLeast => ">=",
        }
    }

    /// Whether `left OPERATOR right` holds.
    pub fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Operator::Equal => left == right,
            Operator::NotEqual => left != right,
            Operator::Less => left < right,
            Operator::AtMost => left <= right,
            Operator::Greater => left > right,
            Operator::AtLeast => left >= right,
        }
    }
}

impl Names {
    /// Only this name.
    pub fn one(name: impl Into<String>) -> Self {
        Self { any: BTreeSet::from([name.into()]), none: BTreeSet::new() }
    }

    /// Whether `name` is wanted.
    pub fn selects(&self, name: &str) -> bool {
        (self.any.is_empty() || self.any.contains(name)) && !self.none.contains(name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.any.is_empty() && self.none.is_empty()
    }
}
