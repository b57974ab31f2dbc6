<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Attempt;
use WechatPay\Gateway;
use WechatPay\OrderQuery;

/** Gateway and Attempt; the INI settings behind them. */
final class GatewayTest extends SimulatorTestCase
{
    public function testWithoutArgumentsItIsTheRealOne(): void
    {
        self::assertSame([
            'url' => 'https://api.mch.weixin.qq.com',
            'backupUrl' => 'https://api2.mch.weixin.qq.com',
            'caFile' => null,
            'connectTimeoutMs' => 3000,
            'timeoutMs' => 8000,
            'proxy' => null,
        ], get_object_vars(new Gateway()));
    }

    public function testWhoSetsAUrlWithoutABackupHasNone(): void
    {
        self::assertNull((new Gateway(url: 'https://127.0.0.1:1'))->backupUrl);
        self::assertSame('https://b', (new Gateway(backupUrl: 'https://b'))->backupUrl);
        self::assertSame('https://[::1]:8443', (new Gateway('https://[::1]:8443/'))->url, 'a slash at the end does no harm');
    }

    public function testTheArgumentsWinOverTheIniSettings(): void
    {
        $ini = ['wechatpay.url' => 'https://a:1', 'wechatpay.backup_url' => 'https://b:2', 'wechatpay.ca_file' => '/ca.pem',
            'wechatpay.connect_timeout_ms' => 11, 'wechatpay.timeout_ms' => 22, 'wechatpay.proxy' => 'http://u:secret@p:1'];
        $run = PhpProcess::code('foreach ([new WechatPay\Gateway, new WechatPay\Gateway("https://c", null, "/d", 33, timeoutMs: 44)] as $g) echo json_encode($g, JSON_UNESCAPED_SLASHES), "\n";', $ini);
        self::assertSame(
            '{"url":"https://a:1","backupUrl":"https://b:2","caFile":"/ca.pem","connectTimeoutMs":11,"timeoutMs":22,"proxy":"http://p:1"}' . "\n"
            . '{"url":"https://c","backupUrl":null,"caFile":"/d","connectTimeoutMs":33,"timeoutMs":44,"proxy":"http://p:1"}' . "\n",
            $run->output . $run->errors,
        );
        $run = PhpProcess::code('var_dump((new WechatPay\Gateway)->backupUrl);', ['wechatpay.url' => 'https://a:1']);
        self::assertSame("NULL\n", $run->output, 'a url in php.ini has no backup either');
    }

    public function testCallsWithoutAGatewayUseTheIniSettings(): void
    {
        self::order('T100001');
        $code = 'echo (new WechatPay\OrderQuery(new WechatPay\Merchant("%s", "%s", "%s")))->byOutTradeNo("T100001")->outTradeNo;';
        $run = PhpProcess::code(sprintf($code, SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY), self::$simulator->ini());
        self::assertSame('T100001', $run->output, $run->errors);
    }

    /** @dataProvider misset */
    #[DataProvider('misset')]
    public function testAnIniSettingThatCannotWorkIsTheOperatorsFault(string $setting, string $value, string $says): void
    {
        $code = 'foreach ([fn () => new WechatPay\Gateway, fn () => new WechatPay\OrderQuery(new WechatPay\Merchant("a", "b", str_repeat("k", 32)))] as $make) {'
            . 'try { $make(); } catch (WechatPay\PayException $e) { echo $e->advice->name, ": ", $e->getMessage(), "\n"; } }';
        $run = PhpProcess::code($code, [$setting => $value]);
        self::assertSame(str_repeat("FixConfiguration: the INI setting $setting $says\n", 2), $run->output . $run->errors);
    }

    /** @return list<array{string, string, string}> */
    public static function misset(): array
    {
        $address = 'must be https://host[:port] without path, user or query';
        $time = 'must be between 1 and 600000 milliseconds';
        return [
            ['wechatpay.url', 'http://127.0.0.1', $address],
            ['wechatpay.backup_url', 'https://a/b', $address],
            ['wechatpay.timeout_ms', '600001', $time],
            ['wechatpay.connect_timeout_ms', '99999999', $time],
            ['wechatpay.connect_timeout_ms', '-1', $time],
            ['wechatpay.timeout_ms', '0', $time],
            ['wechatpay.timeout_ms', '8s', $time],
            ['wechatpay.timeout_ms', '1e4', $time],
            ['wechatpay.timeout_ms', '8.5', $time],
            ['wechatpay.timeout_ms', 'abc', $time],
            ['wechatpay.proxy', 'http://u:secret@p', 'must be http://[user:password@]host:port, user and password percent-encoded'],
        ];
    }

    public function testTheIniSettingsAreTheSystemsAndCannotBeChangedByAScript(): void
    {
        $all = ini_get_all('wechatpay');
        self::assertSame(
            ['wechatpay.backup_url' => '', 'wechatpay.ca_file' => '', 'wechatpay.cache_dir' => '', 'wechatpay.connect_timeout_ms' => '3000', 'wechatpay.proxy' => '', 'wechatpay.timeout_ms' => '8000', 'wechatpay.url' => ''],
            array_map(static fn (array $entry): string => (string) $entry['global_value'], $all),
        );
        foreach ($all as $name => $entry) {
            self::assertSame(INI_SYSTEM, $entry['access']);
            self::assertFalse(@ini_set($name, '1'), $name);
        }
    }

    /** @dataProvider wrong */
    #[DataProvider('wrong')]
    public function testAnAddressOrTimeThatCannotBeOneIsAValueErrorThatNamesIt(array $arguments, string $says): void
    {
        $e = self::caught(static fn () => new Gateway(...$arguments));
        self::assertInstanceOf(\ValueError::class, $e);
        self::assertSame("WechatPay\\Gateway::__construct(): Argument $says", $e->getMessage());
    }

    /** @return iterable<array{array<string, mixed>, string}> */
    public static function wrong(): iterable
    {
        foreach (['http://a', '', 'a', 'https://', 'https://a/b', 'https://u:p@a', 'https://a?b', 'https://a#b', "https://a\n", "https://a\0", 'https://a:0', 'https://a:99999', 'https://a b', 'ftp://a'] as $url) {
            yield [['url' => $url], '#1 ($url) must be https://host[:port] without path, user or query'];
        }
        yield [['url' => "https://\xFF"], '#1 ($url) must be valid UTF-8'];
        yield [['url' => 'https://a', 'backupUrl' => 'http://b'], '#2 ($backupUrl) must be https://host[:port] without path, user or query'];
        yield [['backupUrl' => 'http://b'], '#2 ($backupUrl) must be https://host[:port] without path, user or query'];
        yield [['connectTimeoutMs' => 0], '#4 ($connectTimeoutMs) must be between 1 and 600000 milliseconds'];
        yield [['timeoutMs' => -1], '#5 ($timeoutMs) must be between 1 and 600000 milliseconds'];
        yield [['timeoutMs' => PHP_INT_MAX], '#5 ($timeoutMs) must be between 1 and 600000 milliseconds'];
    }

    public function testAnAttemptTellsWhatAShopLogs(): void
    {
        self::order('T100001');
        self::fault('status_502');
        $this->query()->byOutTradeNo('T100001');
        [$lost, $found] = $this->attempts;
        $host = substr(self::$simulator->url, \strlen('https://'));
        self::assertSame(
            ['path' => '/pay/orderquery', 'host' => $host, 'number' => 1, 'reused' => false, 'ms' => $lost->ms, 'status' => 502, 'outcome' => 'transport'],
            get_object_vars($lost),
        );
        self::assertSame([2, 200, 'ok'], [$found->number, $found->status, $found->outcome]);
        self::assertIsBool($found->reused);
        self::assertGreaterThanOrEqual(0, $found->ms);
    }

    public function testOnAttemptMayBeAnyCallable(): void
    {
        self::order('T100001');
        $log = new class {
            /** @var list<string> */
            public static array $seen = [];

            /** @return list<callable> */
            public function callables(): array
            {
                return [
                    [$this, 'hidden'],
                    [self::class, 'hiddenStatic'],
                    self::class . '::hiddenStatic',
                    $this->hidden(...),
                    $this,
                    static fn (Attempt $a) => self::$seen[] = 'closure',
                ];
            }

            public function gateway(callable $onAttempt, string $url, string $caFile): Gateway
            {
                return new Gateway($url, caFile: $caFile, onAttempt: $onAttempt);
            }

            public function __invoke(Attempt $attempt): void
            {
                self::$seen[] = 'invoked';
            }

            private function hidden(Attempt $attempt): void
            {
                self::$seen[] = 'hidden';
            }

            private static function hiddenStatic(Attempt $attempt): void
            {
                self::$seen[] = 'static';
            }
        };
        foreach ($log->callables() as $callable) {
            $gateway = $log->gateway($callable, self::$simulator->url, self::$simulator->caFile);
            (new OrderQuery($this->merchant(), $gateway))->byOutTradeNo('T100001');
        }
        self::assertSame(['hidden', 'static', 'static', 'hidden', 'invoked', 'closure'], $log::$seen);
    }

    public function testWhatIsNoCallableIsATypeErrorInPhpsOwnWords(): void
    {
        foreach (['no_such_function', ['a'], 5, [$this, 'no_such_method']] as $callable) {
            $ours = self::caught(static fn () => new Gateway(onAttempt: $callable));
            $theirs = self::caught(static fn () => array_map($callable, [1]));
            self::assertSame(
                preg_replace('~^array_map\(\): Argument #1 \(\$callback\)~', '', $theirs->getMessage()),
                preg_replace('~^WechatPay\\\\Gateway::__construct\(\): Argument #6 \(\$onAttempt\)~', '', $ours->getMessage()),
            );
        }
    }

    public function testTheObserverIsFreedWithItsGateway(): void
    {
        $object = new class {
            public function watch(Attempt $attempt): void
            {
            }
        };
        $weak = \WeakReference::create($object);
        $gateway = new Gateway(onAttempt: [$object, 'watch']);
        $query = new OrderQuery($this->merchant(), $gateway);
        unset($object, $gateway);
        self::assertNotNull($weak->get(), 'the query holds it');
        unset($query);
        self::assertNull($weak->get());
    }

    public function testOneGatewayServesManyMerchantsOverTheSameConnections(): void
    {
        self::order('T100001');
        $gateway = $this->gateway();
        foreach ([1, 2, 3] as $_) {
            (new OrderQuery($this->merchant(), $gateway))->byOutTradeNo('T100001');
        }
        self::assertSame([false, true, true], array_map(static fn ($a) => $a->reused, $this->attempts));
        self::assertCount(1, array_unique(array_column(self::requests(), 'connection')));
    }

    public function testConnectionsOutliveObjects(): void
    {
        self::order('T100001');
        $caFile = $this->gateway()->caFile;
        foreach ([1, 2] as $_) {
            $this->query(caFile: $caFile)->byOutTradeNo('T100001');
            gc_collect_cycles();
        }
        self::assertSame([false, true], array_map(static fn ($a) => $a->reused, $this->attempts));
    }

    public function testACaFileThatChangesIsReadAgain(): void
    {
        self::order('T100001');
        $gateway = $this->gateway();
        $query = new OrderQuery($this->merchant(), $gateway);
        $query->byOutTradeNo('T100001');
        file_put_contents($gateway->caFile, 'nothing');
        $e = self::caught(static fn () => $query->byOutTradeNo('T100001'));
        self::assertStringContainsString('has no certificate in it', $e->getMessage());
    }
}
