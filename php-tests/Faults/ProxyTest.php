<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Advice;
use WechatPay\Gateway;
use WechatPay\Refund;
use WechatPay\TransportException;

/** Calls through a real CONNECT proxy. */
final class ProxyTest extends SimulatorTestCase
{
    /** @var list<array{resource, resource, string}> */
    private array $proxies = [];

    protected function tearDown(): void
    {
        foreach ($this->proxies as [$process, $stdin, $log]) {
            fclose($stdin);
            proc_close($process);
            @unlink($log);
        }
        $this->proxies = [];
        parent::tearDown();
    }

    /** Starts a proxy and gives its port. */
    private function proxy(string ...$login): int
    {
        $log = tempnam(sys_get_temp_dir(), 'wechatpay-proxy-');
        $process = proc_open([PHP_BINARY, ROOT . '/php-tests/proxy.php', $log, ...$login], [['pipe', 'r'], ['pipe', 'w'], ['file', '/dev/null', 'w']], $pipes);
        $this->proxies[] = [$process, $pipes[0], $log];
        return (int) fgets($pipes[1]);
    }

    private function log(): string
    {
        return file_get_contents($this->proxies[0][2]);
    }

    public function testN25R38ACallGoesThroughTheProxyAndTheConnectionIsKept(): void
    {
        self::order('T100001');
        $query = $this->query(proxy: 'http://u:p%40ss@127.0.0.1:' . $this->proxy('u:p@ss'));
        self::assertSame('T100001', $query->byOutTradeNo('T100001')->outTradeNo);
        self::assertSame('T100001', $query->byOutTradeNo('T100001')->outTradeNo);
        self::assertSame([false, true], array_column($this->attempts, 'reused'));
        self::assertSame(1, substr_count($this->log(), 'CONNECT '));
        self::assertStringNotContainsString('/pay/', $this->log());
    }

    public function testN25R38TwoGatewaysWithOtherProxiesShareNoConnection(): void
    {
        self::order('T100001');
        foreach ([$this->proxy(), $this->proxy()] as $port) {
            $this->query(caFile: self::$simulator->caFile, proxy: "http://127.0.0.1:$port")->byOutTradeNo('T100001');
        }
        $this->query(caFile: self::$simulator->caFile)->byOutTradeNo('T100001');
        self::assertSame(1, substr_count(file_get_contents($this->proxies[1][2]), 'CONNECT '));
    }

    public function testN25R38AWrongPasswordIsNamedAsTheProxysAndNothingIsSent(): void
    {
        $gateway = $this->gateway(proxy: 'http://user:secret@127.0.0.1:' . $this->proxy('other:word'));
        $merchant = $this->merchant(certificate: self::$simulator->ready['cert_file'], privateKey: self::$simulator->ready['key_file']);
        $e = self::caught(static fn () => (new Refund($merchant, $gateway))->byOutTradeNo('T100001', 'R1', 100, 40));
        self::assertInstanceOf(TransportException::class, $e);
        self::assertSame([Advice::FixConfiguration, false, false], [$e->advice, $e->retryable, $e->maybeProcessed]);
        self::assertMatchesRegularExpression('~^the proxy 127\.0\.0\.1:\d+ wants another user and password~', $e->getMessage());
        foreach ([(string) $e, print_r($gateway, true), var_export($gateway->proxy, true), print_r($this->attempts, true), serialize(get_object_vars($gateway))] as $shown) {
            self::assertStringNotContainsString('secret', $shown);
            self::assertStringNotContainsString(base64_encode('user:secret'), $shown);
        }
    }

    public function testN25R38AProxyThatIsDownSaysSoAndTheEnvironmentIsIgnored(): void
    {
        $e = self::caught(fn () => $this->query(proxy: 'http://127.0.0.1:1', timeoutMs: 2000)->byOutTradeNo('T100001'));
        self::assertSame([Advice::Retry, false], [$e->advice, $e->maybeProcessed]);
        self::assertStringContainsString('the proxy 127.0.0.1:1', $e->getMessage());
        self::order('T100001');
        foreach (['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'http_proxy'] as $name) {
            putenv("$name=http://127.0.0.1:1");
        }
        self::assertSame('T100001', $this->query()->byOutTradeNo('T100001')->outTradeNo);
        foreach (['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'http_proxy'] as $name) {
            putenv($name);
        }
    }

    public function testR38TheSettingIsNotShown(): void
    {
        $run = PhpProcess::code('phpinfo(INFO_MODULES); var_dump(new WechatPay\Gateway);', ['wechatpay.proxy' => 'http://user:secret@p:1']);
        self::assertStringContainsString('wechatpay.proxy => set, not shown', $run->output);
        self::assertStringContainsString('http://p:1', $run->output);
        self::assertStringNotContainsString('secret', $run->output . $run->errors);
    }

    public function testR38WhatIsNoProxyIsAValueErrorThatShowsNothing(): void
    {
        foreach (['', 'proxy:1', 'http://u:secret@p', 'https://p:1', "http://u:secret@p:1\n", 'http://u:secret%@p:1'] as $wrong) {
            $e = self::caught(static fn () => new Gateway(proxy: $wrong));
            self::assertInstanceOf(\ValueError::class, $e);
            self::assertStringContainsString('Argument #7 ($proxy) must be http://[user:password@]host:port', $e->getMessage());
            self::assertStringNotContainsString('secret', (string) $e);
        }
    }
}
