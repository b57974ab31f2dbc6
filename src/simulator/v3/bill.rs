//! Bills of APIv3: a link that lives five minutes and is one merchant's, and the file behind it, which nobody signs.

use super::super::answer::{CallEnd, FileBody};
use super::super::document::XmlDocument;
use super::super::linked::LinkedFile;
use super::super::options::Account;
use super::super::request::Request;
use super::super::world::GatewayState;
use super::answer::V3Answer;
use serde_json::json;
use std::fmt::Write as _;

/// The answer that links to a bill, or why there is none.
pub fn linked(world: &mut GatewayState, request: &Request, account: &Account, end: CallEnd) -> V3Answer {
    let file = match end {
        CallEnd::File(file) => file,
        CallEnd::Answer(refusal) => return refused(&refusal.document),
        _ => return V3Answer::bare(502),
    };
    let (host, token) = (request.header("host").unwrap_or_default().to_owned(), world.dice.letters(40));
    let told = json!({
        "hash_type": "SHA1",
        "hash_value": digest(&file),
        "download_url": format!("https://{host}/v3/billdownload/file?token={token}&tartype=gzip"),
    });
    world.linked.add(token, LinkedFile::new(&account.mch_id, file.body));
    V3Answer::told(200, told)
}

/// The file behind a link.
pub fn file(world: &GatewayState, account: &Account, token: &str) -> V3Answer {
    match world.linked.get(token) {
        Some(file) if file.mch_id == account.mch_id => V3Answer::file(file.bytes.clone()),
        Some(_) => V3Answer::refusal(403, "NO_AUTH", "无权下载该账单"),
        None => V3Answer::refusal(400, "INVALID_REQUEST", "下载链接已失效"),
    }
}

fn refused(refusal: &XmlDocument) -> V3Answer {
    let said = ["err_code", "return_msg"].into_iter().find_map(|name| refusal.get(name));
    match said.unwrap_or_default() {
        "No Bill Exist" | "NO_BILL_EXIST" => V3Answer::refusal(400, "NO_STATEMENT_EXIST", "账单文件不存在"),
        "Bill Creating" | "BILL_CREATING" => {
            V3Answer::refusal(400, "STATEMENT_CREATING", "账单生成中，请稍后再试")
        }
        other => V3Answer::refusal(400, "PARAM_ERROR", other),
    }
}

fn digest(file: &FileBody) -> String {
    let bytes = file.digest_of.as_ref().unwrap_or(&file.body);
    let sha1 = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
    sha1.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
