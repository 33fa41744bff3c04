//! Routes that take a picture, for pages and API alike: a larger body, and a turn to wait for before the body is read.
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::MethodRouter;
use runtime::problem::Problem;

use crate::picture;
use crate::service::Service;

/// The handler of a route whose body contains a picture and has at most `bytes`.
pub(crate) fn with_picture(handler: MethodRouter<Service>, bytes: usize) -> MethodRouter<Service> {
    handler.layer(DefaultBodyLimit::max(bytes)).layer(from_fn(in_turn))
}

async fn in_turn(request: Request, next: Next) -> Result<Response, Problem> {
    let _turn = picture::turn().await?;
    Ok(next.run(request).await)
}
