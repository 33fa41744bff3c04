//! The simplest alternatives to the control plane, on the same servers: they know no submissions, fences, leases or
//! history. They show how far the complete system is from the servers' own speed.
use std::collections::VecDeque;
use std::time::Instant;

use futures::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Connection, ConnectionProperties};
use runtime::config::{BrokerConfig, DatabaseConfig};
use serde_json::json;
use sqlx::postgres::PgPoolOptions;

use crate::say;

/// Publishes persistent messages with confirms, `in_flight` at a time, and meanwhile consumes and acknowledges each.
pub(crate) async fn broker(config: &BrokerConfig, messages: u64, in_flight: usize) -> anyhow::Result<()> {
    let name = format!("{}bare", config.amqp_prefix);
    let sending = Connection::connect(&config.amqp_url, ConnectionProperties::default()).await?;
    let receiving = Connection::connect(&config.amqp_url, ConnectionProperties::default()).await?;
    let (out, inward) = (sending.create_channel().await?, receiving.create_channel().await?);
    out.confirm_select(ConfirmSelectOptions::default()).await?;
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString(LongString::from("quorum")));
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    out.queue_declare(name.as_str().into(), durable, arguments).await?;
    inward.basic_qos(in_flight as u16, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions::default();
    let mut deliveries = inward.basic_consume(name.as_str().into(), "".into(), options, FieldTable::default()).await?;
    let begun = Instant::now();
    let consuming = tokio::spawn(async move {
        for _ in 0..messages {
            let Some(delivery) = deliveries.next().await else { anyhow::bail!("the consumer ended") };
            delivery?.ack(BasicAckOptions::default()).await?;
        }
        Ok(())
    });
    let mut unconfirmed = VecDeque::with_capacity(in_flight);
    for number in 0..messages {
        let properties = BasicProperties::default().with_delivery_mode(2);
        let body = number.to_be_bytes();
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        unconfirmed.push_back(out.basic_publish("".into(), name.as_str().into(), options, &body, properties).await?);
        if unconfirmed.len() == in_flight
            && let Some(confirm) = unconfirmed.pop_front()
        {
            anyhow::ensure!(confirm.await?.is_ack(), "a message was refused");
        }
    }
    for confirm in unconfirmed {
        anyhow::ensure!(confirm.await?.is_ack(), "a message was refused");
    }
    consuming.await??;
    let elapsed = begun.elapsed().as_secs_f64();
    say(&json!({ "messages": messages, "elapsed_s": elapsed, "messages_per_s": messages as f64 / elapsed }));
    Ok(())
}

/// Works through a table of jobs: one statement claims, one ends, each durable before the next.
pub(crate) async fn queue(config: &DatabaseConfig, jobs: u64, workers: u32) -> anyhow::Result<()> {
    let pool =
        PgPoolOptions::new().max_connections(workers).test_before_acquire(false).connect(&config.database_url).await?;
    for statement in [
        "create table bare_jobs (id bigint generated always as identity primary key, status text not null default 'pending',
            holder text, lease_until timestamptz, done_at timestamptz)",
        "create index bare_jobs_pending on bare_jobs (id) where status = 'pending'",
    ] {
        sqlx::query(statement).execute(&pool).await?;
    }
    sqlx::query("insert into bare_jobs (status) select 'pending' from generate_series(1, $1)")
        .bind(i64::try_from(jobs)?)
        .execute(&pool)
        .await?;
    let begun = Instant::now();
    let mut working = tokio::task::JoinSet::new();
    for _ in 0..workers {
        let pool = pool.clone();
        working.spawn(async move {
            let mut connection = pool.acquire().await?;
            loop {
                let claimed: Option<i64> = sqlx::query_scalar(
                    "update bare_jobs set status = 'claimed', holder = 'me', lease_until = clock_timestamp() + interval '30 s'
                     where id = (select id from bare_jobs where status = 'pending' order by id limit 1 for update skip locked)
                     returning id",
                )
                .fetch_optional(&mut *connection)
                .await?;
                let Some(id) = claimed else { return anyhow::Ok(()) };
                sqlx::query("update bare_jobs set status = 'done', done_at = clock_timestamp() where id = $1")
                    .bind(id)
                    .execute(&mut *connection)
                    .await?;
            }
        });
    }
    while let Some(ended) = working.join_next().await {
        ended??;
    }
    let elapsed = begun.elapsed().as_secs_f64();
    let done: i64 = sqlx::query_scalar("select count(*) from bare_jobs where status = 'done'").fetch_one(&pool).await?;
    anyhow::ensure!(done == i64::try_from(jobs)?, "{done} of {jobs} jobs are done");
    sqlx::query("drop table bare_jobs").execute(&pool).await?;
    say(&json!({ "jobs": jobs, "workers": workers, "elapsed_s": elapsed, "jobs_per_s": jobs as f64 / elapsed }));
    Ok(())
}
