//! Is an order that the gateway tells this very sale?

use super::Micropay;
use crate::error::Error;
use crate::model::order::Order;
use crate::model::ours::shown;

/// Products that no code pays (protocol.md D.4). The set of products is open: FACEPAY and FACE are paid at the till too.
const PAID_WITHOUT_A_CODE: [&str; 6] = ["JSAPI", "NATIVE", "APP", "MWEB", "PAP", "AUTH"];

impl Micropay {
    /// What shows that the order is another sale's: another amount, product or currency, where it tells them.
    pub(super) fn told_apart(&self, order: &Order) -> Option<Error> {
        let fee = order.typed().total_fee.map(|fee| fee.to_string());
        let told = |name| order.fields().text(name).map(str::to_owned);
        let product = told("trade_type").filter(|product| PAID_WITHOUT_A_CODE.contains(&product.as_str()));
        let currency = self.fields.text("fee_type").unwrap_or("CNY").to_owned();
        let asked = [
            ("total_fee", self.total_fee.to_string(), fee),
            ("trade_type", "MICROPAY".to_owned(), product),
            ("fee_type", currency, told("fee_type")),
        ];
        asked.into_iter().find_map(|(field, asked, got)| {
            let got = got.filter(|got| !got.is_empty() && *got != asked)?;
            Some(Error::Mismatch { field: field.into(), asked, got: shown(&got) })
        })
    }
}
