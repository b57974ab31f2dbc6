<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\GatewayException;
use WechatPay\Report;
use WechatPay\TransportException;

final class ReportTest extends TradeTestCase
{
    private const PATH = '/payitil/report';

    /** @param array<string, mixed> $with arguments of send() by name */
    private function report(array $with = []): void
    {
        (new Report($this->merchant(), $this->gateway(timeoutMs: 500)))->send(...$with + [
            'interfaceUrl' => 'https://api.mch.weixin.qq.com/pay/micropay/total',
            'executeTimeMs' => 1240,
            'returnCode' => 'SUCCESS',
            'resultCode' => 'FAIL',
            'userIp' => '127.0.0.1',
        ]);
    }

    public function testACallIsReported(): void
    {
        $this->report(['options' => ['out_trade_no' => 'M100001', 'err_code' => 'NOTENOUGH', 'err_code_des' => '余额不足']]);
        [$sent] = self::sentFields(self::PATH);
        self::assertSame(
            ['1240', 'SUCCESS', 'FAIL', '127.0.0.1', 'M100001', 'NOTENOUGH', '余额不足'],
            [
                $sent['execute_time_'],
                $sent['return_code'],
                $sent['result_code'],
                $sent['user_ip'],
                $sent['out_trade_no'],
                $sent['err_code'],
                $sent['err_code_des'],
            ],
        );
        self::assertSame(['ok'], $this->outcomes(), 'its answer is unsigned, and taken');
    }

    public function testFaultsAreSaid(): void
    {
        self::spoil(self::PATH, 'return_fail');
        self::thrown(GatewayException::class, fn () => $this->report());
        self::spoil(self::PATH, 'no_answer');
        self::thrown(TransportException::class, fn () => $this->report());
    }

    /** @dataProvider wrongArguments */
    #[DataProvider('wrongArguments')]
    public function testAnArgumentThatNoReportCouldUseIsRefusedByName(string $argument, mixed $value): void
    {
        self::assertRefused($argument, fn () => $this->report([$argument => $value]));
    }

    /** @return list<array{string, mixed}> */
    public static function wrongArguments(): array
    {
        return [
            ['interfaceUrl', ''],
            ['interfaceUrl', str_repeat('x', 128)],
            ['executeTimeMs', -1],
            ['returnCode', ''],
            ['resultCode', str_repeat('x', 17)],
            ['userIp', ''],
            ['options', ['sign' => 'x']],
        ];
    }
}
