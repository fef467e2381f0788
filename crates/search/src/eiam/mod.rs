//! The EIAM interface's search conditions and sort keys as filters and orders. The grammar of one value is in
//! `grammar`; here stands what each member of `SearchCondition` makes of it.
//!
//! | form | meaning |
//! |---|---|
//! | blanks or nothing | no condition |
//! | `"text"` | exactly this text; `""` is "no value" for Phone and Email, nobody for UserName and Keyword |
//! | `text*` | starts with the text, whatever the case; `*` alone: has a value |
//! | `[a,b]` `{a,b}` and mixed | interval, `[` closed, `{` open; `*` or nothing as bound: no bound |
//! | `text` | contains the text, whatever the case; the state itself for Status, the instant for times |

mod grammar;
mod order;

use std::ops::Bound;

pub use grammar::{Form, Malformed, parse_form};
pub use order::{SortRefusal, default_sort, sort};

use crate::text::{Folded, Number};
use crate::time::parse_time;
use crate::{Field, Filter, Test, people};

/// Longest text of a UserName condition, in characters without its marks.
pub const MAX_USER_NAME: usize = 64;
/// Longest condition of any kind, in characters.
pub const MAX_CONDITION: usize = 512;

/// The states a Status condition may name.
pub const STATES: [&str; 4] = ["NORMAL", "FREEZE", "LOCKED", "NOT_ENABLED"];

/// A member of `SearchCondition`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Member {
    /// Login name.
    UserName,
    /// Phone.
    Phone,
    /// E-mail address.
    Email,
    /// State.
    Status,
    /// When the record was made.
    CreationTime,
    /// When the record last changed.
    LastUpdateTime,
    /// Login name or id.
    Keyword,
}

impl Member {
    /// All members.
    pub const ALL: [Member; 7] = [
        Self::UserName,
        Self::Phone,
        Self::Email,
        Self::Status,
        Self::CreationTime,
        Self::LastUpdateTime,
        Self::Keyword,
    ];

    /// Name in the interface.
    pub fn name(self) -> &'static str {
        match self {
            Self::UserName => "UserName",
            Self::Phone => "Phone",
            Self::Email => "Email",
            Self::Status => "Status",
            Self::CreationTime => "CreationTime",
            Self::LastUpdateTime => "LastUpdateTime",
            Self::Keyword => "Keyword",
        }
    }

    /// Whether the member takes times.
    pub fn is_time(self) -> bool {
        matches!(self, Self::CreationTime | Self::LastUpdateTime)
    }

    /// The attributes it looks at: any of them may match.
    fn fields(self) -> &'static [Field] {
        match self {
            Self::UserName => &[people::USER_NAME],
            Self::Phone => &[people::PHONE],
            Self::Email => &[people::EMAIL],
            Self::Status => &[people::STATUS],
            Self::CreationTime => &[people::CREATED],
            Self::LastUpdateTime => &[people::UPDATED],
            Self::Keyword => &[people::USER_NAME, people::USER_ID],
        }
    }
}

/// Why a condition was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("condition {}: {reason}", member.name())]
pub struct Refusal {
    /// Member whose condition it is.
    pub member: Member,
    /// Which of the two kinds of mistake.
    pub kind: RefusalKind,
    /// What is wrong, in a few English words.
    pub reason: &'static str,
}

/// The two kinds of mistake that the interface tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// Malformed, or a form or state that the member does not take.
    Illegal,
    /// Not a time where one is wanted.
    TimeIllegal,
}

/// Joins the conditions of one request: all have to match; none at all is every row. Mistakes of syntax are reported
/// before mistakes in times, each in the order given.
pub fn conditions<'a>(given: impl IntoIterator<Item = (Member, &'a str)>) -> Result<Filter, Refusal> {
    let mut filters = Vec::new();
    let mut time_refusal = None;
    for (member, value) in given {
        match condition(member, value) {
            Ok(filter) => filters.push(filter),
            Err(refusal) if refusal.kind == RefusalKind::Illegal => return Err(refusal),
            Err(refusal) => time_refusal = time_refusal.or(Some(refusal)),
        }
    }
    time_refusal.map_or_else(|| Ok(Filter::all_of(filters)), Err)
}

/// Reads the condition of one member; blanks are no condition ([`Filter::All`]).
///
/// ```
/// use search::{eiam::{Member, condition}, people, Filter};
/// assert_eq!(condition(Member::UserName, "\"alice\""), Ok(Filter::is(people::USER_NAME, "alice")));
/// ```
pub fn condition(member: Member, value: &str) -> Result<Filter, Refusal> {
    let illegal = |reason| Refusal { member, kind: RefusalKind::Illegal, reason };
    let form = parse_form(value).map_err(|Malformed(reason)| illegal(reason))?;
    let length = if member == Member::UserName { MAX_USER_NAME } else { MAX_CONDITION };
    if form.texts().any(|text| text.chars().count() > length) {
        return Err(illegal("too long"));
    }
    match member {
        _ if form == Form::Blank => Ok(Filter::All),
        Member::CreationTime | Member::LastUpdateTime => {
            time(member, &form).map_err(|reason| Refusal { member, kind: RefusalKind::TimeIllegal, reason })
        }
        Member::Status => status(&form).map_err(illegal),
        Member::Keyword if matches!(form, Form::Range(..)) => Err(illegal("takes no range")),
        _ => Ok(text(member, &form)),
    }
}

/// UserName, Phone, Email and Keyword.
fn text(member: Member, form: &Form<'_>) -> Filter {
    let test = match form {
        Form::Blank => return Filter::All,
        Form::Whole("") => return without_value(member),
        Form::Whole(text) => Test::Is((*text).to_owned()),
        Form::Partial("") | Form::Range(Bound::Unbounded, Bound::Unbounded) => Test::HasValue,
        Form::Partial(text) => Test::Prefix(Folded::new(text)),
        Form::Range(low, high) => text_range(*low, *high),
        Form::Bare(text) => Test::Contains(Folded::new(text)),
    };
    Filter::any_of(member.fields().iter().map(|&field| Filter::test(field, test.clone())))
}

/// Who has the empty text: the people without a phone or address; nobody lacks a name or an id.
fn without_value(member: Member) -> Filter {
    match member {
        Member::Phone | Member::Email => {
            Filter::all_of(member.fields().iter().map(|&field| Filter::has(field).negate()))
        }
        _ => Filter::None,
    }
}

/// A range of numbers when every given bound is one, else of texts.
fn text_range(low: Bound<&str>, high: Bound<&str>) -> Test {
    match (number(low), number(high)) {
        (Some(low), Some(high)) => Test::NumberRange(low, high),
        _ => Test::TextRange(low.map(str::to_owned), high.map(str::to_owned)),
    }
}

fn number(bound: Bound<&str>) -> Option<Bound<Number>> {
    Some(match bound {
        Bound::Unbounded => Bound::Unbounded,
        Bound::Included(text) => Bound::Included(Number::parse(text)?),
        Bound::Excluded(text) => Bound::Excluded(Number::parse(text)?),
    })
}

fn status(form: &Form<'_>) -> Result<Filter, &'static str> {
    let test = match form {
        Form::Blank => return Ok(Filter::All),
        Form::Whole(state) | Form::Bare(state) if STATES.contains(state) => Test::Is((*state).to_owned()),
        Form::Whole(_) | Form::Bare(_) => return Err("unknown state"),
        Form::Partial("") => Test::HasValue,
        Form::Partial(text) => Test::Prefix(Folded::new(text)),
        Form::Range(..) => return Err("takes no range"),
    };
    Ok(Filter::test(people::STATUS, test))
}

fn time(member: Member, form: &Form<'_>) -> Result<Filter, &'static str> {
    const NO_TIME: &str = "not a time of the form YYYY-MM-DDTHH:MM:SS.mmm+0000";
    let read = |text| parse_time(text).map_err(|_| NO_TIME);
    let test = match *form {
        Form::Blank => return Ok(Filter::All),
        Form::Whole(text) | Form::Bare(text) => {
            let instant = read(text)?;
            Test::IntRange(instant, instant)
        }
        Form::Partial(_) => return Err("takes no partial match"),
        Form::Range(Bound::Unbounded, Bound::Unbounded) => Test::HasValue,
        Form::Range(low, high) => Test::IntRange(
            match low {
                Bound::Unbounded => i64::MIN,
                Bound::Included(text) => read(text)?,
                Bound::Excluded(text) => read(text)?.saturating_add(1),
            },
            match high {
                Bound::Unbounded => i64::MAX,
                Bound::Included(text) => read(text)?,
                Bound::Excluded(text) => read(text)?.saturating_sub(1),
            },
        ),
    };
    Ok(Filter::any_of(member.fields().iter().map(|&field| Filter::test(field, test.clone()))))
}

#[cfg(test)]
mod tests;
