<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\TestCase;
use WechatPay\Advice;
use WechatPay\Client;
use WechatPay\MalformedMessageException;
use WechatPay\Merchant;
use WechatPay\PayException;
use WechatPay\SignatureException;

/**
 * The lists of certificates of the vectors, given to a merchant who knows no certificate yet: its first call downloads one.
 *
 * @group slow
 */
#[Group('slow')]
final class V3CertificateListVectorsTest extends TestCase
{
    private const FORGED = [SignatureException::class, null, 'that is the list of platform certificates, and its signature is wrong'];
    private const OTHER_KEY = [PayException::class, Advice::FixConfiguration, 'it does not open with the configured APIv3 key'];
    private const LIST = 'the list of certificates is malformed: ';
    private const ENTRY = 'an entry of the list of certificates';

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

    /** A merchant of whom this process knows nothing yet: no other has this former key. */
    private static function merchant(string $apiV3Key): Merchant
    {
        return V3Platform::merchant(publicKeyId: null, publicKey: null, apiV3Key: $apiV3Key, previousApiV3Key: bin2hex(random_bytes(16)));
    }

    /** @param array<string, mixed> $inputs */
    private static function saysTheListOf(array $inputs): void
    {
        $list = V3Vectors::listToday($inputs);
        self::$scripted->says($inputs['status'], $list, V3Vectors::headersToday($inputs, $list));
    }

    private static function caught(callable $call): \Throwable
    {
        try {
            $call();
        } catch (\Throwable $thrown) {
            return $thrown;
        }
        self::fail('Nothing was thrown.');
    }

    /** The key of a certificate that the vectors name by the number it had. */
    private static function named(string $serial): V3Platform
    {
        foreach (['platform_old', 'platform_new'] as $name) {
            if (V3Vectors::keys()[$name]['serial'] === $serial) {
                return V3Platform::today($name);
            }
        }
        self::fail("Nobody has the number $serial.");
    }

    /** @return list<string> what was asked for */
    private static function targets(): array
    {
        return array_map(static fn (ScriptedRequest $request) => $request->target, self::$scripted->requests());
    }

    /** @dataProvider taken */
    #[DataProvider('taken')]
    public function testWhoeverIsOnAListThatIsTakenIsBelievedAndNobodyElse(array $vector): void
    {
        $inputs = $vector['inputs'];
        ['serials' => $serials, 'encrypt_with' => $newest] = $vector['expected']['accept'] + ['encrypt_with' => null];
        $client = new Client(self::merchant($inputs['apiv3_key']), self::$scripted->gateway());
        self::saysTheListOf($inputs);
        foreach ($serials as $at => $serial) {
            self::$scripted->says(200, "{\"at\":$at}", self::named($serial)->signs("{\"at\":$at}"));
            self::assertSame(['at' => $at], $client->callV3('GET', "/v3/x/$at"), $serial);
        }
        self::assertSame(['/v3/certificates', ...array_map(static fn (int $at) => "/v3/x/$at", array_keys($serials))], self::targets());
        foreach (['platform_old', 'platform_new', 'platform_expired', 'stranger'] as $name) {
            if (!\in_array(V3Vectors::keys()[$name]['serial'], $serials, true)) {
                self::$scripted->says(200, '{}', V3Platform::today($name)->signs('{}'));
                self::assertInstanceOf(SignatureException::class, self::caught(static fn () => $client->callV3('GET', '/v3/x')), $name);
            }
        }
        $recipient = self::named($newest ?? end($serials));
        self::assertSame('张三', $recipient->opens($client->encrypt('张三')));
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function taken(): iterable
    {
        return self::those(true);
    }

    /** @dataProvider refused */
    #[DataProvider('refused')]
    public function testV10AListThatIsRefusedSaysWhyAndTheCallIsNotMade(array $vector): void
    {
        $inputs = $vector['inputs'];
        // What looks like a probe is asked for once more.
        $asked = \in_array($vector['expected']['refuse'], ['unknown_serial', 'bad_signature'], true) ? 2 : 1;
        for ($time = 0; $time < $asked; $time++) {
            self::saysTheListOf($inputs);
        }
        self::$scripted->says(200, '{}', V3Platform::today('platform_old')->signs('{}'));
        $e = self::caught(static fn () => (new Client(self::merchant($inputs['apiv3_key']), self::$scripted->gateway()))->callV3('POST', '/v3/x', []));
        [$class, $advice, $says] = match ($vector['expected']['refuse']) {
            'argument' => [\ValueError::class, null, 'must be exactly 32 bytes long'],
            'decrypt_failed' => self::OTHER_KEY,
            'malformed' => [MalformedMessageException::class, null, $vector['id'] === 'not-base64' ? 'its ciphertext is missing or unreadable' : self::LIST],
            'unsupported_algorithm' => [MalformedMessageException::class, null, self::ENTRY . ': it is sealed with another algorithm than AEAD_AES_256_GCM'],
            'serial_mismatch' => [MalformedMessageException::class, null, self::ENTRY . ' names another serial number than the certificate inside'],
            'bad_certificate' => [MalformedMessageException::class, null, self::ENTRY . ' holds no certificate with an RSA key'],
            'expired_key' => [MalformedMessageException::class, null, 'every certificate of the list has expired'],
            'unknown_serial', 'bad_signature' => self::FORGED,
            'no_platform_certificate' => [PayException::class, Advice::FixConfiguration, 'configure its public key and PUB_KEY_ID'],
        };
        self::assertSame($class, $e::class, $e->getMessage());
        self::assertStringContainsString($says, $e->getMessage());
        if ($advice !== null) {
            self::assertSame($advice, $e->advice);
        }
        self::assertFalse($e instanceof PayException && $e->maybeProcessed, 'the call was not sent');
        self::assertSame($e instanceof PayException ? array_fill(0, $asked, '/v3/certificates') : [], self::targets());
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function refused(): iterable
    {
        return self::those(false);
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    private static function those(bool $areGood): iterable
    {
        foreach (V3Vectors::group('certificates_decrypt') as $vector) {
            if (V3Vectors::isGood($vector) === $areGood) {
                yield $vector['id'] => [$vector];
            }
        }
    }
}
