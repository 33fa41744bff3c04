//! The pages: each parses, calls and renders. Every step except the folder works without a script.

/// The films of a whole folder.
pub(crate) mod films;
/// The units of the signed-in person.
pub(crate) mod home;
/// A sheet: sent, checked, entered.
pub(crate) mod sheets;
/// One unit: what it may enter, and where to start.
pub(crate) mod unit;
/// The works that the unit entered: receipts, and a list to print and stamp.
pub(crate) mod works;

use runtime::store::entry::units::Of;

/// The path of a unit's page.
pub(crate) fn path(of: &Of) -> String {
    format!("/units/{}/{}", of.contest, of.unit)
}
