//! Faults at work: an honest answer in, what the peer gets out. Pure, so that each fault is tested on bytes.

use super::answer::{CallEnd, FileBody, Response};
use super::document::XmlDocument;
use super::fault::{FaultKind, FaultRule};
use super::script::{Page, RawStep, ResponsePlan};
use super::signer::SignMethod;
use std::fmt::Write as _;

/// A key that no merchant has.
pub const OTHER_KEY: &str = "otherotherotherotherotherother00";
const OVERSIZE: usize = 1_200_000;
const NUMBERS: &[&str] =
    &["out_trade_no", "transaction_id", "out_refund_no", "refund_id", "out_refund_no_0", "refund_id_0"];

/// The play for an outcome that nothing spoils.
pub fn honest(outcome: &CallEnd) -> ResponsePlan {
    match outcome {
        CallEnd::Answer(answer) => ResponsePlan::page(Page::plain(answer.to_xml())),
        CallEnd::File(file) => ResponsePlan::page(page_with(file)),
        CallEnd::Silence => ResponsePlan::raw(None, vec![RawStep::Hold]),
        CallEnd::Page(status) => ResponsePlan::page(Page::of_proxy(*status)),
    }
}

/// The play for an outcome that a rule spoils.
pub fn spoiled(rule: &FaultRule, outcome: CallEnd) -> ResponsePlan {
    match outcome {
        CallEnd::Answer(answer) => {
            let play = page_of(rule).or_else(|| message_of(rule, &answer));
            play.unwrap_or_else(|| travel_of(rule, Page::plain(answer.to_xml())))
        }
        CallEnd::File(file) => page_of(rule).unwrap_or_else(|| travel_of(rule, page_with(&file))),
        other => honest(&other),
    }
}

/// The page of a file.
fn page_with(file: &FileBody) -> Page {
    let mut page = Page::plain(file.body.clone());
    if let Some(bytes) = &file.digest_of {
        let sha1 = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
        let mut told = "SHA=".to_owned();
        for byte in sha1.as_ref() {
            let _ = write!(told, "{byte:02x}");
        }
        page.headers.push(("digest", told));
    }
    page
}

/// Faults that replace the answer by a page.
pub fn page_of(rule: &FaultRule) -> Option<ResponsePlan> {
    let page = match rule.fault {
        FaultKind::Status(status) => {
            let mut page = Page::of_proxy(status);
            let seconds = rule.retry_after.filter(|_| status == 429 || status == 503);
            let header = seconds.map(|seconds| ("retry-after", seconds.to_string()));
            page.headers.extend(header);
            page
        }
        FaultKind::Html200 => Page::html(
            200,
            "<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body>Please log in to the network.<br></body></html>\n",
        ),
        FaultKind::EmptyBody => Page::plain(""),
        FaultKind::RawBody => Page::plain(rule.body.clone().unwrap_or_default()),
        FaultKind::Redirect => {
            let mut page = Page::html(302, "<html><body>302 Found</body></html>\n");
            page.headers.push(("location", "/redirected".to_owned()));
            page
        }
        _ => return None,
    };
    Some(ResponsePlan::page(page))
}

/// Faults in the words of the answer.
fn message_of(rule: &FaultRule, honest: &Response) -> Option<ResponsePlan> {
    let xml = signature_of(rule.fault, honest)
        .or_else(|| content_of(rule, honest))
        .or_else(|| text_of(rule.fault, honest))?;
    Some(ResponsePlan::page(Page::plain(xml)))
}

/// Faults of the sign.
fn signature_of(fault: FaultKind, honest: &Response) -> Option<String> {
    let mut document = honest.document.clone();
    let seal = honest.seal.clone();
    let sign = |key: &str, method| document.sign_with(key, method);
    let own = seal.as_ref().map(|seal| sign(&seal.key, seal.method));
    let method = seal.as_ref().map_or(SignMethod::Md5, |seal| seal.method);
    let sign = match fault {
        FaultKind::NoSign => None,
        FaultKind::EmptySign => Some(String::new()),
        FaultKind::BadSign => own.map(|sign| flipped(&sign)),
        FaultKind::LowerSign => own.map(|sign| sign.to_ascii_lowercase()),
        FaultKind::OtherKeySign => Some(sign(OTHER_KEY, method)),
        FaultKind::Md5Sign => seal.map(|seal| sign(&seal.key, SignMethod::Md5)),
        _ => return None,
    };
    if let Some(sign) = sign {
        document.text("sign", sign);
    }
    Some(document.to_xml())
}

/// Faults of the content under a right sign.
fn content_of(rule: &FaultRule, honest: &Response) -> Option<String> {
    let mut answer = honest.clone();
    let document = &mut answer.document;
    let name = rule.name.as_deref().unwrap_or("trade_state");
    match rule.fault {
        FaultKind::SwappedOrder => swap_order(document),
        FaultKind::SwappedMerchant => swap(document, "mch_id"),
        FaultKind::UnknownState if document.get("refund_status_0").is_some() => {
            document.set("refund_status_0", "SOMETHING_NEW");
        }
        FaultKind::UnknownState => document.set("trade_state", "SOMETHING_NEW"),
        FaultKind::ExtraField => document.set("brand_new_field", "值0"),
        FaultKind::SetField => document.set(name, rule.value.clone().unwrap_or_default()),
        FaultKind::RemoveField => document.remove(name),
        FaultKind::Oversize => document.set("padding", "x".repeat(OVERSIZE)),
        _ => return None,
    }
    Some(answer.to_xml())
}

/// Faults of the XML text, put in after signing.
fn text_of(fault: FaultKind, honest: &Response) -> Option<String> {
    let xml = honest.to_xml();
    match fault {
        FaultKind::DuplicateField => Some(doubled(&honest.document, &xml)),
        FaultKind::Doctype => Some(format!(
            "<?xml version=\"1.0\"?>\n<!DOCTYPE xml [<!ENTITY e SYSTEM \"file:///etc/hostname\">]>\n{xml}"
        )),
        _ => None,
    }
}

fn doubled(document: &XmlDocument, xml: &str) -> String {
    let second = if document.get("trade_state").is_some() {
        "<trade_state><![CDATA[SUCCESS]]></trade_state>"
    } else if document.get("result_code").is_some() {
        "<result_code><![CDATA[SUCCESS]]></result_code>"
    } else {
        "<return_code><![CDATA[SUCCESS]]></return_code>"
    };
    xml.replace("</xml>", &format!("{second}\n</xml>"))
}

fn swap_order(document: &mut XmlDocument) {
    let named = NUMBERS.iter().any(|name| document.filled(name).is_some());
    if !named {
        document.set("out_trade_no", "SOMEBODYELSESORDER");
    }
    for name in NUMBERS {
        swap(document, name);
    }
}

fn swap(document: &mut XmlDocument, name: &str) {
    if let Some(text) = document.filled(name).map(flipped) {
        document.set(name, text);
    }
}

/// The same text with another last character.
pub fn flipped(text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let last = if chars.pop() == Some('0') { '1' } else { '0' };
    chars.push(last);
    chars.into_iter().collect()
}

/// Faults on the way.
pub fn travel_of(rule: &FaultRule, page: Page) -> ResponsePlan {
    let (whole, half) = (page.body.len(), page.body.len() / 2);
    let pause = rule.ms.unwrap_or(1_000);
    let steps = match rule.fault {
        FaultKind::NoAnswer => return ResponsePlan::raw(None, vec![RawStep::Hold]),
        FaultKind::CloseAfterRequest => return ResponsePlan::raw(None, Vec::new()),
        FaultKind::Delay => {
            return ResponsePlan { delay_ms: rule.ms.unwrap_or(300), ..ResponsePlan::page(page) };
        }
        FaultKind::LateAnswer => {
            return ResponsePlan { delay_ms: rule.ms.unwrap_or(3_000), ..ResponsePlan::page(page) };
        }
        FaultKind::ResetMidBody => {
            vec![RawStep::Send(cut(&page, half)), RawStep::Wait(30), RawStep::Reset]
        }
        FaultKind::Truncate => vec![RawStep::Send(cut(&page, half))],
        FaultKind::SlowHeaders => vec![RawStep::Drip(cut(&page, whole), pause)],
        FaultKind::SlowBody => vec![RawStep::Send(cut(&page, 0)), RawStep::Drip(page.body.clone(), pause)],
        FaultKind::BadChunk => vec![RawStep::Send(bad_chunks(&page))],
        FaultKind::TrailingBytes => vec![RawStep::Send(with_trailer(&page)), RawStep::Hold],
        _ => return ResponsePlan::page(page),
    };
    ResponsePlan::raw(Some(page.status), steps)
}

/// The head of a page, whose last line says how the body comes.
fn head(page: &Page, last: &str) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} OK\r\n", page.status);
    for (name, value) in &page.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    (head + last + "\r\n\r\n").into_bytes()
}

/// The whole length is promised, a part is sent.
fn cut(page: &Page, end: usize) -> Vec<u8> {
    let mut bytes = head(page, &format!("Content-Length: {}", page.body.len()));
    bytes.extend(page.body.iter().take(end));
    bytes
}

fn bad_chunks(page: &Page) -> Vec<u8> {
    let mut bytes = head(page, "Transfer-Encoding: chunked");
    let half: Vec<u8> = page.body.iter().take(page.body.len() / 2).copied().collect();
    bytes.extend(format!("{:x}\r\n", half.len()).into_bytes());
    bytes.extend(half);
    bytes.extend(b"\r\nnot-a-size\r\n");
    bytes
}

/// A whole second answer follows the first, for a client that does not count.
fn with_trailer(page: &Page) -> Vec<u8> {
    let mut bytes = cut(page, page.body.len());
    let trailer = Page::plain(Response::bare_fail("left over from the answer before").to_xml());
    bytes.extend(cut(&trailer, trailer.body.len()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::answer::Seal;
    use super::super::script::ResponseAct;
    use super::*;
    use serde_json::{Value, json};

    const KEY: &str = "0123456789abcdefghijKLMNOPQRSTUV";

    fn honest_answer() -> Response {
        let mut document = XmlDocument::default();
        document.text("return_code", "SUCCESS").text("mch_id", "10000100");
        document.text("out_trade_no", "T100").text("trade_state", "NOTPAY");
        let seal = Some(Seal { key: KEY.to_owned(), method: SignMethod::HmacSha256 });
        Response { document, seal }
    }

    fn play(json: Value) -> ResponsePlan {
        spoiled(&serde_json::from_value(json).unwrap(), honest_answer().into())
    }

    fn body(fault: &str) -> String {
        match play(json!({ "fault": fault })).act {
            ResponseAct::Page(page) => String::from_utf8(page.body).unwrap(),
            ResponseAct::Raw(steps) => panic!("{steps:?}"),
        }
    }

    fn read(fault: &str) -> XmlDocument {
        super::super::reader::read(body(fault).as_bytes()).unwrap()
    }

    fn verifies(document: &XmlDocument) -> bool {
        document.get("sign") == Some(document.sign_with(KEY, SignMethod::HmacSha256).as_str())
    }

    #[test]
    fn faults_of_the_sign_leave_the_content_alone() {
        for fault in ["no_sign", "empty_sign", "bad_sign", "lower_sign", "other_key_sign", "md5_sign"] {
            let document = read(fault);
            assert!(!verifies(&document), "{fault}");
            assert_eq!(document.get("trade_state"), Some("NOTPAY"), "{fault}");
        }
        assert_eq!(read("no_sign").get("sign"), None);
        assert_eq!(read("md5_sign").get("sign").unwrap().len(), 32);
    }

    #[test]
    fn faults_of_the_content_are_rightly_signed() {
        for fault in ["swapped_order", "swapped_merchant", "unknown_state", "extra_field", "delay"] {
            assert!(verifies(&read(fault)), "{fault}");
        }
        assert_eq!(read("swapped_order").get("out_trade_no"), Some("T101"));
        assert_eq!(read("swapped_merchant").get("mch_id"), Some("10000101"));
        assert_eq!(read("unknown_state").get("trade_state"), Some("SOMETHING_NEW"));
    }

    #[test]
    fn the_text_is_broken_after_signing() {
        assert!(body("doctype").contains("<!DOCTYPE"));
        assert_eq!(body("duplicate_field").matches("<trade_state>").count(), 2);
    }

    #[test]
    fn a_page_replaces_the_answer() {
        let busy = play(json!({"fault": "status_429", "retry_after": 2}));
        let ResponseAct::Page(page) = busy.act else { panic!() };
        assert_eq!(page.status, 429);
        assert!(page.headers.contains(&("retry-after", "2".to_owned())));
        assert!(body("html_200").starts_with("<!DOCTYPE html>"));
        assert_eq!(play(json!({"fault": "redirect"})).status, Some(302));
    }

    fn sent(fault: &str) -> Vec<u8> {
        let ResponseAct::Raw(steps) = play(json!({ "fault": fault })).act else {
            panic!("{fault} is orderly");
        };
        steps
            .into_iter()
            .flat_map(|step| match step {
                RawStep::Send(bytes) | RawStep::Drip(bytes, _) => bytes,
                _ => Vec::new(),
            })
            .collect()
    }

    #[test]
    fn lengths_lie_as_they_should() {
        let whole = honest_answer().to_xml().len();
        let promised = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("Content-Length: {whole}")));
            body.len()
        };
        assert!(promised(&sent("truncate")) < whole);
        assert!(promised(&sent("reset_mid_body")) < whole);
        assert_eq!(promised(&sent("slow_headers")), whole);
        assert_eq!(promised(&sent("slow_body")), whole);
        assert!(promised(&sent("trailing_bytes")) > whole);
        assert!(String::from_utf8_lossy(&sent("bad_chunk")).contains("not-a-size"));
        assert!(sent("close_after_request").is_empty());
    }

    #[test]
    fn an_oversized_answer_is_over_a_mebibyte_and_rightly_signed() {
        assert!(body("oversize").len() > 1 << 20);
        assert!(verifies(&read("oversize")));
    }
}
