<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\TestCase;
use WechatPay\Gateway;
use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\Order;
use WechatPay\OrderQuery;
use WechatPay\PayException;
use WechatPay\SignatureException;
use WechatPay\UnifiedOrder;

/**
 * Random requests, answers and notices: what we sign PHP's openssl verifies, what it signs we verify, and one changed bit is
 * refused. SEED=n repeats a run, ROUNDS=n makes it longer or shorter.
 *
 * @group slow
 */
#[Group('slow')]
final class V3AgreementTest extends TestCase
{
    private const ID = '0123456789ABCDEFGHIJKLMNOPQRSTUVWYZabcdefghijklmnopqrstuvwxyz_-|*@';
    private const WORDS = ['茶', '水', 'a', 'Z', '0', ' ', '"', '\\', '/', '<', '&', 'é', "\u{2028}", '\\u0041', '{', '}', '%41', '+'];

    private Chance $chance;

    protected function setUp(): void
    {
        $this->chance = new Chance();
    }

    protected function onNotSuccessfulTest(\Throwable $t): never
    {
        fwrite(STDERR, "\nAgain: SEED={$this->chance->seed}\n");
        parent::onNotSuccessfulTest($t);
    }

    private static function rounds(int $usual): int
    {
        return intdiv($usual * (int) (getenv('ROUNDS') ?: 10_000), 10_000) ?: 1;
    }

    /** The gateway in plain PHP answers what openssl has verified, and signs the answer with it. */
    public function testOpensslVerifiesTenThousandRequestsAndWeItsAnswers(): void
    {
        $reference = ReferenceGatewayV3::start();
        try {
            $merchant = Merchant::v3(...$reference->merchant());
            $gateway = new Gateway(url: $reference->url, caFile: $reference->caFile, timeoutMs: 30_000);
            $this->placed(new UnifiedOrder($merchant, $gateway), self::rounds(1_000));
            $this->asked(new OrderQuery($merchant, $gateway), self::rounds(9_000));
            $this->spoiled(new OrderQuery($merchant, $gateway), self::rounds(500));
        } finally {
            $reference->stop();
        }
    }

    /** Bodies with texts of every kind. */
    private function placed(UnifiedOrder $orders, int $count): void
    {
        for ($n = 0; $n < $count; $n++) {
            [$body, $attach] = [$this->chance->join(self::WORDS, 30) . 'x', $this->chance->join(self::WORDS, 30) . 'y'];
            $prepay = $orders->native("T-$n-0000", $n + 1, $body, 'https://shop.example/notify', '127.0.0.1', attach: $attach);
            self::assertSame('weixin://wxpay/' . md5($body . $attach), $prepay->codeUrl);
        }
    }

    /** Targets with numbers of every kind. */
    private function asked(OrderQuery $query, int $count): void
    {
        foreach (array_chunk($this->numbers($count), 64) as $numbers) {
            foreach ($query->many($numbers) as $number => $order) {
                self::assertInstanceOf(Order::class, $order, $number . ($order instanceof PayException ? ": {$order->getMessage()}" : ''));
                self::assertSame([(string) $number, crc32((string) $number) % 100_000 + 1], [$order->outTradeNo, $order->totalFee]);
            }
        }
    }

    /** Answers of which one bit was changed on the way. */
    private function spoiled(OrderQuery $query, int $count): void
    {
        foreach (array_chunk($this->numbers($count, 'X'), 64) as $numbers) {
            foreach ($query->many($numbers) as $number => $seen) {
                self::assertInstanceOf(SignatureException::class, $seen, (string) $number);
            }
        }
    }

    /** @return list<string> */
    private function numbers(int $count, string $begin = ''): array
    {
        $numbers = [];
        while (\count($numbers) < $count) {
            $numbers[$begin . $this->chance->join(str_split(self::ID), 24) . \count($numbers)] = true;
        }
        return array_map(strval(...), array_keys($numbers));
    }

    public function testTenThousandNoticesOfOpensslAreReadAndNoneWithAChangedBit(): void
    {
        $platform = openssl_pkey_get_private($pem = ReferenceGatewayV3::newKey());
        $reader = self::merchant(ReferenceGatewayV3::newKey(), ReferenceGatewayV3::publicHalf($pem));
        for ($n = self::rounds(10_000); $n > 0; $n--) {
            $inside = ['appid' => SimulatorProcess::APPID, 'mchid' => SimulatorProcess::MCH_ID, 'out_trade_no' => "T$n", 'transaction_id' => "42$n", 'trade_state' => 'SUCCESS', 'attach' => $this->chance->join(self::WORDS, 20) . 'x', 'amount' => ['total' => $n]];
            $body = ReferenceClientV3::sealedNotice($inside, 'TRANSACTION.SUCCESS', ReferenceGatewayV3::API_V3_KEY);
            $headers = ReferenceClientV3::signedHeaders($body, $platform, 'PUB_KEY_ID_01');
            if (Notification::receive($body, $headers, $reader)->fields() !== $inside) {
                self::fail("Read another way: $body");
            }
            [$otherBody, $otherHeaders] = $this->changed($body, $headers);
            try {
                Notification::receive($otherBody, $otherHeaders, $reader);
            } catch (SignatureException) {
                continue;
            }
            self::fail('A changed notice was believed: ' . var_export([$otherBody, $otherHeaders], true));
        }
        $this->addToAssertionCount(1);
    }

    /**
     * One bit of the body, the signature or the time is another.
     *
     * @param array<string, string> $headers
     *
     * @return array{string, array<string, string>}
     */
    private function changed(string $body, array $headers): array
    {
        $flipped = function (string $bytes): string {
            $at = $this->chance->int(0, 8 * \strlen($bytes) - 1);
            $bytes[intdiv($at, 8)] = $bytes[intdiv($at, 8)] ^ \chr(1 << $at % 8);
            return $bytes;
        };
        $signature = base64_encode($flipped(base64_decode($headers['Wechatpay-Signature'])));
        return match ($this->chance->int(1, 3)) {
            // A first byte that is no brace any more makes it XML, or nothing.
            1 => [$body[0] . $flipped(substr($body, 1)), $headers],
            2 => [$body, ['Wechatpay-Signature' => $signature] + $headers],
            default => [$body, ['Wechatpay-Timestamp' => (string) ($headers['Wechatpay-Timestamp'] - 1)] + $headers],
        };
    }

    /** Bytes of any kind, such as no server would take as a request. */
    public function testOpensslVerifiesWhatWeSignWhateverTheBytes(): void
    {
        $own = ReferenceGatewayV3::newKey();
        $public = openssl_pkey_get_public(ReferenceGatewayV3::publicHalf($own));
        $signer = self::merchant($own, ReferenceGatewayV3::publicHalf($own));
        for ($n = self::rounds(2_000); $n > 0; $n--) {
            $body = $this->chance->bytes(300);
            $made = Notification::headers($body, $signer);
            $message = "{$made['Wechatpay-Timestamp']}\n{$made['Wechatpay-Nonce']}\n$body\n";
            if (openssl_verify($message, base64_decode($made['Wechatpay-Signature']), $public, OPENSSL_ALGO_SHA256) !== 1) {
                self::fail('openssl does not verify ' . bin2hex($body));
            }
        }
        $this->addToAssertionCount(1);
    }

    private static function merchant(string $private, string $public): Merchant
    {
        $who = [SimulatorProcess::APPID, SimulatorProcess::MCH_ID, ReferenceGatewayV3::API_V3_KEY];
        return Merchant::v3(...$who, privateKey: $private, certificate: ReferenceGatewayV3::SERIAL, publicKeyId: 'PUB_KEY_ID_01', publicKey: $public);
    }
}
