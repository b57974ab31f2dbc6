<?php

declare(strict_types=1);

namespace WechatPayBench;

use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\Xml;
use WechatPayTests\SimulatorProcess;

/** The rows without a network: sign, decode, encode, notification. */
final class Codec
{
    private const KEY = SimulatorProcess::KEY;

    /** @return iterable<Row> */
    public static function rows(): iterable
    {
        $order = array_slice(self::unifiedOrder(), 0, 12);
        foreach ([[SignType::Md5, false, 1.7], [SignType::HmacSha256, true, 5.5]] as [$type, $hmac, $reach]) {
            yield (new Contest("sign 12 fields, $type->value", [
                'wechatpay' => static function (int $times) use ($order, $type) {
                    for (; $times > 0; $times--) {
                        $sign = Signer::sign($order, self::KEY, $type);
                    }
                    return $sign;
                },
                'plain PHP' => static function (int $times) use ($order, $hmac) {
                    for (; $times > 0; $times--) {
                        $sign = plain_sign($order, self::KEY, $hmac);
                    }
                    return $sign;
                },
            ]))->run(['plain PHP' => $reach]);
        }
        yield self::decode();
        yield self::encode();
        yield from self::decodeAndVerify();
        yield from self::notification();
    }

    private static function decode(): Row
    {
        $xml = self::answer(true);
        return (new Contest(sprintf('decode %d fields, %d bytes', substr_count($xml, '</') - 1, \strlen($xml)), [
            'wechatpay' => static function (int $times) use ($xml) {
                for (; $times > 0; $times--) {
                    $fields = Xml::decode($xml);
                }
                return $fields;
            },
            'SimpleXML' => static function (int $times) use ($xml) {
                for (; $times > 0; $times--) {
                    $fields = plain_decode_simplexml($xml);
                }
                return $fields;
            },
            'preg_match_all' => static function (int $times) use ($xml) {
                for (; $times > 0; $times--) {
                    $fields = plain_decode_regex($xml);
                }
                return $fields;
            },
        ]))->run(['SimpleXML' => 12, 'preg_match_all' => 2.3]);
    }

    private static function encode(): Row
    {
        $fields = self::unifiedOrder() + ['sign' => str_repeat('A1', 32)];
        return (new Contest(sprintf('encode %d fields', \count($fields)), [
            'wechatpay' => static function (int $times) use ($fields) {
                for (; $times > 0; $times--) {
                    $xml = Xml::encode($fields);
                }
                return $xml;
            },
            'plain PHP' => static function (int $times) use ($fields) {
                for (; $times > 0; $times--) {
                    $xml = plain_encode($fields);
                }
                return $xml;
            },
        ]))->run(['plain PHP' => 4]);
    }

    /** @return iterable<Row> */
    private static function decodeAndVerify(): iterable
    {
        foreach ([[SignType::Md5, false], [SignType::HmacSha256, true]] as [$type, $hmac]) {
            $xml = self::answer($hmac);
            $plain = static fn (callable $decode) => static function (int $times) use ($xml, $hmac, $decode) {
                for (; $times > 0; $times--) {
                    $fields = plain_verify($decode($xml), self::KEY, $hmac);
                }
                return $fields;
            };
            yield (new Contest("decode + verify {$type->value}, as arrays", [
                'wechatpay' => static function (int $times) use ($xml, $type) {
                    for (; $times > 0; $times--) {
                        $fields = Xml::decode($xml);
                        Signer::verify($fields, self::KEY, $type);
                    }
                    return $fields;
                },
                'SimpleXML' => $plain(plain_decode_simplexml(...)),
                'preg_match_all' => $plain(plain_decode_regex(...)),
            ]))->run([]);
        }
    }

    /** @return iterable<Row> */
    private static function notification(): iterable
    {
        foreach ([[SignType::Md5, false, 6.5], [SignType::HmacSha256, true, 10]] as [$type, $hmac, $reach]) {
            $work = "notification to Order, {$type->value}";
            if (!class_exists(Notification::class)) {
                yield Row::absent($work, 'WechatPay\Notification is not in this build');
                continue;
            }
            $xml = self::answer($hmac);
            $merchant = new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, self::KEY, $type);
            $plain = static fn (callable $decode) => static function (int $times) use ($xml, $hmac, $decode) {
                for (; $times > 0; $times--) {
                    $fields = plain_verify($decode($xml), self::KEY, $hmac);
                    $order = $fields['return_code'] === 'SUCCESS' && $fields['result_code'] === 'SUCCESS'
                        && $fields['appid'] === SimulatorProcess::APPID
                        && $fields['mch_id'] === SimulatorProcess::MCH_ID ? PlainOrder::from($fields) : null;
                }
                return $order;
            };
            yield (new Contest($work, [
                'wechatpay' => static function (int $times) use ($xml, $merchant) {
                    for (; $times > 0; $times--) {
                        $order = Notification::read($xml, $merchant)->order;
                    }
                    return $order;
                },
                'SimpleXML' => $plain(plain_decode_simplexml(...)),
                'preg_match_all' => $plain(plain_decode_regex(...)),
            ], comparable: told(...)))->run(['SimpleXML' => $reach]);
        }
    }

    /** @return array<string, string> */
    private static function unifiedOrder(): array
    {
        return [
            'appid' => SimulatorProcess::APPID,
            'mch_id' => SimulatorProcess::MCH_ID,
            'nonce_str' => '5d2b6c2a8db53831f7eda20af46e531c',
            'sign_type' => 'HMAC-SHA256',
            'body' => '腾讯充值中心-QQ会员充值',
            'out_trade_no' => '20150806125346000012',
            'fee_type' => 'CNY',
            'total_fee' => '8880',
            'spbill_create_ip' => '123.12.12.123',
            'notify_url' => 'https://www.example.com/wxpay/notify?shop=17',
            'trade_type' => 'NATIVE',
            'product_id' => '12235413214070356458058',
        ];
    }

    /** A signed answer to orderquery with 31 fields, two coupons among them. */
    public static function answer(bool $hmac): string
    {
        $fields = [
            'return_code' => 'SUCCESS',
            'return_msg' => 'OK',
            'appid' => SimulatorProcess::APPID,
            'mch_id' => SimulatorProcess::MCH_ID,
            'device_info' => '013467007045764',
            'nonce_str' => '5d2b6c2a8db53831f7eda20af46e531c',
            'result_code' => 'SUCCESS',
            'openid' => 'oUpF8uN95-Ptaags6E_roPHg7AG0',
            'is_subscribe' => 'Y',
            'trade_type' => 'MICROPAY',
            'trade_state' => 'SUCCESS',
            'bank_type' => 'CCB_DEBIT',
            'total_fee' => '8880',
            'settlement_total_fee' => '8800',
            'fee_type' => 'CNY',
            'cash_fee' => '8700',
            'cash_fee_type' => 'CNY',
            'coupon_fee' => '180',
            'coupon_count' => '2',
            'coupon_id_0' => '10000000000000000001',
            'coupon_type_0' => 'CASH',
            'coupon_fee_0' => '100',
            'coupon_id_1' => '10000000000000000002',
            'coupon_type_1' => 'NO_CASH',
            'coupon_fee_1' => '80',
            'transaction_id' => '1008450740201411110005820873',
            'out_trade_no' => '20150806125346000012',
            'attach' => '订单额外描述，原样返回',
            'time_end' => '20141111170043',
            'trade_state_desc' => '支付成功',
        ];
        $fields['sign'] = plain_sign($fields, self::KEY, $hmac);
        return plain_encode($fields);
    }
}
