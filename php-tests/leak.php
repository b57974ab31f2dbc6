<?php

/*
 * Does anything leak? Queries over a local simulator (sign, send, decode, verify, an Order) and the same work without
 * a network, again and again in one process; notices of APIv3 verified and opened; services that refer to themselves by the callbacks they gave. Tells the
 * resident memory at the end of the warm-up and at the end.
 *
 *     php-tests/leak.php [queries] [rounds]      one JSON line; exit code 1 if more than 2 MiB were gained
 *
 * `make leak` runs a million of each.
 */

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Attempt;
use WechatPay\Fen;
use WechatPay\Gateway;
use WechatPay\Ledger;
use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\OrderQuery;
use WechatPay\PayException;
use WechatPay\ServiceException;
use WechatPay\SignatureException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\Sync;
use WechatPay\TradeState;
use WechatPay\Transition;
use WechatPay\Xml;

require __DIR__ . '/autoload.php';

const MOST_KILOBYTES = 2 * 1024;
/** What a payment notice says. */
const PAID = ['return_code' => 'SUCCESS', 'result_code' => 'SUCCESS', 'appid' => SimulatorProcess::APPID, 'mch_id' => SimulatorProcess::MCH_ID,
    'out_trade_no' => 'T100001', 'transaction_id' => '4200001234202611220000000001', 'total_fee' => '150', 'cash_fee' => '130', 'fee_type' => 'CNY',
    'time_end' => '20261122170043', 'bank_type' => 'OTHERS', 'openid' => 'oUpF8uN95-Ptaags6E_roPHg7AG0', 'is_subscribe' => 'N', 'trade_type' => 'NATIVE',
    'coupon_fee' => '20', 'coupon_count' => '1', 'coupon_id_0' => 'c1', 'coupon_fee_0' => '20', 'promotion_detail' => '[{"a":[1,2.5]}]'];

function resident_kilobytes(): int
{
    preg_match('~^VmRSS:\s+(\d+)~m', file_get_contents('/proc/self/status'), $found);
    return (int) $found[1];
}

/** Runs some of it to warm up, all of it, and tells what was gained, in kilobytes. */
function gained(callable $work, int $times): int
{
    for ($n = 0; $n < max(2000, $times / 20); $n++) {
        $work($n);
    }
    $before = resident_kilobytes();
    for ($n = 0; $n < $times; $n++) {
        $work($n);
    }
    gc_collect_cycles();
    return resident_kilobytes() - $before;
}

/** One query's worth of work without a network, an Order included; a tenth of it wrong. */
function offline(int $n): void
{
    static $key = SimulatorProcess::KEY;
    $fields = ['return_code' => 'SUCCESS', 'appid' => 'wx1', 'total_fee' => $n, 'attach' => "七号桌 $n", 'empty' => ''];
    $fields['sign'] = Signer::sign($fields, $key, SignType::HmacSha256);
    Signer::verify($read = Xml::decode(Xml::encode($fields)), $key, SignType::HmacSha256);
    static $merchant = null;
    $merchant ??= new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
    $order = Notification::read(Notification::sign(PAID + ['attach' => "七号桌 $n"], $merchant), $merchant)->order;
    if ($order->totalFee !== 150 || $order->coupons[0]->fee !== 20 || $order->fields() === []) {
        throw new \Error('another order');
    }
    if ($n % 10 === 0) {
        foreach ([fn () => Xml::decode('<xml><a>'), fn () => Signer::verify(['sign' => 'x'] + $read, $key, SignType::Md5), fn () => Xml::encode(['a b' => 1]),
            fn () => Signer::sign(['a' => []], $key, SignType::Md5), fn () => new Merchant('a', 'b', 'c'), fn () => throw new ServiceException('m', errCode: 'E', previous: new \Exception())] as $wrong) {
            try {
                $wrong();
            } catch (\Throwable) {
            }
        }
        Signer::explain($read, $key, SignType::Md5, $key);
        new OrderQuery(new Merchant('wx1', '1', $key, previousKey: $key), new Gateway('https://127.0.0.1:1', onAttempt: fn (Attempt $a) => $n));
        Fen::fromYuan(Fen::toYuan($n));
        TradeState::from('SUCCESS')->mayBecome(TradeState::Closed);
    }
}

/** A merchant of APIv3 whose own key stands in for WeChat's. */
function of_v3(): Merchant
{
    static $merchant = null;
    if ($merchant === null) {
        $pair = openssl_pkey_new(['private_key_bits' => 2048]);
        openssl_pkey_export($pair, $private);
        $serial = '3E7A1B2C4D5F60718293A4B5C6D7E8F901234567';
        $public = openssl_pkey_get_details($pair)['key'];
        $merchant = Merchant::v3(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, 'v3SimulatorKey0123456789ABCDEFGH', $private, $serial, 'PUB_KEY_ID_01', $public);
    }
    return $merchant;
}

/** A signature of APIv3 verified, what it signs opened and read; a tenth of it wrong. Signing takes longer, so that it is done seldom. */
function verified(int $n): void
{
    static $signed = null;
    $merchant = of_v3();
    if ($signed === null || $n % 5000 === 0) {
        $body = Notification::sign(['out_trade_no' => 'T100001', 'transaction_id' => '4200000001', 'amount' => ['total' => 150, 'currency' => 'CNY'], 'success_time' => '2026-11-22T10:30:00+08:00'], $merchant);
        $signed = [$body, Notification::headers($body, $merchant)];
    }
    [$body, $headers] = $signed;
    if (Notification::receive($body, $headers, $merchant)->order->totalFee !== 150) {
        throw new \Error('another order');
    }
    if ($n % 10 === 0) {
        try {
            Notification::receive("$body ", $headers, $merchant);
            throw new \Error('a changed body was believed');
        } catch (SignatureException) {
        }
    }
}

/** A service that refers to itself over everything that keeps a callback, and is let go. */
final class Selfish
{
    public Ledger $ledger;
    public Sync $sync;
    public OrderQuery $query;

    public function __construct(Merchant $merchant)
    {
        $gateway = new Gateway('https://127.0.0.1:1', onAttempt: $this->log(...));
        $pdo = new \PDO('sqlite::memory:', null, null, [\PDO::ATTR_ERRMODE => \PDO::ERRMODE_EXCEPTION]);
        $this->ledger = new Ledger($pdo, $this->credit(...), $this->credit(...), $gateway);
        $this->sync = new Sync($this->ledger, $merchant);
        $this->query = new OrderQuery($merchant, $gateway);
        $this->ledger->install();
        $this->ledger->find($merchant, 'T100001');
    }

    private function log(Attempt $attempt): void
    {
    }

    private function credit(Transition $transition, \PDO $pdo): void
    {
    }
}

function selfish(int $n): void
{
    static $merchant = null;
    $merchant ??= new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
    new Selfish($merchant);
    if ($n % 100 === 99) {
        gc_collect_cycles();
    }
}

[$queries, $rounds] = [(int) ($argv[1] ?? 20_000), (int) ($argv[2] ?? 100_000)];
$simulator = SimulatorProcess::start('--idle-ms', '60000');
$simulator->control('POST', '/orders', ['out_trade_no' => 'T100001', 'total_fee' => 150, 'trade_state' => 'SUCCESS',
    'coupons' => [['id' => 'c1', 'type' => 'CASH', 'fee' => 20]], 'promotion_detail' => true, 'attach' => '七号桌']);
$tried = 0;
$gateway = new Gateway($simulator->url, caFile: $simulator->caFile, onAttempt: function (Attempt $attempt) use (&$tried): void {
    $tried++;
});
$query = new OrderQuery(new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY), $gateway);

/** Queries, one and many, found and not, each with all that an Order gives. */
$online = function (int $n) use ($query, $simulator): void {
    $order = $query->byOutTradeNo('T100001');
    if ($order->totalFee !== 150 || $order->coupons[0]->fee !== 20 || $order->timeEnd === null || $order->fields() === []) {
        throw new \Error('another order');
    }
    if ($n % 100 === 0) {
        json_encode($order);
        foreach ($query->many(['T100001', 'none01', 'none02'], 3) as $answer) {
            $answer instanceof PayException ? $answer->getTraceAsString() : $answer->isPaid();
        }
    }
    if ($n % 1000 === 0) {
        // The simulator's log of requests would grow too, and slow it down.
        $orders = $simulator->control('GET', '/orders');
        $simulator->control('POST', '/reset');
        $simulator->control('POST', '/orders', ['out_trade_no' => 'T100001', 'total_fee' => 150, 'trade_state' => 'SUCCESS',
            'coupons' => [['id' => 'c1', 'type' => 'CASH', 'fee' => 20]], 'promotion_detail' => true]);
        \count($orders) === 1 || throw new \Error('orders');
    }
};

$start = hrtime(true);
$result = ['queries' => $queries, 'gained_kilobytes' => gained($online, $queries)];
$result += ['rounds' => $rounds, 'gained_kilobytes_offline' => gained(offline(...), $rounds)];
$result += ['verified' => $rounds, 'gained_kilobytes_verified' => gained(verified(...), $rounds)];
$services = intdiv($rounds, 20);
$result += ['services' => $services, 'gained_kilobytes_services' => gained(selfish(...), $services)];
$result += ['attempts' => $tried, 'seconds' => round((hrtime(true) - $start) / 1e9, 1)];
echo json_encode($result), "\n";
exit(max($result['gained_kilobytes'], $result['gained_kilobytes_offline'], $result['gained_kilobytes_verified'], $result['gained_kilobytes_services']) > MOST_KILOBYTES ? 1 : 0);
