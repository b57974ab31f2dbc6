<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\Bill;
use WechatPay\FundFlow;
use WechatPay\MalformedMessageException;
use WechatPay\PayException;
use WechatPay\ServiceException;

/** The bills that Rust and PHP share: each reads, and each is refused, as it is written. */
final class BillVectorsTest extends TestCase
{
    /**
     * @dataProvider readable
     *
     * @param array<string, mixed> $vector
     */
    #[DataProvider('readable')]
    public function testB7B8B9B12ABillReadsAsTheVectorSays(array $vector): void
    {
        $expected = $vector['expected'];
        $bill = self::bill(self::file($vector), $expected['layout'] === 'fund_flow');
        foreach ($bill as $number => $row) {
            self::assertSameRow($expected['rows'][$number], $row);
        }
        self::assertCount(\count($expected['rows']), $bill);
        self::assertSame(self::filled($expected['summary']), self::filled(self::plain($bill->summary)));
        self::assertSame($expected['unknown_columns'], $bill->unknownColumns());
        if ($bill instanceof Bill) {
            self::assertSame([$expected['layout'], $expected['type']], [$bill->layout, $bill->type->value]);
        }
        $expected['verify'] === 'ok' ? $bill->verify() : self::assertBalanceIsToldBroken($bill, $expected['verify']['balance']);
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function readable(): iterable
    {
        return self::vectors('bill_read');
    }

    /**
     * @dataProvider refused
     *
     * @param array<string, mixed> $vector
     */
    #[DataProvider('refused')]
    public function testB1B2B3B5B6B7B8B9ABillIsRefusedAsTheVectorSays(array $vector): void
    {
        $expected = $vector['expected'];
        $file = self::file($vector);
        $isFlow = str_contains($vector['id'], 'flow') || str_contains(substr($file, 0, 200), '记账时间');
        $read = self::caught(static fn () => iterator_to_array(self::bill($file, $isFlow)));
        $verified = self::caught(static fn () => self::bill($file, $isFlow)->verify());
        self::assertInstanceOf(PayException::class, $verified);
        self::assertSame($expected['stage'] === 'read', $read !== null, 'where it is refused');
        self::assertSame($read?->getMessage() ?? $verified->getMessage(), $verified->getMessage());
        if ($expected['code'] === 'answer') {
            self::assertInstanceOf(ServiceException::class, $verified);
            self::assertSame($expected['message'], $verified->errCodeDes);
            return;
        }
        self::assertInstanceOf(MalformedMessageException::class, $verified);
        foreach (self::told($expected) as $word) {
            self::assertStringContainsString($word, $verified->getMessage());
        }
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function refused(): iterable
    {
        return self::vectors('bill_refuse');
    }

    public function testB8TheBillsOfTheProtocolReadCellByCell(): void
    {
        $vectors = json_decode(file_get_contents(ROOT . '/php-tests/fixtures/vectors.json'), true)['v2_bills'];
        self::assertNotSame([], $vectors);
        foreach ($vectors as $vector) {
            $bill = self::bill($vector['text'], str_contains($vector['text'], '记账时间'));
            $bill->verify();
            foreach ($bill as $number => $row) {
                self::assertSame(array_combine($vector['header'], $vector['rows'][$number]), $row->fields());
            }
            self::assertCount(\count($vector['rows']), $bill);
        }
    }

    /** What a message must name of a refusal. @return list<string> */
    private static function told(array $expected): array
    {
        $told = isset($expected['row']) ? ["row {$expected['row']}"] : [];
        $told = isset($expected['line']) ? [...$told, "line {$expected['line']}"] : $told;
        $told = isset($expected['column']) ? [...$told, $expected['column']] : $told;
        $told = isset($expected['cells']) ? [...$told, "{$expected['cells']} cells"] : $told;
        foreach ($expected['differences'] ?? [] as $difference) {
            $told[] = $difference['column'];
        }
        return $told;
    }

    /** @param array<string, mixed> $expected */
    private static function assertSameRow(array $expected, object $row): void
    {
        $fields = $row->fields();
        foreach ($expected['extra'] ?? [] as $name => $text) {
            self::assertSame($text, trim($fields[$name], " \t") === '' ? null : $fields[$name], $name);
        }
        unset($expected['extra']);
        $found = self::plain($row);
        self::assertSame([], array_diff_key($expected, $found));
        foreach ($found as $name => $value) {
            self::assertSame($expected[$name] ?? null, $value, $name);
        }
    }

    /** Properties under WeChat's names, values as JSON has them. @return array<string, mixed> */
    private static function plain(object $value): array
    {
        $plain = [];
        foreach (json_decode(json_encode($value), true) as $name => $property) {
            $plain[strtolower(preg_replace('~[A-Z]~', '_$0', $name))] = $property;
        }
        return $plain;
    }

    /** @param array<string, int|null> $sums @return array<string, int> */
    private static function filled(array $sums): array
    {
        $filled = array_filter($sums, static fn (?int $sum): bool => $sum !== null);
        ksort($filled);
        return $filled;
    }

    /** @param list<array<string, mixed>> $breaks */
    private static function assertBalanceIsToldBroken(Bill|FundFlow $flow, array $breaks): void
    {
        $thrown = self::caught($flow->verify(...));
        self::assertInstanceOf(MalformedMessageException::class, $thrown);
        foreach ($breaks as $break) {
            self::assertStringContainsString("row {$break['row']} ({$break['flow_id']})", $thrown->getMessage());
        }
    }

    private static function bill(string $file, bool $isFlow): Bill|FundFlow
    {
        return $isFlow ? FundFlow::fromString($file) : Bill::fromString($file);
    }

    private static function caught(callable $call): ?\Throwable
    {
        try {
            $call();
        } catch (\Throwable $thrown) {
            return $thrown;
        }
        return null;
    }

    /** @param array<string, mixed> $vector */
    private static function file(array $vector): string
    {
        $make = $vector['make'] ?? [];
        return $vector['text'] ?? (isset($vector['b64'])
            ? base64_decode($vector['b64'])
            : $make['head'] . str_repeat($make['repeat'], $make['times']) . $make['tail']);
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    private static function vectors(string $group): iterable
    {
        foreach (json_decode(file_get_contents(ROOT . '/php-tests/fixtures/vectors-bills.json'), true)[$group] as $vector) {
            yield $vector['id'] => [$vector];
        }
    }
}
