//! Bills, the way that their merchant's dialect goes. In APIv3 (protocol-v3.md C.8) a signed answer names a link and the
//! SHA-1 of the text behind it, and the file behind the link, which is asked for with a signature and comes without one,
//! must have it.

use crate::api::download_bill::{Download, DownloadKind};
use crate::bill::answer::ready_at;
use crate::bill::document::Document;
use crate::bill::source::{Kept, Reading};
use crate::bill::verify::sha1;
use crate::clock::BEIJING;
use crate::error::{Error, Fault, Repeat};
use crate::gateway::client::{ApiClient, MerchantClient};
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::gateway::transport::{Inbox, Received};
use crate::gateway::v3::endpoint::{V3Endpoint, V3Request};
use crate::model::merchant::{Credentials, Merchant};
use crate::wire::v3::json::{JsonError, JsonObject};
use crate::wire::v3::signature::HeaderError;
use crate::wire::v3::target::{build, of_link};
use crate::wire::verified::Verified;
use std::sync::Arc;

impl MerchantClient<'_> {
    /// Downloads a file.
    pub fn download(&self, download: &Download) -> Result<Document, Fault> {
        match &self.api.merchant.credentials {
            Credentials::V2(_) => self.ask(download),
            Credentials::V3(_) => self.by_link(download),
        }
    }

    /// Asks for the link, then for the file behind it.
    fn by_link(&self, download: &Download) -> Result<Document, Fault> {
        let urls = [Some(&self.api.url), self.api.backup_url.as_ref()].into_iter().flatten();
        let link = BillLink { download, hosts: urls.map(|url| url.trim_start_matches("https://")).collect() };
        let Some(linked) = self.ask(&link)? else {
            return download.empty_day().map_err(|e| Fault::new(e.into(), Repeat::Query, None));
        };
        // The link is one host's, and there is no other.
        let url = format!("https://{}", linked.host);
        let api = ApiClient { url, backup_url: None, ..self.api.clone() };
        api.observed_by(self.on_attempt).ask(&BillFile { download, linked })
    }
}

/// The question for a link.
struct BillLink<'d> {
    download: &'d Download,
    /// Where links may lead.
    hosts: Vec<&'d str>,
}

/// Where a bill is, and what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LinkedBill {
    host: String,
    target: String,
    sha1: String,
}

/// The question for what is behind it.
struct BillFile<'d> {
    download: &'d Download,
    linked: LinkedBill,
}

impl BillLink<'_> {
    fn path(&self) -> &'static str {
        match self.download.wanted {
            DownloadKind::Bill(_) => "tradebill",
            DownloadKind::FundFlow(_) => "fundflowbill",
        }
    }

    /// Will there be no bill any more for the day?
    fn is_empty_day(&self) -> bool {
        self.download.asked_at.to_offset(BEIJING) >= ready_at(self.download.date)
    }
}

impl Endpoint for BillLink<'_> {
    type Answer = Option<LinkedBill>;

    fn spec(&self) -> EndpointSpec {
        EndpointSpec::new("/v3/bill", Repeat::Query)
    }

    fn v3(&self) -> Option<&dyn V3Endpoint<Answer = Self::Answer>> {
        Some(self)
    }
}

impl V3Endpoint for BillLink<'_> {
    type Answer = Option<LinkedBill>;

    fn request(&self, merchant: &Merchant) -> Result<V3Request, Error> {
        let date = self.download.date.to_string();
        let account;
        let kind = match self.download.wanted {
            DownloadKind::Bill(kind) => ("bill_type", kind.wire()),
            DownloadKind::FundFlow(wanted) => {
                account = wanted.wire().to_ascii_uppercase();
                ("account_type", account.as_str())
            }
        };
        let sub_mch_id = merchant.sub_mch_id.as_deref().map(|id| ("sub_mchid", id));
        let query = [("bill_date", date.as_str()), kind, ("tar_type", "GZIP")].into_iter().chain(sub_mch_id);
        Ok(V3Request::get(build(["v3", "bill", self.path()], query)))
    }

    fn read(&self, answer: &Verified<JsonObject>, _: &Merchant) -> Result<Self::Answer, Error> {
        linked(answer, &self.hosts).map(Some)
    }

    fn refused(&self, refusal: Error) -> Result<Self::Answer, Error> {
        match &refusal {
            Error::Service { err_code, .. } if err_code == "NO_STATEMENT_EXIST" && self.is_empty_day() => {
                Ok(None)
            }
            _ => Err(refusal),
        }
    }
}

fn linked(answer: &JsonObject, hosts: &[&str]) -> Result<LinkedBill, Error> {
    let part = |name: &'static str| answer.text(name)?.ok_or(JsonError::Missing(name));
    if !part("hash_type")?.eq_ignore_ascii_case("SHA1") {
        return Err(JsonError::Type("hash_type", "SHA1").into());
    }
    let sha1 = part("hash_value")?;
    if sha1.len() != 40 || !sha1.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(JsonError::Type("hash_value", "a SHA-1 in hex").into());
    }
    let link = part("download_url")?;
    let host = link.trim_start_matches("https://").split('/').next().unwrap_or_default();
    let target = of_link(link, hosts).map_err(|_| Error::Mismatch {
        field: "download_url".to_owned(),
        asked: format!("https://{}/", hosts.join("/ or https://")),
        got: link.chars().take(64).collect(),
    })?;
    Ok(LinkedBill { host: host.to_owned(), target: target.to_owned(), sha1: sha1.to_owned() })
}

impl Endpoint for BillFile<'_> {
    type Answer = Document;

    fn spec(&self) -> EndpointSpec {
        EndpointSpec::new("/v3/billdownload", Repeat::Query)
    }

    fn v3(&self) -> Option<&dyn V3Endpoint<Answer = Document>> {
        Some(self)
    }

    fn inbox(&self) -> Option<&Inbox> {
        Some(&self.download.inbox)
    }

    fn read_file(&self, received: &Received) -> Result<Document, Error> {
        let kept = self.download.kept()?;
        if !self.linked.is_of(received, &kept) {
            return Err(HeaderError::OtherFile.into());
        }
        let document = Document::whole(kept, self.download.family(), Some(self.download.date))?;
        document.is_of(self.download.date)?;
        Ok(document)
    }
}

impl V3Endpoint for BillFile<'_> {
    type Answer = Document;

    fn request(&self, _: &Merchant) -> Result<V3Request, Error> {
        Ok(V3Request { takes_file: true, ..V3Request::get(self.linked.target.clone()) })
    }

    fn read(&self, _: &Verified<JsonObject>, _: &Merchant) -> Result<Document, Error> {
        Err(Error::Malformed("a message came instead of a file".into()))
    }
}

impl LinkedBill {
    /// The documentation says in one place that the SHA-1 is of the text, in another that it is of the file.
    fn is_of(&self, received: &Received, kept: &Arc<Kept>) -> bool {
        let same = |found: &str| found.eq_ignore_ascii_case(&self.sha1);
        same(&received.sha1) || sha1(Reading::of(kept)).is_ok_and(|of_text| same(&of_text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bill::content::{Content, Limits};
    use crate::bill::fault::BillError;
    use crate::bill::header::BillType;
    use crate::wire::hex::hex;
    use crate::wire::v3::json;
    use crate::wire::v3::vectors::{group, list, refusal, text};
    use base64::Engine;
    use time::{Date, OffsetDateTime};

    fn day() -> Date {
        time::macros::date!(2026 - 02 - 28)
    }

    fn wanting(wanted: DownloadKind) -> Download {
        let now = OffsetDateTime::from_unix_timestamp(1_772_330_401).unwrap();
        Download::new(wanted, day(), now, &std::env::temp_dir()).unwrap()
    }

    /// What a vector ends in: the text that the file unpacks to, or a word.
    fn ended(inputs: &serde_json::Value) -> Result<String, &'static str> {
        let hosts: Vec<&str> = list(&inputs["configured_hosts"]).collect();
        let said = json::object(text(&inputs["body"]).as_bytes()).unwrap();
        let linked = linked(&said, &hosts).map_err(|error| match error {
            Error::Mismatch { .. } => "foreign_url",
            _ => "malformed",
        })?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(text(&inputs["file_b64"])).unwrap();
        let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &bytes);
        let received = Received { digest: None, sha1: hex(digest.as_ref()) };
        let kept = Arc::new(Kept::Memory(bytes));
        if !linked.is_of(&received, &kept) {
            return Err("hash_mismatch");
        }
        let mut text = Vec::new();
        let mut content = Content::new(Reading::of(&kept), Limits::default()).unwrap();
        content
            .each_block(|block| {
                text.extend_from_slice(block);
                Ok::<_, BillError>(())
            })
            .unwrap();
        Ok(String::from_utf8(text).unwrap())
    }

    #[test]
    fn b4_v18_v19_every_bill_of_the_vectors_is_taken_or_refused_as_it_says() {
        for vector in group("bills") {
            match (ended(&vector["inputs"]), refusal(vector)) {
                (Ok(text), None) => {
                    assert_eq!(text, vector["expected"]["accept"]["text"], "{}", vector["id"]);
                }
                (Err(seen), Some(wanted)) => assert_eq!(seen, wanted, "{}", vector["id"]),
                (ended, wanted) => panic!("{}: {ended:?}, not {wanted:?}", vector["id"]),
            }
        }
    }

    #[test]
    fn a_bill_is_asked_for_by_day_and_kind() {
        use crate::bill::document::AccountType;
        let merchant = crate::gateway::fixtures::v3::provider();
        let target = |wanted| {
            let download = wanting(wanted);
            let link = BillLink { download: &download, hosts: Vec::new() };
            link.request(&merchant).unwrap().target
        };
        let sub = merchant.sub_mch_id.clone().unwrap();
        assert_eq!(
            target(DownloadKind::Bill(BillType::Refund)),
            format!("/v3/bill/tradebill?bill_date=2026-02-28&bill_type=REFUND&tar_type=GZIP&sub_mchid={sub}")
        );
        assert_eq!(
            target(DownloadKind::FundFlow(AccountType::Basic)),
            format!(
                "/v3/bill/fundflowbill?bill_date=2026-02-28&account_type=BASIC&tar_type=GZIP&sub_mchid={sub}"
            )
        );
    }

    #[test]
    fn a_day_without_trade_is_empty_when_its_bill_would_be_there() {
        let mut download = wanting(DownloadKind::Bill(BillType::All));
        let none = || Error::service("NO_STATEMENT_EXIST", None);
        let refused =
            |download: &Download| V3Endpoint::refused(&BillLink { download, hosts: Vec::new() }, none());
        download.asked_at = ready_at(day());
        assert!(matches!(refused(&download), Ok(None)));
        download.asked_at = ready_at(day()) - time::Duration::seconds(1);
        assert!(refused(&download).is_err(), "it may yet come");
    }
}
