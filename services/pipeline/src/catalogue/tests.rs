//! Facts of the catalogue.
use super::*;

#[test]
fn the_built_in_catalogue_is_right() {
    let catalogue = Catalogue::builtin();
    assert_eq!(catalogue.partners.len(), 9);
    assert_eq!(catalogue.contests.len(), 2);
}
