<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Fen;
use WechatPay\Order;
use WechatPay\OrderQuery;
use WechatPay\Signer;
use WechatPay\SignType;

/** Arguments behave as those of PHP's own functions: names, defaults, coercion, and the words of errors. */
final class ArgumentsTest extends SimulatorTestCase
{
    /**
     * Evaluates expressions in weak or strict mode, in a process of its own.
     *
     * @param list<string> $expressions
     *
     * @return list<string> of each what it gave as JSON, or class and message of what it threw; deprecations before
     */
    private static function evaluated(array $expressions, bool $strict): array
    {
        $statements = 'class Text { function __toString(): string { return "5"; } }'
            . 'set_error_handler(function ($level, $text) { global $said; $said .= "$text; "; });';
        foreach ($expressions as $expression) {
            $statements .= "\$said = ''; try { \$said .= json_encode($expression); }"
                . 'catch (Throwable $e) { $said .= get_class($e) . ": " . $e->getMessage(); } echo strtr($said, "\n", " "), "\n";' . "\n";
        }
        $file = tempnam(sys_get_temp_dir(), 'wechatpay-test-');
        file_put_contents($file, '<?php declare(strict_types=' . (int) $strict . ");\n$statements");
        try {
            return explode("\n", rtrim(PhpProcess::file($file)->output, "\n"));
        } finally {
            unlink($file);
        }
    }

    private static function called(string $expression, bool $strict): string
    {
        return self::evaluated([$expression], $strict)[0];
    }

    public function testNamedArgumentsThatAVariadicMethodCannotTakeAreRefused(): void
    {
        $merchant = 'new WechatPay\Merchant("wx1", "1", str_repeat("k", 32))';
        foreach (["merchants: $merchant", "...['shop' => $merchant]", "$merchant, other: $merchant"] as $arguments) {
            self::assertSame(
                'ArgumentCountError: WechatPay\Notification::read() does not accept unknown named parameters',
                self::called("WechatPay\Notification::read('', $arguments)", true),
            );
        }
    }

    /**
     * Ours beside one of PHP's own with the same parameter type: what they say may differ in function and argument only.
     *
     * @dataProvider functions
     */
    #[DataProvider('functions')]
    public function testCoercionAndTypeErrorsAreThoseOfPhpsOwnFunctions(string $ours, string $theirs): void
    {
        $values = ['"5"', '5', '5.0', '5.5', 'true', 'null', '[]', 'new stdClass', 'new Text', '"x"', '"5x"', '""', 'NAN', '1e30', 'PHP_INT_MAX', 'STDIN', '" 5"', '[1]'];
        foreach ([false, true] as $strict) {
            $say = static fn (string $call): array => array_combine($values, array_map(
                self::verdict(...),
                self::evaluated(array_map(static fn (string $value): string => sprintf($call, $value), $values), $strict),
            ));
            self::assertSame($say($theirs), $say($ours), $strict ? 'strict' : 'weak');
        }
    }

    /** @return array<string, array{string, string}> */
    public static function functions(): array
    {
        return [
            'int' => ['WechatPay\Fen::toYuan(%s)', 'dechex(%s)'],
            'string' => ['WechatPay\TradeState::Success->label(%s)', 'strlen(%s)'],
            'array' => ['WechatPay\Signer::sign(%s, str_repeat("k", 32), WechatPay\SignType::Md5)', 'array_values(%s)'],
        ];
    }

    /** Errors and deprecations without the function's name; of a result only that there is one. */
    private static function verdict(string $text): string
    {
        $text = preg_replace('~[\w\\\\:]+\(\): (Argument|Passing null to parameter) #1 \(\$\w+\)~', '*', $text);
        return preg_replace('~^((?:.*; )?)(?!\w*Error).+$~s', '$1result', $text);
    }

    public function testBoolsAndNullableIntsCoerceAsPhpsOwn(): void
    {
        self::assertSame('5', self::called('(new WechatPay\Gateway(timeoutMs: "5"))->timeoutMs', false));
        self::assertSame(
            'TypeError: WechatPay\Gateway::__construct(): Argument #5 ($timeoutMs) must be of type ?int, string given',
            self::called('(new WechatPay\Gateway(timeoutMs: "5"))->timeoutMs', true),
        );
        self::assertSame('8000', self::called('(new WechatPay\Gateway(timeoutMs: null))->timeoutMs', true));
        $merchant = '(new WechatPay\Merchant("a", "b", str_repeat("k", 32), acceptMd5: %s))->mchId';
        self::assertSame('"b"', self::called(sprintf($merchant, '1'), false));
        self::assertSame(
            'TypeError: WechatPay\Merchant::__construct(): Argument #11 ($acceptMd5) must be of type bool, int given',
            self::called(sprintf($merchant, '1'), true),
        );
    }

    /** @dataProvider counts */
    #[DataProvider('counts')]
    public function testTheNumberOfArgumentsIsCountedInPhpsWords(string $call, string $says): void
    {
        self::assertSame("ArgumentCountError: $says", self::called($call, true));
    }

    /** @return list<array{string, string}> */
    public static function counts(): array
    {
        $merchant = 'new WechatPay\Merchant("a", "b", str_repeat("k", 32))';
        return [
            ['WechatPay\Fen::toYuan()', 'WechatPay\Fen::toYuan() expects exactly 1 argument, 0 given'],
            ['WechatPay\Fen::toYuan(1, 2)', 'WechatPay\Fen::toYuan() expects exactly 1 argument, 2 given'],
            ['WechatPay\Signer::sign([], "k")', 'WechatPay\Signer::sign() expects exactly 3 arguments, 2 given'],
            ['WechatPay\Signer::explain([], "k", WechatPay\SignType::Md5, null, 1)', 'WechatPay\Signer::explain() expects at most 4 arguments, 5 given'],
            ['new WechatPay\Merchant("a")', 'WechatPay\Merchant::__construct() expects at least 3 arguments, 1 given'],
            ['new WechatPay\OrderQuery', 'WechatPay\OrderQuery::__construct() expects at least 1 argument, 0 given'],
            ["(new WechatPay\\OrderQuery($merchant))->untilFinal('T1')", 'WechatPay\OrderQuery::untilFinal() expects at least 2 arguments, 1 given'],
            ["(new WechatPay\\OrderQuery($merchant))->untilFinal('T1', intervalMs: 5)", 'WechatPay\OrderQuery::untilFinal(): Argument #2 ($timeoutMs) not passed'],
        ];
    }

    public function testNamedArgumentsMaySkipOptionalOnes(): void
    {
        $merchant = $this->merchant(acceptMd5: true, subMchId: '1900000109');
        self::assertSame([SignType::HmacSha256, null, '1900000109'], [$merchant->signType, $merchant->subAppid, $merchant->subMchId]);
        self::order('T100001');
        $order = $this->query()->untilFinal(onPoll: static fn () => false, timeoutMs: 500, outTradeNo: 'T100001');
        self::assertSame('T100001', $order->outTradeNo);
        $e = self::caught(static fn () => Fen::toYuan(amount: 5));
        self::assertSame(['Error', 'Unknown named parameter $amount'], [$e::class, $e->getMessage()]);
        $e = self::caught(static fn () => Fen::toYuan(5, fen: 5));
        self::assertSame('Named parameter $fen overwrites previous argument', $e->getMessage());
    }

    public function testArgumentsMayBeSpreadAndPassedThroughFunctionsOfPhp(): void
    {
        self::assertSame(['0.01', '0.02'], array_map([Fen::class, 'toYuan'], [1, 2]));
        self::assertSame('0.05', \call_user_func_array('WechatPay\Fen::toYuan', ['fen' => 5]));
        self::assertSame('0.05', Fen::toYuan(...)(5));
        self::assertSame('0.05', (new \ReflectionMethod(Fen::class, 'toYuan'))->invoke(null, 5));
        self::assertSame(32, \strlen(Signer::sign(...['type' => SignType::Md5, 'key' => str_repeat('k', 32), 'fields' => []])));
    }

    public function testReferencesAreNotChanged(): void
    {
        self::order('T100001');
        $number = 'T100001';
        $alias = &$number;
        self::assertSame('T100001', $this->query()->byOutTradeNo($alias)->outTradeNo);
        $numbers = ['a' => &$number];
        $this->query()->many($numbers);
        self::assertSame(['a' => 'T100001'], $numbers);
        $number = 'T2';
        self::assertSame('T2', $numbers['a'], 'still a reference');
    }

    public function testH18GeneratorsAndArrayObjectsAreNoArrays(): void
    {
        $generator = (static function () {
            yield 'T1';
        })();
        foreach ([[$generator, 'Generator'], [new \ArrayObject(['T1']), 'ArrayObject']] as [$value, $type]) {
            $e = self::caught(fn () => $this->query()->many($value));
            self::assertSame("WechatPay\\OrderQuery::many(): Argument #1 (\$outTradeNos) must be of type array, $type given", $e->getMessage());
        }
    }

    public function testH18HugeArgumentsAreRefusedWithoutBeingCopied(): void
    {
        $text = str_repeat('x', 32 << 20);
        $seconds = self::seconds(function () use ($text): void {
            self::caught(fn () => $this->query()->byOutTradeNo($text));
            self::caught(fn () => $this->query()->many([$text]));
            self::caught(static fn () => \WechatPay\Xml::decode($text));
            self::caught(static fn () => \WechatPay\Xml::encode(array_fill(0, 1000, $text)));
            self::caught(static fn () => Signer::sign(array_fill(0, 1000, $text), str_repeat('k', 32), SignType::Md5));
            self::caught(static fn () => new \WechatPay\Merchant($text, $text, $text));
            self::caught(static fn () => Fen::fromYuan($text));
        });
        self::assertLessThan(5.0, $seconds);
        self::assertSame([], self::requests());
    }

    public function testObjectsOfAnotherClassAreTypeErrorsWithThatName(): void
    {
        $e = self::caught(fn () => new OrderQuery($this->gateway()));
        self::assertSame('WechatPay\OrderQuery::__construct(): Argument #1 ($merchant) must be of type WechatPay\Merchant, WechatPay\Gateway given', $e->getMessage());
        $e = self::caught(fn () => new OrderQuery($this->merchant(), $this->merchant()));
        self::assertSame('WechatPay\OrderQuery::__construct(): Argument #2 ($gateway) must be of type ?WechatPay\Gateway, WechatPay\Merchant given', $e->getMessage());
    }

    /** What an argument's `__toString` finds in the call stack is the object that is being made. */
    public function testAnObjectIsMadeOnce(): void
    {
        $key = str_repeat('k', 32);
        $inner = [\WechatPay\Merchant::class => ['wx1', '1', $key], \WechatPay\Gateway::class => ['https://a']];
        $outer = [\WechatPay\Merchant::class => 'wx2', \WechatPay\Gateway::class => 'https://b'];
        foreach ($inner as $class => $arguments) {
            $text = new class ($class, $arguments, $outer[$class]) {
                public ?object $made = null;

                public function __construct(private string $class, private array $arguments, private string $text)
                {
                }

                public function __toString(): string
                {
                    $calls = array_column(debug_backtrace(), 'object', 'class');
                    $this->made = $calls[$this->class];
                    $this->made->__construct(...$this->arguments);
                    return $this->text;
                }
            };
            try {
                // PHP's own callers are not strict.
                (new \ReflectionClass($class))->newInstanceArgs([$text] + $arguments);
                self::fail("$class was made twice");
            } catch (\Error $error) {
                self::assertSame("$class is constructed already", $error->getMessage());
            }
            self::assertSame($arguments[0], $text->made->appid ?? $text->made->url);
        }
    }

    public function testEveryClassButTheExceptionsIsFinalAndTakesNoDynamicProperties(): void
    {
        $classes = array_filter(get_declared_classes(), static fn (string $c): bool => str_starts_with($c, 'WechatPay\\'));
        self::assertGreaterThan(20, \count($classes));
        foreach ($classes as $class) {
            $reflection = new \ReflectionClass($class);
            if ($reflection->isSubclassOf(\Throwable::class)) {
                self::assertFalse($reflection->isFinal(), $class);
                continue;
            }
            self::assertTrue($reflection->isFinal() || $reflection->isEnum(), $class);
        }
        self::order('T100001');
        foreach ([$this->merchant(), $this->gateway(), $this->query(), $this->query()->byOutTradeNo('T100001')] as $object) {
            $e = self::caught(static fn () => $object->anything = 1);
            self::assertStringStartsWith('Cannot create dynamic property ' . $object::class . '::$anything', $e->getMessage());
            self::assertStringContainsString('uncloneable', self::caught(static fn () => clone $object)->getMessage());
        }
        self::assertInstanceOf(Order::class, $object);
    }
}
