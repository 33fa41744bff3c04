//! What a failed query means for its caller.

/// Whether `error` means that two transactions conflicted and one was aborted.
pub(super) fn is_conflict(error: &anyhow::Error) -> bool {
    const SERIALIZATION_FAILURE: &str = "40001";
    const DEADLOCK_DETECTED: &str = "40P01";
    database_code(error).is_some_and(|code| code == SERIALIZATION_FAILURE || code == DEADLOCK_DETECTED)
}

/// The SQLSTATE of the database's answer, if it caused the error.
pub(super) fn database_code(error: &anyhow::Error) -> Option<String> {
    let sqlx::Error::Database(database) = sqlx_error(error)? else { return None };
    database.code().map(Into::into)
}

/// The first cause that comes from the database or its driver.
pub(super) fn sqlx_error(error: &anyhow::Error) -> Option<&sqlx::Error> {
    error.chain().find_map(|cause| cause.downcast_ref())
}

/// Whether this one cause, without its chain, comes from the database.
pub(crate) fn is_database(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<sqlx::Error>()
}

/// Whether `error` means that the database cannot serve now: unreachable, restarting, or no connection free in time. A
/// caller with a client of its own answers "try again later".
pub fn is_unavailable(error: &anyhow::Error) -> bool {
    match sqlx_error(error) {
        Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_)) => true,
        // Class 08 connection exception, 53 insufficient resources, 57 operator intervention, 55P03 lock not available,
        // 25P03 a session that was ended because its process was stopped within a transaction.
        Some(sqlx::Error::Database(database)) => database.code().is_some_and(|code| {
            matches!(code.get(..2), Some("08" | "53" | "57")) || code == "55P03" || code == "25P03"
        }),
        _ => false,
    }
}
