//! The notices that wait for their hour, and what came back from each try.

use super::super::clock::{self, HOUR, MINUTE, SECOND};
use super::super::reader;
use super::target::Target;
use super::v3::NoticeProof;
use serde_json::{Value, json};

/// The pauses between one try and the next: after the first, 15 more in 24 h 4 min.
const PAUSES: &[i64] = &[
    15 * SECOND,
    15 * SECOND,
    30 * SECOND,
    3 * MINUTE,
    10 * MINUTE,
    20 * MINUTE,
    30 * MINUTE,
    30 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    3 * HOUR,
    3 * HOUR,
    6 * HOUR,
    6 * HOUR,
];

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// An order was paid.
    Payment,
    /// A refund has come to its end.
    Refund,
}

impl NoticeKind {
    /// The name in the control's JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Refund => "refund",
        }
    }
}

/// What came back from one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// On the virtual clock.
    pub at_ms: i64,
    /// How long it took in real time.
    pub took_ms: u64,
    /// Status and body, or why there are none.
    pub reply: Result<(u16, String), String>,
    /// In which dialect it was.
    pub proof: NoticeProof,
}

impl DeliveryAttempt {
    /// 200 within 5 s and a document whose return_code is SUCCESS, however it is written and whatever else is in it. In
    /// APIv3 the status says all.
    pub fn is_accepted(&self) -> bool {
        match (self.proof, &self.reply) {
            (NoticeProof::Inside, Ok((200, body))) => says_success(body),
            (NoticeProof::Headers(_), Ok((200 | 204, _))) => true,
            _ => false,
        }
    }

    /// The attempt as the control shows it.
    pub fn shown(&self) -> Value {
        let answer = self.reply.as_ref().ok();
        json!({
            "at": clock::spaced(self.at_ms),
            "at_ms": self.at_ms,
            "took_ms": self.took_ms,
            "status": answer.map(|(status, _)| status),
            "reply": answer.map(|(_, body)| body),
            "error": self.reply.as_ref().err(),
            "accepted": self.is_accepted(),
        })
    }
}

fn says_success(body: &str) -> bool {
    let document = reader::read(body.as_bytes());
    document.is_ok_and(|document| document.get("return_code").map(str::trim) == Some("SUCCESS"))
}

/// A message to a merchant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedNotice {
    /// What it is about.
    pub kind: NoticeKind,
    /// The order's number.
    pub out_trade_no: String,
    /// The refund's number, or empty.
    pub out_refund_no: String,
    /// Where it goes.
    pub url: String,
    /// What is posted.
    pub body: String,
    /// How it proves itself.
    pub proof: NoticeProof,
    /// What the control has done to it, or empty.
    pub mutate: String,
}

#[derive(Debug)]
struct Notice {
    number: u64,
    message: QueuedNotice,
    due_ms: Option<i64>,
    flying: bool,
    attempts: Vec<DeliveryAttempt>,
    skipped: Option<String>,
}

impl Notice {
    fn shown(&self) -> Value {
        let QueuedNotice { kind, out_trade_no, out_refund_no, url, body, mutate, proof: _ } = &self.message;
        json!({
            "n": self.number,
            "kind": kind.name(),
            "out_trade_no": out_trade_no,
            "out_refund_no": Some(out_refund_no).filter(|number| !number.is_empty()),
            "url": url,
            "mutate": Some(mutate).filter(|name| !name.is_empty()),
            "body": body,
            "accepted": self.attempts.iter().any(DeliveryAttempt::is_accepted),
            "next_try": self.due_ms.map(clock::spaced),
            "skipped": self.skipped,
            "attempts": self.attempts.iter().map(DeliveryAttempt::shown).collect::<Vec<_>>(),
        })
    }
}

/// One try that is to be made now.
#[derive(Debug, Clone)]
pub struct DeliveryTask {
    /// The notice.
    pub number: u64,
    /// When it was due.
    pub due_ms: i64,
    /// Where it goes.
    pub target: Target,
    /// What is posted.
    pub body: String,
    /// How it proves itself.
    pub proof: NoticeProof,
}

/// All notices, oldest first.
#[derive(Debug, Default)]
pub struct Outbox {
    notices: Vec<Notice>,
    count: u64,
}

impl Outbox {
    /// Empties the box; numbers go on, so that a try still under way meets no other notice.
    pub fn clear(&mut self) {
        self.notices.clear();
    }

    /// Puts a message in, to be tried from now on. Only loopback addresses are ever called.
    pub fn post(&mut self, message: QueuedNotice, now: i64) {
        let skipped = Target::parse(&message.url).err();
        let due_ms = skipped.is_none().then_some(now);
        self.enter(message, due_ms, Vec::new(), skipped);
    }

    /// Notes a message that was sent outside of the schedule.
    pub fn note(&mut self, message: QueuedNotice, attempts: Vec<DeliveryAttempt>) {
        self.enter(message, None, attempts, None);
    }

    fn enter(
        &mut self,
        message: QueuedNotice,
        due_ms: Option<i64>,
        attempts: Vec<DeliveryAttempt>,
        skipped: Option<String>,
    ) {
        self.count += 1;
        self.notices.push(Notice { number: self.count, message, due_ms, flying: false, attempts, skipped });
    }

    /// The tries that are due.
    pub fn take_due(&mut self, now: i64) -> Vec<DeliveryTask> {
        let mut errands = Vec::new();
        for notice in &mut self.notices {
            let due = notice.due_ms.filter(|due| *due <= now && !notice.flying);
            let target = Target::parse(&notice.message.url).ok();
            if let Some((due_ms, target)) = due.zip(target) {
                notice.flying = true;
                errands.push(DeliveryTask {
                    number: notice.number,
                    due_ms,
                    target,
                    body: notice.message.body.clone(),
                    proof: notice.message.proof,
                });
            }
        }
        errands
    }

    /// Notes what came back; the next try is due one pause after this one was.
    pub fn returned(&mut self, errand: &DeliveryTask, attempt: DeliveryAttempt) {
        let Some(notice) = self.notices.iter_mut().find(|n| n.number == errand.number) else {
            return;
        };
        let pause = PAUSES.get(notice.attempts.len());
        let again = pause.filter(|_| !attempt.is_accepted());
        notice.flying = false;
        notice.due_ms = again.map(|pause| errand.due_ms + pause);
        notice.attempts.push(attempt);
    }

    /// Is nothing due and nothing under way?
    pub fn is_quiet(&self, now: i64) -> bool {
        let busy = |notice: &Notice| notice.flying || notice.due_ms.is_some_and(|due| due <= now);
        !self.notices.iter().any(busy)
    }

    /// The honest message that was sent last about something.
    pub fn last(&self, kind: NoticeKind, out_trade_no: &str, out_refund_no: &str) -> Option<&QueuedNotice> {
        let mut messages = self.notices.iter().map(|notice| &notice.message);
        messages.rfind(|message| {
            message.kind == kind
                && message.mutate.is_empty()
                && message.out_trade_no == out_trade_no
                && (out_refund_no.is_empty() || message.out_refund_no == out_refund_no)
        })
    }

    /// The notices as the control shows them.
    pub fn shown(&self) -> Value {
        self.notices.iter().map(Notice::shown).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(url: &str) -> QueuedNotice {
        QueuedNotice {
            kind: NoticeKind::Payment,
            out_trade_no: "T1".to_owned(),
            out_refund_no: String::new(),
            url: url.to_owned(),
            body: "<xml></xml>".to_owned(),
            proof: NoticeProof::Inside,
            mutate: String::new(),
        }
    }

    fn attempt(at_ms: i64, body: &str) -> DeliveryAttempt {
        DeliveryAttempt { at_ms, took_ms: 1, reply: Ok((200, body.to_owned())), proof: NoticeProof::Inside }
    }

    #[test]
    fn the_schedule_takes_24_hours_and_4_minutes() {
        assert_eq!(PAUSES.iter().sum::<i64>(), 86_640 * SECOND);
        let mut outbox = Outbox::default();
        outbox.post(message("http://127.0.0.1:9/n"), 0);
        let mut times = Vec::new();
        for moment in (0..=90_000).map(|second| second * SECOND) {
            for errand in outbox.take_due(moment) {
                times.push(moment);
                outbox.returned(&errand, attempt(moment, "no"));
            }
        }
        assert_eq!(times.len(), 16);
        assert_eq!(times[..4], [0, 15 * SECOND, 30 * SECOND, 60 * SECOND]);
        assert_eq!(times[15], 86_640 * SECOND);
        assert!(outbox.is_quiet(i64::MAX));
    }

    const SUCCESS: &str =
        "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";

    #[test]
    fn r64_whatever_says_success_ends_the_tries_and_nothing_else() {
        for equivalent in [
            SUCCESS,
            &format!("{SUCCESS}\n"),
            &SUCCESS.replace("><", ">\n<"),
            &SUCCESS.replace("><", ">\r\n  <"),
            "<xml><return_code>SUCCESS</return_code><return_msg>OK</return_msg></xml>",
            "<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>",
            "<xml><return_msg>OK</return_msg><return_code>SUCCESS</return_code></xml>",
            "<xml><return_code>\n<![CDATA[SUCCESS]]>\n</return_code></xml>",
            "<xml><return_code>SUCCESS</return_code><return_msg></return_msg><sign>0A</sign></xml>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml><return_code>SUCCESS</return_code></xml>",
            "<xml><return_code>SUCCESS</return_code><return_msg/></xml>",
        ] {
            assert!(attempt(0, equivalent).is_accepted(), "{equivalent}");
        }
        for other in [
            "",
            "success",
            "SUCCESS",
            "<xml></xml>",
            &SUCCESS.replace("[SUCCESS]", "[FAIL]"),
            &SUCCESS.replace("[SUCCESS]", "[success]"),
            &SUCCESS.replace("xml>", "root>"),
            &format!("{SUCCESS}<p>Warning</p>"),
            &format!("Warning: x\n{SUCCESS}"),
            "{\"code\":\"SUCCESS\"}",
            "<xml><result_code>SUCCESS</result_code></xml>",
        ] {
            assert!(!attempt(0, other).is_accepted(), "{other}");
        }
        assert!(!DeliveryAttempt { reply: Ok((500, SUCCESS.to_owned())), ..attempt(0, "") }.is_accepted());
        let mut outbox = Outbox::default();
        outbox.post(message("http://127.0.0.1:9/n"), 0);
        let errand = outbox.take_due(0).remove(0);
        assert!(outbox.take_due(HOUR).is_empty(), "it is under way");
        outbox.returned(&errand, attempt(0, SUCCESS));
        assert!(outbox.is_quiet(i64::MAX));
    }

    #[test]
    fn nothing_leaves_the_machine() {
        let mut outbox = Outbox::default();
        outbox.post(message("https://example.test/n"), 0);
        assert!(outbox.take_due(i64::MAX).is_empty());
        assert!(outbox.shown()[0]["skipped"].is_string());
    }
}
