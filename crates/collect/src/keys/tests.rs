//! Tables of authorized_keys lines.

use super::*;

const ED25519: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIBxJkzLWKM+aoIhZEiIQx1RSX+M94n3wGMTqsnsuOO1n";
const NOW: i64 = 1_767_225_600;

fn one(line: &str) -> Key {
    let file = parse(line.as_bytes(), NOW);
    assert_eq!((file.keys.len(), file.bad.len()), (1, 0), "{line}: {:?}", file.bad);
    file.keys.into_iter().next().unwrap()
}

#[test]
fn plain_keys() {
    let key = one(&format!("  ssh-ed25519 {ED25519}  me@here and there \r\n"));
    assert_eq!((key.blob.algorithm.as_str(), key.blob.bits, key.line), ("ssh-ed25519", 256, 1));
    assert_eq!((key.comment.as_str(), key.options_text.as_str()), ("me@here and there", ""));
    assert!(key.effective() && key.base64 == ED25519);
    assert!(key.blob.fingerprint.starts_with("SHA256:") && key.blob.fingerprint.len() == 50);
    let key = one(&format!("ssh-ed25519\t{ED25519}"));
    assert_eq!(key.comment, "");
}

/// OpenSSH writes a key anew before it takes its fingerprint.
#[test]
fn zeros_before_a_number_do_not_count() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let blob = |zeros: usize| {
        let mut bytes = Vec::new();
        let modulus: Vec<u8> = std::iter::repeat_n(0, zeros).chain([0x10; 256]).collect();
        for field in [b"ssh-rsa".as_slice(), &[1, 0, 1], &modulus] {
            bytes.extend(u32::try_from(field.len()).unwrap().to_be_bytes());
            bytes.extend(field);
        }
        one(&format!("ssh-rsa {}", STANDARD.encode(bytes))).blob
    };
    assert_eq!((blob(1).bits, blob(0).bits), (2045, 2045));
    assert_eq!(blob(1).fingerprint, blob(0).fingerprint);
}

#[test]
fn options() {
    let with = |options: &str| one(&format!("{options} ssh-ed25519 {ED25519} c"));
    let key = with(r#"command="echo \"a, b\" #x",no-pty,from="10.0.0.0/8,!h",restrict"#);
    assert_eq!(key.options.command.as_deref(), Some(r#"echo "a, b" #x"#));
    assert_eq!(key.options.from.as_deref(), Some("10.0.0.0/8,!h"));
    assert!(key.options.restrict && key.effective());
    for (options, refused) in [
        ("no-pty", false),
        ("NO-PTY,Restrict", false),
        ("no-restrict", true),
        ("unknown", true),
        ("unknown=\"x\"", true),
        ("command=x", true),
        ("command=\"a\",command=\"b\"", true),
        ("restrict,", true),
        ("restrictx", true),
        ("cert-authority", true),
        ("cert-authority,principals=\"a\"", true),
        ("principals=\"a\"", true),
        ("expiry-time=\"20251231\"", true),
        ("expiry-time=\"20251231235959Z\"", true),
        ("expiry-time=\"20260101Z\"", false),
        ("expiry-time=\"20990101\"", false),
        ("expiry-time=\"20990101\",expiry-time=\"20200101\"", true),
        ("expiry-time=\"soon\"", true),
        ("environment=\"A=b\"", false),
        ("environment=\"A-b\"", true),
        ("tunnel=\"0\",permitopen=\"h:1\",permitlisten=\"2\"", false),
    ] {
        assert_eq!(!with(options).effective(), refused, "{options}");
    }
}

#[test]
fn lines_that_are_no_key() {
    for line in [
        "ssh-ed25519",
        "ssh-ed25519 ",
        "ssh-ed25519 !!!!",
        "ssh-ed25519 AAAA",
        "just text",
        "ssh-foo AAAAC3Nz",
        "command=\"open ssh-ed25519 AAAA",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "ecdsa-sha2-nistp256 AAAAC3NzaC1lZDI1NTE5AAAAIBxJkzLWKM+aoIhZEiIQx1RSX+M94n3wGMTqsnsuOO1n",
    ] {
        let file = parse(format!("\n{line}\n").as_bytes(), NOW);
        assert_eq!((file.keys.len(), file.bad_lines), (0, 1), "{line}");
        assert_eq!(file.bad[0].line, 2);
    }
    assert_eq!(parse(b"# c\n\n   \n\t# d\r\n\r\n", NOW), AuthorizedKeys::default());
}

#[test]
fn the_type_inside_must_be_the_type_outside() {
    let swapped = format!("ssh-rsa {ED25519}");
    assert_eq!(parse(swapped.as_bytes(), NOW).bad[0].reason, BlobError::OtherType.to_string());
    let longer = format!("ssh-ed25519 {ED25519}AAAA");
    assert_eq!(parse(longer.as_bytes(), NOW).bad[0].reason, BlobError::Malformed.to_string());
}

#[test]
fn many_keys_are_bounded() {
    let text = format!("ssh-ed25519 {ED25519}\n").repeat(MAX_KEYS + 5);
    let file = parse(text.as_bytes(), NOW);
    assert!(file.truncated && file.keys.len() == MAX_KEYS);
    let file = parse("x\n".repeat(1000).as_bytes(), NOW);
    assert_eq!((file.bad_lines, file.bad.len()), (1000, 256));
}

proptest::proptest! {
    #[test]
    fn any_bytes_parse(bytes: Vec<u8>) {
        parse(&bytes, NOW);
    }

    #[test]
    fn any_key_like_text_parses(text in "(ssh-ed25519|AAAAC3NzaC1lZDI1NTE5AAAAIBxJ|command=|restrict|expiry-time=|[\"\\\\, =#\n\t]){0,30}") {
        parse(text.as_bytes(), NOW);
    }
}
