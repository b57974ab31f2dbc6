<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Advice;
use WechatPay\GatewayException;
use WechatPay\MalformedMessageException;
use WechatPay\MismatchException;
use WechatPay\Order;
use WechatPay\PayException;
use WechatPay\ServiceException;
use WechatPay\SignatureException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\TradeState;
use WechatPay\Xml;

/** The protocol's faults (docs/faults.md, P): what is not proved is not believed, what is not defined is not read. */
final class ProtocolFaultsTest extends SimulatorTestCase
{
    private const PAID = 'T100001';

    protected function setUp(): void
    {
        parent::setUp();
        self::order(self::PAID, ['trade_state' => 'SUCCESS', 'attach' => 'table 7']);
    }

    /** Asks for the paid order, with a fault in its answer if one is named. */
    private function ask(?string $fault = null, array $more = [], mixed ...$merchant): Order
    {
        if ($fault !== null) {
            self::fault($fault, $more);
        }
        $query = new \WechatPay\OrderQuery($this->merchant(...$merchant), $this->gateway());
        return $query->byOutTradeNo(self::PAID);
    }

    private function refused(string $class, Advice $advice, bool $retryable, string $fault, array $more = []): PayException
    {
        $e = self::assertFault($class, $advice, $retryable, fn () => $this->ask($fault, $more));
        self::assertCount(1, $this->attempts, 'it is never tried again');
        self::assertSame(self::PAID, $e->outTradeNo);
        return $e;
    }

    /** @dataProvider signs */
    #[DataProvider('signs')]
    public function testP1P2P3P4P5ASignThatProvesNothingIsRefused(string $fault, string $says): void
    {
        $e = $this->refused(SignatureException::class, Advice::FixConfiguration, false, $fault);
        self::assertStringContainsString($says, $e->getMessage());
        self::assertDoesNotMatchRegularExpression('~[0-9A-F]{16}~', $e->getMessage(), 'no digest of ours');
        self::assertSame(['signature'], $this->outcomes());
    }

    /** @return array<string, array{string, string}> */
    public static function signs(): array
    {
        return [
            'p1 missing' => ['no_sign', 'carries no sign'],
            'p1 empty' => ['empty_sign', 'carries no sign'],
            'p2 wrong' => ['bad_sign', 'sign is wrong'],
            'p3 of another merchant' => ['other_key_sign', 'sign is wrong'],
            'p4 of another algorithm' => ['md5_sign', 'signed with MD5, but this merchant accepts only HMAC-SHA256'],
            'p5 in lower case' => ['lower_sign', 'sign is wrong'],
        ];
    }

    public function testP4AnMd5AnswerIsTakenWhileLeavingAnMd5Integration(): void
    {
        self::assertSame(100, $this->ask('md5_sign', acceptMd5: true)->totalFee);
    }

    public function testP4AnMd5MerchantTakesTheStrongerSignToo(): void
    {
        $fields = $this->ask()->fields();
        unset($fields['sign']);
        $body = Xml::encode($fields + ['sign' => Signer::sign($fields, SimulatorProcess::KEY, SignType::HmacSha256)]);
        self::assertSame(100, $this->ask('raw_body', ['body' => $body], signType: SignType::Md5)->totalFee);
    }

    public function testThePreviousKeyIsAcceptedOnAnswersWhileAKeyIsRotated(): void
    {
        $fields = $this->ask()->fields();
        unset($fields['sign']);
        $old = str_repeat('o', 32);
        $body = Xml::encode($fields + ['sign' => Signer::sign($fields, $old, SignType::HmacSha256)]);
        self::assertSame(100, $this->ask('raw_body', ['body' => $body], previousKey: $old)->totalFee);
        $this->attempts = [];
        $this->refused(SignatureException::class, Advice::FixConfiguration, false, 'raw_body', ['body' => $body]);
    }

    public function testP6AGenuineAnswerAboutAnotherOrderOrMerchantIsRefused(): void
    {
        $e = $this->refused(MismatchException::class, Advice::Retry, true, 'swapped_order');
        self::assertSame('out_trade_no', $e->field);
        self::assertStringContainsString('asked for ' . self::PAID, $e->getMessage());

        $this->attempts = [];
        $e = $this->refused(MismatchException::class, Advice::Retry, true, 'swapped_merchant');
        self::assertSame('mch_id', $e->field);
    }

    /** @dataProvider swaps */
    #[DataProvider('swaps')]
    public function testP6EachIdentityIsCompared(string $field, string $value): void
    {
        $e = self::caught(fn () => $this->ask('set_field', ['name' => $field, 'value' => $value]));
        self::assertInstanceOf(MismatchException::class, $e);
        self::assertSame($field, $e->field);
    }

    /** @return list<array{string, string}> */
    public static function swaps(): array
    {
        return [['appid', 'wxother'], ['mch_id', '1'], ['sub_mch_id', '1900000109'], ['out_trade_no', 'T100002']];
    }

    public function testP6AnAnswerWithoutTheNumberThatWasAskedIsRefused(): void
    {
        $e = self::caught(fn () => $this->ask('remove_field', ['name' => 'out_trade_no']));
        self::assertInstanceOf(MismatchException::class, $e);
        self::assertSame('out_trade_no', $e->field);
    }

    public function testP6AQueryByTransactionIdComparesTheTransactionId(): void
    {
        $id = $this->ask()->transactionId;
        $query = $this->query();
        self::assertSame(self::PAID, $query->byTransactionId($id)->outTradeNo);
        self::fault('swapped_order');
        $e = self::caught(static fn () => $query->byTransactionId($id));
        self::assertInstanceOf(MismatchException::class, $e);
        self::assertSame(['transaction_id', null], [$e->field, $e->outTradeNo]);
    }

    public function testP7AReturnCodeFailIsUnsignedAndSaysNothingAboutTheOrder(): void
    {
        $e = $this->refused(GatewayException::class, Advice::Retry, true, 'return_fail');
        self::assertSame('系统繁忙，请稍后再试', $e->returnMsg);
        self::assertSame(['gateway'], $this->outcomes());
    }

    public function testP7AWrongKeyIsForTheOperator(): void
    {
        $query = new \WechatPay\OrderQuery($this->merchant(key: str_repeat('w', 32)), $this->gateway());
        self::assertFault(
            GatewayException::class,
            Advice::FixConfiguration,
            false,
            static fn () => $query->byOutTradeNo(self::PAID),
        );
    }

    /** @dataProvider codes */
    #[DataProvider('codes')]
    public function testP8ACodeThatIsMissingOrUnknownIsRefused(string $body): void
    {
        $this->refused(MalformedMessageException::class, Advice::Retry, true, 'raw_body', ['body' => $body]);
    }

    /** @return iterable<string, array{string}> */
    public static function codes(): iterable
    {
        yield 'none' => ['<xml><trade_state>SUCCESS</trade_state></xml>'];
        yield 'another word' => ['<xml><return_code>OK</return_code></xml>'];
        yield 'lower case' => ['<xml><return_code>success</return_code></xml>'];
        yield 'empty' => ['<xml><return_code></return_code></xml>'];
        foreach ([null, 'OK', 'success', ''] as $code) {
            $fields = ['return_code' => 'SUCCESS', 'appid' => SimulatorProcess::APPID, 'result_code' => $code];
            $sign = Signer::sign($fields, SimulatorProcess::KEY, SignType::HmacSha256);
            yield 'result_code ' . var_export($code, true) => [Xml::encode($fields + ['sign' => $sign])];
        }
    }

    public function testP9AnOrderThatDoesNotExistMayNotBeThereYet(): void
    {
        $query = $this->query();
        $ask = static fn () => $query->byOutTradeNo('T999999');
        $e = self::assertFault(ServiceException::class, Advice::Wait, true, $ask);
        self::assertSame(['ORDERNOTEXIST', 'order not exist'], [$e->errCode, $e->errCodeDes]);
        self::assertSame('ORDERNOTEXIST: order not exist (out_trade_no T999999)', $e->getMessage());
        self::assertSame(['service'], $this->outcomes());
    }

    public function testP10ASystemErrorAsksForTheSameCallAgain(): void
    {
        $e = $this->refused(ServiceException::class, Advice::Retry, true, 'system_error');
        self::assertSame('SYSTEMERROR', $e->errCode);
    }

    public function testP11AStateNobodyKnowsIsNeitherPaidNorFinalAndStaysReadable(): void
    {
        $order = $this->ask('unknown_state');
        self::assertSame(TradeState::Unknown, $order->tradeState);
        self::assertSame([false, false], [$order->isPaid(), $order->tradeState->isFinal()]);
        self::assertSame('SOMETHING_NEW', $order->fields()['trade_state']);
    }

    public function testP12AFieldNobodyKnowsIsKeptAndTakesPartInTheSign(): void
    {
        self::assertSame('值0', $this->ask('extra_field')->fields()['brand_new_field']);
    }

    public function testP13AnEmptyFieldReadsAsAbsentAndStaysInFields(): void
    {
        $order = $this->ask('set_field', ['name' => 'attach', 'value' => '']);
        self::assertNull($order->attach);
        self::assertSame('', $order->fields()['attach']);
    }

    /** @dataProvider amounts */
    #[DataProvider('amounts')]
    public function testP14AnAmountThatIsNoNumberIsMalformedIfItIsDecidedByAndNullIfNot(string $amount): void
    {
        foreach (['total_fee', 'cash_fee', 'settlement_total_fee'] as $field) {
            $e = self::caught(fn () => $this->ask('set_field', ['name' => $field, 'value' => $amount]));
            self::assertInstanceOf(MalformedMessageException::class, $e, $field);
            self::assertStringContainsString($field, $e->getMessage());
        }
        $order = $this->ask('set_field', ['name' => 'coupon_fee', 'value' => $amount]);
        self::assertNull($order->couponFee);
        self::assertSame($amount, $order->fields()['coupon_fee']);
    }

    /** @return list<array{string}> */
    public static function amounts(): array
    {
        return [['-1'], ['1.0'], ['1e3'], ['０１'], [' 1'], ['1 '], ['9223372036854775808'], ['0x1'], ['+1']];
    }

    public function testP14AnEmptyAmountIsAbsentAndTheLargestIntIsAnAmount(): void
    {
        self::assertNull($this->ask('set_field', ['name' => 'total_fee', 'value' => ''])->totalFee);
        $max = (string) PHP_INT_MAX;
        self::assertSame(PHP_INT_MAX, $this->ask('set_field', ['name' => 'total_fee', 'value' => $max])->totalFee);
        self::assertSame(0, $this->ask('set_field', ['name' => 'total_fee', 'value' => '0'])->totalFee);
    }

    public function testP14OtherTypedFieldsThatCannotBeReadAreNull(): void
    {
        foreach (['time_end' => 'timeEnd', 'is_subscribe' => 'isSubscribe', 'promotion_detail' => 'promotionDetail'] as $field => $property) {
            $order = $this->ask('set_field', ['name' => $field, 'value' => 'x']);
            self::assertNull($order->$property);
            self::assertSame('x', $order->fields()[$field]);
        }
    }

    public function testP15AFieldThatComesTwiceIsRefused(): void
    {
        $e = $this->refused(MalformedMessageException::class, Advice::Retry, true, 'duplicate_field');
        self::assertStringContainsString('trade_state is there twice', $e->getMessage());
        self::assertUnreadable('<xml><a>1</a><a>1</a></xml>');
    }

    public function testP16AnElementInAValueIsRefused(): void
    {
        self::assertUnreadable('<xml><a><b>1</b></a></xml>', '<xml><a>1<b/>2</a></xml>', '<xml><a><a>1</a></a></xml>');
    }

    public function testP17ACommentOrInstructionInAValueIsRefused(): void
    {
        self::assertUnreadable('<xml><a>1<!-- -->2</a></xml>', '<xml><a>1<?x?>2</a></xml>', '<xml><a><!----></a></xml>');
    }

    public function testP18CdataHoweverItIsSplitGivesOneText(): void
    {
        foreach (['a<![CDATA[b]]>c' => 'abc', '<![CDATA[]]]]><![CDATA[>]]>' => ']]>', '<![CDATA[<b>&amp;]]>' => '<b>&amp;',
            '<![CDATA[]]><![CDATA[]]>' => '', '<![CDATA[ ]] ]]>&#13;' => " ]] \r"] as $written => $text) {
            self::assertSame(['a' => $text], Xml::decode("<xml><a>$written</a></xml>"), $written);
            self::assertSame($text, (string) simplexml_load_string("<xml><a>$written</a></xml>")->a, $written);
        }
        self::assertUnreadable('<xml><a>]]></a></xml>', '<xml><a><![CDATA[</a></xml>');
    }

    public function testP19AnyDoctypeIsRefused(): void
    {
        $e = $this->refused(MalformedMessageException::class, Advice::Retry, true, 'doctype');
        self::assertStringContainsString('DOCTYPE', $e->getMessage());
        self::assertUnreadable('<!DOCTYPE xml><xml><a>1</a></xml>', "<?xml version='1.0'?><!DOCTYPE x SYSTEM 'file:///etc/passwd'><xml/>");
    }

    public function testP20P21AnEntityOrReferenceToNoCharacterIsRefused(): void
    {
        foreach (['&x;', '&nbsp;', '&', '&amp', '&#0;', '&#xD800;', '&#xFFFF;', '&#x110000;', '&#;', '&#x;', '&#-1;'] as $entity) {
            self::assertUnreadable("<xml><a>$entity</a></xml>");
        }
        self::assertSame(['a' => '<>&"\'A中'], Xml::decode('<xml><a>&lt;&gt;&amp;&quot;&apos;&#65;&#x4E2D;</a></xml>'));
    }

    public function testP22P23P24BytesThatAreNoUtf8AreRefused(): void
    {
        foreach (["\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE4\xB8", "\0", "\x01", "\xEF\xBF\xBF"] as $bytes) {
            self::assertUnreadable("<xml><a>$bytes</a></xml>");
        }
        foreach (['GBK', 'UTF-16', 'UTF-7', 'ISO-8859-1'] as $encoding) {
            self::assertUnreadable("<?xml version=\"1.0\" encoding=\"$encoding\"?><xml><a>1</a></xml>");
        }
        self::assertUnreadable(mb_convert_encoding('<xml><a>1</a></xml>', 'UTF-16'));
        self::assertSame(['a' => '1'], Xml::decode("\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><xml><a>1</a></xml>"));
    }

    public function testP25P26P27WhateverIsHugeIsRefusedSoon(): void
    {
        $seconds = self::seconds(static function (): void {
            $attributes = implode(' ', array_map(static fn ($n) => "a$n=''", range(1, 80_000)));
            self::assertUnreadable(
                "<xml $attributes/>",
                '<xml><a b="' . str_repeat('x', 1_000_000) . '">1</a></xml>',
                '<xml b="' . str_repeat('x', 10_000_000) . '"/>',
                str_repeat('<xml>', 100_000),
                '<xml>' . implode('', array_map(static fn ($n) => "<a$n/>", range(1, 4097))) . '</xml>',
                '<xml>' . str_repeat('<a/>', 250_000) . '</xml>',
                '<xml>' . str_repeat(' ', 1 << 20) . '</xml>',
            );
        });
        self::assertLessThan(5.0, $seconds);
        $most = Xml::decode('<xml>' . implode('', array_map(static fn ($n) => "<a$n/>", range(1, 4096))) . '</xml>');
        self::assertCount(4096, $most);
    }

    public function testP28NothingFollowsTheRoot(): void
    {
        self::assertUnreadable('<xml/><xml/>', '<xml/>x', '<xml></xml></xml>', "<xml/>\0", '<xml/><?xml version="1.0"?>');
        self::assertSame([], Xml::decode("<xml/>\n<!-- end -->\n"));
    }

    /** Asserts that nothing is read, and that the same text again is not advised. */
    private static function assertUnreadable(string ...$documents): void
    {
        foreach ($documents as $document) {
            $thrown = self::caught(static fn () => Xml::decode($document));
            self::assertInstanceOf(MalformedMessageException::class, $thrown, substr($document, 0, 200));
            self::assertSame([Advice::FixCall, false], [$thrown->advice, $thrown->retryable]);
        }
    }
}
