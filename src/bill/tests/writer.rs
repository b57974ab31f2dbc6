//! Writes bills the way WeChat does, and shares no line with the reader: what it is told is what must come back.

use proptest::prelude::*;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Time,
    Word,
    Text,
    Yuan,
    Fee,
    State,
    Direction,
}

/// A layout: header, sums, and for each sum the column that it adds, if it is there.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub header: &'static str,
    pub sums: &'static str,
    pub adds: &'static [&'static str],
}

const PAID: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,\
                    付款银行,货币种类,应结订单金额,代金券金额";

const REFUND: &str =
    "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包";

const SUMS: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

const OLD: &str = "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,\
                   付款银行,货币种类,总金额,代金券或立减优惠金额,微信退款单号,商户退款单号,退款金额,\
                   代金券或立减优惠退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率";

const OLD_SUMS: &str = "总交易单数,总交易额,总退款金额,总代金券或立减优惠退款金额,手续费总金额";

/// Every layout that is known.
pub fn shapes() -> Vec<Shape> {
    [of_today(), of_the_old_days(), vec![of_flows()]].concat()
}

fn leaked(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn of_today() -> Vec<Shape> {
    let adds = &["", "应结订单金额", "退款金额", "充值券退款金额", "手续费", "订单金额", "申请退款金额"];
    let returned =
        &["", "应结订单金额", "退款金额", "充值券退款金额", "返还手续费", "订单金额", "申请退款金额"];
    let shape = |header: String| Shape { header: leaked(header), sums: SUMS, adds };
    let paid = shape(format!("{PAID},商品名称,商户数据包,手续费,费率,订单金额,费率备注"));
    let times = "退款申请时间,退款成功时间";
    vec![
        shape(format!("{PAID},{REFUND},手续费,费率,订单金额,申请退款金额,费率备注")),
        paid,
        Shape {
            sums: "总交易单数,应结订单总金额,手续费总金额,订单总金额",
            adds: &["", "应结订单金额", "手续费", "订单金额"],
            ..paid
        },
        shape(format!("{PAID},{times},{REFUND},手续费,费率,订单金额,申请退款金额,费率备注")),
        Shape {
            adds: returned,
            ..shape(format!("{PAID},{times},{REFUND},返还手续费,费率,订单金额,申请退款金额"))
        },
    ]
}

fn of_the_old_days() -> Vec<Shape> {
    vec![
        Shape {
            header: OLD,
            sums: OLD_SUMS,
            adds: &["", "总金额", "退款金额", "代金券或立减优惠退款金额", "手续费"],
        },
        Shape {
            header: leaked(OLD.replace("代金券或立减优惠", "企业红包")),
            sums: "总交易单数,总交易额,总退款金额,总企业红包退款金额,手续费总金额",
            adds: &["", "总金额", "退款金额", "企业红包退款金额", "手续费"],
        },
        Shape {
            header: "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,\
                     货币种类,总金额,企业红包金额,商品名称,商户数据包,手续费,费率",
            sums: OLD_SUMS,
            adds: &["", "总金额", "", "", "手续费"],
        },
    ]
}

fn of_flows() -> Shape {
    Shape {
        header: "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,\
                 资金变更提交申请人,备注,业务凭证号",
        sums: "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额",
        adds: &[],
    }
}

/// What a column of this name holds.
pub fn column(name: &str) -> Column {
    match name {
        "交易时间" | "记账时间" | "退款申请时间" | "退款成功时间" => Column::Time,
        "交易状态" => Column::State,
        "收支类型" => Column::Direction,
        "商品名称" | "商户数据包" | "备注" | "业务凭证号" => Column::Text,
        "手续费" | "返还手续费" => Column::Fee,
        name if name.contains("金额") || name.contains("结余") => Column::Yuan,
        _ => Column::Word,
    }
}

/// A cell of this kind; numbers are kept as numbers beside it.
pub fn cell(column: Column) -> BoxedStrategy<String> {
    match column {
        Column::Time => "20(1[4-9]|2[0-9])-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8]) ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
            .boxed(),
        Column::Word => "[A-Za-z0-9_-]{1,32}".boxed(),
        Column::Text => "([a-z`,\"'=@ \t\\\\]|[一-龥]|😀){0,12}"
            .prop_map(|text| text.replace(",`", ", `"))
            // A comma at the end and a backtick at the start of the next cell would be one separator.
            .boxed(),
        Column::Yuan => (-99_999_999_i64..999_999_999).prop_map(|fen| yuan(fen.into(), 2)).boxed(),
        Column::Fee => (-99_999_999_i64..999_999_999).prop_map(|fee| yuan(fee.into(), 5)).boxed(),
        Column::State => prop::sample::select(vec!["SUCCESS", "REFUND", "REVOKED"]).prop_map(str::to_owned).boxed(),
        Column::Direction => prop::sample::select(vec!["收入", "支出"]).prop_map(str::to_owned).boxed(),
    }
}

/// Digits with a point before the last so many.
pub fn yuan(amount: i128, places: u32) -> String {
    let unit = 10_u128.pow(places);
    let sign = if amount < 0 { "-" } else { "" };
    let (whole, part) = (amount.unsigned_abs() / unit, amount.unsigned_abs() % unit);
    format!("{sign}{whole}.{part:0width$}", width = places as usize)
}

/// The digits of an amount as a number: the writer's own reading.
pub fn digits(text: &str) -> i128 {
    text.replace('.', "").parse().unwrap()
}

/// A bill of random rows, every one of a shape.
#[derive(Debug, Clone)]
pub struct Written {
    pub shape: Shape,
    pub rows: Vec<Vec<String>>,
    pub bom: bool,
    pub feed: &'static str,
}

impl Written {
    /// The names of its columns.
    pub fn names(&self) -> Vec<&'static str> {
        self.shape.header.split(',').collect()
    }

    fn total(&self, name: &str) -> i128 {
        let at = self.names().iter().position(|known| *known == name);
        at.map_or(0, |at| self.rows.iter().map(|row| digits(&row[at])).sum())
    }

    fn sums(&self) -> Vec<String> {
        if self.shape.adds.is_empty() {
            return self.flow_sums();
        }
        let sum = |name: &&str| match column(name) {
            Column::Fee => yuan(self.total(name), 5),
            _ if name.is_empty() => "0.00".to_owned(),
            _ => yuan(self.total(name), 2),
        };
        let mut sums: Vec<String> = self.shape.adds.iter().map(sum).collect();
        sums[0] = self.rows.len().to_string();
        sums
    }

    fn flow_sums(&self) -> Vec<String> {
        let of = |direction: &str| {
            let rows = self.rows.iter().filter(move |row| row[5] == direction);
            (rows.clone().count(), rows.map(|row| digits(&row[6])).sum::<i128>())
        };
        let ((incomes, income), (expenses, expense)) = (of("收入"), of("支出"));
        let counts = |count: usize| count.to_string();
        vec![counts(self.rows.len()), counts(incomes), yuan(income, 2), counts(expenses), yuan(expense, 2)]
    }

    /// The file.
    pub fn text(&self) -> String {
        let line = |cells: &Vec<String>| format!("`{}", cells.join(",`"));
        let mut lines = vec![self.shape.header.to_owned()];
        lines.extend(self.rows.iter().map(line));
        lines.push(self.shape.sums.to_owned());
        lines.push(line(&self.sums()));
        format!("{}{}{}", if self.bom { "\u{feff}" } else { "" }, lines.join(self.feed), self.feed)
    }
}

/// Any bill.
pub fn bill() -> impl Strategy<Value = Written> {
    let rows = prop::sample::select(shapes()).prop_flat_map(|shape| {
        let row: Vec<_> = shape.header.split(',').map(|name| cell(column(name))).collect();
        (Just(shape), prop::collection::vec(row, 0..30), any::<bool>(), any::<bool>())
    });
    rows.prop_map(|(shape, mut rows, bom, crlf)| {
        if shape.adds.is_empty() {
            follow_the_balance(&mut rows);
        }
        Written { shape, rows, bom, feed: if crlf { "\r\n" } else { "\n" } }
    })
}

fn follow_the_balance(rows: &mut [Vec<String>]) {
    let mut balance = 0;
    for row in rows {
        let amount = digits(&row[6]);
        balance += if row[5] == "收入" { amount } else { -amount };
        row[7] = yuan(balance, 2);
    }
}
