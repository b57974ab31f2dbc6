use super::super::entry::{OrderKey, OrderTerms};
use super::super::sighting::Source;
use super::*;

/// An order over 100 fen; paid states know their payment.
pub(in crate::ledger) fn entry(state: LedgerState) -> Entry {
    let key = OrderKey { mch_id: "1900".into(), sub_mch_id: String::new(), out_trade_no: "T00001".into() };
    let terms = OrderTerms {
        key,
        appid: "wx1".into(),
        sub_appid: String::new(),
        total_fee: 100,
        fee_type: "CNY".into(),
        trade_type: "NATIVE".into(),
        expires_at: None,
    };
    let paid = state.is_paid() || state == LedgerState::Refunded;
    Entry {
        id: 1,
        terms,
        state,
        version: 3,
        transaction_id: paid.then(|| "4200".into()),
        paid: paid.then_some(100),
        paid_type: None,
        paid_at: None,
        credited: paid && state != LedgerState::PaidLate,
        refunded: 0,
        pending_refund: 0,
        intent: None,
        sent_at: None,
        ask_refunds: false,
        suspect_id: None,
        suspect_fee: None,
        suspect_type: None,
        reason: String::new(),
        created_at: 0,
        changed_at: 0,
        due_at: None,
        epoch: 0,
        attempt: 0,
        now: 1000,
    }
}

fn seen(trade_state: TradeState) -> Sighting {
    Sighting {
        key: entry(LedgerState::Created).terms.key,
        appid: "wx1".into(),
        sub_appid: String::new(),
        trade_state,
        transaction_id: trade_state.is_paid().then(|| "4200".into()),
        total_fee: trade_state.is_paid().then_some(100),
        fee_type: None,
        paid_at: None,
        digest: String::new(),
        source: Source::Query,
    }
}

fn decision(state: LedgerState, trade_state: TradeState) -> Decision {
    decide(&entry(state), &seen(trade_state), false)
}

#[test]
fn every_pair_follows_the_table_and_only_ways_that_are_allowed() {
    for state in LedgerState::ALL {
        for trade_state in TradeState::ALL {
            let decision = decision(state, trade_state);
            let to = decision.to.unwrap_or(state);
            assert!(state.may_become(to), "{state:?} {trade_state:?} -> {to:?}");
            assert_eq!(
                decision.effect == Effect::Credit,
                to == LedgerState::Paid && state.is_open(),
                "{state:?}"
            );
            if state == LedgerState::Review || trade_state == TradeState::Unknown {
                assert_eq!((decision.to, decision.effect), (None, Effect::Nothing));
            }
        }
    }
}

#[test]
fn f8_late_news_after_the_payment_are_ignored() {
    for trade_state in [TradeState::NotPay, TradeState::UserPaying, TradeState::Accept] {
        assert_eq!(decision(LedgerState::Paid, trade_state), Decision::stay(Reason::Late));
    }
}

#[test]
fn f9_a_refund_before_the_payment_asks_for_refunds_and_credits_nothing() {
    let decision = decision(LedgerState::Created, TradeState::Refund);
    assert!(decision.ask_refunds && decision.to.is_none() && decision.effect == Effect::Nothing);
}

#[test]
fn f12_f13_another_amount_currency_or_appid_is_for_a_person() {
    let mut amount = seen(TradeState::Success);
    amount.total_fee = Some(99);
    let mut currency = seen(TradeState::Success);
    currency.fee_type = Some("USD".into());
    let mut appid = seen(TradeState::Success);
    appid.appid = "wx2".into();
    for (sighting, reason) in
        [(amount, Reason::AmountDiffers), (currency, Reason::CurrencyDiffers), (appid, Reason::AppidDiffers)]
    {
        let decision = decide(&entry(LedgerState::Created), &sighting, false);
        assert_eq!(decision, Decision::go(LedgerState::Review, reason));
    }
}

#[test]
fn f16_a_second_transaction_is_for_a_person_and_a_dismissed_one_is_silent() {
    let mut second = seen(TradeState::Success);
    second.transaction_id = Some("4201".into());
    let mut paid = entry(LedgerState::Paid);
    assert_eq!(decide(&paid, &second, false), Decision::go(LedgerState::Review, Reason::SecondTransaction));
    paid.suspect_id = Some("4201".into());
    assert_eq!(decide(&paid, &second, false), Decision::stay(Reason::Dismissed));
}

#[test]
fn f12_f13_the_known_payment_with_another_amount_or_currency_is_for_a_person() {
    let other = |change: fn(&mut Sighting)| {
        let mut sighting = seen(TradeState::Success);
        change(&mut sighting);
        sighting
    };
    let (amount, currency) = (other(|s| s.total_fee = Some(1)), other(|s| s.fee_type = Some("USD".into())));
    for state in
        [LedgerState::Paid, LedgerState::PartiallyRefunded, LedgerState::Refunded, LedgerState::PaidLate]
    {
        for (sighting, reason) in [(&amount, Reason::AmountDiffers), (&currency, Reason::CurrencyDiffers)] {
            let decision = decide(&entry(state), sighting, false);
            assert_eq!(decision, Decision::go(LedgerState::Review, reason), "{state:?}");
        }
        // What a person has let count is the same again.
        let counts = Entry { paid: Some(1), ..entry(state) };
        assert_eq!(decide(&counts, &amount, false), Decision::stay(Reason::Duplicate), "{state:?}");
    }
    assert_eq!(decide(&entry(LedgerState::Revoked), &amount, false), Decision::stay(Reason::Contradiction));
}

#[test]
fn f16_a_dismissed_payment_with_another_amount_is_another_question() {
    let mut second = seen(TradeState::Success);
    second.transaction_id = Some("4201".into());
    let paid = Entry { suspect_id: Some("4201".into()), suspect_fee: Some(100), ..entry(LedgerState::Paid) };
    assert_eq!(decide(&paid, &second, false), Decision::stay(Reason::Dismissed));
    second.total_fee = Some(101);
    assert_eq!(decide(&paid, &second, false), Decision::go(LedgerState::Review, Reason::SecondTransaction));
    let closed = Entry { transaction_id: None, ..paid };
    let closed = Entry { state: LedgerState::Closed, ..closed };
    assert_eq!(decide(&closed, &second, false), Decision::go(LedgerState::Review, Reason::AmountDiffers));
}

#[test]
fn f20_paid_after_close_is_credited_only_if_the_shop_wants_it() {
    let late = decision(LedgerState::Closed, TradeState::Success);
    assert_eq!(late, Decision::go(LedgerState::PaidLate, Reason::PaidAfterClose));
    let wanted = decide(&entry(LedgerState::Closed), &seen(TradeState::Success), true);
    assert_eq!((wanted.to, wanted.effect), (Some(LedgerState::Paid), Effect::Credit));
}

#[test]
fn a_payment_that_is_to_be_reversed_is_not_credited() {
    let mut closing = entry(LedgerState::Closing);
    closing.intent = Some(Intent::Reverse);
    let decision = decide(&closing, &seen(TradeState::Success), false);
    assert_eq!(decision, Decision::stay(Reason::ReverseWanted));
}

#[test]
fn p14_a_payment_without_amount_or_number_credits_nothing() {
    let mut silent = seen(TradeState::Success);
    silent.total_fee = None;
    assert_eq!(decide(&entry(LedgerState::Created), &silent, false), Decision::stay(Reason::Incomplete));
}

#[test]
fn an_order_nobody_knows_is_closed_only_when_it_was_to_be_closed_and_its_time_is_up() {
    let mut closing = entry(LedgerState::Closing);
    assert_eq!(absent(&closing), Decision::stay(Reason::NotPaidYet));
    closing.now = Entry::LIFE;
    assert_eq!(absent(&closing), Decision::go(LedgerState::Closed, Reason::NeverOrdered));
    assert_eq!(absent(&entry(LedgerState::Paid)), Decision::stay(Reason::Contradiction));
}

#[test]
fn r7_before_a_person_decides_what_went_back_is_asked_for() {
    let refunded = seen(TradeState::Refund);
    let other = |change: fn(&mut Sighting)| {
        let mut sighting = refunded.clone();
        change(&mut sighting);
        sighting
    };
    let misfits = [
        other(|s| s.appid = "wx2".into()),
        other(|s| s.total_fee = Some(99)),
        other(|s| s.fee_type = Some("USD".into())),
    ];
    for state in [LedgerState::Created, LedgerState::UserPaying, LedgerState::Closing, LedgerState::Closed] {
        for sighting in &misfits {
            let decision = decide(&entry(state), sighting, false);
            assert_eq!((decision.to, decision.ask_refunds), (Some(LedgerState::Review), true), "{state:?}");
        }
    }
    let second = decide(&entry(LedgerState::Paid), &other(|s| s.transaction_id = Some("4201".into())), false);
    assert_eq!((second.to, second.ask_refunds), (Some(LedgerState::Review), true));
    assert!(decision(LedgerState::Review, TradeState::Refund).ask_refunds);
    assert!(!decision(LedgerState::Review, TradeState::Success).ask_refunds);
    let nothing = decide(&entry(LedgerState::Review), &other(|s| s.total_fee = None), false);
    assert!(!nothing.ask_refunds && nothing.reason == Reason::Incomplete);
}
