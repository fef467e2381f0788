//! Which host a row belongs to: the id it has with us, made of what its source calls it.

use uuid::Uuid;

/// Namespace of ids made from the names that sources give hosts. Fixed for ever: another one would give every
/// imported host a new id.
const NAMESPACE: Uuid = Uuid::from_u128(0x1b7d_93c2_60f5_4c8e_a4d9_3e2f_8b61_75a0);

/// The id of the host that `source` calls `name`: the same at every import.
pub fn quuid(source: &str, name: &str) -> String {
    Uuid::new_v5(&NAMESPACE, format!("{source}\0{name}").as_bytes()).hyphenated().to_string()
}

/// The text as a machine id, when it is one: 32 hexadecimal digits, not all zero, dashes left out.
pub fn machine_id(text: &str) -> Option<String> {
    let id: String = text.trim().chars().filter(|c| *c != '-').collect::<String>().to_ascii_lowercase();
    let sound = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) && id.bytes().any(|b| b != b'0');
    sound.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_and_apart() {
        assert_eq!(quuid("osquery", "web1"), "12e7b2da-9694-5d8e-ae60-100ad00cc29d");
        assert_ne!(quuid("osquery", "web1"), quuid("csv", "web1"));
        assert_eq!(
            machine_id(" 0123456789ABCDEF0123456789abcdef ").as_deref(),
            Some("0123456789abcdef0123456789abcdef")
        );
        assert_eq!((machine_id("0".repeat(32).as_str()), machine_id("web1")), (None, None));
    }
}
