<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Keeps the shop right: every paid order is credited exactly once, whatever is lost, doubled or late. A service that
 * lives in the shop's own database, through the shop's own PDO: the credit commits together with the order's state.
 *
 * Make it in one function that the order page, the notify endpoint, the worker and the back office share. What "credit"
 * means is said there, once. SQLite, MariaDB 10.6, MySQL 8.0.1, PostgreSQL 12 or newer.
 *
 * ```php
 * use WechatPay\Ledger;
 * use WechatPay\Merchant;
 * use WechatPay\Notification;
 * use WechatPay\Transition;
 *
 * function ledger(PDO $pdo): Ledger
 * {
 *     return new Ledger($pdo, onCredit: function (Transition $t, PDO $pdo): void {
 *         $pdo->prepare('UPDATE shop_order SET paid = 1 WHERE number = ?')->execute([$t->outTradeNo]);
 *     });
 * }
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * $pdo = new PDO('sqlite::memory:');
 * $pdo->exec("CREATE TABLE shop_order (number TEXT, paid INT); INSERT INTO shop_order VALUES ('T20261122-0001', 0)");
 * ledger($pdo)->install();
 * ledger($pdo)->open($merchant, 'T20261122-0001', 1230);   // before UnifiedOrder is called
 *
 * // The notify endpoint; in the shop: $body = file_get_contents('php://input');
 * $body = Notification::sign(
 *     ['out_trade_no' => 'T20261122-0001', 'transaction_id' => '4200000000202611220000000001', 'total_fee' => 1230],
 *     $merchant,
 * );
 * $t = ledger($pdo)->applyNotification(Notification::read($body, $merchant));
 * echo $t->reply(), "\n";                                               // prints: <return_code><![CDATA[SUCCESS]]>
 * echo $pdo->query('SELECT SUM(paid) FROM shop_order')->fetchColumn();  // prints: 1
 * ```
 */
final class Ledger
{
    /**
     * $onCredit runs inside the transaction that makes the order Paid: whatever it writes through the PDO it is given
     * is written exactly once. What it throws rolls all of it back and is thrown on; the next notice or poll tries
     * again. After a deadlock, or another order's failure in reconcileDay(), the transaction is tried again, so it may run
     * again: what it does outside of that database, mail for one, belongs in outbox(). It must neither commit nor roll back,
     * nor call this same object.
     * false and a Generator (a yield in it, none of it has run) are errors: a LogicException, and nothing is stored;
     * null, true and whatever else it gives are fine. The same holds for $onRevoke.
     *
     * Whatever ends the script in it, exit(), a fatal error, max_execution_time, memory_limit or a browser that hung up
     * while it printed, is rolled back before a shutdown function, a destructor or a session handler runs: our own
     * transaction whole, yours to where it was before the call. A Fiber cannot be suspended in it (FiberError), since
     * its connection is in the middle of a transaction.
     *
     * A child forked in it may end as it likes: every PDO and PDOStatement that it has inherited ends in it without a
     * word on the parent's connection. It must not query through them; it opens a PDO of its own. After a fork the
     * parent looks whether COMMIT has stored what it should, and throws UndecidedException if it cannot see it.
     *
     * @param \PDO $pdo the shop's connection, with PDO::ERRMODE_EXCEPTION; not used across a fork
     * @param callable(Transition $transition, \PDO $pdo): mixed $onCredit a payment is credited
     * @param (callable(Transition $transition, \PDO $pdo): mixed)|null $onRevoke a credited code payment was reversed
     * @param Gateway|null $gateway    where to ask; null for the INI settings
     * @param bool         $creditLate credit a payment that comes after the order was closed, too
     * @param string       $prefix     of the tables, `[A-Za-z_][A-Za-z0-9_]{0,20}`
     *
     * @throws \TypeError  if $onCredit or $onRevoke cannot be called
     * @throws \ValueError if the connection or the prefix will not do; the message says why
     */
    public function __construct(
        \PDO $pdo,
        callable $onCredit,
        ?callable $onRevoke = null,
        ?Gateway $gateway = null,
        bool $creditLate = false,
        string $prefix = 'wechatpay_',
    ) {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Makes the tables where there are none: order, evidence, credit, refund, outbox, schema, each with the prefix.
     * Brings those of an older version up to date, with all that is in them; until then every other method throws a
     * LogicException that says so. May be called any number of times, by many at once; needs the right to create and
     * alter tables, the other methods do not. Call it when you deploy.
     *
     * @throws \LogicException if the server is too old, the tables are of a newer version, or inside a transaction
     * @throws \PDOException   if the database refuses
     */
    public function install(): void
    {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Opens an order: what must come back in a payment before it is credited. Call it before `UnifiedOrder` or
     * `Micropay`, in the same transaction as the shop's own order if you like. The same arguments again give the same
     * entry, whatever $expiresAt says: the first one stays. So give `$entry->expiresAt` to `UnifiedOrder`, not a time
     * of your own.
     *
     * @param Merchant                $merchant   whose order
     * @param string                  $outTradeNo `out_trade_no`, 1 to 32 characters of 0-9A-Za-z_-|*@
     * @param int                     $totalFee   fen
     * @param \DateTimeInterface|null $expiresAt  when `Sync` gives it up; null: two hours after opening. Never sooner
     *                                            than five minutes, which WeChat wants
     * @param string                  $feeType    currency
     * @param string                  $tradeType  MICROPAY orders are reversed, all others are closed
     *
     * @return LedgerEntry the order as it stands
     *
     * @throws \ValueError        if it was opened with other arguments, or an argument cannot be one
     * @throws \LogicException    if the ledger is at work, its tables are missing or another version's, or the
     *                            connection went through a fork
     * @throws \PDOException      if the database cannot be used
     * @throws UndecidedException the answer to COMMIT was lost: open it again
     */
    public function open(
        Merchant $merchant,
        string $outTradeNo,
        int $totalFee,
        ?\DateTimeInterface $expiresAt = null,
        string $feeType = 'CNY',
        string $tradeType = 'NATIVE',
    ): LedgerEntry {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Applies a verified order: from `OrderQuery`, `Micropay` or a notice. If the shop has a transaction open, it is
     * joined by a savepoint and nothing is ever tried again; "credited" then means: when you commit.
     *
     * @param Order $order what WeChat says
     *
     * @return Transition what that did
     *
     * @throws UndecidedException the answer to COMMIT was lost: apply it again with a fresh PDO and Ledger
     * @throws \LogicException    if the ledger is at work, its tables are missing or another version's, or the
     *                            connection went through a fork
     * @throws \PDOException      if the database cannot be used
     */
    public function apply(Order $order): Transition
    {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Applies a notice. A payment is applied as by apply(). A refund notice of v2, which is not signed, is kept and makes
     * the order due: `Sync` asks for the refunds. One of APIv3 is signed, and applied as what applyRefunds() is given.
     *
     * @param Notification $notification from Notification::read() or receive()
     *
     * @return Transition what that did; its reply() is the answer to WeChat
     *
     * @throws \ValueError        another event of APIv3: order and refund are null, its own reply() is the answer
     * @throws UndecidedException the answer to COMMIT was lost: answer FAIL, WeChat repeats the notice
     * @throws \LogicException    if the ledger is at work, its tables are missing or another version's, or the
     *                            connection went through a fork
     * @throws \PDOException      if the database cannot be used
     */
    public function applyNotification(Notification $notification): Transition
    {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Applies all refunds of an order; in APIv3, which has no list, what is said of one, which says nothing of the others.
     *
     * @param RefundList $refunds from RefundQuery::byOutTradeNo() or byTransactionId(); in APIv3 from byOutRefundNo()
     *
     * @return Transition what that did
     *
     * @throws \ValueError        if v2 was asked for one refund only
     * @throws UndecidedException the answer to COMMIT was lost: apply it again with a fresh PDO and Ledger
     * @throws \LogicException    if the ledger is at work, its tables are missing or another version's, or the
     *                            connection went through a fork
     * @throws \PDOException      if the database cannot be used
     */
    public function applyRefunds(RefundList $refunds): Transition
    {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Looks an order up, without a lock.
     *
     * @return LedgerEntry|null null if it was never opened
     *
     * @throws \ValueError        if the number cannot be one
     * @throws \LogicException    if the ledger is at work, its tables are missing or another version's, or the
     *                            connection went through a fork
     * @throws \PDOException      if the database cannot be used
     */
    public function find(Merchant $merchant, string $outTradeNo): ?LedgerEntry
    {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Refunds: writes it down with its number, asks WeChat, books the answer. The same call again is the same refund.
     * All refunds together never exceed what was paid.
     *
     * What is thrown says what holds. `stillWanted` false: nothing was accepted and nothing will be done by itself under
     * this number; call it again, with the same or other options, or take another number. `stillWanted` true: it may have
     * been accepted, `Sync` asks and carries it on under the same number, as after a crash; withdraw() takes it back.
     *
     * @param Merchant              $merchant    with its certificate
     * @param string                $outTradeNo  a paid order
     * @param string                $outRefundNo `out_refund_no`, 1 to 64 characters of 0-9A-Za-z_-|*@
     * @param int                   $refundFee   fen
     * @param array<string, string> $options     as for Refund::byOutTradeNo()
     *
     * @return Transition to PartiallyRefunded or Refunded once WeChat has accepted it
     *
     * @throws \ValueError      if the order was not opened, another merchant opened it (appid, sub_appid), too little is
     *                          left, a refund of this number was or may be accepted with other values, or APIv3 has closed it
     * @throws \LogicException  if the order is not paid, or inside a transaction
     * @throws ServiceException WeChat refused it
     * @throws PayException     no answer; `stillWanted` says whether it is carried on
     * @throws \PDOException    if the database cannot be used
     */
    public function refund(
        Merchant $merchant,
        string $outTradeNo,
        string $outRefundNo,
        int $refundFee,
        array $options = [],
    ): Transition {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Takes a refund back that was written down and that WeChat verifiably does not know: it is asked first. A refund
     * that has ended already stays ended.
     *
     * @param Merchant $merchant    whose order
     * @param string   $outTradeNo  the order
     * @param string   $outRefundNo the refund's number
     *
     * @return Transition with what is left wanted
     *
     * @throws \ValueError     if the order was not opened, or has no refund of this number
     * @throws \LogicException if WeChat has accepted it, or inside a transaction
     * @throws PayException    WeChat could not be asked, or it was sent less than a minute ago and may still arrive: it
     *                         stays wanted, try again later
     * @throws \PDOException   if the database cannot be used
     */
    public function withdraw(Merchant $merchant, string $outTradeNo, string $outRefundNo): Transition
    {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Closes an order that is not paid: writes the wish down, closes, asks what became of it. A payment that was
     * faster is credited.
     *
     * @return Transition to Closed, to Paid, or to Closing if WeChat could not be asked to the end: `Sync` goes on
     *
     * @throws \ValueError     if the order was not opened, or another merchant opened it (appid, sub_appid)
     * @throws \LogicException for code payments, or inside a transaction
     * @throws PayException    WeChat could not be asked, or refused; `stillWanted` says whether `Sync` carries it on, else
     *                         the order waits for its payment as before
     * @throws \PDOException   if the database cannot be used
     */
    public function close(Merchant $merchant, string $outTradeNo): Transition
    {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Reverses a code payment, paid or not: as close(). Younger than 15 seconds it is only written down; `Sync`
     * reverses it then.
     *
     * @param Merchant $merchant with its certificate
     *
     * @return Transition to Revoked, or to Closing
     *
     * @throws \ValueError     if the order was not opened, or another merchant opened it (appid, sub_appid)
     * @throws \LogicException for all but code payments, or inside a transaction
     * @throws PayException    WeChat could not be asked, or refused; `stillWanted` says whether `Sync` carries it on
     * @throws \PDOException   if the database cannot be used
     */
    public function reverse(Merchant $merchant, string $outTradeNo): Transition
    {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * A person decides about an order in Review or PaidLate. The note is kept as evidence. What was paid counts, even
     * if it is another amount than was opened: Credit books it, Refund sends back all that is left of it in its own time.
     *
     * @param Merchant   $merchant   whose order
     * @param string     $outTradeNo the order
     * @param Resolution $as         how
     * @param string     $note       who and why, 1 to 1000 bytes; stored as JSON, which json_decode() reads
     *
     * @return Transition out of Review or PaidLate
     *
     * @throws \LogicException    if there is nothing to decide, no verified payment is known (apply() what `OrderQuery`
     *                            says, then decide), how much of it went back is not known before a Credit (let `Sync`
     *                            ask, or applyRefunds()), or a refund is wanted that has to be withdrawn first
     * @throws \ValueError        if the order was not opened, or another merchant opened it (appid, sub_appid)
     * @throws \PDOException      if the database cannot be used
     * @throws UndecidedException the answer to COMMIT was lost
     */
    public function resolve(Merchant $merchant, string $outTradeNo, Resolution $as, string $note): Transition
    {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Reconciles one day: downloads its trade bill (and the fund flow of the merchant's own account, which v2 gives with a
     * certificate only), verifies it to the last fen, compares it with the ledger, asks WeChat about each order and refund
     * that does not fit, and applies what it says by the normal path: an opened order whose payment was never seen is credited through
     * $onCredit, once; a payment that nobody opened becomes an order in Review; one after a close stays PaidLate. What is
     * left is kept as `Difference`s for a person. A difference moves no money by itself, and a bill is signed by nobody:
     * what it says is asked about before anything is done.
     *
     * Call it once a day, after 10:00 in Beijing. The same bill again gives the same differences; another content for a
     * day that is done is the difference BillChanged, and nothing else changes until somebody has settled that, which
     * accepts the new bill. Two workers download once: the second waits and gets what the first has found. A process that
     * dies is followed by the next call, ten minutes later at the latest. An order that cannot be applied holds up no other:
     * why is in the note of its difference.
     *
     * ```php
     * foreach ($ledger->reconcileDay($merchant, '2026-11-21') as $difference) {
     *     echo "{$difference->state->name} {$difference->kind->name} $difference->key\n";
     * }
     * ```
     *
     * @param Merchant $merchant whose day; for a sub-merchant's the one with its subMchId
     * @param string   $date     the day in Beijing, as `2026-11-21`; WeChat keeps three months
     *
     * @return DayReport every difference that was found on the day, the healed ones too
     *
     * @throws \ValueError               if the date is none, or older than three months
     * @throws \LogicException           inside a transaction, or if the tables are missing
     * @throws ServiceException          with Advice::Wait: the bill is not there yet; with another: it is refused, or the
     *                                   fund flow is: a Merchant of v2 without certificate reconciles without that
     * @throws MalformedMessageException the bill is damaged or does not add up: nothing was compared
     * @throws TransportException        WeChat was not reached
     * @throws PayException              with Advice::FixConfiguration: a file cannot be kept, a certificate cannot be used
     * @throws \PDOException             if the database cannot be used, or another worker took the day over
     * @throws UndecidedException        the answer to COMMIT was lost: call it again
     */
    public function reconcileDay(Merchant $merchant, string $date): DayReport
    {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The differences that are kept, the oldest days first. What has waited until its day is open.
     *
     * ```php
     * use WechatPay\DifferenceState;
     * use WechatPay\Ledger;
     * use WechatPay\Merchant;
     *
     * $ledger = new Ledger(new PDO('sqlite::memory:'), fn () => null);
     * $ledger->install();
     * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
     * echo count($ledger->differences($merchant, DifferenceState::Open)), " to look at\n";   // prints: 0 to look at
     * ```
     *
     * @param Merchant             $merchant whose
     * @param DifferenceState|null $state    only those that stand so; null: all
     *
     * @return list<Difference>
     *
     * @throws \LogicException if the tables are missing
     * @throws \PDOException   if the database cannot be used
     */
    public function differences(Merchant $merchant, ?DifferenceState $state = null): array
    {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Writes down that a person has settled a difference. That stays, whatever later comparisons find. A difference that
     * is settled already keeps its first note.
     *
     * @param int    $difference its id
     * @param string $note       what was done about it, 1 to 1000 bytes
     *
     * @return Difference as it stands now
     *
     * @throws \ValueError     if no difference has this id, or for the note
     * @throws \LogicException if it is healed, or the tables are missing
     * @throws \PDOException   if the database cannot be used
     */
    public function settle(int $difference, string $note): Difference
    {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The days whose bill is there and that are not reconciled yet: the newest success hides no gap. A day's bill is there
     * from 10:00 of the next day on, in Beijing, and for three months.
     *
     * @param Merchant $merchant whose
     * @param string   $since    the first day that counts, as `2026-11-21`
     *
     * @return list<string> oldest first
     *
     * @throws \ValueError     if the date is none
     * @throws \LogicException if the tables are missing
     * @throws \PDOException   if the database cannot be used
     */
    public function missingDays(Merchant $merchant, string $since): array
    {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Reconciles the days that are missing, oldest first: see missingDays() and reconcileDay(). A day whose bill cannot be
     * had or is damaged holds up no other: the first such fault is thrown when the others are done. When WeChat cannot be
     * reached, that ends it at once.
     *
     * ```php
     * use WechatPay\DifferenceState;
     * use WechatPay\Ledger;
     *
     * $ledger = new Ledger($pdo, fn () => null, gateway: $gateway);
     * $ledger->reconcileMissing($merchant, '2026-11-01');
     * exit($ledger->differences($merchant, DifferenceState::Open) === [] ? 0 : 1);
     * ```
     *
     * @param Merchant $merchant whose
     * @param string   $since    the first day that counts, as `2026-11-21`
     * @param int      $limit    does so many days at most, 1 to 100
     *
     * @return list<DayReport> of the days that were done
     *
     * @throws \ValueError     if the date is none, or for the limit
     * @throws \LogicException inside a transaction, or if the tables are missing
     * @throws PayException    the first day's that could not be done, as of reconcileDay()
     * @throws \PDOException   if the database cannot be used
     */
    public function reconcileMissing(Merchant $merchant, string $since, int $limit = 7): array
    {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Removes what is over since before a time: messages that were delivered, and the evidence of orders that have
     * ended. In small pieces; may run at any time, beside everything else. What a decision may still need stays: orders,
     * credits, refunds, messages that are not delivered, all evidence of orders in Review, PaidLate or not ended, and for
     * two days that of payments which nobody has opened.
     *
     * ```php
     * use WechatPay\Ledger;
     *
     * $ledger = new Ledger(new PDO('sqlite::memory:'), fn () => null);
     * $ledger->install();
     * echo $ledger->purge(new DateTimeImmutable('-90 days'));   // prints: 0
     * ```
     *
     * @param \DateTimeInterface $before by the database's clock
     *
     * @return int how many rows were removed
     *
     * @throws \ValueError     if the time lies before 1970 or after 9999
     * @throws \LogicException inside a transaction, or if the tables are missing
     * @throws \PDOException   if the database cannot be used
     */
    public function purge(\DateTimeInterface $before): int
    {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Delivers what happened to the outside world: at least once, and in order for each order. Each change of an
     * order's state is one message; its topic is the state that was reached. What was paid now says `credited` in the
     * payload: deliver on that, not on a topic, since a refund that was given up says PAID again.
     *
     * Messages are taken and handed over one at a time. A message is this process's for 60 seconds: a delivery that
     * takes longer may be repeated by another process, and is not counted then. One that fails is handed over again
     * after a pause that doubles, from ten seconds to an hour; later messages of its order wait for it, those of other
     * orders do not. It has no end by itself: column `attempt` of the table `outbox` counts, and whoever gives anything
     * but false ends it.
     *
     * @param callable(string $topic, array<string, mixed> $payload, int $number): mixed $deliver gets the
     *     topic (LedgerState's value), the payload and the message's number; false means "again later", an exception
     *     too, which is thrown on; a Generator is an error and counts as "again later"
     * @param int $limit hands over at most so many, 1 to 100000
     *
     * @return int how many were delivered
     *
     * @throws \LogicException inside a transaction, if the server is too old to claim anything, or for a Generator
     * @throws \PDOException   if the database cannot be used
     */
    public function outbox(callable $deliver, int $limit = 100): int
    {
        throw new \Error('WechatPay\\Ledger is provided by the wechatpay extension, which is not loaded.');
    }
}
