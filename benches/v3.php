<?php

declare(strict_types=1);

namespace WechatPayBench;

use WechatPay\Gateway;
use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\OrderQuery;
use WechatPay\UnifiedOrder;
use WechatPayTests\ReferenceClientV3;
use WechatPayTests\ReferenceGatewayV3;
use WechatPayTests\SimulatorProcess;

/** The rows of APIv3: sign, a notice, a query over a kept connection. */
final class V3
{
    private const NUMBER = 'BENCH-000001';

    private readonly Merchant $merchant;
    private readonly PlainKeys $keys;
    private readonly Gateway $gateway;

    public function __construct(private readonly SimulatorProcess $simulator)
    {
        $this->merchant = Merchant::v3(...$simulator->v3());
        $this->keys = new PlainKeys($simulator->v3());
        $this->gateway = new Gateway($simulator->url, caFile: $simulator->caFile);
    }

    /** @return iterable<Row> */
    public function rows(): iterable
    {
        $this->simulator->reset();
        $coupon = ['id' => '10000000000000000001', 'type' => 'CASH', 'fee' => 100];
        $this->simulator->control('POST', '/orders', ['out_trade_no' => self::NUMBER, 'total_fee' => 8880, 'trade_state' => 'SUCCESS', 'attach' => '订单额外描述，原样返回', 'coupons' => [$coupon]]);
        yield $this->sign();
        yield $this->notice();
        yield $this->warm();
    }

    /** What is signed is fresh each time: only its form can be compared. */
    private function sign(): Row
    {
        $prepay = (new UnifiedOrder($this->merchant, $this->gateway))
            ->jsapi('BENCH-JSAPI-01', 1, 'tea', 'https://shop.example/notify', '127.0.0.1', openid: 'oUpF8uN95-Ptaags6E_roPHg7AG0');
        $keys = $this->keys;
        $public = openssl_pkey_get_public(openssl_pkey_get_details($keys->private)['key']);
        $isSigned = static function (array $p) use ($public): array {
            $text = "{$p['appId']}\n{$p['timeStamp']}\n{$p['nonceStr']}\n{$p['package']}\n";
            return [array_keys($p), openssl_verify($text, base64_decode($p['paySign']), $public, OPENSSL_ALGO_SHA256)];
        };
        return (new Contest('APIv3: sign, RSA 2048', [
            'wechatpay' => static function (int $times) use ($prepay) {
                for (; $times > 0; $times--) {
                    $params = $prepay->jsapiParams();
                }
                return $params;
            },
            'openssl, key kept' => static function (int $times) use ($keys, $prepay) {
                for (; $times > 0; $times--) {
                    $params = plain_v3_params($keys, $prepay->prepayId);
                }
                return $params;
            },
        ], comparable: $isSigned))->run(['openssl, key kept' => 0.95]);
    }

    private function notice(): Row
    {
        $platform = ReferenceGatewayV3::newKey();
        $file = tempnam(sys_get_temp_dir(), 'bench-v3-');
        file_put_contents($file, ReferenceGatewayV3::publicHalf($platform));
        $settings = $this->simulator->v3(publicKey: $file);
        [$merchant, $keys] = [Merchant::v3(...$settings), new PlainKeys($settings)];
        $body = ReferenceClientV3::sealedNotice(self::paid(), 'TRANSACTION.SUCCESS', $settings['apiV3Key']);
        $headers = ReferenceClientV3::signedHeaders($body, $platform, $settings['publicKeyId']);
        $signed = array_combine(array_map(static fn (string $name) => substr($name, 10), array_keys($headers)), $headers);
        $row = (new Contest('APIv3: notice to Order', [
            'wechatpay' => static function (int $times) use ($body, $headers, $merchant) {
                for (; $times > 0; $times--) {
                    $order = Notification::receive($body, $headers, $merchant)->order;
                }
                return $order;
            },
            'openssl, key kept' => static function (int $times) use ($body, $signed, $keys) {
                for (; $times > 0; $times--) {
                    $order = plain_v3_notice($keys, $signed, $body);
                }
                return $order;
            },
        ], comparable: told(...)))->run(['openssl, key kept' => 2]);
        unlink($file);
        return $row;
    }

    private function warm(): Row
    {
        [$handle, $keys, $url] = [plain_v3_handle($this->simulator->caFile), $this->keys, $this->simulator->url];
        $query = new OrderQuery($this->merchant, $this->gateway);
        return (new Contest('APIv3: one query, connection kept', [
            'wechatpay' => static function (int $times) use ($query) {
                for (; $times > 0; $times--) {
                    $order = $query->byOutTradeNo(self::NUMBER);
                }
                return $order;
            },
            'curl, handle and keys kept' => static function (int $times) use ($handle, $keys, $url) {
                for (; $times > 0; $times--) {
                    $order = plain_v3_query($handle, $keys, $url, self::NUMBER);
                }
                return $order;
            },
        ], comparable: self::same(...)))->run(['curl, handle and keys kept' => 1.3]);
    }

    /** The simulator writes names in any order, and leaves some out at times. */
    private static function same(object $order): array
    {
        $told = array_diff_key(told($order), ['fields()' => 0]);
        return array_intersect_key($told, array_flip(['appid', 'mchId', 'outTradeNo', 'transactionId', 'tradeState', 'totalFee', 'timeEnd', 'attach']));
    }

    /** @return array<string, mixed> */
    private static function paid(): array
    {
        return [
            'appid' => SimulatorProcess::APPID,
            'mchid' => SimulatorProcess::MCH_ID,
            'out_trade_no' => '20150806125346000012',
            'transaction_id' => '1008450740201411110005820873',
            'trade_type' => 'JSAPI',
            'trade_state' => 'SUCCESS',
            'trade_state_desc' => '支付成功',
            'bank_type' => 'CCB_DEBIT',
            'attach' => '订单额外描述，原样返回',
            'success_time' => '2026-11-22T10:30:00+08:00',
            'payer' => ['openid' => 'oUpF8uN95-Ptaags6E_roPHg7AG0'],
            'amount' => ['total' => 8880, 'payer_total' => 8780, 'currency' => 'CNY', 'payer_currency' => 'CNY'],
            'scene_info' => ['device_id' => '013467007045764'],
            'promotion_detail' => [['coupon_id' => '10000000000000000001', 'name' => '红包', 'scope' => 'GLOBAL', 'type' => 'CASH', 'amount' => 100]],
        ];
    }
}
