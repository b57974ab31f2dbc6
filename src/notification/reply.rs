//! What to answer a notice with: WeChat Pay repeats it until it is told that the shop has it.

use crate::model::merchant::ApiVersion;
use serde_json::json;
use std::borrow::Cow;

/// The reply of v2 that ends the repeats; anything else, a newline too, means "send it again".
pub const SUCCESS: &str =
    "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";

/// The most bytes of a reason that are sent back.
const MOST_REASON: usize = 128;

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Of the body; empty if there is none.
    pub content_type: &'static str,
    /// The exact bytes.
    pub body: Cow<'static, str>,
}

impl Reply {
    /// The shop has it: the repeats end.
    pub fn accepted(version: ApiVersion) -> Self {
        match version {
            ApiVersion::V2 => Self { status: 200, content_type: "text/xml", body: Cow::Borrowed(SUCCESS) },
            ApiVersion::V3 => Self { status: 204, content_type: "", body: Cow::Borrowed("") },
        }
    }

    /// Send it again. In APIv3 the status says so, whatever the body says.
    pub fn refused(version: ApiVersion, reason: &str) -> Self {
        match version {
            ApiVersion::V2 => Self { status: 200, content_type: "text/xml", body: fail(reason).into() },
            ApiVersion::V3 => {
                let body = json!({ "code": "FAIL", "message": short(reason) }).to_string().into();
                Self { status: 500, content_type: "application/json", body }
            }
        }
    }

    /// The same to a notice of nobody knows which dialect: any status but 200 lets both send it again.
    pub fn refused_unread(reason: &str) -> Self {
        Self::refused(ApiVersion::V3, reason)
    }
}

/// The reply of v2 that makes WeChat repeat the notice; the reason is cut and cannot break the document.
pub fn fail(reason: &str) -> String {
    let reason = short(reason).replace("]]>", "]]]]><![CDATA[>");
    format!(
        "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[{reason}]]></return_msg></xml>"
    )
}

fn short(reason: &str) -> String {
    let mut printable: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut end = printable.len().min(MOST_REASON);
    while !printable.is_char_boundary(end) {
        end -= 1;
    }
    printable.truncate(end);
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v2_is_told_by_a_document_and_apiv3_by_the_status() {
        assert_eq!(Reply::accepted(ApiVersion::V2).body, SUCCESS);
        let (status, body) = (Reply::accepted(ApiVersion::V3).status, Reply::accepted(ApiVersion::V3).body);
        assert_eq!((status, &*body), (204, ""));
        let refused = Reply::refused(ApiVersion::V3, "not \"stored\"\n");
        assert_eq!((refused.status, &*refused.body), (500, r#"{"code":"FAIL","message":"not \"stored\" "}"#));
        assert_eq!(Reply::refused(ApiVersion::V2, "x").status, 200);
        assert_eq!(Reply::refused_unread("x"), Reply::refused(ApiVersion::V3, "x"));
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        assert_eq!(short(&"茶".repeat(100)).len(), 126);
    }
}
