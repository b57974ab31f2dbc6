//! Every cause has a sentence, and none shows Rust's own names.

use super::*;
use rustls::client::VerifierBuilderError;
use rustls::pki_types::UnixTime;
use rustls::{CertRevocationListError, InvalidMessage, OtherError, PeerMisbehaved};
use std::sync::Arc;

/// A sentence of ours: no CamelCase, no brackets of Debug.
fn is_plain(sentence: &str) -> bool {
    let is_camel = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric()).trim_end_matches("'s");
        word.len() > 3
            && word.chars().next().is_some_and(char::is_uppercase)
            && word.chars().skip(1).any(char::is_lowercase)
            && word.chars().skip(1).any(char::is_uppercase)
    };
    !sentence.is_empty()
        && !sentence.contains(['{', '}', '[', ']', '_'])
        && !sentence.split_whitespace().any(is_camel)
}

fn webpki_errors() -> Vec<webpki::Error> {
    use webpki::Error::*;
    let (time, not_after, not_before) = (UnixTime::now(), UnixTime::now(), UnixTime::now());
    vec![
        BadDer,
        BadDerTime,
        CaUsedAsEndEntity,
        CertDistrusted,
        CertExpired { time, not_after },
        CertNotValidYet { time, not_before },
        CertRevoked,
        CrlExpired { time, next_update: time },
        EmptyEkuExtension,
        EndEntityUsedAsCa,
        ExtensionValueInvalid,
        InvalidCertValidity,
        InvalidCrlNumber,
        InvalidNetworkMaskConstraint,
        InvalidSerialNumber,
        InvalidCrlSignatureForPublicKey,
        InvalidSignatureForPublicKey,
        IssuerNotCrlSigner,
        MalformedDnsIdentifier,
        MalformedExtensions,
        MalformedNameConstraint,
        MaximumNameConstraintComparisonsExceeded,
        MaximumPathBuildCallsExceeded,
        MaximumPathDepthExceeded,
        MaximumSignatureChecksExceeded,
        NameConstraintViolation,
        PathLenConstraintViolated,
        SignatureAlgorithmMismatch,
        UnknownIssuer,
        UnknownRevocationStatus,
        UnsupportedCertVersion,
        UnsupportedCriticalExtension,
        UnsupportedCrlIssuingDistributionPoint,
        UnsupportedCrlVersion,
        UnsupportedDeltaCrl,
        UnsupportedIndirectCrl,
        UnsupportedNameType,
        UnsupportedRevocationReason,
        UnsupportedRevocationReasonsPartitioning,
    ]
}

fn certificate_errors() -> Vec<CertificateError> {
    use CertificateError::*;
    let (time, other) = (UnixTime::now(), UnixTime::now());
    let mut all = vec![
        BadEncoding,
        Expired,
        ExpiredContext { time, not_after: other },
        NotValidYet,
        NotValidYetContext { time, not_before: other },
        Revoked,
        UnhandledCriticalExtension,
        UnknownIssuer,
        UnknownRevocationStatus,
        ExpiredRevocationList,
        ExpiredRevocationListContext { time, next_update: other },
        BadSignature,
        UnsupportedSignatureAlgorithmContext { signature_algorithm_id: vec![], supported_algorithms: vec![] },
        UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id: vec![],
            public_key_algorithm_id: vec![],
        },
        NotValidForName,
        NotValidForNameContext {
            expected: "a.example".try_into().unwrap(),
            presented: vec!["DnsName(\"x\")".into()],
        },
        InvalidPurpose,
        InvalidPurposeContext { required: rustls::ExtendedKeyPurpose::ServerAuth, presented: vec![] },
        InvalidOcspResponse,
        ApplicationVerificationFailure,
        Other(OtherError(Arc::new(VerifierBuilderError::NoRootAnchors))),
    ];
    all.extend(webpki_errors().into_iter().map(|e| Other(OtherError(Arc::new(e)))));
    all
}

fn all() -> Vec<Error> {
    use Error::*;
    let mut all = vec![
        InappropriateMessage { expect_types: vec![], got_type: rustls::ContentType::Alert },
        InappropriateHandshakeMessage { expect_types: vec![], got_type: rustls::HandshakeType::Finished },
        InvalidMessage(self::InvalidMessage::InvalidContentType),
        NoCertificatesPresented,
        UnsupportedNameType,
        DecryptError,
        EncryptError,
        PeerMisbehaved(self::PeerMisbehaved::TooManyEmptyFragments),
        InvalidCertRevocationList(CertRevocationListError::BadSignature),
        General("Some(Debug)".into()),
        FailedToGetCurrentTime,
        FailedToGetRandomBytes,
        HandshakeNotComplete,
        PeerSentOversizedRecord,
        NoApplicationProtocol,
        BadMaxFragmentSize,
        InconsistentKeys(rustls::InconsistentKeys::KeyMismatch),
        Other(OtherError(Arc::new(VerifierBuilderError::NoRootAnchors))),
        PeerIncompatible(self::PeerIncompatible::NoCipherSuitesInCommon),
        PeerIncompatible(self::PeerIncompatible::ServerDoesNotSupportTls12Or13),
        PeerIncompatible(self::PeerIncompatible::NullCompressionRequired),
    ];
    all.extend(certificate_errors().into_iter().map(InvalidCertificate));
    all.extend((0..=255_u8).map(|n| AlertReceived(AlertDescription::from(n))));
    all
}

#[test]
fn r50_every_cause_of_tls_has_a_sentence_without_rusts_names() {
    for error in all() {
        let said = sentence(&error);
        assert!(is_plain(&said) || said == "no trust anchors provided", "{said}");
    }
}

#[test]
fn r50_a_ca_used_as_a_server_says_what_to_do() {
    let error = CertificateError::Other(OtherError(Arc::new(webpki::Error::CaUsedAsEndEntity)));
    assert!(certificate(&error).contains("a CA's, used as a server's"));
}

#[test]
fn r33_each_alert_about_the_certificate_says_so() {
    for alert in (0..=255_u8).map(AlertDescription::from).filter(|a| is_about_our_certificate(*a)) {
        let said = alerted(alert);
        assert!(said.contains("client certificate"), "{said}");
    }
}
