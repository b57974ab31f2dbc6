//! Why TLS failed, in sentences: every cause that rustls and webpki know has one. None shows Rust's own names.

use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

/// The cause of any fault of TLS.
pub fn sentence(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(reason) => certificate(reason),
        Error::AlertReceived(alert) => format!("it ended the handshake: {}", alerted(*alert)),
        Error::PeerIncompatible(reason) => incompatible(reason).into(),
        Error::Other(other) => webpki_words(other.0.as_ref()).into(),
        other => plain(other).into(),
    }
}

fn plain(error: &Error) -> &'static str {
    match error {
        Error::InvalidMessage(_) => "what it sent is no TLS",
        Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerMisbehaved(_)
        | Error::PeerSentOversizedRecord
        | Error::InvalidEncryptedClientHello(_) => "it broke the rules of TLS",
        Error::DecryptError => "what it sent cannot be decrypted: it was damaged or changed on its way",
        Error::EncryptError | Error::BadMaxFragmentSize | Error::General(_) => "TLS failed on this machine",
        Error::NoCertificatesPresented => "it has shown no certificate",
        Error::UnsupportedNameType => "its name is of a kind that certificates do not have",
        Error::InvalidCertRevocationList(_) => "a list of revoked certificates cannot be used",
        Error::FailedToGetCurrentTime => "this machine does not tell the time",
        Error::FailedToGetRandomBytes => "this machine gives no random bytes",
        Error::HandshakeNotComplete => "the handshake has not ended",
        Error::NoApplicationProtocol => "it does not speak HTTP/1.1 over TLS",
        Error::InconsistentKeys(_) => "certificate and private key do not belong together",
        _ => "TLS failed for a reason that has no name here",
    }
}

/// Why the peer's certificate was refused.
pub fn certificate(reason: &CertificateError) -> String {
    if let CertificateError::Other(other) = reason {
        // Words of ours stand for themselves.
        return match other.0.downcast_ref::<webpki::Error>() {
            Some(_) => webpki_words(other.0.as_ref()).into(),
            None => other.0.to_string(),
        };
    }
    let words = match reason {
        CertificateError::BadEncoding => "its certificate is damaged",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet"
        }
        CertificateError::Revoked => "its certificate was revoked",
        CertificateError::UnhandledCriticalExtension => {
            "its certificate has a critical extension that nobody here understands"
        }
        CertificateError::UnknownIssuer => "its certificate is signed by somebody who is not trusted",
        CertificateError::UnknownRevocationStatus => "nobody says whether its certificate was revoked",
        CertificateError::ExpiredRevocationList | CertificateError::ExpiredRevocationListContext { .. } => {
            "the list of revoked certificates is out of date"
        }
        CertificateError::BadSignature => "the signature of its certificate is wrong",
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "its certificate is signed in a way that is not supported (SHA-1, say)"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate belongs to another host"
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its certificate is not meant for servers"
        }
        CertificateError::InvalidOcspResponse => "what it says about revocation (OCSP) is not valid",
        CertificateError::ApplicationVerificationFailure => "its certificate was refused",
        // Also the deprecated word for an unsupported signature.
        _ => "its certificate cannot be verified: it is signed or written in a way that is not supported",
    };
    words.into()
}

/// What webpki says beyond rustls' own words.
fn webpki_words(error: &(dyn std::error::Error + 'static)) -> &'static str {
    use webpki::Error;
    let Some(error) = error.downcast_ref::<Error>() else {
        return "TLS failed for a reason that has no name here";
    };
    match error {
        Error::CaUsedAsEndEntity => {
            "its certificate is a CA's, used as a server's: issue one for the host with that CA (or without CA:TRUE)"
        }
        Error::EndEntityUsedAsCa => {
            "its certificate is signed with one that is no CA's: the CA file must hold certificates with CA:TRUE"
        }
        Error::PathLenConstraintViolated => "its chain is longer than one of its CAs allows",
        Error::NameConstraintViolation => "its name is not one that its CA may certify",
        Error::UnsupportedCertVersion => "a certificate of its chain is not of X.509 version 3",
        Error::UnsupportedCriticalExtension => {
            "its certificate has a critical extension that nobody here understands"
        }
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            "its certificate is not meant for servers"
        }
        Error::CertDistrusted => "its certificate is not trusted any more",
        Error::CertRevoked => "its certificate was revoked",
        Error::UnknownIssuer => "its certificate is signed by somebody who is not trusted",
        Error::CertExpired { .. } => "its certificate has expired",
        Error::CertNotValidYet { .. } => "its certificate is not valid yet",
        Error::CertNotValidForName(_) => "its certificate belongs to another host",
        Error::InvalidCertValidity => "its certificate ends before it begins",
        Error::InvalidSignatureForPublicKey | Error::SignatureAlgorithmMismatch => {
            "the signature of its certificate is wrong"
        }
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "its certificate is signed in a way that is not supported (SHA-1, say)"
        }
        Error::MaximumPathDepthExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumSignatureChecksExceeded
        | Error::MaximumNameConstraintComparisonsExceeded => {
            "its chain of certificates is too long or too involved"
        }
        Error::CrlExpired { .. } => "the list of revoked certificates is out of date",
        Error::UnknownRevocationStatus => "nobody says whether its certificate was revoked",
        _ => "its certificate is damaged, or written in a way that is not supported",
    }
}

fn incompatible(reason: &PeerIncompatible) -> &'static str {
    match reason {
        PeerIncompatible::NoCipherSuitesInCommon
        | PeerIncompatible::NoKxGroupsInCommon
        | PeerIncompatible::NoEcPointFormatsInCommon
        | PeerIncompatible::NoSignatureSchemesInCommon
        | PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon => {
            "it knows none of the ciphers and signatures that are safe enough here"
        }
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::SupportedVersionsExtensionRequired
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled => "it speaks neither TLS 1.2 nor 1.3",
        _ => "it lacks a part of TLS that is needed here",
    }
}

/// Does this alert refuse our certificate?
pub fn is_about_our_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::CertificateRequired
    )
}

/// What a peer says when it ends TLS.
pub fn alerted(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::CloseNotify | AlertDescription::UserCanceled => "it does not want to go on",
        AlertDescription::NoCertificate | AlertDescription::CertificateRequired => {
            "it wants a client certificate"
        }
        AlertDescription::BadCertificate => "it finds the client certificate bad",
        AlertDescription::UnsupportedCertificate => "it does not support the client certificate's kind",
        AlertDescription::CertificateRevoked => "it says that the client certificate was revoked",
        AlertDescription::CertificateExpired => "it says that the client certificate has expired",
        AlertDescription::CertificateUnknown => "it cannot use the client certificate",
        AlertDescription::UnknownCA => "it does not know who has issued the client certificate",
        AlertDescription::AccessDenied => "it does not let this client certificate in",
        AlertDescription::CertificateUnobtainable
        | AlertDescription::BadCertificateStatusResponse
        | AlertDescription::BadCertificateHashValue => "it cannot check a certificate",
        AlertDescription::HandshakeFailure
        | AlertDescription::InsufficientSecurity
        | AlertDescription::ExportRestriction => {
            "it knows none of the ciphers and signatures that are safe enough here, or misses a client certificate"
        }
        AlertDescription::ProtocolVersion | AlertDescription::InappropriateFallback => {
            "it does not speak TLS 1.2 or 1.3"
        }
        AlertDescription::UnrecognisedName => "it does not know the host name that it was asked for",
        AlertDescription::NoApplicationProtocol => "it does not speak HTTP/1.1 over TLS",
        AlertDescription::InternalError => "it is in trouble itself",
        AlertDescription::BadRecordMac
        | AlertDescription::DecryptionFailed
        | AlertDescription::DecryptError
        | AlertDescription::DecodeError
        | AlertDescription::DecompressionFailure
        | AlertDescription::RecordOverflow => "what was sent to it was damaged or changed on its way",
        AlertDescription::UnexpectedMessage
        | AlertDescription::IllegalParameter
        | AlertDescription::MissingExtension
        | AlertDescription::UnsupportedExtension
        | AlertDescription::NoRenegotiation
        | AlertDescription::UnknownPSKIdentity
        | AlertDescription::EncryptedClientHelloRequired => "it cannot use what TLS here has sent",
        _ => "it gave a reason that TLS does not know",
    }
}

#[cfg(test)]
mod tests;
