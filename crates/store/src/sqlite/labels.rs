//! Tags and remarks of hosts.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{HostTag, Labels, Tag, TagsChanged, TenantId};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{Context, Done, count, int};
use crate::{Effect, Refusal, StoreError};

/// Tags one host may have.
const TAGS_OF_A_HOST: u64 = 100;

impl Context<'_> {
    /// Makes a tag, or gives the one with this number another name, and puts it on hosts.
    pub(super) fn edit_tag(&self, id: Option<u64>, name: &str, quuids: &[String]) -> Done<Effect> {
        // Refusals come before the first change, so that there is nothing to undo.
        let named = self.tag_named(name)?;
        let quuids: BTreeSet<&String> = quuids.iter().collect();
        for quuid in &quuids {
            self.known_host(quuid)?;
        }
        let mut changed = TagsChanged::default();
        let tag = match id {
            Some(id) => {
                if named.is_some_and(|named| named != id) {
                    return Err(Refusal::TagTaken.into());
                }
                self.rename_tag(id, name)?;
                Tag { id, name: name.to_owned() }
            }
            None if named.is_some() => return Err(Refusal::TagTaken.into()),
            None => self.make_tag(name)?,
        };
        for quuid in quuids {
            changed.attached.extend(self.attach(tag.id, quuid)?);
        }
        changed.put.push(tag);
        Ok(Effect::Tags(Arc::new(changed)))
    }

    /// Puts tags on a host by name; those that do not exist are made.
    pub(super) fn add_tags(&self, quuid: &str, names: &[String]) -> Done<Effect> {
        self.known_host(quuid)?;
        let mut changed = TagsChanged::default();
        for name in names {
            let id = match self.tag_named(name)? {
                Some(id) => id,
                None => {
                    let tag = self.make_tag(name)?;
                    let id = tag.id;
                    changed.put.push(tag);
                    id
                }
            };
            changed.attached.extend(self.attach(id, quuid)?);
        }
        Ok(Effect::Tags(Arc::new(changed)))
    }

    /// Makes these, and no others, the tags of a host.
    pub(super) fn set_host_tags(&self, quuid: &str, wanted: &[u64]) -> Done<Effect> {
        self.known_host(quuid)?;
        let wanted: BTreeSet<u64> = wanted.iter().copied().collect();
        let mut exists = self.sql.prepare_cached("SELECT 1 FROM tags WHERE tenant = ?1 AND id = ?2")?;
        for id in &wanted {
            if !exists.exists((self.tenant.0, int(*id)))? {
                return Err(Refusal::TagNotFound.into());
            }
        }
        let mut changed = TagsChanged::default();
        for tag in self.tags_of(quuid)? {
            if !wanted.contains(&tag.tag) {
                self.detach(tag.id)?;
                changed.detached.push(tag);
            }
        }
        for id in wanted {
            changed.attached.extend(self.attach(id, quuid)?);
        }
        Ok(Effect::Tags(Arc::new(changed)))
    }

    /// Removes tags, and takes them off every host: all or none.
    pub(super) fn delete_tags(&self, ids: &[u64]) -> Done<Effect> {
        let gone: BTreeSet<u64> = ids.iter().copied().collect();
        let mut delete = self.sql.prepare_cached("DELETE FROM tags WHERE tenant = ?1 AND id = ?2")?;
        for id in &gone {
            if delete.execute((self.tenant.0, int(*id)))? == 0 {
                return Err(Refusal::TagNotFound.into());
            }
        }
        Ok(Effect::Tags(Arc::new(TagsChanged { gone: gone.into_iter().collect(), ..TagsChanged::default() })))
    }

    /// Takes one tag off one host.
    pub(super) fn delete_host_tag(&self, id: u64) -> Done<Effect> {
        const FIND: &str = "SELECT id, tag, quuid FROM host_tags WHERE tenant = ?1 AND id = ?2";
        let mut find = self.sql.prepare_cached(FIND)?;
        let found = find.query_row((self.tenant.0, int(id)), host_tag).optional()?;
        let found = found.ok_or(Refusal::TagNotFound)?;
        self.detach(id)?;
        Ok(Effect::Tags(Arc::new(TagsChanged { detached: vec![found], ..TagsChanged::default() })))
    }

    /// Sets the remark of a host; an empty one is none.
    pub(super) fn set_remark(&self, quuid: &str, remark: &str) -> Done<Effect> {
        self.known_host(quuid)?;
        if remark.is_empty() {
            self.sql
                .prepare_cached("DELETE FROM host_remarks WHERE tenant = ?1 AND quuid = ?2")?
                .execute((self.tenant.0, quuid))?;
        } else {
            self.sql
                .prepare_cached(
                    "INSERT INTO host_remarks VALUES (?1, ?2, ?3)
                     ON CONFLICT (tenant, quuid) DO UPDATE SET remark = ?3",
                )?
                .execute((self.tenant.0, quuid, remark))?;
        }
        Ok(Effect::Remark { quuid: quuid.to_owned(), remark: remark.to_owned() })
    }

    pub(super) fn known_host(&self, quuid: &str) -> Done<()> {
        let mut find = self.sql.prepare_cached("SELECT 1 FROM hosts WHERE tenant = ?1 AND quuid = ?2")?;
        if find.exists((self.tenant.0, quuid))? { Ok(()) } else { Err(Refusal::HostNotFound.into()) }
    }

    fn tag_named(&self, name: &str) -> Done<Option<u64>> {
        let mut find = self.sql.prepare_cached("SELECT id FROM tags WHERE tenant = ?1 AND name = ?2")?;
        Ok(find.query_row((self.tenant.0, name), |row| row.get(0)).optional()?.map(count))
    }

    fn make_tag(&self, name: &str) -> Done<Tag> {
        let all: i64 = self
            .sql
            .prepare_cached("SELECT count(*) FROM tags WHERE tenant = ?1")?
            .query_row([self.tenant.0], |row| row.get(0))?;
        if count(all) >= self.limits.tags {
            return Err(Refusal::Quota { what: "tags", limit: self.limits.tags }.into());
        }
        let tag = Tag { id: self.next("tag")?, name: name.to_owned() };
        self.sql.prepare_cached("INSERT INTO tags VALUES (?1, ?2, ?3)")?.execute((
            self.tenant.0,
            int(tag.id),
            name,
        ))?;
        Ok(tag)
    }

    fn rename_tag(&self, id: u64, name: &str) -> Done<()> {
        let renamed = self
            .sql
            .prepare_cached("UPDATE tags SET name = ?3 WHERE tenant = ?1 AND id = ?2")?
            .execute((self.tenant.0, int(id), name))?;
        if renamed == 0 { Err(Refusal::TagNotFound.into()) } else { Ok(()) }
    }

    fn tags_of(&self, quuid: &str) -> Done<Vec<HostTag>> {
        const OF_HOST: &str = "SELECT id, tag, quuid FROM host_tags WHERE tenant = ?1 AND quuid = ?2";
        let mut find = self.sql.prepare_cached(OF_HOST)?;
        Ok(find.query_map((self.tenant.0, quuid), host_tag)?.collect::<Result<_, _>>()?)
    }

    /// Puts a tag on a host; `None` when it is there already.
    fn attach(&self, tag: u64, quuid: &str) -> Done<Option<HostTag>> {
        let present = self.tags_of(quuid)?;
        if present.iter().any(|host_tag| host_tag.tag == tag) {
            return Ok(None);
        }
        if present.len() as u64 >= TAGS_OF_A_HOST {
            return Err(Refusal::Quota { what: "tags of a host", limit: TAGS_OF_A_HOST }.into());
        }
        let new = HostTag { id: self.next("host tag")?, tag, quuid: quuid.to_owned() };
        self.sql.prepare_cached("INSERT INTO host_tags VALUES (?1, ?2, ?3, ?4)")?.execute((
            self.tenant.0,
            int(new.id),
            int(tag),
            quuid,
        ))?;
        Ok(Some(new))
    }

    fn detach(&self, id: u64) -> Done<()> {
        self.sql
            .prepare_cached("DELETE FROM host_tags WHERE tenant = ?1 AND id = ?2")?
            .execute((self.tenant.0, int(id)))?;
        Ok(())
    }
}

fn host_tag(row: &Row<'_>) -> rusqlite::Result<HostTag> {
    Ok(HostTag { id: count(row.get(0)?), tag: count(row.get(1)?), quuid: row.get(2)? })
}

/// All labels of a tenant.
pub(super) fn labels(sql: &Connection, tenant: TenantId) -> Result<Labels, StoreError> {
    let sql = sql.unchecked_transaction()?;
    let mut tags = sql.prepare_cached("SELECT id, name FROM tags WHERE tenant = ?1 ORDER BY id")?;
    let tags = tags.query_map([tenant.0], |row| Ok(Tag { id: count(row.get(0)?), name: row.get(1)? }))?;
    let mut host_tags =
        sql.prepare_cached("SELECT id, tag, quuid FROM host_tags WHERE tenant = ?1 ORDER BY id")?;
    let mut remarks =
        sql.prepare_cached("SELECT quuid, remark FROM host_remarks WHERE tenant = ?1 ORDER BY quuid")?;
    let remarks = remarks.query_map([tenant.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut rule = sql.prepare_cached("SELECT clear_after_days FROM tenants WHERE tenant = ?1")?;
    let rule: Option<u32> = rule.query_row([tenant.0], |row| row.get(0)).optional()?;
    Ok(Labels {
        tags: tags.collect::<Result<_, _>>()?,
        host_tags: host_tags.query_map([tenant.0], host_tag)?.collect::<Result<_, _>>()?,
        remarks: remarks.collect::<Result<_, _>>()?,
        clear_after_days: rule.unwrap_or_default(),
    })
}
