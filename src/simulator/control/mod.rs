//! The control: plain HTTP on loopback, JSON in and out, for whoever scripts the simulator.
//!
//! A wrong call answers 4xx and `{"error": sentence}`; keys that are not known are wrong. `?` marks
//! what may be absent. An order is named by `out_trade_no`, and by `mch_id?` and `sub_mch_id?` where
//! several bear the number.
//!
//! | call | body | does |
//! |---|---|---|
//! | `GET /` | | the payer's phone: a page for a browser |
//! | `POST /orders` | order, `total_fee`, `trade_state?`, `trade_type?`, `appid?`, `sub_appid?`, `attach?`, `body?`, `device_info?`, `openid?`, `sub_openid?`, `notify_url?`, `sign_type?`, `created_ago_ms?`, and as `/pay` | an order without unifiedorder |
//! | `GET /orders`, `GET /refunds` | | the book |
//! | `POST /pay` | order, `coupons?` `[{"id","type","fee"}]`, `cash_fee?`, `bank_type?`, `openid?`, `transaction_id?`, `promotion_detail?` | the payer pays; the notice goes out |
//! | `POST /state` | order, `trade_state` | forces any state, without a notice |
//! | `POST /micropay` | `scenario`, `auth_code?`, `pay_after_ms?`, `times?`, `err_code?`, `err_code_des?` | what the next code payment comes to |
//! | `POST /reverse` | `out_trade_no?`, `recall?`, `userpaying?`, `system_error?`, `page_502?`, `silent?`, `carried_out?`, `early?` | what the next reverses come to |
//! | `POST /refunds` | `out_refund_no`, `status` | ends the processing; the notice goes out |
//! | `POST /balance` | `fen`, `account?`, `mch_id?` | what refunds are paid from; never set is enough |
//! | `POST /bills` | `damage`, `flow?`, `row?`, `after?`, `times?` | what happens to the next bills |
//! | `POST /platform`, `GET /platform` | `mode?` (`public_key`, `certificates`, `switching`), `certificates?` (`old`, `both`, `new`), `probes?` (of a hundred) | how the gateway proves itself in APIv3 |
//! | `GET /balance` | | the accounts that were set |
//! | `POST /manners` | `closeorder?` (`documented`, `captured`), `pace?` (`any`, `documented`), `other_appid?` (`answered`, `not_exist`), `refund_ms?` | how the gateway behaves |
//! | `POST /clock` | `advance_ms` | moves the virtual clock |
//! | `GET /clock` | | `now_ms`, `beijing`, `offset_ms` |
//! | `POST /faults` | `fault`, `path?`, `times?`, `ms?`, `listener?`, `retry_after?`, `processed?`, `name?`, `value?`, `body?` | lets the next requests fail |
//! | `GET /faults`, `DELETE /faults` | `path?`, `fault?` | the faults that wait |
//! | `GET /requests` | | what arrived, oldest first |
//! | `GET /connections`, `DELETE /connections` | | counts them; closes all |
//! | `POST /notify` | order, `kind?`, `mutate?`, `copies?`, `out_refund_no?`, `notify_url?` | sends a notice now and tells the replies |
//! | `GET /notifications` | | what was sent and what came back |
//! | `POST /settle` | | waits until no notice is due or under way, then as above |
//! | `POST /scan` | `url`, `notify_url`, `openid?`, `mutate?` (`forged`, `no_sign`) | a product link of Native mode 1 |
//! | `POST /reset` | | forgets everything but the merchants |

mod bill_desk;
mod fault_desk;
mod notice_desk;
mod objection;
mod order_desk;
mod refund_desk;
mod routes;
mod scan_desk;
mod server;
mod till_desk;

pub use routes::enter_order;
pub use server::serve;
