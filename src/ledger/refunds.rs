//! What follows from what is told of refunds: pure (decisions.md 7.3).

use super::decide::{Decision, Effect};
use super::entry::{Entry, Ms, RefundRow, RefundWord, SETTLES};
use super::reason::Reason;
use super::sighting::{Coverage, RefundSighting, SeenRefund};
use super::state::LedgerState;
use crate::api::refund::RefundOptions;

/// What follows from seeing all refunds of an order, `refunds` being our rows after they were brought up to
/// date with the list.
pub fn decide(entry: &Entry, seen: &RefundSighting, refunds: &[RefundRow], credit_late: bool) -> Decision {
    match entry.state {
        LedgerState::Review if is_unlisted(entry, seen, refunds) => {
            let orphan = entry.is_orphan();
            return Decision::stay(if orphan { Reason::UnknownWentBack } else { Reason::RefundsUnlisted });
        }
        LedgerState::Review => return Decision::stay(Reason::UnderReview),
        LedgerState::Revoked => return Decision::stay(Reason::Late),
        _ if is_dismissed(entry, seen) => return Decision::stay(Reason::Dismissed),
        _ => {}
    }
    let sum = refunded(refunds);
    let exceeds = sum > entry.paid_fee();
    if names_no_payment(entry, seen) && !exceeds {
        return Decision::stay(Reason::Incomplete);
    }
    if let Some(reason) = misfit(entry, seen) {
        return Decision::go(LedgerState::Review, reason);
    }
    match exceeds {
        // Nobody but a person lets an order be that has sent back more than was paid.
        true if entry.state == LedgerState::Refunded && sum == entry.refunded => {
            return Decision::stay(Reason::Dismissed);
        }
        true => return Decision::go(LedgerState::Review, Reason::RefundsExceed),
        false => {}
    }
    told_in_part(entry, &seen.coverage, refunds, follow(entry, sum, credit_late))
}

/// Where not all refunds are told, others may have taken the rest: nothing is credited for what is missing.
fn told_in_part(entry: &Entry, coverage: &Coverage, refunds: &[RefundRow], decision: Decision) -> Decision {
    let credits = decision.effect == Effect::Credit;
    match coverage {
        Coverage::One(_) if credits => {
            Decision { ask_refunds: true, ..Decision::stay(Reason::RefundsUnknown) }
        }
        Coverage::Unlisted if credits && entry.state.is_open() => {
            Decision::go(LedgerState::Review, Reason::RefundsUnlisted)
        }
        Coverage::Unlisted if credits => Decision {
            reason: Reason::RefundsUnlisted,
            ..moved(entry, LedgerState::PaidLate, Effect::Nothing)
        },
        Coverage::Unlisted if entry.credited && !refunds.iter().any(explains) => {
            Decision::stay(Reason::RefundsUnlisted)
        }
        Coverage::Unlisted if !refunds.iter().any(explains) => {
            Decision { reason: Reason::RefundsUnlisted, ..decision }
        }
        _ => decision,
    }
}

/// Did something of a person's question go back that nothing explains?
fn is_unlisted(entry: &Entry, seen: &RefundSighting, refunds: &[RefundRow]) -> bool {
    let asks = !entry.credited && is_of_its_payment(entry, seen);
    asks && seen.coverage == Coverage::Unlisted && !refunds.iter().any(explains)
}

/// Is it known that something went back, and not yet how much? What we send back of a payment that waits for a person
/// explains nothing that went before.
pub fn is_unexplained(entry: &Entry, refunds: &[RefundRow]) -> bool {
    let was_first = |row: &RefundRow| entry.credited || row.sent_at.is_none();
    Reason::is_unlisted(&entry.reason) && !refunds.iter().any(|row| explains(row) && was_first(row))
}

/// Does this refund explain why WeChat says that something went back?
fn explains(row: &RefundRow) -> bool {
    row.state.counts() || row.state == RefundWord::Closed
}

/// What follows from a payment, if refunds of it were told before it was seen.
pub fn less_refunds(entry: &Entry, decision: Decision, credit_late: bool) -> Decision {
    let is_less = entry.refunded > 0 && decision.to == Some(LedgerState::Paid);
    if is_less { follow(entry, entry.refunded, credit_late) } else { decision }
}

/// What follows from the sum that went back, when the payment itself is beyond doubt.
pub fn follow(entry: &Entry, sum: i64, credit_late: bool) -> Decision {
    use LedgerState as L;
    let whole = sum == entry.paid_fee();
    let share = if sum == 0 { L::Paid } else { L::PartiallyRefunded };
    match entry.state {
        L::Review => Decision::stay(Reason::UnderReview),
        L::Revoked => Decision::stay(Reason::Late),
        _ if whole => moved(entry, L::Refunded, Effect::Nothing),
        _ if entry.credited => moved(entry, share, Effect::Nothing),
        L::Created | L::UserPaying | L::Closing => moved(entry, share, Effect::Credit),
        // What waits for a person, or has gone back, is credited by nobody else.
        L::Closed if credit_late => moved(entry, share, Effect::Credit),
        _ => moved(entry, L::PaidLate, Effect::Nothing),
    }
}

/// Does it list the refunds of the payment that counts, or that is a person's question? Those of another are nobody's
/// here: a second payment that is sent back by hand takes nothing from the first.
pub fn is_of_its_payment(entry: &Entry, seen: &RefundSighting) -> bool {
    let known = entry.transaction_id.as_ref();
    match known.or(entry.suspect_id.as_ref().filter(|_| entry.state == LedgerState::Review)) {
        Some(known) => seen.transaction_id.as_ref().is_none_or(|told| told == known),
        None => !is_dismissed(entry, seen),
    }
}

fn names_no_payment(entry: &Entry, seen: &RefundSighting) -> bool {
    seen.total_fee.is_none() || entry.transaction_id.is_none() && seen.transaction_id.is_none()
}

fn is_dismissed(entry: &Entry, seen: &RefundSighting) -> bool {
    let is_own = entry.transaction_id.is_some() && entry.transaction_id == seen.transaction_id;
    entry.suspect_id.is_some() && entry.suspect_id == seen.transaction_id && !is_own
}

fn moved(entry: &Entry, to: LedgerState, effect: Effect) -> Decision {
    let to = (entry.state != to).then_some(to);
    Decision { to, effect, ..Decision::stay(Reason::Refunds) }
}

fn misfit(entry: &Entry, seen: &RefundSighting) -> Option<Reason> {
    let other_payment = |known: &String| seen.transaction_id.as_ref().is_some_and(|told| told != known);
    if entry.transaction_id.as_ref().is_some_and(other_payment) {
        return Some(Reason::SecondTransaction);
    }
    if seen.total_fee.is_some_and(|told| told != entry.paid_fee()) {
        return Some(Reason::AmountDiffers);
    }
    let currency = seen.fee_type.as_deref().unwrap_or("CNY");
    (currency != entry.currency()).then_some(Reason::CurrencyDiffers)
}

/// Fen that WeChat counts as refunded.
pub fn refunded(refunds: &[RefundRow]) -> i64 {
    sum(refunds.iter().filter(|row| row.state.counts()))
}

/// Must the refunds of an order in this state be asked about again? What was reversed has none, and while a person is asked
/// nothing is sent that has not arrived.
pub fn pending(state: LedgerState, refunds: &[RefundRow]) -> bool {
    let waits = |row: &RefundRow| row.state == RefundWord::Intent && !row.is_open();
    match state {
        LedgerState::Revoked => false,
        LedgerState::Review => refunds.iter().any(|row| row.state.is_pending() && !waits(row)),
        _ => refunds.iter().any(|row| row.state.is_pending()),
    }
}

/// Fen of refunds that are wanted and not known to have arrived.
pub fn wanted(refunds: &[RefundRow]) -> i64 {
    sum(refunds.iter().filter(|row| row.state == RefundWord::Intent))
}

/// Fen that are refunded or may be: what a further refund has to leave alone.
pub fn reserved(refunds: &[RefundRow]) -> i64 {
    sum(refunds.iter().filter(|row| row.state.counts() || row.state == RefundWord::Intent))
}

fn sum<'a>(rows: impl Iterator<Item = &'a RefundRow>) -> i64 {
    rows.fold(0, |sum, row| sum.saturating_add(row.refund_fee))
}

/// Where a refund stands after a list said so. What is done stays done, whatever an older answer says; what is
/// to be sent (again) is sent, for the list may be from before.
pub fn newer(known: RefundWord, told: RefundWord) -> RefundWord {
    use RefundWord::{Change, Closed, Intent, Success};
    match (known, told) {
        (Success | Change, Success | Change) => told,
        (Success | Change, _) | (Intent, Closed) => known,
        _ => told,
    }
}

/// Has an answer settled that this refund, wanted and perhaps sent, did not arrive? `asked_at` is when the order was
/// read for the question; what a closed refund of this number says may be from before.
pub fn is_settled(row: &RefundRow, asked_at: Ms, told: &Coverage, seen: &[SeenRefund]) -> bool {
    let listed =
        |told: &SeenRefund| told.out_refund_no == row.out_refund_no && told.state != RefundWord::Closed;
    row.is_open()
        && told.tells_of(&row.out_refund_no)
        && !may_arrive(row, asked_at)
        && !seen.iter().any(listed)
}

/// May a send of it still arrive? `now` is when it was read.
pub fn may_arrive(row: &RefundRow, now: Ms) -> bool {
    row.sent_at.is_some_and(|at| now.saturating_sub(at) < SETTLES)
}

/// Where a refund of ours stands after it was told, `asked_at` being when it was read for the question. What APIv3 has
/// closed is over, though it is wanted: its number is used up, unless a send may arrive that v2 takes. A CLOSED that
/// nobody asked for may be older than our last send, which v2 took: the refund is asked about.
pub fn told(known: &RefundRow, told: &SeenRefund, coverage: &Coverage, asked_at: Option<Ms>) -> RefundWord {
    let is_over = *coverage != Coverage::Whole && asked_at.is_some_and(|at| !may_arrive(known, at));
    match (known.state, told.state) {
        (RefundWord::Intent, RefundWord::Closed) if is_over => RefundWord::Closed,
        (RefundWord::Processing, RefundWord::Closed) if asked_at.is_none() && known.sent_at.is_some() => {
            RefundWord::Processing
        }
        (known, told) => newer(known, told),
    }
}

/// A row for a refund we did not order.
pub fn foreign(seen: &SeenRefund) -> RefundRow {
    RefundRow {
        out_refund_no: seen.out_refund_no.clone(),
        refund_id: seen.refund_id.clone(),
        refund_fee: seen.refund_fee,
        state: seen.state,
        options: RefundOptions::default(),
        sent_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::decide::tests::entry;
    use super::*;

    fn row(refund_fee: i64, state: RefundWord) -> RefundRow {
        RefundRow {
            out_refund_no: "R".into(),
            refund_id: None,
            refund_fee,
            state,
            options: RefundOptions::default(),
            sent_at: None,
        }
    }

    fn seen() -> RefundSighting {
        RefundSighting {
            key: entry(LedgerState::Created).terms.key,
            transaction_id: Some("4200".into()),
            total_fee: Some(100),
            fee_type: None,
            refunds: vec![],
            coverage: Coverage::Whole,
            digest: String::new(),
        }
    }

    fn after(state: LedgerState, rows: &[RefundRow]) -> Decision {
        decide(&entry(state), &seen(), rows, false)
    }

    #[test]
    fn f9_a_refund_in_part_before_the_payment_was_seen_credits_and_is_partial() {
        let decision = after(LedgerState::Created, &[row(40, RefundWord::Processing)]);
        assert_eq!((decision.to, decision.effect), (Some(LedgerState::PartiallyRefunded), Effect::Credit));
    }

    #[test]
    fn f9_a_full_refund_before_the_payment_was_seen_credits_nothing() {
        let rows = [row(40, RefundWord::Success), row(60, RefundWord::Change)];
        let decision = after(LedgerState::Created, &rows);
        assert_eq!((decision.to, decision.effect), (Some(LedgerState::Refunded), Effect::Nothing));
    }

    #[test]
    fn r41_a_list_that_names_no_payment_credits_nothing_and_blames_no_amount() {
        for told in [(None, Some(100)), (Some("4200"), None), (None, None)] {
            let list =
                RefundSighting { transaction_id: told.0.map(str::to_owned), total_fee: told.1, ..seen() };
            let decision =
                decide(&entry(LedgerState::Created), &list, &[row(40, RefundWord::Success)], false);
            assert_eq!(
                (decision.to, decision.effect, decision.reason),
                (None, Effect::Nothing, Reason::Incomplete),
                "{told:?}"
            );
        }
    }

    #[test]
    fn r6_the_refunds_of_another_payment_are_not_this_orders() {
        let (of, list) = (is_of_its_payment, seen());
        let mut order = entry(LedgerState::Paid);
        assert!(of(&order, &list));
        order.transaction_id = Some("4199".into());
        assert!(!of(&order, &list));
        let mut asked = entry(LedgerState::Review);
        assert!(of(&asked, &list));
        asked.suspect_id = Some("4199".into());
        assert!(!of(&asked, &list));
        asked.suspect_id = Some("4200".into());
        assert!(of(&asked, &list));
        asked.state = LedgerState::Closed;
        assert!(!of(&asked, &list), "dismissed");
    }

    #[test]
    fn what_was_reversed_stays_so_whatever_a_list_says() {
        let decision =
            after(LedgerState::Revoked, &[row(60, RefundWord::Success), row(60, RefundWord::Success)]);
        assert_eq!((decision.to, decision.reason), (None, Reason::Late));
    }

    #[test]
    fn refunds_over_the_payment_are_for_a_person() {
        let rows = [row(60, RefundWord::Success), row(60, RefundWord::Processing)];
        let decision = after(LedgerState::Paid, &rows);
        assert_eq!((decision.to, decision.reason), (Some(LedgerState::Review), Reason::RefundsExceed));
    }

    #[test]
    fn closed_refused_and_unsent_refunds_do_not_count_but_unsent_ones_are_reserved() {
        let rows = [row(10, RefundWord::Closed), row(20, RefundWord::Refused), row(30, RefundWord::Intent)];
        assert_eq!((refunded(&rows), reserved(&rows)), (0, 30));
    }

    #[test]
    fn a_refund_that_is_done_stays_done() {
        for told in [RefundWord::Processing, RefundWord::Closed] {
            assert_eq!(newer(RefundWord::Success, told), RefundWord::Success);
        }
        assert_eq!(newer(RefundWord::Processing, RefundWord::Closed), RefundWord::Closed);
        assert_eq!(newer(RefundWord::Success, RefundWord::Change), RefundWord::Change);
    }

    #[test]
    fn v15_a_closed_refund_has_used_up_its_number_unless_a_send_of_it_may_arrive() {
        let closed = SeenRefund {
            out_refund_no: "R".into(),
            refund_id: None,
            refund_fee: 10,
            state: RefundWord::Closed,
        };
        let one = Coverage::One("R".into());
        let sent = |at| RefundRow { sent_at: at, ..row(10, RefundWord::Intent) };
        let after = |row: &RefundRow, of: &Coverage| told(row, &closed, of, Some(SETTLES + 5));
        assert_eq!(after(&sent(Some(5)), &one), RefundWord::Closed);
        assert_eq!(after(&sent(None), &one), RefundWord::Closed);
        assert_eq!(after(&sent(Some(6)), &one), RefundWord::Intent, "it may be v2's, and arrive");
        assert_eq!(after(&sent(Some(5)), &Coverage::Whole), RefundWord::Intent, "v2 takes the number again");
        assert_eq!(told(&row(10, RefundWord::Success), &closed, &one, Some(0)), RefundWord::Success);
    }

    #[test]
    fn refunds_over_the_payment_that_a_person_has_let_be_are_no_question_again_until_they_change() {
        let rows = [row(60, RefundWord::Success), row(60, RefundWord::Processing)];
        let settled = Entry { refunded: 120, ..entry(LedgerState::Refunded) };
        let after = |entry: &Entry, rows: &[RefundRow]| decide(entry, &seen(), rows, false);
        assert_eq!(after(&settled, &rows), Decision::stay(Reason::Dismissed));
        let more = Decision::go(LedgerState::Review, Reason::RefundsExceed);
        assert_eq!(after(&settled, &[row(60, RefundWord::Success), row(70, RefundWord::Success)]), more);
        assert_eq!(after(&Entry { refunded: 100, ..settled.clone() }, &rows), more);
        assert_eq!(after(&settled, &rows[..1]).to, Some(LedgerState::PartiallyRefunded));
        let nameless = RefundSighting { total_fee: None, ..seen() };
        assert_eq!(
            decide(&entry(LedgerState::Paid), &nameless, &rows, false),
            more,
            "counted, and asked about"
        );
    }

    #[test]
    fn what_went_back_of_a_persons_question_is_said_until_a_refund_explains_it() {
        let list = RefundSighting { coverage: Coverage::Unlisted, ..seen() };
        let order = Entry { suspect_id: Some("4200".into()), ..entry(LedgerState::Review) };
        let after = |order: &Entry, rows: &[RefundRow]| decide(order, &list, rows, false);
        assert_eq!(after(&order, &[]), Decision::stay(Reason::RefundsUnlisted));
        assert_eq!(after(&order, &[row(40, RefundWord::Success)]), Decision::stay(Reason::UnderReview));
        let credited = Entry { credited: true, ..order.clone() };
        let second = Entry { suspect_id: Some("4201".into()), ..order.clone() };
        for other in [credited, second] {
            assert_eq!(after(&other, &[]), Decision::stay(Reason::UnderReview));
        }
        let because = |reason: Reason| Entry { reason: reason.text().into(), ..order.clone() };
        for orphan in [Reason::UnknownOrder, Reason::UnknownWentBack].map(because) {
            assert_eq!(after(&orphan, &[]), Decision::stay(Reason::UnknownWentBack));
            assert!(orphan.is_orphan(), "it may be opened still");
        }
        for told in [Reason::RefundsUnlisted, Reason::UnknownWentBack].map(because) {
            assert!(is_unexplained(&told, &[]) && !is_unexplained(&told, &[row(40, RefundWord::Success)]));
            for later in [RefundWord::Processing, RefundWord::Success, RefundWord::Closed] {
                let own = RefundRow { sent_at: Some(5), ..row(10, later) };
                assert!(is_unexplained(&told, std::slice::from_ref(&own)), "{later:?}");
                assert!(!is_unexplained(&told, &[own, row(40, RefundWord::Success)]));
            }
        }
    }

    #[test]
    fn a_closed_that_nobody_asked_for_may_be_older_than_our_last_send_and_ends_nothing() {
        let closed = SeenRefund {
            out_refund_no: "R".into(),
            refund_id: None,
            refund_fee: 10,
            state: RefundWord::Closed,
        };
        let ours = RefundRow { sent_at: Some(5), ..row(10, RefundWord::Processing) };
        for of in [Coverage::Whole, Coverage::One("R".into())] {
            assert_eq!(told(&ours, &closed, &of, None), RefundWord::Processing, "{of:?}");
            assert_eq!(told(&ours, &closed, &of, Some(6)), RefundWord::Closed, "{of:?}");
            assert_eq!(told(&row(10, RefundWord::Processing), &closed, &of, None), RefundWord::Closed);
        }
        assert!(pending(LedgerState::Paid, &[ours]), "the worker asks");
    }

    #[test]
    fn what_is_told_of_one_refund_credits_nobody_for_what_is_not_told() {
        let after = |state, coverage, credit_late, rows: &[RefundRow]| {
            let decision = decide(&entry(state), &RefundSighting { coverage, ..seen() }, rows, credit_late);
            (decision.to, decision.effect, decision.ask_refunds)
        };
        let (part, whole) = ([row(40, RefundWord::Success)], [row(100, RefundWord::Success)]);
        for state in [LedgerState::Created, LedgerState::UserPaying, LedgerState::Closing] {
            let one = || Coverage::One("R".into());
            assert_eq!(after(state, one(), true, &part), (None, Effect::Nothing, true));
            assert_eq!(
                after(state, one(), true, &whole),
                (Some(LedgerState::Refunded), Effect::Nothing, false)
            );
            let person = (Some(LedgerState::Review), Effect::Nothing, false);
            assert_eq!(after(state, Coverage::Unlisted, true, &part), person);
        }
        for credit_late in [true, false] {
            let late = after(LedgerState::Closed, Coverage::Unlisted, credit_late, &part);
            assert_eq!(late, (Some(LedgerState::PaidLate), Effect::Nothing, false));
            let list = RefundSighting { coverage: Coverage::Unlisted, ..seen() };
            for state in [LedgerState::Closed, LedgerState::PaidLate] {
                let unsaid = decide(&entry(state), &list, &[], credit_late);
                assert_eq!((unsaid.effect, unsaid.reason), (Effect::Nothing, Reason::RefundsUnlisted));
            }
        }
    }

    #[test]
    fn a_payment_of_which_a_part_went_back_before_it_was_seen_is_credited_as_refunded_in_part() {
        let paid = Decision::go(LedgerState::Paid, Reason::Paid);
        let after = |state, refunded, late| {
            let decision = less_refunds(&Entry { refunded, ..entry(state) }, paid, late);
            (decision.to, decision.effect)
        };
        for (state, late) in [(LedgerState::Created, false), (LedgerState::Closed, true)] {
            assert_eq!(after(state, 0, late), (paid.to, paid.effect));
            assert_eq!(after(state, 40, late), (Some(LedgerState::PartiallyRefunded), Effect::Credit));
            assert_eq!(after(state, 100, late), (Some(LedgerState::Refunded), Effect::Nothing));
        }
    }

    #[test]
    fn f20_what_waits_for_a_person_or_has_gone_back_is_credited_by_nobody_else() {
        for state in [LedgerState::PaidLate, LedgerState::Refunded] {
            for rows in [vec![], vec![row(40, RefundWord::Success)]] {
                let order = Entry { credited: false, ..entry(state) };
                let decision = decide(&order, &seen(), &rows, true);
                let to = decision.to.unwrap_or(state);
                assert_eq!((to, decision.effect), (LedgerState::PaidLate, Effect::Nothing), "{state:?}");
            }
        }
    }

    #[test]
    fn after_a_close_refunds_show_a_late_payment() {
        let decision = after(LedgerState::Closed, &[row(40, RefundWord::Success)]);
        assert_eq!((decision.to, decision.effect), (Some(LedgerState::PaidLate), Effect::Nothing));
    }
}
