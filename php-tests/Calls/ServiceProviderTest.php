<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Merchant;
use WechatPay\MismatchException;
use WechatPay\Notification;
use WechatPay\OrderQuery;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\UnifiedOrder;

/** A service provider acts for a sub-merchant: both ids in every request, both compared in every answer. */
final class ServiceProviderTest extends TradeTestCase
{
    private const SUB_APPID = 'wx0000000000000001';
    private const SUB_MCH_ID = '1900000109';

    private function provider(mixed ...$settings): Merchant
    {
        return $this->shop(...$settings + ['subAppid' => self::SUB_APPID, 'subMchId' => self::SUB_MCH_ID]);
    }

    /** Makes each call once and gives what it returned, by name. @return array<string, mixed> */
    private function everyCall(): array
    {
        EveryCall::prepare(self::$simulator, ['sub_mch_id' => self::SUB_MCH_ID, 'sub_appid' => self::SUB_APPID]);
        $results = [];
        foreach (EveryCall::all() as $name => $call) {
            $results[$name] = EveryCall::make($name, $this->provider(), $this->gateway());
        }
        return $results;
    }

    public function testEveryCallSendsBothIds(): void
    {
        $results = $this->everyCall();
        self::assertSame(array_column(EveryCall::all(), 'path'), array_column(self::requests(), 'path'));
        foreach (self::requests() as ['path' => $path, 'fields' => $fields]) {
            self::assertSame(
                [SimulatorProcess::APPID, SimulatorProcess::MCH_ID, self::SUB_APPID, self::SUB_MCH_ID],
                [$fields['appid'], $fields['mch_id'], $fields['sub_appid'], $fields['sub_mch_id']],
                $path,
            );
        }
        foreach (['OrderQuery', 'Micropay', 'RefundQuery'] as $name) {
            self::assertSame([self::SUB_APPID, self::SUB_MCH_ID], [$results[$name]->subAppid, $results[$name]->subMchId], $name);
        }
        self::assertNotNull($results['AuthCodeToOpenId']->subOpenid);
    }

    /** @dataProvider answers */
    #[DataProvider('answers')]
    public function testP6F14AnAnswerForAnotherSubMerchantIsRefused(string $path, string $field, string $fault): void
    {
        self::spoil($path, $fault, ['name' => $field, 'value' => '1900000999']);
        $e = self::thrown(MismatchException::class, fn () => $this->everyCall());
        self::assertSame($field, $e->field);
    }

    /** @return iterable<string, array{string, string, string}> */
    public static function answers(): iterable
    {
        foreach (EveryCall::all() as $call) {
            if ($call->subIds !== 'unread') {
                yield "$call->path, another sub_mch_id" => [$call->path, 'sub_mch_id', 'set_field'];
                yield "$call->path, another sub_appid" => [$call->path, 'sub_appid', 'set_field'];
            }
            if ($call->subIds === 'must') {
                yield "$call->path, no sub_mch_id" => [$call->path, 'sub_mch_id', 'remove_field'];
            }
        }
    }

    public function testAnAnswerForASubMerchantIsNotForADirectMerchant(): void
    {
        self::paid('T100001');
        self::spoil('/pay/orderquery', 'set_field', ['name' => 'sub_mch_id', 'value' => self::SUB_MCH_ID]);
        $query = new OrderQuery($this->merchant(), $this->gateway());
        self::assertSame('sub_mch_id', self::thrown(MismatchException::class, static fn () => $query->byOutTradeNo('T100001'))->field);
        self::spoil('/pay/orderquery', 'set_field', ['name' => 'sub_mch_id', 'value' => '']);
        self::assertNull($query->byOutTradeNo('T100001')->subMchId, 'an empty one is none');
    }

    public function testThePageOfASubMerchantPaysUnderItsOwnApp(): void
    {
        $orders = new UnifiedOrder($this->provider(), $this->gateway());
        $bySub = $orders->jsapi('T100001', 100, 'tea', self::NOTIFY_URL, '127.0.0.1', subOpenid: 'oSubUs1')->jsapiParams();
        self::assertSame(self::SUB_APPID, $bySub['appId']);
        $sign = array_pop($bySub);
        self::assertSame(Signer::sign($bySub, SimulatorProcess::KEY, SignType::HmacSha256), $sign, "the provider's key signs");

        $byProvider = $orders->jsapi('T100002', 100, 'tea', self::NOTIFY_URL, '127.0.0.1', openid: 'oUpF8u1')->jsapiParams();
        self::assertSame(SimulatorProcess::APPID, $byProvider['appId']);
    }

    public function testTheAppOfASubMerchantPaysUnderItsOwnIds(): void
    {
        $orders = new UnifiedOrder($this->provider(), $this->gateway());
        $params = $orders->app('T100001', 100, 'tea', self::NOTIFY_URL, '127.0.0.1')->appParams();
        self::assertSame([self::SUB_APPID, self::SUB_MCH_ID], [$params['appid'], $params['partnerid']]);

        $orders = new UnifiedOrder($this->provider(subAppid: null), $this->gateway());
        $params = $orders->app('T100002', 100, 'tea', self::NOTIFY_URL, '127.0.0.1')->appParams();
        self::assertSame([SimulatorProcess::APPID, self::SUB_MCH_ID], [$params['appid'], $params['partnerid']]);
    }

    public function testASubOpenidNeedsASubAppid(): void
    {
        $orders = new UnifiedOrder($this->provider(subAppid: null), $this->gateway());
        self::assertRefused('subOpenid', static fn () => $orders
            ->jsapi('T100001', 100, 'tea', self::NOTIFY_URL, '127.0.0.1', subOpenid: 'oSubUs1'));
    }

    public function testNoticesOfASubMerchantAreRead(): void
    {
        $fields = ['out_trade_no' => 'T100001', 'transaction_id' => '42', 'total_fee' => 100, 'sub_openid' => 'oSubUs1'];
        $provider = $this->provider();
        $order = Notification::read(Notification::sign($fields, $provider), $provider)->order;
        self::assertSame(
            [self::SUB_APPID, self::SUB_MCH_ID, 'oSubUs1'],
            [$order->subAppid, $order->subMchId, $order->subOpenid],
        );
    }
}
