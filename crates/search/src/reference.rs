//! The slow and obvious search: test every row, sort all that match, cut the page out. It defines the answer.

use crate::{Query, Row, Table};

/// Indices into `rows` (of `table`, keys unique) of the wanted page, and the number of all rows that match.
pub fn search<R: Row>(table: &Table, rows: &[R], query: &Query) -> (Vec<usize>, usize) {
    let mut found: Vec<(usize, &R)> =
        rows.iter().enumerate().filter(|(_, row)| query.filter.matches(*row)).collect();
    found.sort_by(|(_, a), (_, b)| query.sort.compare(table, *a, *b));
    let total = found.len();
    let page = found.into_iter().skip(query.offset).take(query.limit).map(|(index, _)| index).collect();
    (page, total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{LAST_LOGIN, TABLE, USER_ID, USER_NAME};
    use crate::{Direction, Field, Filter, Missing, Sort, SortKey};

    struct Person(&'static str, &'static str, Option<i64>);

    impl Row for Person {
        fn text(&self, field: Field) -> Option<&str> {
            match field {
                USER_ID => Some(self.0),
                USER_NAME => Some(self.1),
                _ => None,
            }
        }

        fn int(&self, field: Field) -> Option<i64> {
            if field == LAST_LOGIN { self.2 } else { None }
        }
    }

    fn order(key: SortKey, direction: Direction, missing: Missing) -> String {
        let people = [Person("3", "bob", None), Person("1", "Bob", Some(7)), Person("2", "alice", Some(7))];
        let sort = Sort { key, direction, missing };
        let query = Query { filter: Filter::All, sort, offset: 0, limit: 9, total: true };
        let (page, total) = search(&TABLE, &people, &query);
        assert_eq!(total, 3);
        page.into_iter().map(|i| people[i].0).collect()
    }

    #[test]
    fn ties_go_by_id_ascending_whatever_the_direction() {
        use Direction::{Ascending, Descending};
        let name = SortKey::Field(USER_NAME);
        assert_eq!(order(name, Ascending, Missing::Lowest), "213");
        assert_eq!(order(name, Descending, Missing::Lowest), "132");
        assert_eq!(order(SortKey::Natural, Descending, Missing::Last), "321");
    }

    #[test]
    fn missing_values_are_lowest_or_last() {
        use Direction::{Ascending, Descending};
        let login = SortKey::Field(LAST_LOGIN);
        assert_eq!(order(login, Ascending, Missing::Lowest), "312");
        assert_eq!(order(login, Descending, Missing::Lowest), "123");
        assert_eq!(order(login, Ascending, Missing::Last), "123");
        assert_eq!(order(login, Descending, Missing::Last), "123");
    }
}
