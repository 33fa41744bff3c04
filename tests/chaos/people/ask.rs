//! Requests to replicas: one after the other, until one answers something other than "not now".
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Result, bail};
use reqwest::{RequestBuilder, Response, StatusCode};

use super::People;
use crate::support::wait::rest;

/// Between two polls, and between two tries.
const A_MOMENT: Duration = Duration::from_millis(1200);
/// Longest `Retry-After` that is obeyed, seconds.
const AGAIN_S: u64 = 10;

impl People {
    /// Sends the request to one replica of the public API after the other until one answers something other than "not
    /// now".
    pub(super) async fn ask(&self, request: impl Fn(&str) -> RequestBuilder) -> Result<Response> {
        self.ask_one_of(|| self.house.apis(), request).await
    }

    /// As [`People::ask`], at the desk.
    pub(super) async fn ask_desk(&self, request: impl Fn(&str) -> RequestBuilder) -> Result<Response> {
        self.ask_one_of(|| self.house.desks(), request).await
    }

    async fn ask_one_of(
        &self,
        replicas: impl Fn() -> Vec<String>,
        request: impl Fn(&str) -> RequestBuilder,
    ) -> Result<Response> {
        loop {
            let Some(replica) = self.next_of(&replicas()) else {
                self.moment().await?;
                continue;
            };
            match request(&replica).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) if !may_be_asked_again(answer.status()) => {
                    let (status, url) = (answer.status(), answer.url().clone());
                    bail!("{url} was answered with {status}: {}", answer.text().await.unwrap_or_default());
                }
                Ok(answer) => {
                    let wait = answer.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse().ok());
                    rest(Duration::from_secs(wait.unwrap_or(0).min(AGAIN_S))).await;
                    self.moment().await?;
                }
                Err(_) => self.moment().await?,
            }
        }
    }

    pub(super) fn next_of(&self, replicas: &[String]) -> Option<String> {
        let turn = self.turn.fetch_add(1, Ordering::SeqCst);
        replicas.get(turn % replicas.len().max(1)).cloned()
    }

    pub(super) async fn moment(&self) -> Result<()> {
        if self.motion.has_ended() {
            bail!("no result, and no work makes progress any more");
        }
        rest(A_MOMENT).await;
        Ok(())
    }
}

/// "Not now", in all the forms that an API uses.
pub(super) fn may_be_asked_again(status: StatusCode) -> bool {
    status.is_server_error() || [408, 423, 429].contains(&status.as_u16())
}
