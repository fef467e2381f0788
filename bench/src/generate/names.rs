//! Names of people, put together from syllables: pronounceable, distinct, with the repeated beginnings and inner
//! pieces that make searches for parts of a name interesting.

const SYLLABLES: [&str; 32] = [
    "zha", "li", "wan", "chen", "ma", "ro", "ka", "ben", "dor", "el", "fi", "gu", "hai", "in", "jo", "ku",
    "lan", "mei", "nor", "os", "pa", "qi", "ra", "sun", "tao", "ul", "vi", "wei", "xu", "yan", "zo", "ster",
];
const FIRST: u64 = 400;
const LAST: u64 = 1000;
/// A prime a little above ten million: multiplying modulo it visits every number once.
pub const MOST: u64 = 10_000_019;

/// First and last names.
pub struct Names {
    first: Vec<String>,
    last: Vec<String>,
}

impl Names {
    /// All 400 first and 1,000 last names.
    pub fn new() -> Self {
        let syllable = |number: u64| SYLLABLES[(number % 32) as usize];
        let first = |n: u64| {
            let (a, b) = (n / 20, n % 20);
            format!("{}{}", syllable(a), syllable(b * 7 + a + 3))
        };
        let last = |n: u64| {
            let (a, b, c) = (n / 100, n / 10 % 10, n % 10);
            format!("{}{}{}", syllable(a * 3 + 1), syllable(b * 3 + a + 5), syllable(c * 3 + b))
        };
        Names { first: (0..FIRST).map(first).collect(), last: (0..LAST).map(last).collect() }
    }

    /// First name, last name and how many namesakes came before, of person `index` (below [`MOST`]).
    fn parts(&self, index: u64) -> (&str, &str, u64) {
        let shuffled = (index % MOST * 7_368_787 + 1_234_567) % MOST;
        let first = &self.first[(shuffled % FIRST) as usize];
        let last = &self.last[(shuffled / FIRST % LAST) as usize];
        (first, last, shuffled / (FIRST * LAST))
    }

    /// `first.last` or `first.last7`: unique, lower case.
    pub fn user_name(&self, index: u64) -> String {
        match self.parts(index) {
            (first, last, 0) => format!("{first}.{last}"),
            (first, last, namesakes) => format!("{first}.{last}{namesakes}"),
        }
    }

    /// `First Last`: not unique.
    pub fn display_name(&self, index: u64) -> String {
        let (first, last, _) = self.parts(index);
        format!("{} {}", capital(first), capital(last))
    }
}

fn capital(word: &str) -> String {
    let mut word = word.to_owned();
    word[..1].make_ascii_uppercase();
    word
}
