<?php

/*
 * Every method of every class, right and wrong, a few times over: what valgrind.sh and asan.sh look at. Refuses to run
 * when a class or a method is missing here.
 */

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\AccountType;
use WechatPay\Attempt;
use WechatPay\AuthCodeToOpenId;
use WechatPay\Bill;
use WechatPay\BillType;
use WechatPay\Client;
use WechatPay\CloseOrder;
use WechatPay\DownloadBill;
use WechatPay\DownloadFundFlow;
use WechatPay\Fen;
use WechatPay\FundFlow;
use WechatPay\Gateway;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Merchant;
use WechatPay\Micropay;
use WechatPay\Notification;
use WechatPay\OrderQuery;
use WechatPay\PayException;
use WechatPay\Reconciliation;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\Report;
use WechatPay\Resolution;
use WechatPay\Reverse;
use WechatPay\ScanPay;
use WechatPay\ServiceException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\Sync;
use WechatPay\TradeState;
use WechatPay\Transition;
use WechatPay\UndecidedException;
use WechatPay\UnifiedOrder;
use WechatPay\Xml;

require __DIR__ . '/autoload.php';

/** Methods and constructors that neither this file nor EveryCall names. @return list<string> */
function forgotten(): array
{
    $here = file_get_contents(__FILE__) . file_get_contents(__DIR__ . '/Support/EveryCall.php');
    $forgotten = [];
    foreach ((new \ReflectionExtension('wechatpay'))->getClasses() as $class) {
        foreach ($class->getMethods(\ReflectionMethod::IS_PUBLIC) as $method) {
            if ($method->isConstructor() && isset(EveryCall::all()[$class->getShortName()])) {
                continue;
            }
            $name = $method->isConstructor() ? 'new ' . $class->getShortName() : $method->getName();
            // Values are made by others, PHP's own exceptions and enums are not ours, and json_encode() says its name.
            $isOurs = $method->getDeclaringClass()->getName() === $class->getName() && !$class->isSubclassOf(\Exception::class)
                && !\in_array($name, ['jsonSerialize', 'count', 'getIterator', 'cases', 'from', 'tryFrom'], true);
            if ($isOurs && !preg_match('~(?<!\w)' . preg_quote($name, '~') . '\(~', $here)) {
                $forgotten[] = $class->getName() . "::$name";
            }
        }
    }
    return $forgotten;
}

/** Runs all of them; none may throw. */
function right(callable ...$calls): void
{
    foreach ($calls as $call) {
        $call();
    }
}

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

if (forgotten() !== []) {
    fwrite(STDERR, 'Not tried in ' . basename(__FILE__) . ': ' . implode(', ', forgotten()) . "\n");
    exit(1);
}
set_error_handler(static fn (): bool => true);
$key = SimulatorProcess::KEY;
$simulator = SimulatorProcess::start('--idle-ms', '600000', '--chacha20');
$order = ['out_trade_no' => 'T100001', 'total_fee' => 150, 'trade_state' => 'SUCCESS', 'promotion_detail' => true,
    'coupons' => [['id' => 'c1', 'type' => 'CASH', 'fee' => 20], ['id' => 'c2', 'fee' => 1]]];
$files = $simulator->ready;
$gateway = fn (?callable $onAttempt = null) => new Gateway($simulator->url, caFile: $simulator->caFile, connectTimeoutMs: 60_000, timeoutMs: 60_000, onAttempt: $onAttempt);
$merchant = new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, $key, previousKey: $key, certificate: $files['cert_file'], privateKey: $files['key_file']);

/** A refund notice that WeChat might have sent. */
$refunded = fn (string $number): string => Xml::encode(['return_code' => 'SUCCESS', 'appid' => SimulatorProcess::APPID, 'mch_id' => SimulatorProcess::MCH_ID,
    'req_info' => base64_encode(openssl_encrypt(strtr(Xml::encode(['out_trade_no' => $number, 'transaction_id' => '4200000000000001', 'out_refund_no' => "R$number",
        'refund_id' => '5000000000000001', 'refund_status' => 'SUCCESS', 'total_fee' => 100, 'refund_fee' => 40, 'success_time' => '2026-11-22 10:30:00']),
        ['<xml>' => '<root>', '</xml>' => '</root>']), 'aes-256-ecb', md5($key), OPENSSL_RAW_DATA))]);
/** What a payer's scan of a product sends. */
$scanned = function () use ($key): string {
    $fields = ['appid' => SimulatorProcess::APPID, 'mch_id' => SimulatorProcess::MCH_ID, 'openid' => 'oUpF8uMuAJO', 'is_subscribe' => 'Y', 'nonce_str' => 'n1', 'product_id' => 'P1'];
    return Xml::encode($fields + ['sign' => Signer::sign($fields, $key, SignType::Md5)]);
};
/** The simulator's merchant in APIv3, and one whose notices can be signed here. */
$v3 = Merchant::v3(...$simulator->v3());
$pair = openssl_pkey_new(['private_key_bits' => 2048]);
openssl_pkey_export($pair, $pem);
$signing = Merchant::v3(...$simulator->v3(privateKey: $pem, publicKeyId: 'PUB_KEY_ID_01', publicKey: openssl_pkey_get_details($pair)['key']));
$fault = fn (string $name, array $more = []) => $simulator->control('POST', '/faults', ['fault' => $name, 'path' => '*'] + $more);

for ($round = (int) ($argv[1] ?? 3); $round > 0; $round--) {
    $simulator->reset();
    $simulator->control('POST', '/orders', $order);
    $simulator->control('POST', '/orders', ['out_trade_no' => 'T100002', 'total_fee' => 1]);
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
        fn () => (new Client($v3, $gateway()))->callV3('GET', '/v3/pay/transactions/out-trade-no/T100001?mchid=' . SimulatorProcess::MCH_ID),
        fn () => (new Client($v3, $gateway()))->callV3('POST', '/v3/nothing', ['a' => ['b' => [1, true, 'x', null]], 'c' => null]),
        fn () => (new Client($v3, $gateway()))->callV3('POST', '/v3/x', ['a' => [['b' => 1.5]]]),
        fn () => (new Client($v3, $gateway()))->callV3('POST', '/v3/x', ['a' => new Bad()]),
        fn () => (new Client($v3, $gateway()))->encrypt("name $round"),
        fn () => (new Client($v3, $gateway()))->encrypt(str_repeat('x', 300)),
        fn () => (new Client($v3, $gateway()))->decrypt('AAAA'),
        fn () => (new Client($merchant, $gateway()))->callV3('GET', '/v3/x'),
        fn () => Client::readNotice(Notification::sign(['contract_id' => '1'], $merchant), $merchant),
        fn () => Client::readNotice('<xml><a/></xml>', $merchant),
        fn () => (new Client(new Merchant('a', 'b', $key), $gateway()))->call('/secapi/x', [], true),
    );
    $fields = ['a' => '1', 'b' => 2, 'c' => null, 'd' => '中'];
    // The names of what was unset are freed, but their places stay in the array.
    right(
        fn () => print_r([$v3, $v3->apiVersion], true),
        fn () => [$body = Notification::sign(['out_trade_no' => 'T1', 'transaction_id' => '42', 'amount' => ['total' => 1, 'currency' => 'CNY']], $signing),
            $n = Notification::receive($body, Notification::headers($body, $signing), $signing, $merchant), $n->order->fields(), (string) $n->reply(), print_r($n, true)],
        fn () => [$n = Notification::refuse('later'), json_encode($n), print_r($n, true)],
    );
    $unset = static function (string|int $value): array {
        $array = ['a' => $value, str_repeat('gone', 3) . $value => $value, 'b' => $value];
        unset($array[str_repeat('gone', 3) . $value]);
        return $array;
    };
    $signed = $fields + ['sign' => Signer::sign($fields, $key, SignType::HmacSha256)];
    all(
        fn () => Signer::verify($signed, $key, SignType::HmacSha256),
        fn () => Signer::verify($signed, $key, SignType::Md5),
        fn () => Signer::explain($signed, $key, SignType::Md5, $key),
        fn () => Signer::sign(['a' => new Bad()], $key, SignType::Md5),
        fn () => Signer::sign($unset('1'), $key, SignType::Md5),
        fn () => Signer::sign($unset(1), $key, SignType::HmacSha256),
        fn () => Xml::encode($unset('1')),
        fn () => Xml::encode($unset(1)),
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
        fn () => Merchant::v3('a', 'b', 'short', $pem, 'x'),
        fn () => (new OrderQuery(Merchant::v3(...$simulator->v3(privateKey: 'x')), $gateway()))->byOutTradeNo('T100001'),
        fn () => new Micropay($v3, $gateway()),
        fn () => (new Reverse(Merchant::v3(...$simulator->v3(codePay: true)), $gateway()))->byTransactionId('4200000001'),
        fn () => Notification::headers('{}', $v3),
        fn () => Notification::receive('{}', [], $v3),
        fn () => Notification::receive('<xml>', [], $v3, $merchant),
        fn () => Notification::read('{}', $v3),
        fn () => new Gateway('http://a'),
        fn () => new Gateway(proxy: 'http://u:p%40@127.0.0.1:1'),
        fn () => new Gateway(proxy: 'proxy:3128'),
        fn () => new Gateway(onAttempt: [new Bad(), '__toString']),
        fn () => new OrderQuery($merchant),
        fn () => new OrderQuery(5),
        fn () => throw new ServiceException('m', 'E', 'des', previous: new \Exception('p')),
        fn () => throw new UndecidedException(lastSeen: $query->byOutTradeNo('T100001')),
        fn () => unserialize(serialize(new PayException('m')))->advice->name,
        fn () => (new PayException())->__construct(),
        fn () => new PayException(code: []),
    );

    // Payments, refunds and the small calls: each with a right and a wrong end.
    $paid = fn (string $number, string $state = 'SUCCESS', string $type = 'NATIVE') => $simulator->control('POST', '/orders', ['out_trade_no' => $number, 'total_fee' => 100,
        'trade_state' => $state, 'trade_type' => $type, 'created_ago_ms' => 600_000]);
    $paid("R10000$round");
    $paid("W10000$round", type: 'MICROPAY');
    $paid("Y10000$round", type: 'MICROPAY');
    $refund = new Refund($merchant, $gateway());
    $refunds = new RefundQuery($merchant, $gateway());
    $reverse = new Reverse($merchant, $gateway());
    $scanPay = new ScanPay($merchant);
    $sell = fn (string $number, mixed ...$more) => (new Micropay($merchant, $gateway()))->pay($number, sprintf('13%015d%d', random_int(0, 1 << 40), $round), 100, 'tea', '127.0.0.1',
        ...$more + ['timeoutMs' => 15_000, 'intervalMs' => 100]);
    right(
        fn () => [$e = $unified->jsapi("J10000$round", 5, 'tea', 'https://a.b/c', '127.0.0.1', 'oUpF8uMuAJO'), $e->jsapiParams()],
        fn () => [$e = $unified->app("A10000$round", 5, 'tea', 'https://a.b/c', '127.0.0.1'), $e->appParams(), json_encode($e)],
        fn () => $unified->h5("H10000$round", 5, 'tea', 'https://a.b/c', '127.0.0.1', sceneInfo: ['h5_info' => ['type' => 'Wap', 'wap_url' => 'https://a.b', 'wap_name' => 'shop']]),
        fn () => [$r = $refund->byOutTradeNo("R10000$round", "R10000$round-1", 100, 40, ['refund_desc' => '凉了']), $r->fields(), json_encode($r)],
        fn () => $refund->byTransactionId($query->byOutTradeNo("R10000$round")->transactionId, "R10000$round-2", 100, 10),
        fn () => [$list = $refunds->byOutTradeNo("R10000$round"), \count($list), iterator_to_array($list), json_encode([$list, ...$list]), print_r($list, true), $list->fields()],
        fn () => $refunds->byTransactionId($query->byOutTradeNo("R10000$round")->transactionId),
        fn () => $refunds->byRefundId(iterator_to_array($refunds->byOutRefundNo("R10000$round-1"))[0]->refundId),
        fn () => $reverse->byOutTradeNo("W10000$round"),
        fn () => $reverse->byTransactionId($query->byOutTradeNo("Y10000$round")->transactionId),
        fn () => $sell("M10000$round", options: ['attach' => '桌7']),
        fn () => $simulator->control('POST', '/micropay', ['scenario' => 'password', 'pay_after_ms' => 150]),
        fn () => $sell("N10000$round", onPoll: fn ($seen, $n) => json_encode($seen) !== ''),
        fn () => (new Report($merchant, $gateway()))->send('https://api.mch.weixin.qq.com/pay/micropay', 12, 'SUCCESS', 'FAIL', '127.0.0.1', ['err_code_des' => '余额不足']),
        fn () => json_encode((new AuthCodeToOpenId($merchant, $gateway()))->byAuthCode('134567890123456789')),
        fn () => [$seen = $scanPay->read($scanned()), json_encode($seen), $scanPay->answer('wx20261122'), $scanPay->refuse('卖完了')],
        fn () => [$n = Notification::read($refunded('T1'), $merchant), $n->refund->fields(), json_encode($n->refund), print_r($n, true)],
    );
    all(
        fn () => $refund->byOutTradeNo("R10000$round", "R10000$round-3", 100, 99),
        fn () => $refund->byOutTradeNo("R10000$round", 'x', 1, 2, options: ['a' => new Bad()]),
        fn () => $refunds->byOutRefundNo('none'),
        fn () => $refunds->byRefundId(''),
        fn () => $reverse->byOutTradeNo('none01'),
        fn () => $sell("O10000$round", authCode: 'x'),
        fn () => (new Report($merchant, $gateway()))->send('x', -1, 'SUCCESS', 'FAIL', '127.0.0.1'),
        fn () => (new AuthCodeToOpenId($merchant, $gateway()))->byAuthCode('x'),
        fn () => $scanPay->productUrl('a b'),
        fn () => $scanPay->read('<xml><a>1</a></xml>'),
        fn () => $unified->h5("H10000$round", 5, 'tea', 'https://a.b/c', '127.0.0.1', sceneInfo: []),
        fn () => Notification::read(strtr($refunded('T1'), ['req_info' => 'rek_info']), $merchant),
    );

    // Each call again, and with texts that it refuses.
    $simulator->reset();
    EveryCall::prepare($simulator);
    foreach (EveryCall::all() as $name => $call) {
        $made = EveryCall::of($name, $merchant, $gateway());
        all(fn () => json_encode($call->make($made)));
        $fault('system_error', ['path' => $call->path, 'processed' => true]);
        all(fn () => $call->make($made));
        foreach ($call->texts as $send) {
            all(fn () => $send($made, "\0"), fn () => $send($made, 'x&sign_type=MD5'));
        }
    }
    unset($call, $made, $send);

    // Bills and fund flows, right and wrong.
    $csv = "交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,手续费,订单金额,新列\n"
        . "`2026-11-21 10:00:01,`wx2421b1c4370ec43b,`10000100,`42,`T1,`SUCCESS,`CNY,`12.30,`0.07000,`12.30,`x\n总交易单数,新和\n`1,`y\n";
    $flows = "记账时间,微信支付业务单号,资金流水单号,业务类型,收支类型,收支金额（元）,账户结余（元）,备注\n"
        . "`2026-11-21 10:00:01,`42,`F1,`交易,`收入,`12.30,`112.30,`a\\nb\n资金流水总笔数\n`1\n";
    $saved = tempnam(sys_get_temp_dir(), 'wechatpay-bill-');
    right(
        fn () => [$bill = Bill::fromString($csv), $bill->verify(), print_r($bill, true), $bill->unknownColumns(), \count($bill), json_encode($bill->summary)],
        fn () => [Bill::fromString(gzencode($csv), '2026-11-21')->save($saved), $bill = Bill::open($saved), $bill->save("$saved.gz"), unlink("$saved.gz")],
        function () use ($csv): void {
            foreach ($bill = Bill::fromString($csv) as $row) {
                isset($row->refundId) || json_encode($row) . print_r($row->fields(), true) . $row->tradeState->name;
                foreach ($bill as $again) {
                    $again == $row || throw new \Error('another row');
                }
            }
            $walk = $bill->getIterator();
            unset($bill);
            $row = iterator_to_array($walk)[0]->outTradeNo === 'T1' || throw new \Error('no row');
        },
        fn () => [$flow = FundFlow::fromString($flows), $flow->verify(), $row = iterator_to_array($flow)[0], $row->isIncome(), $row->remarkUnescaped(), $row->fields(), var_export($flow, true)],
    );
    all(
        fn () => Bill::fromString('<html>'),
        fn () => Bill::fromString('<xml><return_code>FAIL</return_code><return_msg>No Bill Exist</return_msg><error_code>20002</error_code></xml>'),
        fn () => Bill::fromString($csv, 'today'),
        fn () => Bill::fromString(strtr($csv, ['`T1' => '`'])),
        fn () => Bill::fromString(strtr($csv, ['`1,`y' => '`2,`y']))->verify(),
        fn () => print_r($bill = Bill::fromString(strtr($csv, ['总交易单数' => '总'])), true),
        fn () => Bill::fromString(strtr($csv, ['总交易单数' => '总']))->summary,
        fn () => isset(Bill::fromString(strtr($csv, ['总交易单数' => '总']))->summary),
        fn () => iterator_to_array(Bill::fromString(strtr($csv, ['总交易单数' => '总']))),
        fn () => Bill::fromString($csv)->save('/proc/x'),
        fn () => Bill::open('/nowhere'),
        fn () => FundFlow::open($saved),
        fn () => FundFlow::fromString($csv),
        fn () => clone Bill::fromString($csv),
        function () use ($csv): void {
            foreach (Bill::fromString($csv) as &$row) {
                throw new \Error('by reference');
            }
        },
    );
    $date = (new \DateTimeImmutable('-2 days', new \DateTimeZone('+08:00')))->format('Y-m-d');
    $bills = new DownloadBill($merchant, $gateway());
    $fundFlows = new DownloadFundFlow($merchant, $gateway());
    $simulator->control('POST', '/clock', ['advance_ms' => -2 * 86_400_000]);
    $paid("D10000$round");
    $simulator->control('POST', '/clock', ['advance_ms' => 2 * 86_400_000]);
    right(
        fn () => [$bill = $bills->trade($date), $bill->verify(), \count($bill) > 0 || throw new \Error('no rows'), iterator_to_array($bill)],
        fn () => \count($bills->trade('2026-01-01', BillType::Refund)) === 0 || throw new \Error('rows'),
        fn () => [$flow = $fundFlows->account($date), $flow->verify(), print_r($flow, true)],
    );
    foreach (['cut', 'flipped_byte', 'no_summary'] as $damage) {
        $simulator->control('POST', '/bills', ['damage' => $damage]);
        all(fn () => $bills->trade($date));
    }
    all(
        fn () => $bills->trade('x'),
        fn () => $bills->trade('2999-01-01'),
        fn () => $fundFlows->account('2999-01-01', AccountType::Fees),
    );
    $book = ['out_trade_no' => 'T1', 'total_fee' => '1229', 'state' => 'SUCCESS', 'paid_on' => new \DateTime(), 'refunds' => [['out_refund_no' => 'R', 'refund_fee' => 1]]];
    $books = function () use ($book): \Generator {
        yield $book;
        yield ['out_trade_no' => 'T2'] + $book;
    };
    right(
        fn () => [$report = Reconciliation::compare(Bill::fromString($csv), $books(), FundFlow::fromString($flows), new \DateTime(), ['a']), print_r($report, true),
            json_encode($report), $report->toArray(), \count($report), json_encode(iterator_to_array($report)), $report->isClean(), $report->toCsv($saved, "$saved.d"), unlink("$saved.d")],
        fn () => Reconciliation::compare([Bill::fromString($csv)], [$book]),
        fn () => Reconciliation::compare([Bill::fromString($csv)], new \ArrayIterator([$book])),
    );
    all(
        fn () => Reconciliation::compare([], []),
        fn () => Reconciliation::compare([5], []),
        fn () => Reconciliation::compare(Bill::fromString($csv), [5]),
        fn () => Reconciliation::compare(Bill::fromString($csv), [['refunds' => [5]] + $book]),
        fn () => Reconciliation::compare(Bill::fromString($csv), [['paid_on' => 'x'] + $book]),
        fn () => Reconciliation::compare(Bill::fromString($csv), new Bad()),
        fn () => Reconciliation::compare(Bill::fromString($csv), (fn () => yield throw new \DomainException('books'))()),
        fn () => Reconciliation::compare(Bill::fromString(strtr($csv, ['`1,`y' => '`2,`y'])), $books()),
        fn () => Reconciliation::compare(Bill::fromString($csv), [])->toCsv('/proc/x', '/proc/y'),
    );
    unlink($saved);

    if ($round === 1) {
        // The reverse must wait 15 seconds, so once is enough.
        $simulator->control('POST', '/micropay', ['scenario' => 'password', 'pay_after_ms' => 60_000]);
        all(fn () => $sell('O100001', onPoll: fn () => throw new \DomainException('poll')));
    }

    // The ledger, in a database of its own.
    $pdo = new \PDO('sqlite::memory:');
    $pdo->exec('CREATE TABLE balance (trade TEXT, fen INT)');
    $book = fn (Transition $t, \PDO $pdo) => $pdo->prepare('INSERT INTO balance VALUES (?, ?)')->execute([$t->outTradeNo, $t->entry->totalFee]);
    $ledger = new Ledger($pdo, $book, $book, $gateway());
    $ledger->install();
    $paidNotice = fn (string $number, int $fee = 100) => Notification::read(
        Notification::sign(['out_trade_no' => $number, 'transaction_id' => "42$number", 'total_fee' => $fee, 'trade_state' => 'SUCCESS'], $merchant),
        $merchant,
    );
    $due = fn (int $seconds = 60) => $pdo->exec('UPDATE wechatpay_order SET due_at = 0, created_at = created_at - ' . $seconds * 1000 . ', changed_at = changed_at - ' . $seconds * 1000);
    $state = function (string $number, LedgerState $wanted) use ($ledger, $merchant): void {
        $found = $ledger->find($merchant, $number)->state;
        $found === $wanted || throw new \Error("$number is $found->value, not $wanted->value");
    };
    $back = "L10000$round";
    $paid($back);
    $paid("$back-c", 'NOTPAY');
    $paid("$back-m", type: 'MICROPAY');
    right(
        fn () => [$entry = $ledger->open($merchant, 'shop01', 100, new \DateTimeImmutable('+1 hour')), json_encode($entry), print_r($entry, true)],
        fn () => [$t = $ledger->applyNotification($paidNotice('shop01')), $t->reply(), json_encode($t), print_r($t, true)],
        fn () => $ledger->apply($paidNotice('shop01')->order)->credited && throw new \Error('twice'),
        fn () => $ledger->find($merchant, 'none01'),
        fn () => $state('shop01', LedgerState::Paid),
        fn () => [$pdo->beginTransaction(), $ledger->open($merchant, 'shop02', 100), $ledger->apply($paidNotice('shop02')->order), $pdo->rollBack()],
        fn () => $ledger->open($merchant, $back, 100),
        fn () => $due(),
        fn () => [$report = (new Sync($ledger, $merchant))->run(0, onProgress: fn ($r) => json_encode($r)), print_r($report, true)],
        fn () => $state($back, LedgerState::Paid),
        fn () => $ledger->refund($merchant, $back, "$back-R", 40, ['refund_desc' => '凉了']),
        fn () => $ledger->applyRefunds($refunds->byOutTradeNo($back)),
        fn () => [
            $ledger->open($merchant, 'shop05', 100), $ledger->apply($paidNotice('shop05', 120)->order),
            $ledger->resolve($merchant, 'shop05', Resolution::Refund, 'send it back'),
            $ledger->withdraw($merchant, 'shop05', 'shop05-resolved')->entry->pendingRefundFee === 0 || throw new \Error('still wanted'),
        ],
        fn () => $ledger->applyNotification(Notification::read($refunded($back), $merchant))->reply(),
        fn () => $state($back, LedgerState::PartiallyRefunded),
        fn () => [$ledger->open($merchant, "$back-c", 100), $due(600), $ledger->close($merchant, "$back-c"), $state("$back-c", LedgerState::Closed)],
        fn () => [$ledger->open($merchant, "$back-m", 100, tradeType: 'MICROPAY'), $due(), $ledger->reverse($merchant, "$back-m")],
        fn () => [$ledger->open($merchant, 'shop03', 100), $ledger->applyNotification($paidNotice('shop03', 99)), $state('shop03', LedgerState::Review)],
        fn () => json_encode($ledger->resolve($merchant, 'shop03', Resolution::Credit, 'the till was wrong')),
        fn () => [$report = $ledger->reconcileDay($merchant, date('Y-m-d', time() - 20 * 86_400)), json_encode($report), print_r($report, true)],
        fn () => count($ledger->reconcileMissing($merchant, date('Y-m-d', time() - 6 * 86_400), 2)) === 2 || throw new \Error('no days'),
        fn () => [print_r($ledger->differences($merchant), true), $ledger->missingDays($merchant, '2026-01-01')],
        fn () => $ledger->outbox(fn (string $topic, array $message, int $number) => $number < 4, 10) > 0 || throw new \Error('nothing delivered'),
        fn () => $ledger->purge(new \DateTimeImmutable('+1 day')) > 0 || throw new \Error('nothing purged'),
        fn () => $ledger->purge(new \DateTimeImmutable('-1 day')),
    );
    $throws = new Ledger($pdo, fn () => throw new \DomainException('no stock'), gateway: $gateway());
    $nested = new Ledger($pdo, function () use (&$nested, $merchant): void {
        $nested->find($merchant, 'shop01');
    });
    all(
        fn () => [$ledger->open($merchant, 'shop04', 100), $throws->apply($paidNotice('shop04')->order)],
        fn () => $nested->apply($paidNotice('shop04')->order),
        fn () => $ledger->open($merchant, 'shop01', 5),
        fn () => $ledger->open($merchant, 'a b', 5),
        fn () => $ledger->refund($merchant, 'none01', 'x', 1),
        fn () => $ledger->refund($merchant, $back, "$back-S", 1_000),
        fn () => $ledger->resolve($merchant, 'shop01', Resolution::Dismiss, ''),
        fn () => $ledger->withdraw($merchant, $back, "$back-R"),
        fn () => $ledger->withdraw($merchant, $back, 'none'),
        fn () => $ledger->reconcileDay($merchant, date('Y-m-d', time() + 86_400)),
        fn () => $ledger->reconcileDay($merchant, 'yesterday'),
        fn () => $ledger->reconcileMissing($merchant, '2026-01-01', 0),
        fn () => $ledger->settle(1, 'x'),
        fn () => $ledger->settle(1, ''),
        fn () => $ledger->differences($merchant, TradeState::Success),
        fn () => $ledger->reverse($merchant, 'shop01'),
        fn () => $ledger->outbox(fn () => throw new \DomainException('outbox')),
        fn () => $ledger->outbox(function () { yield 1; }),
        fn () => [$pdo->beginTransaction(), $ledger->purge(new \DateTimeImmutable())],
        fn () => $pdo->rollBack() && throw new \Error('after the transaction'),
        fn () => $ledger->purge(new \DateTimeImmutable('1969-12-31')),
        fn () => (new Sync($throws, $merchant))->run(0, onProgress: fn () => throw new \DomainException('progress')),
        fn () => $ledger->__construct($pdo, $book),
        fn () => new Ledger($pdo, 'no_such_function'),
        fn () => new Ledger($pdo, $book, prefix: 'a b'),
        fn () => (new Ledger($pdo, $book, prefix: 'other_'))->find($merchant, 'shop01'),
        fn () => (new Ledger(new \PDO('sqlite::memory:', options: [\PDO::ATTR_ERRMODE => \PDO::ERRMODE_SILENT]), $book))->install(),
        fn () => [$pdo->exec('DROP TABLE wechatpay_order'), $ledger->find($merchant, 'shop01')],
    );
    $nested = null; // its callback holds it, and PHP's cycle collector does not see that
    unset($query, $loud, $unified, $place, $refund, $refunds, $reverse, $scanPay, $sell, $ledger, $throws, $pdo, $due, $state);
    gc_collect_cycles();
}
echo "done\n";
