//! Why a server's certificate was not taken, and what to do about it, in words.

use std::error::Error as _;

use rustls::{CertificateError, Error as Tls};

/// What is known of a call that failed for its certificate; `None` when it failed for something else.
pub fn explain(error: &ureq::Error) -> Option<(String, &'static str)> {
    let tls = match error {
        ureq::Error::Rustls(tls) => tls,
        ureq::Error::Io(io) => io.get_ref()?.downcast_ref::<Tls>()?,
        _ => error.source()?.downcast_ref::<Tls>()?,
    };
    match tls {
        Tls::InvalidCertificate(why) => Some(of_certificate(why)),
        Tls::InvalidMessage(_) => {
            Some(("it does not speak TLS".to_owned(), "use the address the server prints when it starts"))
        }
        _ => None,
    }
}

fn of_certificate(why: &CertificateError) -> (String, &'static str) {
    use CertificateError as C;
    let own =
        "name the certificate of its authority (or its own, when that signs itself): `enroll --ca FILE`";
    let (what, next) = match why {
        C::UnknownIssuer => ("its certificate is signed by nobody who is trusted here".to_owned(), own),
        C::BadSignature => ("its certificate is not signed by the authority it names".to_owned(), own),
        C::NotValidForName | C::NotValidForNameContext { .. } => (
            format!("its certificate is for another name: {why}"),
            "use a name the certificate is for, or make one for this name (subjectAltName)",
        ),
        C::Expired | C::ExpiredContext { .. } | C::NotValidYet | C::NotValidYetContext { .. } => (
            format!("its certificate is not valid now: {why}"),
            "renew the certificate on the server, or set the clock of this host",
        ),
        C::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => (
            "its certificate is that of an authority, not of a server".to_owned(),
            "make one for the server (with openssl: `-addext basicConstraints=critical,CA:FALSE`)",
        ),
        _ => (format!("its certificate cannot be used: {why}"), "make another certificate for the server"),
    };
    (what, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certificates_are_explained() {
        let io = |tls: Tls| ureq::Error::Io(std::io::Error::new(std::io::ErrorKind::InvalidData, tls));
        let (what, next) = explain(&io(Tls::InvalidCertificate(CertificateError::UnknownIssuer))).unwrap();
        assert!(what.contains("certificate") && next.contains("--ca"));
        let (_, next) = explain(&ureq::Error::Rustls(CertificateError::Expired.into())).unwrap();
        assert!(next.contains("clock"));
        assert_eq!(explain(&ureq::Error::ConnectionFailed), None);
        assert_eq!(explain(&ureq::Error::Io(std::io::ErrorKind::TimedOut.into())), None);
    }
}
