//! downloadbill and downloadfundflow: a day's bill, which is text or gzip and signed by nobody (docs/protocol.md E).

use crate::bill::answer::Meaning;
use crate::bill::document::{AccountType, Document, Family};
use crate::bill::empty;
use crate::bill::fault::BillError;
use crate::bill::header::BillType;
use crate::bill::source::{Kept, Reading};
use crate::bill::verify::sha1;
use crate::clock::BEIJING;
use crate::error::{Error, Repeat};
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::gateway::transport::{Inbox, Received};
use crate::model::ours::Ours;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::sign::SignType;
use std::io;
use std::path::Path;
use std::sync::Arc;
use time::{Date, OffsetDateTime};

/// The most that a bill may have as it comes: some forty million rows, packed.
const MOST_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// What is downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DownloadKind {
    /// A trade bill of that type.
    Bill(BillType),
    /// The fund flow of that account.
    FundFlow(AccountType),
}

/// One download: into a file without a name, which is gone with whoever holds it.
#[derive(Debug)]
pub struct Download {
    /// What.
    pub(super) wanted: DownloadKind,
    /// Of which day.
    pub(super) date: Date,
    /// When it is asked for.
    pub(super) asked_at: OffsetDateTime,
    /// Where it goes.
    pub(super) inbox: Inbox,
}

impl Download {
    /// Prepares the file, in a folder for such files. `asked_at` tells a day without trade from a bill that is not
    /// there yet.
    pub fn new(
        wanted: DownloadKind,
        date: Date,
        asked_at: OffsetDateTime,
        folder: &Path,
    ) -> io::Result<Self> {
        Ok(Self { wanted, date, asked_at, inbox: Inbox::new(tempfile::tempfile_in(folder)?, MOST_BYTES) })
    }

    /// What came.
    pub(super) fn kept(&self) -> Result<Arc<Kept>, BillError> {
        let file = self.inbox.file().map_err(|e| BillError::Unreadable(e.to_string()))?;
        Ok(Arc::new(Kept::File(file)))
    }

    /// How it is read.
    pub(super) fn family(&self) -> Family {
        match self.wanted {
            DownloadKind::Bill(_) => Family::Trades,
            DownloadKind::FundFlow(_) => Family::Flows,
        }
    }

    /// A day on which nothing was traded: its bill has no rows.
    pub(super) fn empty_day(&self) -> Result<Document, BillError> {
        let kind = match self.wanted {
            DownloadKind::Bill(kind) => kind,
            DownloadKind::FundFlow(_) => BillType::FundFlow,
        };
        let kept = Arc::new(Kept::Memory(empty::bill(kind).into_bytes()));
        Document::whole(kept, self.family(), Some(self.date))
    }
}

impl Endpoint for Download {
    type Answer = Document;

    fn spec(&self) -> EndpointSpec {
        match self.wanted {
            DownloadKind::Bill(_) => EndpointSpec::new("/pay/downloadbill", Repeat::Query),
            DownloadKind::FundFlow(_) => EndpointSpec {
                certificate: true,
                fixed: Some(SignType::HmacSha256),
                ..EndpointSpec::new("/pay/downloadfundflow", Repeat::Query)
            },
        }
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        let (year, month, day) = self.date.to_calendar_date();
        fields.set("bill_date", format!("{year:04}{:02}{day:02}", u8::from(month)));
        match self.wanted {
            DownloadKind::Bill(kind) => fields.set("bill_type", kind.wire()),
            DownloadKind::FundFlow(account) => fields.set("account_type", account.wire()),
        }
        fields.set("tar_type", "GZIP");
        fields
    }

    fn read(&self, _: Ours<Fields>) -> Result<Document, Error> {
        Err(Error::Malformed("a message came instead of a file".into()))
    }

    fn inbox(&self) -> Option<&Inbox> {
        Some(&self.inbox)
    }

    fn read_file(&self, received: &Received) -> Result<Document, Error> {
        let kept = self.kept()?;
        match Document::whole(kept.clone(), self.family(), Some(self.date)) {
            Ok(document) => {
                same_digest(received, &kept)?;
                document.is_of(self.date)?;
                Ok(document)
            }
            Err(BillError::Answer(answer))
                if answer.meaning(self.date, self.asked_at.to_offset(BEIJING)) == Meaning::EmptyDay =>
            {
                Ok(self.empty_day()?)
            }
            Err(e) => Err(e.into()),
        }
    }
}

/// A fund flow comes with its SHA-1. The documentation does not say whether that of the bytes that come or that of what
/// they unpack to.
fn same_digest(received: &Received, kept: &Arc<Kept>) -> Result<(), Error> {
    let Some(told) = received.digest.as_deref().and_then(sha1_told) else { return Ok(()) };
    let same = |found: &str| found.eq_ignore_ascii_case(told);
    if same(&received.sha1) || same(&sha1(Reading::of(kept))?) {
        return Ok(());
    }
    Err(Error::Bill(format!(
        "the file is not the one that was sent: its SHA-1 is {}, not {told}",
        received.sha1
    )))
}

/// `SHA=...` or `SHA-1=...`; another algorithm says nothing here.
fn sha1_told(digest: &str) -> Option<&str> {
    let (algorithm, told) = digest.trim().split_once('=')?;
    let is_sha1 = ["SHA", "SHA1", "SHA-1"].iter().any(|name| algorithm.eq_ignore_ascii_case(name));
    Some(told.trim()).filter(|_| is_sha1)
}
