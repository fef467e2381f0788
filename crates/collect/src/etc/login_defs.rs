//! login.defs(5): the defaults that useradd(8) and passwd(1) apply to new accounts and passwords. They decide nothing
//! about an account that exists (shadow(5) does), so they are facts of the host.

use model::facts::LoginDefs;

use crate::text::lossy;

/// Parses the file: a name, blanks, a value. The last line of a name wins, as in the shadow tools; values that are
/// not of the expected kind count as not given.
pub fn login_defs(bytes: &[u8]) -> LoginDefs {
    let mut defs = LoginDefs::default();
    for line in bytes.split(|b| *b == b'\n').map(lossy) {
        let mut words = line.split_whitespace();
        let (Some(name), Some(value)) = (words.next(), words.next()) else { continue };
        let value = value.trim_matches('"');
        let place = match name {
            "PASS_MAX_DAYS" => &mut defs.pass_max_days,
            "PASS_MIN_DAYS" => &mut defs.pass_min_days,
            "PASS_WARN_AGE" => &mut defs.pass_warn_age,
            "UID_MIN" => &mut defs.uid_min,
            "UID_MAX" => &mut defs.uid_max,
            "ENCRYPT_METHOD" => {
                defs.encrypt_method = Some(value.to_owned());
                continue;
            }
            _ => continue,
        };
        *place = value.parse().ok();
    }
    defs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_read() {
        let text = b"# comment\nPASS_MAX_DAYS\t99999\nPASS_MIN_DAYS 0\n#PASS_WARN_AGE 3\nPASS_WARN_AGE 7\n\
            UID_MIN\t\t 1000\nUID_MAX many\nENCRYPT_METHOD YESCRYPT\nUMASK 022\nPASS_MAX_DAYS 90\n";
        let defs = login_defs(text);
        assert_eq!(
            (defs.pass_max_days, defs.pass_min_days, defs.pass_warn_age),
            (Some(90), Some(0), Some(7))
        );
        assert_eq!((defs.uid_min, defs.uid_max), (Some(1000), None));
        assert_eq!(defs.encrypt_method.as_deref(), Some("YESCRYPT"));
        assert_eq!(login_defs(b"\xff\xfe \n\0"), LoginDefs::default());
    }
}
