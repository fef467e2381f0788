//! The nine questions and the values they are asked with.

use crate::generate::{BEGIN, DAY, Draw, END, People, time};

/// The questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// One user name, exactly.
    Q1,
    /// Beginning of a user name, sorted by shown name, first 50.
    Q2,
    /// The normal ones (90 %), last changed first, first 50.
    Q3,
    /// The same with the total.
    Q4,
    /// A keyword of 5 to 8 letters, sorted by user name, first 50, with the total.
    Q5,
    /// Created within 80 days (about 2 %), sorted by user name, 100 from the 5,000th.
    Q6,
    /// Everybody, sorted by user name, 50 from nine tenths down.
    Q7,
    /// A keyword of 2 letters, sorted by user name, first 50.
    Q8,
    /// The same with the total.
    Q8t,
}

impl Question {
    /// All of them, in order.
    pub const ALL: [Question; 9] =
        [Self::Q1, Self::Q2, Self::Q3, Self::Q4, Self::Q5, Self::Q6, Self::Q7, Self::Q8, Self::Q8t];

    /// What it asks, in few words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Q1 => "exact user name",
            Self::Q2 => "user name prefix, by shown name, 50",
            Self::Q3 => "normal ones (90 %), newest change first, 50",
            Self::Q4 => "the same with the total",
            Self::Q5 => "keyword of 5 to 8 letters, 50, with total",
            Self::Q6 => "80 days of creation, by user name, 100 from 5,000",
            Self::Q7 => "everybody, by user name, 50 from 90 % down",
            Self::Q8 => "keyword of 2 letters, 50",
            Self::Q8t => "the same with the total",
        }
    }

    /// The one condition as ListUsers takes it: member and value.
    pub fn condition(self, values: &Values) -> Option<(&'static str, String)> {
        Some(match self {
            Self::Q1 => ("UserName", format!("\"{}\"", values.name)),
            Self::Q2 => ("UserName", format!("{}*", values.prefix)),
            Self::Q3 | Self::Q4 => ("Status", "NORMAL".into()),
            Self::Q5 => ("Keyword", values.keyword.clone()),
            Self::Q6 => ("CreationTime", format!("[{},{}}}", time(values.from), time(values.to))),
            Self::Q7 => return None,
            Self::Q8 | Self::Q8t => ("Keyword", values.short.clone()),
        })
    }

    /// Sort key and order as ListUsers takes them.
    pub fn sort(self) -> (&'static str, &'static str) {
        match self {
            Self::Q2 => ("DisplayName", "ASC"),
            Self::Q3 | Self::Q4 => ("LastUpdateTime", "DESC"),
            _ => ("UserName", "ASC"),
        }
    }

    /// Whether the total is asked for.
    pub fn wants_total(self) -> bool {
        matches!(self, Self::Q4 | Self::Q5 | Self::Q8t)
    }

    /// First row and number of rows of the page, among `people`.
    pub fn page(self, people: u64) -> (u64, u64) {
        match self {
            Self::Q6 => (5_000.min(people / 200), 100),
            Self::Q7 => (people / 10 * 9, 50),
            _ => (0, 50),
        }
    }
}

/// What a question is asked with.
#[derive(Debug, Clone)]
pub struct Values {
    /// A user name that exists.
    pub name: String,
    /// Its first four characters.
    pub prefix: String,
    /// A piece of 5 to 8 characters of it.
    pub keyword: String,
    /// A piece of two letters of it.
    pub short: String,
    /// Beginning of the creation interval, in milliseconds, inclusive.
    pub from: i64,
    /// Its end, exclusive.
    pub to: i64,
}

/// Makes the values.
pub struct Source {
    people: People,
    count: u64,
}

impl Source {
    /// Values that fit a directory of the first `count` people.
    pub fn new(count: u64) -> Self {
        Source { people: People::new(), count }
    }

    /// The values of asking number `number`.
    pub fn values(&self, number: u64) -> Values {
        let draw = Draw::new(9, number);
        let name = self.people.user_name(draw.below(1, self.count));
        let short = piece(&name, draw, 3, 2);
        let from = draw.between(4, BEGIN, END - 80 * DAY) * 1000;
        Values {
            prefix: name.chars().take(4).collect(),
            keyword: piece(&name, draw, 2, 5 + draw.below(5, 4) as usize),
            short: if short.bytes().all(|b| b.is_ascii_lowercase()) { short } else { "an".into() },
            from,
            to: from + 80 * DAY * 1000,
            name,
        }
    }
}

/// A piece of `length` bytes of a name, which is plain ASCII.
fn piece(name: &str, draw: Draw, salt: u64, length: usize) -> String {
    let length = length.min(name.len());
    let begin = draw.below(salt, (name.len() - length + 1) as u64) as usize;
    name[begin..begin + length].to_owned()
}
