//! Rows of hosts that another version of the rules made, or none, are made again from the facts when the database is
//! opened: in groups of hosts, so that an interrupted start goes on where it was.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use model::{TenantId, rules};

use super::hosts::{Stored, host_columns, made_again, row_id, write_rows};
use super::read::damaged_host;
use crate::{StoreError, rows};

/// Name of the counter that holds the version all rows are of.
const VERSION: &str = "host rows";
/// Hosts of one group.
const GROUP: u32 = 500;

/// Makes the rows that are missing or of another version. Where all are as they should be this costs one small read.
pub(super) fn all(sql: &mut Connection) -> Result<(), StoreError> {
    let version: Option<u8> = sql
        .query_row("SELECT value FROM counters WHERE name = ?1", [VERSION], |row| row.get(0))
        .optional()?;
    if version == Some(rules::VERSION) {
        return Ok(());
    }
    let mut after = (0, String::new());
    let mut hosts = 0_usize;
    loop {
        let transaction = sql.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let group = group(&transaction, &after)?;
        for (tenant, stored) in &group {
            one(&transaction, *tenant, stored)?;
        }
        let last = group.into_iter().last();
        if last.is_none() {
            transaction
                .execute("INSERT OR REPLACE INTO counters VALUES (?1, ?2)", (VERSION, rules::VERSION))?;
        }
        transaction.commit()?;
        let Some((tenant, stored)) = last else { return Ok(()) };
        hosts += GROUP as usize;
        if hosts.is_multiple_of(20 * GROUP as usize) {
            tracing::info!(hosts, "making the rows of hosts anew");
        }
        after = (tenant, stored.quuid);
    }
}

/// The hosts that come after one.
fn group(sql: &Transaction<'_>, after: &(u32, String)) -> Result<Vec<(u32, Stored)>, StoreError> {
    const NEXT: &str = concat!(
        "SELECT ",
        host_columns!(),
        ", h.tenant FROM hosts h LEFT JOIN host_rows r ON r.id = (h.tenant << 32) + h.number
         WHERE (h.tenant, h.quuid) > (?1, ?2) ORDER BY h.tenant, h.quuid LIMIT ?3"
    );
    let mut next = sql.prepare_cached(NEXT)?;
    let found = next.query_map((after.0, &after.1, GROUP), |row| Ok((row.get(7)?, Stored::read(row)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn one(sql: &Transaction<'_>, tenant: u32, stored: &Stored) -> Result<(), StoreError> {
    if stored.parts::<&str>().is_ok() {
        return Ok(());
    }
    let made = made_again(sql, tenant, stored)?;
    let (entry, sights) = made.map_err(|why| damaged_host(TenantId(tenant), &stored.quuid, why))?;
    let number = match stored.number {
        Some(number) => number,
        None => give_number(sql, tenant, &stored.quuid)?,
    };
    write_rows(sql, row_id(tenant, number), &stored.quuid, &sights, &rows::encode(&entry)?)
}

fn give_number(sql: &Transaction<'_>, tenant: u32, quuid: &str) -> Result<i64, StoreError> {
    let number = sql
        .prepare_cached("UPDATE tenants SET host_seq = host_seq + 1 WHERE tenant = ?1 RETURNING host_seq")?
        .query_row([tenant], |row| row.get(0))?;
    sql.prepare_cached("UPDATE hosts SET number = ?3 WHERE tenant = ?1 AND quuid = ?2")?
        .execute((tenant, quuid, number))?;
    Ok(number)
}
