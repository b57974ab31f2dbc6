<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Client;
use WechatPay\MalformedMessageException;
use WechatPay\MismatchException;
use WechatPay\Notification;
use WechatPay\ServiceException;
use WechatPay\SignatureException;

/** What only `Client` reads: answers with lists below their fields, and notices of other kinds. */
final class NestedAnswerTest extends SimulatorTestCase
{
    private const PATH = '/mmpaymkttransfers/gethbinfo';

    private function answer(string $body, bool $allowUnsigned = true): array
    {
        self::$simulator->control('POST', '/faults', ['path' => self::PATH, 'fault' => 'raw_body', 'body' => $body, 'times' => 1]);
        return (new Client($this->merchant(), $this->gateway()))->call(self::PATH, ['mch_billno' => '1'], allowUnsigned: $allowUnsigned);
    }

    private static function document(int $entries, string $more = ''): string
    {
        $list = str_repeat('<hbinfo><openid><![CDATA[o1]]></openid><amount>100</amount></hbinfo>', $entries);
        return "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>\n<hblist>\n$list</hblist>$more</xml>";
    }

    public function testR62AListIsAListOfOneEntryToo(): void
    {
        foreach ([1, 2, 3] as $entries) {
            $answer = $this->answer(self::document($entries));
            $entry = ['openid' => 'o1', 'amount' => '100'];
            self::assertSame(['hbinfo' => array_fill(0, $entries, $entry)], $answer['hblist']);
            self::assertSame(['return_code', 'result_code', 'hblist'], array_keys($answer));
        }
        $texts = '<xml><return_code>SUCCESS</return_code><codes><code>1</code><code>2</code></codes><one><code>1</code></one></xml>';
        $answer = $this->answer($texts);
        self::assertSame([['code' => ['1', '2']], ['code' => '1']], [$answer['codes'], $answer['one']]);
    }

    public function testR62WhatIsNotSignedIsTakenOnlyIfAgreedAndASignedListIsNot(): void
    {
        $e = self::caught(fn () => $this->answer(self::document(1), allowUnsigned: false));
        self::assertInstanceOf(SignatureException::class, $e);
        self::assertStringContainsString('allowUnsigned: true', $e->getMessage());
        $e = self::caught(fn () => $this->answer(self::document(1, '<sign>' . str_repeat('0', 32) . '</sign>')));
        self::assertInstanceOf(MalformedMessageException::class, $e);
        $refused = str_replace('<result_code>SUCCESS', '<err_code>NO</err_code><result_code>FAIL', self::document(1));
        self::assertInstanceOf(ServiceException::class, self::caught(fn () => $this->answer($refused)));
        foreach (['<a><b x="1">1</b></a>', '<a>x<b>1</b></a>', str_repeat('<a>', 20) . str_repeat('</a>', 20)] as $wrong) {
            $e = self::caught(fn () => $this->answer("<xml><return_code>SUCCESS</return_code>$wrong</xml>"));
            self::assertInstanceOf(MalformedMessageException::class, $e, $wrong);
        }
    }

    public function testR67ANoticeOfAContractIsReadVerified(): void
    {
        $merchant = $this->merchant();
        $fields = ['appid' => null, 'result_code' => null, 'contract_id' => '202601', 'change_type' => 'ADD'];
        $body = Notification::sign(['contract_id' => '202601', 'change_type' => 'ADD'], $merchant);
        $read = Client::readNotice($body, $merchant);
        self::assertSame(['202601', 'ADD'], [$read['contract_id'], $read['change_type']]);
        $e = self::caught(static fn () => Client::readNotice(str_replace('ADD', 'DEL', $body), $merchant));
        self::assertInstanceOf(SignatureException::class, $e);
        $other = Notification::sign(['mch_id' => '10000101'] + $fields, $merchant);
        self::assertInstanceOf(MismatchException::class, self::caught(static fn () => Client::readNotice($other, $merchant)));
        self::assertInstanceOf(MalformedMessageException::class, self::caught(static fn () => Client::readNotice('x', $merchant)));
    }

    /** PHP 8.2 lets array_walk() write into readonly properties; what was verified stays what it is. */
    public function testR23WhatArrayWalkWritesFoolsNoMethodAndNoLedger(): void
    {
        $body = Notification::sign(['out_trade_no' => 'walk-0001', 'transaction_id' => '42', 'total_fee' => '1', 'trade_state' => 'NOTPAY'], $this->merchant());
        $notice = Notification::read($body, $this->merchant());
        $order = $notice->order;
        try {
            array_walk($order, static function (&$value, $name): void {
                $value = ['totalFee' => 1230, 'tradeState' => \WechatPay\TradeState::Success][$name] ?? $value;
            });
        } catch (\Error) {
            // A PHP without the hole.
        }
        self::assertFalse($order->isPaid());
        self::assertSame(['NOTPAY', '1'], [$order->fields()['trade_state'], $order->fields()['total_fee']]);
        $pdo = new \PDO('sqlite::memory:');
        $credits = 0;
        $ledger = new \WechatPay\Ledger($pdo, static function () use (&$credits): void { $credits++; });
        $ledger->install();
        $ledger->open($this->merchant(), 'walk-0001', 1230);
        $ledger->applyNotification($notice);
        self::assertSame(0, $credits);
    }
}
