<?php

/* Every method of every class, right and wrong, a few times over: what valgrind.sh looks at. */

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Attempt;
use WechatPay\Client;
use WechatPay\CloseOrder;
use WechatPay\Fen;
use WechatPay\Gateway;
use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\OrderQuery;
use WechatPay\PayException;
use WechatPay\ServiceException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\TradeState;
use WechatPay\UndecidedException;
use WechatPay\UnifiedOrder;
use WechatPay\Xml;

require __DIR__ . '/SimulatorProcess.php';

/** Runs all of them and forgets what they throw. */
function all(callable ...$calls): void
{
    foreach ($calls as $call) {
        try {
            $call();
        } catch (\Throwable $e) {
            (string) $e;
        }
    }
}

final class Bad
{
    public function __toString(): string
    {
        throw new \DomainException('no text');
    }
}

set_error_handler(static fn (): bool => true);
$key = SimulatorProcess::KEY;
$simulator = SimulatorProcess::start('--idle-ms', '600000');
$order = ['out_trade_no' => 'T100001', 'total_fee' => 150, 'trade_state' => 'SUCCESS', 'promotion_detail' => true,
    'coupons' => [['id' => 'c1', 'type' => 'CASH', 'fee' => 20], ['id' => 'c2', 'fee' => 1]]];
$simulator->control('POST', '/orders', $order);
$simulator->control('POST', '/orders', ['out_trade_no' => 'T100002', 'total_fee' => 1]);
$files = $simulator->ready;
$gateway = fn (?callable $onAttempt = null) => new Gateway($simulator->url, caFile: $simulator->caFile, connectTimeoutMs: 60_000, timeoutMs: 60_000, onAttempt: $onAttempt);
$merchant = new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, $key, previousKey: $key, certificate: $files['cert_file'], privateKey: $files['key_file']);
$fault = fn (string $name, array $more = []) => $simulator->control('POST', '/faults', ['fault' => $name, 'path' => '*'] + $more);

for ($round = (int) ($argv[1] ?? 3); $round > 0; $round--) {
    $query = new OrderQuery($merchant, $gateway(function (Attempt $a): void {
        json_encode($a);
    }));
    $loud = new OrderQuery($merchant, $gateway(fn () => throw new \DomainException('observer')));
    $unified = new UnifiedOrder($merchant, $gateway());
    $place = fn (mixed ...$more) => $unified->native(...$more + ['outTradeNo' => "V10000$round", 'totalFee' => 5, 'body' => 'tea', 'notifyUrl' => 'https://a.b/c', 'spbillCreateIp' => '127.0.0.1']);

    all(
        fn () => json_encode($paid = $query->byOutTradeNo('T100001')) . print_r($paid, true) . var_export($paid->fields(), true) . (int) $paid->isPaid(),
        fn () => $query->byTransactionId($query->byOutTradeNo('T100001')->transactionId),
        fn () => $query->byOutTradeNo('none01'),
        fn () => $query->byOutTradeNo('a b'),
        fn () => $query->byOutTradeNo(5),
        fn () => $query->many(['T100001', 'none01', '123456', 'T100002'], 3),
        fn () => $query->many(['T100001', 5]),
        fn () => $query->many(['T100001', "\xFF" => 'a b']),
        fn () => $query->many([], 65),
        fn () => $query->untilFinal('T100001', 1000, 100, fn () => true),
        fn () => $query->untilFinal('T100002', 60_000, 10, fn ($seen, $n) => $n < 3),
        fn () => $query->untilFinal('none01', 60_000, 10, fn ($seen, $n) => $n < 2),
        fn () => $query->untilFinal('T100002', 1000, 100, fn () => throw new \DomainException('poll')),
        fn () => $query->untilFinal('T100002', 1000, 100, 'no_such_function'),
        fn () => $loud->byOutTradeNo('T100001'),
        fn () => $loud->many(['T100001', 'T100002'], 2),
    );
    foreach (['no_sign', 'bad_sign', 'md5_sign', 'swapped_order', 'return_fail', 'system_error', 'unknown_state', 'doctype', 'html_200', 'redirect', 'truncate', 'duplicate_field'] as $name) {
        $fault($name);
        all(fn () => $query->byOutTradeNo('T100001'));
    }
    $fault('set_field', ['name' => 'promotion_detail', 'value' => '[{"a":[1,2.5,null,true,{"7":"x"}]}]']);
    all(
        fn () => $query->byOutTradeNo('T100001')->promotionDetail,
        fn () => [$p = $place(), $p->qrSvg(), $p->qrPng(64), $p->qrText(), json_encode($p)],
        fn () => $place(detail: ['a' => ['b']], timeExpire: new \DateTimeImmutable('+1 hour'), sceneInfo: ['x' => 1], profitSharing: true, attach: 'x', extra: ['version' => '1.0', 'n' => null]),
        fn () => $place(body: ''),
        fn () => $place(detail: ["\xFF"]),
        fn () => $place(extra: ['a' => new Bad()]),
        fn () => $place(timeExpire: 'x'),
        fn () => (new CloseOrder($merchant, $gateway()))->byOutTradeNo("V10000$round"),
        fn () => (new CloseOrder($merchant, $gateway()))->byOutTradeNo('none01'),
        fn () => (new Client($merchant, $gateway()))->call('/pay/orderquery', ['out_trade_no' => 'T100001', 'x' => null], certificate: true),
        fn () => (new Client($merchant, $gateway()))->call('/pay/nothing', ['a' => '1'], allowUnsigned: true),
        fn () => (new Client($merchant, $gateway()))->call('nothing', []),
        fn () => (new Client(new Merchant('a', 'b', $key), $gateway()))->call('/secapi/x', [], true),
    );
    $fields = ['a' => '1', 'b' => 2, 'c' => null, 'd' => '中'];
    $signed = $fields + ['sign' => Signer::sign($fields, $key, SignType::HmacSha256)];
    all(
        fn () => Signer::verify($signed, $key, SignType::HmacSha256),
        fn () => Signer::verify($signed, $key, SignType::Md5),
        fn () => Signer::explain($signed, $key, SignType::Md5, $key),
        fn () => Signer::sign(['a' => new Bad()], $key, SignType::Md5),
        fn () => Signer::sign(['a' => [], 7 => 'x'], $key, SignType::Md5),
        fn () => Signer::sign([], 'short', SignType::Md5),
        fn () => [$n = Notification::read(Notification::sign($fields + ['return_code' => 'SUCCESS', 'result_code' => 'SUCCESS', 'out_trade_no' => 'T1', 'transaction_id' => '1', 'total_fee' => 1], $merchant), $merchant), json_encode($n->order), print_r($n, true)],
        fn () => Notification::read('<xml>', $merchant),
        fn () => Notification::read('<xml><return_code>SUCCESS</return_code></xml>', $merchant, $merchant),
        fn () => Notification::read('x'),
        fn () => Notification::fail(Notification::success() . "\xFF"),
        fn () => Xml::decode(Xml::encode(['a' => "x]]>\r", 'b' => 5, 'c' => null])),
        fn () => Xml::decode('<xml><a>'),
        fn () => Xml::encode(['a b' => 1]),
        fn () => [Fen::fromYuan('1.23'), Fen::toYuan(-5)],
        fn () => Fen::fromYuan('x'),
        fn () => [TradeState::from('SUCCESS')->isFinal(), TradeState::Accept->mayBecome(TradeState::Closed), TradeState::Unknown->label('en'), TradeState::NotPay->isPending(), TradeState::NotPay->isPaid()],
        fn () => TradeState::Accept->mayBecome(5),
        fn () => new Merchant('a', 'b', $key, SignType::Md5, 'c', 'd', $files['p12_file'], null, null, $key, true),
        fn () => new Merchant('a', 'b', $key, privateKey: 'x'),
        fn () => (new Merchant('a', 'b', $key))->__construct('a', 'b', $key),
        fn () => clone $merchant,
        fn () => serialize($merchant),
        fn () => new Gateway('http://a'),
        fn () => new Gateway(onAttempt: [new Bad(), '__toString']),
        fn () => new OrderQuery($merchant),
        fn () => new OrderQuery(5),
        fn () => throw new ServiceException('m', 'E', 'des', previous: new \Exception('p')),
        fn () => throw new UndecidedException(lastSeen: $query->byOutTradeNo('T100001')),
        fn () => unserialize(serialize(new PayException('m')))->advice->name,
        fn () => (new PayException())->__construct(),
        fn () => new PayException(code: []),
    );
    unset($query, $loud, $unified, $place);
    gc_collect_cycles();
}
echo "done\n";
