//! What OpenSSL reads is read, and what is not read is named.

use super::*;
use crate::gateway::fixtures::certificates::CertificateAuthority;
use proptest::prelude::*;

fn pem(label: &str, base64: &str) -> String {
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
}

fn one() -> String {
    CertificateAuthority::new("one").pem
}

fn refusal(text: impl AsRef<[u8]>) -> String {
    certificates(text.as_ref()).unwrap_err()
}

/// How one good certificate may be dressed up.
fn dressed(pem: &str) -> impl Strategy<Value = Vec<u8>> {
    let ends = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    let before = prop::sample::select(vec![
        "",
        "\u{FEFF}",
        "Bag Attributes\n    friendlyName: tea\nsubject=CN = x\n",
        "# ours: 1\n\n",
        "\u{FEFF}text\n",
    ]);
    let indent = prop::sample::select(vec!["", " ", "\t", "    "]);
    let trail = prop::sample::select(vec!["", " ", "  \t"]);
    let behind = prop::sample::select(vec!["", "\n\n", "text behind\n", " "]);
    let label = prop::sample::select(vec!["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"]);
    let width = prop::sample::select(vec![1_usize, 7, 64, 76, 100_000]);
    let body: String = pem.lines().filter(|l| !l.starts_with('-')).collect();
    (ends, before, (indent, trail), behind, label, width, any::<bool>()).prop_map(
        move |(end, before, (indent, trail), behind, label, width, blank)| {
            let lines: Vec<&str> =
                body.as_bytes().chunks(width).map(|c| std::str::from_utf8(c).unwrap()).collect();
            let gap = if blank { "\n" } else { "" };
            let block =
                format!("-----BEGIN {label}-----\n{gap}{}\n-----END {label}-----\n", lines.join("\n"));
            let block: Vec<String> = block.lines().map(|l| format!("{indent}{l}{trail}\n")).collect();
            let block = block.concat();
            format!("{before}{block}{behind}").replace('\n', end).into_bytes()
        },
    )
}

proptest! {
    #[test]
    fn r31_a_certificate_is_read_however_its_file_is_dressed(
        text in dressed(include_str!("../../../php-tests/fixtures/certificate.pem")),
    ) {
        prop_assert!(is_pem(&text));
        let plain = certificates(include_bytes!("../../../php-tests/fixtures/certificate.pem")).unwrap();
        prop_assert_eq!(certificates(&text).unwrap(), plain);
    }

    #[test]
    fn r31_no_text_makes_the_reader_panic_and_nothing_of_it_is_shown(text in "(-----(BEGIN|END) [A-Z]{0,4}-----|secret|[\n\r: =]|--BEGIN ){0,12}") {
        for error in [certificates(text.as_bytes()).err(), private_key(text.as_bytes()).err()].into_iter().flatten() {
            prop_assert!(!error.contains("secret"), "{}", error);
        }
    }
}

#[test]
fn r31_each_block_of_a_file_is_read_wherever_a_bom_stands() {
    let (one, two) = (one(), one());
    let both = certificates(format!("\u{FEFF}{one}\u{FEFF}{two}").as_bytes()).unwrap();
    assert_eq!(both.len(), 2);
    assert_ne!(both[0], both[1]);
    assert_eq!(certificates(format!("{one}\n  {}", two.replace('\n', "\n  ")).as_bytes()).unwrap(), both);
}

#[test]
fn r31_what_cannot_be_read_is_named_though_another_block_can() {
    let good = one();
    let crl = pem("X509 CRL", "AAAA");
    for (bad, says) in [
        (pem("CERTIFICATE", "AAAA"), "block 2 (CERTIFICATE) cannot be read as a certificate"),
        (pem("CERTIFICATE", "A?AA"), "block 2 (CERTIFICATE) is no Base64"),
        (pem("CERTIFICATE", ""), "block 2 (CERTIFICATE) is no Base64"),
        (crl, "block 2 (X509 CRL) in it, which is no certificate"),
        (pem("CERTIFICATE REQUEST", "AAAA"), "block 2 (CERTIFICATE REQUEST)"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n".into(), "block 2 (CERTIFICATE) has no END line"),
        (format!("-----BEGIN CERTIFICATE-----\n{good}"), "block 2 (CERTIFICATE) has no END line"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END KEY-----\n".into(),
            "block 2 (CERTIFICATE) has no END line",
        ),
        ("-----END CERTIFICATE-----\n".into(), "the end of a CERTIFICATE, but not its beginning"),
        (good.replace('\n', "\\n"), "a line of their own"),
        (good.replace('\n', " "), "a line of their own"),
        ("----BEGIN CERTIFICATE----\nAAAA\n".into(), "a line of their own"),
    ] {
        let error = refusal(format!("{good}{bad}"));
        assert!(error.contains(says), "{says}: {error}");
    }
    assert!(refusal(b"\xFF\xFE-\0-\0").contains("UTF-16"));
    assert_eq!(refusal("no PEM at all"), "has no certificate in it");
}

#[test]
fn r31_keys_and_parameters_may_stand_beside_a_certificate() {
    let text =
        format!("{}{}{}", pem("EC PARAMETERS", "BggqhkjOPQMBBw=="), pem("RSA PRIVATE KEY", "AAAA"), one());
    assert_eq!(certificates(text.as_bytes()).unwrap().len(), 1);
    let text = format!("{}{}", pem("EC PARAMETERS", "BggqhkjOPQMBBw=="), pem("EC PRIVATE KEY", "AAAA"));
    assert!(matches!(private_key(text.as_bytes()), Ok(PrivateKeyDer::Sec1(_))));
    assert!(matches!(private_key(pem("RSA PRIVATE KEY", "AAAA").as_bytes()), Ok(PrivateKeyDer::Pkcs1(_))));
    assert!(matches!(private_key(pem("PRIVATE KEY", "AAAA").as_bytes()), Ok(PrivateKeyDer::Pkcs8(_))));
}

#[test]
fn r31_a_key_that_cannot_be_used_is_refused_by_its_cause() {
    let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    for (text, says) in [
        (pem("ENCRYPTED PRIVATE KEY", "AAAA"), "is encrypted"),
        (old.into(), "is encrypted"),
        (pem("OPENSSH PRIVATE KEY", "AAAA"), "in the form OPENSSH PRIVATE KEY"),
        (pem("DSA PRIVATE KEY", "AAAA"), "in the form DSA PRIVATE KEY"),
        (pem("PUBLIC KEY", "AAAA"), "is none: what stands there is PUBLIC KEY"),
        (one(), "is none: what stands there is CERTIFICATE"),
        ("MIIEvQ\n".into(), "is none: what stands there is no PEM"),
    ] {
        let error = private_key(text.as_bytes()).unwrap_err();
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[test]
fn r31_a_trusted_certificate_that_is_not_trusted_for_servers_is_refused() {
    use base64::engine::general_purpose::STANDARD;
    let der = certificates(one().as_bytes()).unwrap().remove(0);
    let servers = b"\x06\x08\x2B\x06\x01\x05\x05\x07\x03\x01".as_slice();
    let mail = b"\x06\x08\x2B\x06\x01\x05\x05\x07\x03\x04".as_slice();
    let list = |tag: u8, oid: &[u8]| [&[0x30, 12, tag, 10], oid].concat();
    for (conditions, taken) in [
        (Vec::new(), true),
        (list(0x30, servers), true),
        (list(0x30, mail), false),
        (list(0xA0, servers), false),
        (list(0xA0, mail), true),
        (b"\x30\x05\x0C\x03tea".to_vec(), true),
        (b"\x30\x05".to_vec(), false),
    ] {
        let text = pem("TRUSTED CERTIFICATE", &STANDARD.encode([&*der, &conditions].concat()));
        assert_eq!(certificates(text.as_bytes()).is_ok(), taken, "{conditions:?}");
    }
}
