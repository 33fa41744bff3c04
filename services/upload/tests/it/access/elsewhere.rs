//! No address serves another's routes: the desk's routes do not exist at the public address, and the other way round.
use pipeline::person::Role;

use super::callers::callers;
use super::desk_rows::desk_table;
use super::public_rows::public_table;
use super::row::Row;
use crate::stage::Stage;

/// The rows whose method and path the other service does not have.
fn only_here(rows: Vec<Row>, elsewhere: &[String]) -> Vec<Row> {
    rows.into_iter().filter(|row| elsewhere.iter().all(|it| it != row.route)).collect()
}

#[tokio::test]
async fn no_address_serves_the_routes_of_another_to_anyone() {
    let stage = Stage::new().await;
    let callers = callers(&stage).await;
    let of_desk: Vec<_> = desk::list().iter().map(|it| format!("{} {}", it.method, it.path)).collect();
    let of_public: Vec<_> = upload::list().iter().map(|it| format!("{} {}", it.method, it.path)).collect();
    let (desk, public) = (only_here(desk_table(), &of_public), only_here(public_table(), &of_desk));
    assert!(desk.len() > 40 && public.len() > 8, "{} and {}", desk.len(), public.len());
    let mut tokens = vec![("no token".to_owned(), None), ("the entrant".to_owned(), Some(callers.own.token.as_str()))];
    tokens
        .extend(Role::STAFF.iter().zip(&callers.people).map(|(role, token)| (role.to_string(), Some(token.as_str()))));
    let mut wrong = Vec::new();
    for (base, rows) in [(&stage.url, &desk), (&stage.desk_url, &public)] {
        for row in rows {
            for (who, token) in &tokens {
                let got = callers.ask(&stage, base, row, *token).await;
                // A path that both have, by a method that only the other has.
                if !["route_unknown", "method_unknown", "404", "405"].contains(&got.as_str()) {
                    wrong.push(format!("{} at {base} by {who}: {got}", row.route));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
