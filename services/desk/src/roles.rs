//! Sets of roles that several routes, views and pages share.
use pipeline::person::Role;

/// Roles that read works.
pub(crate) const READERS: &[Role] = &[Role::Screener, Role::Organiser, Role::Operator, Role::Auditor];

/// Roles that read exchanges with partners and people's evidence from there: screeners judge works, not partners.
pub(crate) const EVIDENCE: &[Role] = &[Role::Organiser, Role::Operator, Role::Auditor];

/// Roles that download finished files and bags, bring them to partners, and write the accompanying texts.
pub(crate) const CARRIERS: &[Role] = &[Role::Organiser, Role::Operator];

// One role each.
pub(crate) const SCREENER: &[Role] = &[Role::Screener];
pub(crate) const ORGANISER: &[Role] = &[Role::Organiser];
pub(crate) const OPERATOR: &[Role] = &[Role::Operator];
pub(crate) const AUDITOR: &[Role] = &[Role::Auditor];
pub(crate) const ADMIN: &[Role] = &[Role::Admin];
