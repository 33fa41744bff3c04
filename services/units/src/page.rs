//! The pages: each parses, calls and renders. Every step but the folder works without a script.

/// The films of a whole folder.
pub(crate) mod films;
/// The units of the person who signed in.
pub(crate) mod home;
/// A sheet: sent, looked at, entered.
pub(crate) mod sheets;
/// One unit: what it may enter, and where to begin.
pub(crate) mod unit;
/// The works that the unit entered: receipts, and a list to print and stamp.
pub(crate) mod works;

use runtime::store::units::Of;

/// The path of a unit's page.
pub(crate) fn path(of: &Of) -> String {
    format!("/units/{}/{}", of.contest, of.unit)
}
