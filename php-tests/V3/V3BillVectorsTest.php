<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\Bill;
use WechatPay\DownloadBill;
use WechatPay\MalformedMessageException;
use WechatPay\MismatchException;
use WechatPay\PayException;
use WechatPay\SignatureException;

/**
 * The bills of the vectors: a link that is signed, and a file whose SHA-1 the signed answer names. Their files have two
 * columns, which is too little for a Bill, so each way of naming a file is tried with a whole bill too.
 */
final class V3BillVectorsTest extends TestCase
{
    private static ScriptedGateway $scripted;

    public static function setUpBeforeClass(): void
    {
        self::$scripted = ScriptedGateway::start();
    }

    public static function tearDownAfterClass(): void
    {
        self::$scripted->stop();
    }

    protected function setUp(): void
    {
        self::$scripted->forget();
    }

    /** What the download of a day ends with. @param array<string, mixed> $inputs */
    private static function ended(array $inputs, string $body, string $file, string $day = '2026-02-28'): Bill|PayException
    {
        $hosts = array_map(static fn (string $host) => "https://$host", $inputs['configured_hosts']);
        $body = strtr($body, array_fill_keys($hosts, self::$scripted->url));
        self::$scripted->says(200, $body, V3Platform::named('wechatpay_public')->signs($body));
        self::$scripted->says(200, $file, ['Content-Type' => 'text/plain']);
        $bills = new DownloadBill(V3Platform::merchant(), self::$scripted->gateway(backupUrl: self::$scripted->url));
        try {
            return $bills->trade($day);
        } catch (PayException $e) {
            return $e;
        }
    }

    /** @param array<string, mixed> $inputs */
    private static function file(array $inputs): string
    {
        return base64_decode($inputs['file_b64'], true);
    }

    /** @dataProvider refused */
    #[DataProvider('refused')]
    public function testV18V19AFileThatIsNotTheNamedOneIsRefusedAndAForeignLinkIsNotFollowed(array $vector): void
    {
        $ended = self::ended($vector['inputs'], $vector['inputs']['body'], self::file($vector['inputs']));
        [$class, $requests] = match ($vector['expected']['refuse']) {
            'hash_mismatch' => [SignatureException::class, 2],
            'malformed' => [MalformedMessageException::class, 1],
            'foreign_url' => [MismatchException::class, 1],
        };
        self::assertSame([$class, $requests], [$ended::class, \count(self::$scripted->requests())], $ended->getMessage());
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function refused(): iterable
    {
        return self::those(false);
    }

    /** @dataProvider taken */
    #[DataProvider('taken')]
    public function testV18AFileIsFetchedByItsLinkAndHasTheHashThatPhpFindsToo(array $vector): void
    {
        ['inputs' => $inputs, 'expected' => ['accept' => $wanted]] = $vector;
        $file = self::file($inputs);
        $text = $inputs['tar_type'] === 'GZIP' ? gzdecode($file) : $file;
        self::assertSame($wanted['text'], $text);
        self::assertContains(strtolower(json_decode($inputs['body'], true)['hash_value']), [sha1($text), sha1($file)]);
        $ended = self::ended($inputs, $inputs['body'], $file);
        // The hash is right, so it is the two columns that are refused.
        self::assertInstanceOf(MalformedMessageException::class, $ended);
        self::assertStringNotContainsString('SHA-1', $ended->getMessage());
        $second = self::$scripted->requests()[1];
        self::assertSame($wanted['target'], $second->target);
        self::assertTrue($second->isSignedBy(V3Vectors::keys()['merchant']['public_pem']));
    }

    /** @dataProvider taken */
    #[DataProvider('taken')]
    public function testAWholeBillThatIsNamedAndPackedAsInTheVectorIsReadToItsEnd(array $vector): void
    {
        $inputs = $vector['inputs'];
        ['text' => $bill, 'expected' => $expected] = self::wholeBill();
        $file = $inputs['tar_type'] === 'GZIP' ? gzencode($bill) : $bill;
        $hash = json_decode($inputs['body'], true)['hash_value'];
        $anew = sha1(strtolower($hash) === sha1(self::file($inputs)) ? $file : $bill);
        $anew = ctype_upper(preg_replace('~\d~', '', $hash)) ? strtoupper($anew) : $anew;
        $read = self::ended($inputs, strtr($inputs['body'], [$hash => $anew]), $file, '2026-02-12');
        self::assertInstanceOf(Bill::class, $read, $read instanceof PayException ? $read->getMessage() : '');
        $read->verify();
        $numbers = array_map(static fn (object $row) => $row->outTradeNo, iterator_to_array($read, false));
        self::assertSame(array_column($expected['rows'], 'out_trade_no'), $numbers);
        self::$scripted->forget();
        $cut = self::ended($inputs, strtr($inputs['body'], [$hash => $anew]), substr($file, 0, -1), '2026-02-12');
        self::assertInstanceOf(SignatureException::class, $cut, 'the same without its last byte');
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function taken(): iterable
    {
        return self::those(true);
    }

    /** @return array<string, mixed> one of the bills that Rust and PHP share */
    private static function wholeBill(): array
    {
        $bills = json_decode(file_get_contents(ROOT . '/php-tests/fixtures/vectors-bills.json'), true)['bill_read'];
        return array_column($bills, null, 'id')['all-27-lf'];
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    private static function those(bool $areGood): iterable
    {
        foreach (V3Vectors::group('bills') as $vector) {
            if (V3Vectors::isGood($vector) === $areGood) {
                yield $vector['id'] => [$vector];
            }
        }
    }
}
