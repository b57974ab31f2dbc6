<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\Advice;
use WechatPay\MalformedMessageException;
use WechatPay\Xml;

/** Reading is tested in full by ProtocolFaultsTest, VectorsTest and RandomAgreementTest. */
final class XmlTest extends TestCase
{
    public function testFieldsAreWrittenInTheirOrderDigitsBareAllElseInCdata(): void
    {
        self::assertSame(
            '<xml><total_fee>100</total_fee><body><![CDATA[a & <b>]]></body><neg><![CDATA[-1]]></neg><empty></empty></xml>',
            Xml::encode(['total_fee' => 100, 'body' => 'a & <b>', 'neg' => -1, 'gone' => null, 'empty' => '']),
        );
        self::assertSame('<xml></xml>', Xml::encode([]));
    }

    public function testTheEndOfCdataAndCarriageReturnsSurvive(): void
    {
        $fields = ['a' => "x]]>y\r\nz\r", 'b' => ']]', 'c' => '>'];
        $document = Xml::encode($fields);
        self::assertSame($fields, Xml::decode($document));
        self::assertSame($fields['a'], (string) simplexml_load_string($document)->a);
    }

    public function testStringablesAndReferencesAreWritten(): void
    {
        $value = 'v';
        $fields = ['a' => &$value, 'b' => new class {
            public function __toString(): string
            {
                return 'text';
            }
        }];
        self::assertSame(['a' => 'v', 'b' => 'text'], Xml::decode(Xml::encode($fields)));
    }

    public function testAStringableMayEmptyTheVariableItCameFrom(): void
    {
        $fields = [];
        $fields['b'] = new class($fields) {
            private string $text;

            public function __construct(private mixed &$fields)
            {
                $this->text = str_repeat('b', 20);
            }

            public function __toString(): string
            {
                $this->fields['b'] = null;
                for ($i = 0, $others = []; $i < 50; $i++) {
                    $others[] = new \ArrayObject([str_repeat('x', 20)]);
                }
                return $this->text;
            }
        };
        $given = ['a' => 'v', 'b' => &$fields['b']];
        self::assertSame('<xml><a><![CDATA[v]]></a><b><![CDATA[bbbbbbbbbbbbbbbbbbbb]]></b></xml>', Xml::encode($given));
        self::assertNull($fields['b']);
    }

    /** @dataProvider unwritable */
    #[DataProvider('unwritable')]
    public function testWhatCannotBeWrittenIsAValueErrorThatNamesTheField(array|\Closure $fields, string $says): void
    {
        $fields = $fields instanceof \Closure ? $fields() : $fields;
        $this->expectException(\ValueError::class);
        $this->expectExceptionMessageMatches('~^WechatPay\\\\Xml::encode\(\): Argument #1 \(\$fields\) must .*' . $says . '~');
        Xml::encode($fields);
    }

    /** @return array<string, array{array<array-key, mixed>|\Closure, string}> */
    public static function unwritable(): array
    {
        return [
            'a name with a blank' => [['a b' => '1'], 'field a b has a name that is no element name'],
            'a number as name' => [['1'], 'field 0 has a name'],
            'an empty name' => [['' => '1'], 'has a name'],
            'a colon in a name' => [['a:b' => '1'], 'field a:b'],
            'a Chinese name' => [['中' => '1'], 'field 中'],
            'a name that is no UTF-8' => [["\xFF" => '1'], 'names of valid UTF-8'],
            'a text that is no UTF-8' => [['ok' => '1', 'bad' => "\xFF"], 'be valid UTF-8, field bad is not'],
            'a control character' => [['a' => "\x01"], 'field a contains a control character'],
            'NUL' => [['a' => "x\0"], 'field a contains a control character'],
            'an emoji' => [['body' => '😀'], 'field body contains a character of 4 UTF-8 bytes'],
            'too many fields' => [
                static fn () => array_fill_keys(array_map(static fn ($n) => "f$n", range(0, 4096)), '1'),
                'more than 4096 fields',
            ],
            'too large' => [static fn () => ['a' => str_repeat('x', (1 << 20) + 1)], '1 MiB'],
            'too large when written' => [static fn () => ['a' => str_repeat('x', (1 << 20) - 10)], '1 MiB'],
            'far too large' => [static fn () => array_fill(0, 1000, str_repeat('x', 1 << 20)), 'at most 1 MiB'],
        ];
    }

    public function testATextIsReadAsBytesAndNumericLookingValuesStayStrings(): void
    {
        $fields = Xml::decode('<xml><total_fee>0100</total_fee><a>1.50</a><b>  x </b><c/><d></d></xml>');
        self::assertSame(['total_fee' => '0100', 'a' => '1.50', 'b' => '  x ', 'c' => '', 'd' => ''], $fields);
    }

    public function testWhatIsNoSuchDocumentIsMalformedAndTheSameTextAgainDoesNotHelp(): void
    {
        foreach (['', ' ', 'x', '{"a":1}', '<xml>', '<a/>', '<html></html>', "\0", str_repeat('<', 1000)] as $document) {
            try {
                Xml::decode($document);
                self::fail($document);
            } catch (MalformedMessageException $e) {
                self::assertSame([Advice::FixCall, false, false, null], [$e->advice, $e->retryable, $e->maybeProcessed, $e->outTradeNo]);
            }
        }
    }

    public function testItCanBeNeitherConstructedNorExtended(): void
    {
        $class = new \ReflectionClass(Xml::class);
        self::assertSame([true, false], [$class->isFinal(), $class->isInstantiable()]);
    }
}
