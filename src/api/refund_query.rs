//! refundquery: what became of refunds, all pages of it (protocol.md C.5).

use crate::error::{Error, Fault, Repeat};
use crate::gateway::client::MerchantClient;
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::gateway::v3::endpoint::{V3Endpoint, V3Request};
use crate::gateway::v3::exchange::ours;
use crate::model::argument::BadArgument;
use crate::model::merchant::Merchant;
use crate::model::order_id::{OrderId, out_refund_no};
use crate::model::ours::{Echo, Ours};
use crate::model::refund::{RefundEntry, RefundList};
use crate::wire::v2::fields::Fields;
use crate::wire::v3::json::JsonObject;
use crate::wire::v3::target::build;
use crate::wire::verified::Verified;
use crate::wire::words;

/// More pages than any trade has: 50 refunds, at least one a page.
const MOST_PAGES: usize = 64;

/// What refunds are asked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundsOf {
    /// All refunds of an order.
    Order(OrderId),
    /// One refund, by the shop's number.
    OutRefundNo(String),
    /// One refund, by WeChat's number.
    RefundId(String),
}

impl RefundsOf {
    /// By the shop's refund number.
    pub fn out_refund_no(number: &str) -> Result<Self, BadArgument> {
        Ok(Self::OutRefundNo(out_refund_no(number)?.to_owned()))
    }

    /// By WeChat's refund number.
    pub fn refund_id(number: &str) -> Result<Self, BadArgument> {
        let is_id = (1..=32).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric());
        let wrong = || BadArgument::new("refund_id", "must be 1 to 32 characters of 0-9A-Za-z");
        if is_id { Ok(Self::RefundId(number.to_owned())) } else { Err(wrong()) }
    }

    fn field(&self) -> &'static str {
        match self {
            Self::Order(id) => id.field(),
            Self::OutRefundNo(_) => "out_refund_no",
            Self::RefundId(_) => "refund_id",
        }
    }

    fn number(&self) -> &str {
        match self {
            Self::Order(id) => id.number(),
            Self::OutRefundNo(number) | Self::RefundId(number) => number,
        }
    }

    /// What the entry says where this asked for one refund.
    fn named_by<'e>(&self, entry: &'e RefundEntry) -> Option<&'e str> {
        match self {
            Self::Order(_) => None,
            Self::OutRefundNo(_) => entry.out_refund_no.as_deref(),
            Self::RefundId(_) => entry.refund_id.as_deref(),
        }
    }
}

/// One page of the refunds.
#[derive(Debug, Clone)]
pub struct RefundQuery {
    /// Whose refunds.
    pub of: RefundsOf,
    /// How many to skip.
    pub offset: usize,
}

impl MerchantClient<'_> {
    /// Asks for all refunds, page after page.
    pub fn refunds(&self, of: &RefundsOf) -> Result<RefundList, Fault> {
        let mut query = RefundQuery { of: of.clone(), offset: 0 };
        let mut list = self.ask(&query)?;
        for _ in 1..MOST_PAGES {
            if list.is_whole() {
                return Ok(list);
            }
            query.offset = list.received();
            let page = self.ask(&query)?;
            let known = list.entries().len();
            list.append(page).map_err(|e| malformed(&query, e.to_string()))?;
            if list.entries().len() == known {
                break;
            }
        }
        if list.is_whole() {
            return Ok(list);
        }
        let (announced, came) = (list.announced(), list.entries().len());
        let message = format!("total_refund_count is {announced}, but only {came} refunds came");
        Err(malformed(&query, message))
    }
}

fn malformed(query: &RefundQuery, message: String) -> Fault {
    Fault::new(Error::Malformed(message), Repeat::Query, query.out_trade_no())
}

impl Endpoint for RefundQuery {
    type Answer = RefundList;

    fn spec(&self) -> EndpointSpec {
        EndpointSpec::new("/pay/refundquery", Repeat::Query)
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        fields.set(self.of.field(), self.of.number());
        fields.set_some("offset", (self.offset > 0).then(|| self.offset.to_string()));
        fields
    }

    fn echoes(&self) -> Vec<Echo> {
        let required = matches!(self.of, RefundsOf::Order(_));
        vec![Echo { field: self.of.field().into(), asked: self.of.number().to_owned(), required }]
    }

    fn v3(&self) -> Option<&dyn V3Endpoint<Answer = RefundList>> {
        Some(self)
    }

    fn out_trade_no(&self) -> Option<&str> {
        match &self.of {
            RefundsOf::Order(id) => id.as_out_trade_no(),
            _ => None,
        }
    }

    fn read(&self, answer: Ours<Fields>) -> Result<RefundList, Error> {
        let list = RefundList::from_page(answer, self.offset)?;
        self.only_ours(&list)?;
        Ok(list)
    }
}

impl V3Endpoint for RefundQuery {
    type Answer = RefundList;

    fn request(&self, merchant: &Merchant) -> Result<V3Request, Error> {
        let RefundsOf::OutRefundNo(number) = &self.of else {
            let why = "APIv3 tells refunds by out_refund_no only: it has no list of an order's refunds";
            return Err(Error::Configuration(why.into()));
        };
        let sub_mch_id = merchant.sub_mch_id.as_deref().map(|id| ("sub_mchid", id));
        Ok(V3Request::get(build(["v3", "refund", "domestic", "refunds", number], sub_mch_id)))
    }

    fn read(&self, answer: &Verified<JsonObject>, merchant: &Merchant) -> Result<RefundList, Error> {
        let fields = words::refund_list(answer, &merchant.ids())?;
        let list = RefundList::from_page(ours(fields, merchant, &[])?, 0)?.as_told(answer);
        self.only_ours(&list)?;
        Ok(list)
    }
}

impl RefundQuery {
    /// Whoever asks for one refund must get that one, and get it.
    fn only_ours(&self, list: &RefundList) -> Result<(), Error> {
        if matches!(self.of, RefundsOf::Order(_)) {
            return Ok(());
        }
        let wrong =
            list.entries().iter().map(|e| self.of.named_by(e)).find(|named| *named != Some(self.of.number()));
        let got = match wrong {
            None if !list.entries().is_empty() => return Ok(()),
            other => other.flatten().unwrap_or("nothing").to_owned(),
        };
        Err(Error::Mismatch {
            field: format!("{}_0", self.of.field()),
            asked: self.of.number().to_owned(),
            got,
        })
    }
}
