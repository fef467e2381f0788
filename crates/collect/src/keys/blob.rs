//! The public key inside a line: base64 of length-prefixed fields (RFC 4253 section 6.6, RFC 5656, RFC 8709 and
//! OpenSSH's PROTOCOL.u2f and PROTOCOL.certkeys), read far enough to tell algorithm, size and well-formedness.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh_key::Fingerprint;
use ssh_key::sha2::{Digest, Sha256};

/// Longest blob that is taken, in bytes before base64: a 16384-bit RSA key has some 2 KiB, a certificate 8.
pub const MAX_BLOB: usize = 12 * 1024;
/// Smallest RSA modulus OpenSSH reads.
const MIN_RSA_BITS: u32 = 1024;
/// Largest RSA modulus OpenSSH reads.
const MAX_RSA_BITS: u32 = 16384;

/// A public key as found in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Algorithm named inside the blob, such as `ssh-ed25519`.
    pub algorithm: String,
    /// Size of the key in bits.
    pub bits: u32,
    /// `SHA256:` and the unpadded base64 of the digest, as ssh-keygen prints it; of a certificate, that of its key.
    pub fingerprint: String,
    /// A certificate: sshd takes none from an authorized_keys file.
    pub certificate: bool,
}

/// Why a blob is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// Not base64.
    #[error("the key is not base64")]
    Base64,
    /// Longer than [`MAX_BLOB`].
    #[error("the key is too long")]
    TooLong,
    /// Fields missing, too many or malformed.
    #[error("the key is malformed")]
    Malformed,
    /// The blob is of another algorithm than the line says.
    #[error("the key is of another type than the line says")]
    OtherType,
    /// An algorithm OpenSSH does not know.
    #[error("unknown key type")]
    UnknownType,
    /// An RSA modulus outside 1024 to 16384 bits.
    #[error("RSA key of a size that is refused")]
    RsaSize,
}

/// Whether OpenSSH knows a key type of this name.
pub(super) fn is_type(name: &str) -> bool {
    matches!(plain_type(name), "rsa-sha2-256" | "rsa-sha2-512") || Kind::of(plain_type(name)).is_some()
}

/// The type without the suffix of a certificate.
fn plain_type(name: &str) -> &str {
    match name.strip_suffix("-cert-v01@openssh.com") {
        // The security key types carry the domain in the plain name, too.
        Some("sk-ssh-ed25519") => "sk-ssh-ed25519@openssh.com",
        Some("sk-ecdsa-sha2-nistp256") => "sk-ecdsa-sha2-nistp256@openssh.com",
        Some(plain) => plain,
        None => name,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    Dsa,
    Ed25519,
    Ecdsa(&'static str, u32),
    SkEd25519,
    SkEcdsa,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "ssh-rsa" => Self::Rsa,
            "ssh-dss" => Self::Dsa,
            "ssh-ed25519" => Self::Ed25519,
            "ecdsa-sha2-nistp256" => Self::Ecdsa("nistp256", 256),
            "ecdsa-sha2-nistp384" => Self::Ecdsa("nistp384", 384),
            "ecdsa-sha2-nistp521" => Self::Ecdsa("nistp521", 521),
            "sk-ssh-ed25519@openssh.com" => Self::SkEd25519,
            "sk-ecdsa-sha2-nistp256@openssh.com" => Self::SkEcdsa,
            _ => return None,
        })
    }
}

impl Blob {
    /// Decodes the base64 of a line of type `wanted`.
    ///
    /// # Errors
    /// [`BlobError`] when sshd would not read a key of that type from it.
    pub fn parse(wanted: &str, base64: &str) -> Result<Self, BlobError> {
        if base64.len() > MAX_BLOB * 2 {
            return Err(BlobError::TooLong);
        }
        let bytes = STANDARD.decode(base64).map_err(|_| BlobError::Base64)?;
        if bytes.len() > MAX_BLOB {
            return Err(BlobError::TooLong);
        }
        let mut fields = Fields(&bytes);
        let algorithm = std::str::from_utf8(fields.string()?).map_err(|_| BlobError::Malformed)?;
        // The names of the newer RSA signatures stand for the same kind of key.
        let same = algorithm == wanted
            || (algorithm == "ssh-rsa" && matches!(wanted, "rsa-sha2-256" | "rsa-sha2-512"));
        if !same {
            return Err(if is_type(algorithm) { BlobError::OtherType } else { BlobError::UnknownType });
        }
        let plain = plain_type(algorithm);
        let kind = Kind::of(plain).ok_or(BlobError::UnknownType)?;
        let certificate = plain != algorithm;
        if certificate {
            fields.string()?; // the nonce
        }
        let key_fields = fields.0;
        let bits = bits(kind, &mut fields)?;
        let used = key_fields.len() - fields.0.len();
        let fingerprint = fingerprint(kind, plain, key_fields.get(..used).unwrap_or_default())?;
        if certificate {
            certificate_rest(&mut fields)?;
        }
        if !fields.0.is_empty() {
            return Err(BlobError::Malformed);
        }
        Ok(Self { algorithm: algorithm.to_owned(), bits, fingerprint, certificate })
    }
}

/// Fingerprint of the plain key, as OpenSSH writes it anew: numbers without zeros before them that say nothing.
fn fingerprint(kind: Kind, plain: &str, key_fields: &[u8]) -> Result<String, BlobError> {
    let mut digest = Sha256::new();
    let mut string = |zero: bool, bytes: &[u8]| {
        let len = u32::try_from(bytes.len() + usize::from(zero)).unwrap_or(0);
        digest.update(len.to_be_bytes());
        digest.update(if zero { &[0_u8][..] } else { &[] });
        digest.update(bytes);
    };
    string(false, plain.as_bytes());
    let mut fields = Fields(key_fields);
    while !fields.0.is_empty() {
        let bytes = fields.string()?;
        if matches!(kind, Kind::Rsa | Kind::Dsa) {
            let start = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len());
            let number = bytes.get(start..).unwrap_or_default();
            string(number.first().is_some_and(|&first| first & 0x80 != 0), number);
        } else {
            string(false, bytes);
        }
    }
    Ok(Fingerprint::Sha256(digest.finalize().into()).to_string())
}

/// Reads the fields of the key itself and answers its size.
fn bits(kind: Kind, fields: &mut Fields<'_>) -> Result<u32, BlobError> {
    match kind {
        Kind::Rsa => {
            fields.number()?;
            let bits = fields.number()?;
            if (MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) { Ok(bits) } else { Err(BlobError::RsaSize) }
        }
        Kind::Dsa => {
            let bits = fields.number()?;
            for _ in 0..3 {
                fields.number()?;
            }
            Ok(bits)
        }
        Kind::Ed25519 => fields.exactly(32).map(|()| 256),
        Kind::SkEd25519 => {
            fields.exactly(32)?;
            fields.string().map(|_| 256)
        }
        Kind::Ecdsa(curve, bits) => fields.point(curve, bits),
        Kind::SkEcdsa => {
            let bits = fields.point("nistp256", 256)?;
            fields.string().map(|_| bits)
        }
    }
}

/// Serial, type, key id, principals, validity, options, extensions, reserved, authority, signature.
fn certificate_rest(fields: &mut Fields<'_>) -> Result<(), BlobError> {
    fields.take(8 + 4)?;
    fields.string()?;
    fields.string()?;
    fields.take(8 + 8)?;
    for _ in 0..5 {
        fields.string()?;
    }
    Ok(())
}

/// Length-prefixed fields not yet read.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], BlobError> {
        let (field, rest) = self.0.split_at_checked(len).ok_or(BlobError::Malformed)?;
        self.0 = rest;
        Ok(field)
    }

    fn string(&mut self) -> Result<&'a [u8], BlobError> {
        let len = self.take(4)?.iter().fold(0_u64, |len, &byte| len << 8 | u64::from(byte));
        self.take(usize::try_from(len).map_err(|_| BlobError::Malformed)?)
    }

    fn exactly(&mut self, len: usize) -> Result<(), BlobError> {
        if self.string()?.len() == len { Ok(()) } else { Err(BlobError::Malformed) }
    }

    /// Size in bits of a positive number.
    fn number(&mut self) -> Result<u32, BlobError> {
        let bytes = self.string()?;
        if bytes.first().is_some_and(|&first| first & 0x80 != 0) {
            return Err(BlobError::Malformed);
        }
        let significant = bytes.iter().position(|&byte| byte != 0).and_then(|start| bytes.get(start..));
        let Some((first, rest)) = significant.and_then(<[u8]>::split_first) else {
            return Err(BlobError::Malformed);
        };
        let rest = u32::try_from(rest.len()).map_err(|_| BlobError::Malformed)?;
        Ok(rest * 8 + (8 - first.leading_zeros()))
    }

    /// Curve name and an uncompressed point on it (whether it lies on the curve is not checked).
    fn point(&mut self, curve: &str, bits: u32) -> Result<u32, BlobError> {
        let name = self.string()?;
        let point = self.string()?;
        let coordinate = usize::try_from(bits.div_ceil(8)).map_err(|_| BlobError::Malformed)?;
        let sound =
            name == curve.as_bytes() && point.len() == 1 + 2 * coordinate && point.first() == Some(&4);
        if sound { Ok(bits) } else { Err(BlobError::Malformed) }
    }
}
