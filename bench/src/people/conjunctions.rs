//! Three conditions at once, of any kind and in any form, with any order, any page and the total: how bad can a
//! question get.

use search::Query;
use search::eiam::{Member, conditions, sort};

use super::roster::Roster;
use crate::generate::{BEGIN, DAY, Draw, END, People, time};
use crate::measure::{quantile, thread_cpu_seconds};
use crate::{Options, Result};

/// Questions asked.
const QUESTIONS: u64 = 3_000;
const SORTS: [&str; 8] = [
    "UserName",
    "DisplayName",
    "Phone",
    "Email",
    "Status",
    "CreationTime",
    "LastUpdateTime",
    "LastLoginTime",
];
const STATES: [&str; 4] = ["NORMAL", "FREEZE", "LOCKED", "NOT_ENABLED"];

/// Asks the same questions as every other run and prints the worst of them. Processor seconds: median, 99th
/// percentile, longest.
pub fn run(options: &Options) -> Result<[f64; 3]> {
    let (roster, people) = (Roster::new(options.people), People::new());
    let mut times = Vec::new();
    for number in 0..QUESTIONS {
        let draw = Draw::new(11, number);
        let given: Vec<_> =
            (0..3).map(|place| condition(&people, options.people, Draw::new(draw.bits(place), 0))).collect();
        let order = if draw.chance(20, 50) { "ASC" } else { "DESC" };
        let key = *draw.pick(21, &SORTS);
        let begin = thread_cpu_seconds();
        let filter = conditions(given.iter().map(|(member, value)| (*member, value.as_str())))?;
        let query = Query {
            filter,
            sort: sort(key, order)?,
            offset: offset(draw, options.people),
            limit: 100,
            total: true,
        };
        let (total, rows) = roster.count(&query);
        let took = thread_cpu_seconds() - begin;
        let given: Vec<_> =
            given.iter().map(|(member, value)| format!("{}={value}", member.name())).collect();
        let text = format!("{} by {key} {order} from {}: {rows} of {total}", given.join(" "), query.offset);
        times.push((took, text));
    }
    times.sort_by(|a, b| b.0.total_cmp(&a.0));
    let seconds: Vec<f64> = times.iter().map(|(took, _)| *took).collect();
    for (took, text) in times.iter().take(12) {
        eprintln!("{:8.2} ms  {text}", took * 1e3);
    }
    Ok([0.5, 0.99, 1.0].map(|share| quantile(&seconds, share)))
}

/// Half of the questions want the first page, the others any.
fn offset(draw: Draw, people: u64) -> usize {
    let offset = if draw.chance(22, 50) { 0 } else { draw.below(23, people) >> draw.below(24, 16) };
    usize::try_from(offset).unwrap_or(0)
}

fn condition(people: &People, count: u64, draw: Draw) -> (Member, String) {
    let member = *draw.pick(1, &Member::ALL);
    let person = people.person(draw.below(2, count));
    let text = match member {
        Member::UserName => person.user_name,
        Member::Phone => person.phone.unwrap_or_default(),
        Member::Email => person.email.unwrap_or_default(),
        Member::Keyword if draw.chance(3, 50) => person.id,
        Member::Keyword => person.user_name,
        Member::Status => return (member, (*draw.pick(4, &STATES)).to_owned()),
        Member::CreationTime | Member::LastUpdateTime => {
            let days = (END - BEGIN) / DAY;
            let first = draw.between(5, 0, days);
            let last = draw.between(6, first, days);
            let at = |day: i64| time((BEGIN + day * DAY) * 1000);
            return (member, format!("[{},{}]", at(first), at(last)));
        }
    };
    let length = 1 + draw.below(7, 8) as usize;
    let value = match draw.below(8, 8) {
        0 => format!("\"{text}\""),
        1 | 2 => format!("{}*", piece(&text, 0, length)),
        3 if member != Member::Keyword => {
            let other = people.person(draw.below(9, count));
            let other =
                if member == Member::Email { other.email.unwrap_or_default() } else { other.user_name };
            format!("[{},{}]", (&text).min(&other), (&text).max(&other))
        }
        4 if member != Member::Keyword => "*".to_owned(),
        _ => piece(&text, draw.below(10, text.len() as u64) as usize, length).to_owned(),
    };
    (member, value)
}

/// Some bytes of a plain ASCII text, fewer at its end.
fn piece(text: &str, from: usize, length: usize) -> &str {
    text.get(from..(from + length).min(text.len())).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use search::Filter;

    use super::*;

    #[test]
    fn conditions_are_well_formed() {
        let people = People::new();
        for number in 0..2_000 {
            let (member, value) = condition(&people, 1000, Draw::new(1, number));
            let filter = conditions([(member, value.as_str())]);
            assert!(filter.is_ok_and(|filter| filter != Filter::None), "{member:?} {value}");
        }
    }
}
