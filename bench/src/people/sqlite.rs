//! SQLite with the same people: the right index for every question, a trigram index for keywords, everything cached.

use std::path::Path;
use std::time::Instant;

use rusqlite::{CachedStatement, Connection, ToSql, params, types::ValueRef};

use super::{Answer, Page, Peer, Question, Values};
use crate::generate::{EDITION, People};
use crate::{Options, Result};

const TABLE: &str = "
    pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -1000000; pragma temp_store = memory;
    create table people(id text, user_name text, display_name text, phone text, email text, status text,
        description text, created integer, updated integer, last_login integer, groups text, org text);";
const INDEXES: &str = "
    create unique index by_id on people(id);
    create unique index by_name on people(user_name);
    create index by_display on people(display_name, id);
    create index by_status_updated on people(status, updated desc, id);
    create index by_updated on people(updated, id);
    create index by_created on people(created);
    create virtual table words using fts5(user_name, id, content = 'people', tokenize = 'trigram');
    insert into words(words) values ('rebuild');
    insert into words(words) values ('optimize');
    analyze;";
const READING: &str = "
    pragma mmap_size = 8000000000; pragma cache_size = -262144; pragma temp_store = memory;
    pragma case_sensitive_like = on;";

/// A database of people, in process.
pub struct Sqlite {
    connection: Connection,
    people: u64,
}

impl Sqlite {
    /// Opens the database of this size; loads it first when no earlier run did.
    pub fn open(options: &Options) -> Result<Self> {
        let path = options.work.join(format!("people-{EDITION}-{}.sqlite", options.people));
        if !path.exists() {
            let part = path.with_extension("part");
            load(&part, options.people)?;
            std::fs::rename(part, &path)?;
        }
        let connection = Connection::open(path)?;
        connection.execute_batch(READING)?;
        Ok(Sqlite { connection, people: options.people })
    }

    fn page(&self, sql: &str, values: &[&dyn ToSql]) -> Result<Page> {
        let mut statement = self.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(values)?;
        let mut page = Page::default();
        let mut read = 0;
        while let Some(row) = rows.next()? {
            page.push(row.get_ref(0)?.as_str()?);
            // A caller wants the whole row: read every column.
            for column in 1..columns {
                if let ValueRef::Text(text) = row.get_ref(column)? {
                    read += text.len();
                }
            }
        }
        std::hint::black_box(read);
        Ok(page)
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>> {
        Ok(self.connection.prepare_cached(sql)?)
    }
}

impl Peer for Sqlite {
    fn ask(&mut self, question: Question, values: &Values) -> Result<Answer> {
        let (offset, limit) = question.page(self.people);
        let (offset, limit) = (i64::try_from(offset)?, i64::try_from(limit)?);
        let phrase = format!("\"{}\"", values.keyword);
        let like = format!("%{}%", values.short);
        let above = format!("{}\u{10FFFF}", values.prefix);
        let (condition, order, given): (&str, &str, Vec<&dyn ToSql>) = match question {
            Question::Q1 => ("user_name = ?3", "user_name", vec![&values.name]),
            Question::Q2 => {
                ("user_name >= ?3 and user_name < ?4", "display_name, id", vec![&values.prefix, &above])
            }
            Question::Q3 | Question::Q4 => ("status = 'NORMAL'", "updated desc, id", vec![]),
            Question::Q5 => {
                ("rowid in (select rowid from words where words match ?3)", "user_name", vec![&phrase])
            }
            Question::Q6 => ("created >= ?3 and created < ?4", "user_name", vec![&values.from, &values.to]),
            Question::Q7 => ("true", "user_name", vec![]),
            Question::Q8 | Question::Q8t => ("user_name like ?3 or id like ?3", "user_name", vec![&like]),
        };
        let mut with_page: Vec<&dyn ToSql> = vec![&limit, &offset];
        with_page.extend(&given);
        let sql = format!("select * from people where {condition} order by {order} limit ?1 offset ?2");
        let page = self.page(&sql, &with_page)?;
        let total =
            if question.wants_total() { Some(self.total(question, condition, &given)?) } else { None };
        Ok(page.end(total))
    }
}

impl Sqlite {
    fn total(&self, question: Question, condition: &str, given: &[&dyn ToSql]) -> Result<u64> {
        let sql = match question {
            // Counting in the index alone is faster than through the table.
            Question::Q5 => "select count(*) from words where words match ?1".to_owned(),
            _ => format!("select count(*) from people where {}", condition.replace("?3", "?1")),
        };
        let total: i64 = self.prepare(&sql)?.query_row(given, |row| row.get(0))?;
        Ok(u64::try_from(total)?)
    }
}

fn load(path: &Path, count: u64) -> Result<()> {
    let begin = Instant::now();
    eprintln!("loading {count} people into SQLite, once");
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let connection = Connection::open(path)?;
    connection.execute_batch(TABLE)?;
    connection.execute_batch("begin")?;
    {
        let people = People::new();
        let mut insert = connection
            .prepare("insert into people values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, '', ?11)")?;
        for index in 0..count {
            let p = people.person(index);
            insert.execute(params![
                p.id,
                p.user_name,
                p.display_name,
                p.phone,
                p.email,
                p.status.as_str(),
                p.description,
                p.created,
                p.updated,
                p.last_login,
                p.org_node,
            ])?;
        }
    }
    connection.execute_batch("commit")?;
    connection.execute_batch(INDEXES)?;
    eprintln!("loaded in {:.0} s", begin.elapsed().as_secs_f64());
    Ok(())
}
