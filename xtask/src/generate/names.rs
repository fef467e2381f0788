//! From the vendor's names to Rust's.

/// `UserName` to `user_name`, `IDCMachineCnt` to `idc_machine_cnt`, `InstanceID` to `instance_id`.
pub fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(at + 1);
        let starts_word = c.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase() && *after != 's')
            });
        if starts_word {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// A field name; Rust's own words are escaped.
pub fn field(name: &str) -> String {
    let name = snake_case(name);
    if matches!(name.as_str(), "type" | "match" | "ref" | "in" | "as" | "move") {
        format!("r#{name}")
    } else {
        name
    }
}

/// A constant name: `UserName` to `USER_NAME`.
pub fn constant(name: &str) -> String {
    snake_case(name).to_uppercase()
}

/// `eiam` to `Eiam`.
pub fn capitalised(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A sentence as documentation: brackets and angles would read as links and tags.
pub fn doc(text: &str) -> String {
    let mut out = String::new();
    for c in text.trim().chars() {
        if matches!(c, '[' | ']' | '<' | '>' | '*' | '_' | '`') {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}

/// A Rust string literal.
pub fn literal(text: &str) -> String {
    format!("{text:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_keeps_abbreviations_together() {
        for (name, expected) in [
            ("UserName", "user_name"),
            ("IDCMachineCnt", "idc_machine_cnt"),
            ("InstanceID", "instance_id"),
            ("PrivateIP", "private_ip"),
            ("ClientIPs", "client_ips"),
            ("By", "by"),
            ("LHGeneralDiscountCnt", "lh_general_discount_cnt"),
        ] {
            assert_eq!(snake_case(name), expected);
        }
        assert_eq!(field("Type"), "r#type");
    }
}
