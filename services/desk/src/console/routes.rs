//! Every route of the console. Each file with pages lists its own; they are rows of the one table, `routes`.
use super::{
    assets, audit, beside, bulk, checks, compare, deliveries, delivery, events, home, jobs, me, partners, people,
    preview, proof, queue, sign_in, trouble, work, works,
};
use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    let files = [
        assets::routes(),
        audit::routes(),
        beside::routes(),
        bulk::routes(),
        checks::routes(),
        compare::routes(),
        deliveries::routes(),
        delivery::routes(),
        events::routes(),
        home::routes(),
        jobs::routes(),
        me::routes(),
        partners::routes(),
        people::routes(),
        preview::routes(),
        proof::routes(),
        queue::routes(),
        sign_in::routes(),
        trouble::routes(),
        work::routes(),
        works::routes(),
    ];
    files.into_iter().flatten().collect()
}
