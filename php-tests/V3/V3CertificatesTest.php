<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\TestCase;
use WechatPay\Merchant;
use WechatPay\Notification;

/**
 * Platform certificates of a merchant without a public key: a notice may be the first to name one, and a file may keep them.
 * Each process here is a new one, as a worker of php-fpm is that has downloaded nothing yet.
 *
 * @group slow
 */
#[Group('slow')]
final class V3CertificatesTest extends TestCase
{
    private const PAID = ['out_trade_no' => 'T100001', 'transaction_id' => '4200000001', 'trade_state' => 'SUCCESS', 'amount' => ['total' => 100]];
    private const TAKEN = "T100001\n";

    private static ScriptedGateway $scripted;
    private static V3Platform $platform;
    private string $cache;

    public static function setUpBeforeClass(): void
    {
        self::$scripted = ScriptedGateway::start();
        self::$platform = V3Platform::certificate();
    }

    public static function tearDownAfterClass(): void
    {
        self::$scripted->stop();
    }

    protected function setUp(): void
    {
        self::$scripted->forget();
        $this->cache = sys_get_temp_dir() . '/wechatpay-cache-' . bin2hex(random_bytes(6));
        mkdir($this->cache);
    }

    protected function tearDown(): void
    {
        PhpProcess::command(['rm', '-rf', $this->cache]);
    }

    /** Queues a list of these certificates. */
    private static function lists(V3Platform $by, V3Platform ...$listed): void
    {
        $list = V3Platform::listOf(...($listed ?: [$by]));
        self::$scripted->says(200, $list, $by->signs($list));
    }

    /**
     * Reads notices in a new process, and says what became of each.
     *
     * @param list<V3Platform>      $signers  one for each notice
     * @param array<string, string> $ini
     * @param array<string, mixed>  $settings of the merchant
     */
    private static function received(array $signers, array $ini = [], array $settings = []): string
    {
        $keys = V3Vectors::keys();
        $settings += V3Platform::settings(publicKeyId: null, publicKey: null);
        $code = '$merchant = WechatPay\Merchant::v3(...' . var_export($settings, true) . ");\n";
        foreach ($signers as $signer) {
            $body = V3Platform::notice(['appid' => $keys['appid'], 'mchid' => $settings['mchId']] + self::PAID, key: $settings['apiV3Key']);
            $code .= 'try { echo WechatPay\Notification::receive(' . var_export($body, true) . ', ' . var_export($signer->signs($body), true) . ', $merchant)->order->outTradeNo, "\n"; }'
                . ' catch (WechatPay\PayException $e) { echo $e::class, " ", $e->advice->name, ": ", $e->getMessage(), "\n"; }' . "\n";
        }
        $run = PhpProcess::code($code, $ini + self::$scripted->ini());
        self::assertSame(['', 0], [$run->errors, $run->exitCode], $run->output);
        return $run->output;
    }

    /** How many times the list was asked for; nothing else was. */
    private static function downloads(): int
    {
        $requests = self::$scripted->requests();
        foreach ($requests as $request) {
            self::assertSame(['GET', '/v3/certificates'], [$request->method, $request->target]);
            self::assertTrue($request->isSignedBy(V3Vectors::keys()['merchant']['public_pem']));
        }
        return \count($requests);
    }

    public function testV7ANoticeThatNamesACertificateNobodyHasDownloadedIsRead(): void
    {
        self::lists(self::$platform);
        self::assertSame(self::TAKEN . self::TAKEN, self::received([self::$platform, self::$platform]));
        self::assertSame(1, self::downloads());
    }

    public function testV8ANoticeByTheNewCertificateIsReadByWhoWasGivenTheOldOne(): void
    {
        $new = V3Platform::certificate();
        self::lists($new, self::$platform, $new);
        $settings = ['platformCertificates' => [self::$platform->public]];
        self::assertSame(self::TAKEN . self::TAKEN . self::TAKEN, self::received([self::$platform, $new, self::$platform], settings: $settings));
        self::assertSame(1, self::downloads());
    }

    public function testV7WhoIsNotListedIsRefusedAndTheListIsAskedForOnceAMinute(): void
    {
        self::lists(self::$platform);
        $stranger = V3Platform::named('stranger');
        $said = self::received([$stranger, $stranger, self::$platform, $stranger]);
        $refused = "WechatPay\\SignatureException FixConfiguration: the answer was refused: it is signed with the key {$stranger->serial}, which is not among the configured ones\n";
        self::assertSame($refused . $refused . self::TAKEN . $refused, $said);
        self::assertSame(1, self::downloads());
    }

    public function testV7TheListsOfAllMerchantsTakeNoMoreTimeThanOne(): void
    {
        // It accepts connections and says nothing on them.
        $silent = stream_socket_server('tcp://127.0.0.1:0');
        $body = V3Platform::notice(self::PAID);
        $code = "\$merchants = [];\n";
        foreach (['1900007291', '1900007292', '1900007293'] as $mchId) {
            $code .= '$merchants[] = WechatPay\Merchant::v3(...' . var_export(V3Platform::settings(mchId: $mchId, publicKeyId: null, publicKey: null), true) . ");\n";
        }
        $code .= '$started = hrtime(true); try { WechatPay\Notification::receive(' . var_export($body, true) . ', ' . var_export(self::$platform->signs($body), true) . ', ...$merchants); }'
            . ' catch (WechatPay\TransportException $e) { echo $e->advice->name, " ", intdiv(hrtime(true) - $started, 1_000_000); }';
        $run = PhpProcess::code($code, ['wechatpay.url' => 'https://' . stream_socket_get_name($silent, false)]);
        self::assertSame(['', 0], [$run->errors, $run->exitCode], $run->output);
        [$advice, $ms] = explode(' ', $run->output);
        self::assertSame('Wait', $advice);
        self::assertThat((int) $ms, self::logicalAnd(self::greaterThan(2000), self::lessThan(5000)));
    }

    public function testV7ANoticeOfAMerchantWithAPublicKeyAsksNobody(): void
    {
        $said = self::received([self::$platform], settings: V3Platform::settings());
        self::assertStringStartsWith('WechatPay\SignatureException FixConfiguration', $said);
        self::assertSame(0, self::downloads());
    }

    public function testV7AStaleNoticeAsksNobody(): void
    {
        $body = V3Platform::notice(self::PAID);
        $e = $this->caught(static fn () => Notification::receive($body, self::$platform->signs($body, time() - 400), V3Platform::byCertificates()));
        self::assertStringContainsString('look at the clock', $e->getMessage());
        self::assertSame(0, self::downloads());
    }

    /** @dataProvider failures */
    #[DataProvider('failures')]
    public function testADownloadThatFailsIsNoForgery(callable $answers, string $class, string $why, int $tries): void
    {
        for ($try = 0; $try < $tries; $try++) {
            $answers(self::$scripted, self::$platform);
        }
        $lines = explode("\n", trim(self::received([self::$platform, self::$platform])));
        self::assertCount(2, $lines);
        foreach ($lines as $line) {
            self::assertStringStartsWith("WechatPay\\$class: the notice could not be judged: it names the certificate " . self::$platform->serial . ', which is not known here', $line);
            self::assertStringContainsString('refuse it with Notification::refuse(), and WeChat Pay sends it again', $line);
        }
        self::assertStringContainsString($why, $lines[0]);
        self::assertStringContainsString('it is asked for once a minute', $lines[1]);
        self::assertSame($tries, self::downloads(), 'as a question is, once a minute');
    }

    /** @return array<string, array{callable, string, string, int}> */
    public static function failures(): array
    {
        $signed = static fn (string $body, string $by) => static fn (ScriptedGateway $g) => $g->says(200, $body, V3Platform::named($by)->signs($body));
        return [
            'HTTP 502' => [static fn (ScriptedGateway $g) => $g->says(502, '<html>'), 'TransportException Wait', 'answered HTTP 502', 3],
            'nobody signed it' => [static fn (ScriptedGateway $g, V3Platform $p) => $g->says(200, V3Platform::listOf($p)), 'TransportException Wait', 'it carries no Wechatpay-Signature headers', 1],
            'a stranger signed it' => [static function (ScriptedGateway $g, V3Platform $p): void {
                $list = V3Platform::listOf($p);
                $g->says(200, $list, V3Platform::named('stranger')->signs($list));
            }, 'TransportException Wait', 'signature is wrong', 2],
            'no list' => [$signed('{"data":[]}', 'stranger'), 'TransportException Wait', 'malformed', 1],
        ];
    }

    public function testV10AMerchantWithoutCertificatesIsToldOfThePublicKey(): void
    {
        self::$scripted->says(404, '{"code":"RESOURCE_NOT_EXISTS","message":"无可用的平台证书"}');
        $said = self::received([self::$platform]);
        self::assertStringStartsWith('WechatPay\PayException FixConfiguration: the notice could not be judged', $said);
        self::assertStringContainsString('configure its public key and PUB_KEY_ID', $said);
    }

    public function testAGatewayThatIsNotReachedIsNoForgery(): void
    {
        $nobody = ['wechatpay.url' => 'https://127.0.0.1:1', 'wechatpay.ca_file' => self::$scripted->folder . '/ca.pem'];
        self::assertStringStartsWith('WechatPay\TransportException Wait: the notice could not be judged', self::received([self::$platform], $nobody));
        $misset = ['wechatpay.timeout_ms' => 'soon'] + $nobody;
        self::assertStringContainsString('FixConfiguration: the notice could not be judged', self::received([self::$platform], $misset));
    }

    public function testTheNoticeOfOneMerchantDoesNotWaitForTheCertificatesOfAnother(): void
    {
        $body = V3Platform::notice(['appid' => V3Vectors::keys()['appid'], 'mchid' => V3Vectors::keys()['mchid']] + self::PAID);
        $other = Merchant::v3(...V3Platform::settings(mchId: '1900007299', publicKeyId: null, publicKey: null));
        $notice = Notification::receive($body, self::$platform->signs($body), $other, V3Platform::byCertificates(self::$platform));
        self::assertSame('T100001', $notice->order->outTradeNo);
        self::assertSame(0, self::downloads());
    }

    public function testV7TheFailingListOfOneMerchantDoesNotHideTheWrongKeyOfAnother(): void
    {
        $body = V3Platform::notice(['appid' => V3Vectors::keys()['appid'], 'mchid' => V3Vectors::keys()['mchid']] + self::PAID);
        $own = V3Platform::merchant(publicKeyId: null, publicKey: null, platformCertificates: [self::$platform->public], apiV3Key: str_repeat('k', 32));
        $other = V3Platform::merchant(mchId: '1900007299', publicKeyId: null, publicKey: null);
        $e = $this->caught(static fn () => Notification::receive($body, self::$platform->signs($body), $own, $other));
        self::assertInstanceOf(\WechatPay\MalformedMessageException::class, $e, $e->getMessage());
        self::assertStringContainsString('does not open with the configured APIv3 key', $e->getMessage());
        self::assertSame(0, self::downloads());
    }

    public function testACacheSparesTheNextProcessTheDownload(): void
    {
        $ini = ['wechatpay.cache_dir' => $this->cache];
        self::lists(self::$platform);
        self::assertSame(self::TAKEN, self::received([self::$platform], $ini));
        self::assertSame(self::TAKEN . self::TAKEN, self::received([self::$platform, self::$platform], $ini));
        self::assertSame(1, self::downloads());
        self::assertSame([$file = "$this->cache/certificates-" . V3Vectors::keys()['mchid'] . '.json'], glob("$this->cache/{,.}[!.]*", GLOB_BRACE));
        self::assertSame(0600, fileperms($file) & 0777);
        $kept = file_get_contents($file);
        self::assertStringNotContainsString('CERTIFICATE--', $kept, 'it is sealed');
        self::assertStringNotContainsString(V3Vectors::keys()['apiv3_key'], $kept);
    }

    public function testACacheServesANoticeOfAMerchantThatCannotSign(): void
    {
        $settings = ['privateKey' => '/nowhere/apiclient_key.pem'];
        $said = self::received([self::$platform], settings: $settings);
        self::assertStringStartsWith('WechatPay\PayException FixConfiguration: the notice could not be judged', $said);
        self::assertStringContainsString('cannot read /nowhere/apiclient_key.pem', $said);
        $ini = ['wechatpay.cache_dir' => $this->cache];
        self::lists(self::$platform);
        self::assertSame(self::TAKEN, self::received([self::$platform], $ini));
        self::assertSame(self::TAKEN . self::TAKEN, self::received([self::$platform, self::$platform], $ini, $settings));
        self::assertSame(1, self::downloads());
    }

    public function testWhatIsKeptInsteadOfAListIsNoneAndIsReplaced(): void
    {
        $ini = ['wechatpay.cache_dir' => $this->cache];
        $file = "$this->cache/certificates-" . V3Vectors::keys()['mchid'] . '.json';
        $foreign = V3Platform::listOf(V3Platform::named('stranger'));
        $old = static fn () => touch($file, time() - 13 * 3600);
        foreach (['', 'no list', '{"data":[]}', substr($foreign, 0, 500), str_repeat('x', 2 << 20)] as $content) {
            self::$scripted->forget();
            file_put_contents($file, $content);
            self::lists(self::$platform);
            self::assertSame(self::TAKEN, self::received([self::$platform], $ini), substr($content, 0, 20));
            self::assertSame(1, self::downloads());
        }
        self::$scripted->forget();
        $old();
        self::lists(self::$platform);
        self::assertSame(self::TAKEN, self::received([self::$platform], $ini));
        self::assertSame(1, self::downloads(), 'it was over 12 hours old');
        // Sealed with another key, by somebody who may write here: what is in it verifies nothing.
        $settings = ['apiV3Key' => str_repeat('k', 32)];
        self::$scripted->forget();
        self::assertStringStartsWith('WechatPay\TransportException', self::received([self::$platform], $ini, $settings));
        self::assertSame(3, self::downloads(), 'the tries of one download');
    }

    public function testALinkOrAPipeInPlaceOfTheFileIsNotOpened(): void
    {
        $file = "$this->cache/certificates-" . V3Vectors::keys()['mchid'] . '.json';
        file_put_contents("$this->cache/elsewhere", V3Platform::listOf(self::$platform));
        foreach ([static fn () => symlink(\dirname($file) . '/elsewhere', $file), static fn () => posix_mkfifo($file, 0600)] as $puts) {
            self::$scripted->forget();
            self::assertTrue($puts());
            self::lists(self::$platform);
            self::assertSame(self::TAKEN, self::received([self::$platform], ['wechatpay.cache_dir' => $this->cache]));
            self::assertSame([1, 'file'], [self::downloads(), filetype($file)], 'the list was downloaded, and stands there instead');
            unlink($file);
        }
    }

    public function testTwoMerchantsHaveTwoFiles(): void
    {
        $ini = ['wechatpay.cache_dir' => $this->cache];
        foreach (['1900007291', '1900007299', '1900007291', '1900007299'] as $at => $mchId) {
            if ($at < 2) {
                self::lists(self::$platform);
            }
            self::assertSame(self::TAKEN, self::received([self::$platform], $ini, ['mchId' => $mchId]));
        }
        self::assertSame(2, self::downloads());
        self::assertSame(['certificates-1900007291.json', 'certificates-1900007299.json'], array_map('basename', glob("$this->cache/*")));
    }

    /** @dataProvider uselessFolders */
    #[DataProvider('uselessFolders')]
    public function testAFolderThatCannotBeUsedCostsADownloadAndPhpinfoSaysWhy(string $folder, string $says, array $ini = []): void
    {
        $ini += ['wechatpay.cache_dir' => $folder];
        foreach ([1, 2] as $downloads) {
            self::lists(self::$platform);
            self::assertSame(self::TAKEN, self::received([self::$platform], $ini));
            self::assertSame($downloads, self::downloads());
        }
        $run = PhpProcess::code('phpinfo(INFO_MODULES);', $ini);
        self::assertStringContainsString("Certificate cache => $folder, not used: $says", $run->output);
    }

    /** @return array<string, array<mixed>> */
    public static function uselessFolders(): array
    {
        return [
            'missing' => ['/nowhere/wechatpay', 'nothing can be written there: '],
            'a file' => ['/etc/hostname', 'nothing can be written there: '],
            'read-only' => ['/proc', 'nothing can be written there: '],
            'relative' => ['cache', 'it is no absolute path'],
            'outside open_basedir' => ['/var/tmp', 'open_basedir does not allow to write /var/tmp', ['open_basedir' => sys_get_temp_dir() . ':' . ROOT]],
        ];
    }

    public function testPhpinfoNamesTheFolderThatIsUsed(): void
    {
        $run = PhpProcess::code('phpinfo(INFO_MODULES);', ['wechatpay.cache_dir' => $this->cache]);
        self::assertStringContainsString("Certificate cache => $this->cache\n", $run->output);
        self::assertSame([], glob("$this->cache/{,.}[!.]*", GLOB_BRACE));
        self::assertStringContainsString("Certificate cache => none\n", PhpProcess::code('phpinfo(INFO_MODULES);')->output);
    }

    private function caught(callable $call): \Throwable
    {
        try {
            $call();
        } catch (\Throwable $thrown) {
            return $thrown;
        }
        self::fail('Nothing was thrown.');
    }
}
