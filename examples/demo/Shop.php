<?php

declare(strict_types=1);

namespace Demo;

use WechatPay\CloseOrder;
use WechatPay\Gateway;
use WechatPay\Merchant;
use WechatPay\OrderQuery;
use WechatPay\UnifiedOrder;

/** The shop of the demo: a merchant, the calls it makes, and the world around it. */
final class Shop
{
    public const APPID = 'wx2421b1c4370ec43b';
    public const MCH_ID = '10000100';
    public const KEY = '0123456789abcdefghijKLMNOPQRSTUV';

    public readonly Merchant $merchant;

    /** The same merchant with the client certificate that refund and reverse need. */
    public readonly Merchant $certified;
    public readonly UnifiedOrder $unifiedOrder;
    public readonly OrderQuery $query;
    public readonly CloseOrder $closeOrder;
    private ?Endpoint $endpoint = null;

    public function __construct(public readonly Simulator $simulator, public readonly Screen $screen)
    {
        $this->merchant = new Merchant(self::APPID, self::MCH_ID, self::KEY);
        $this->certified = new Merchant(
            self::APPID,
            self::MCH_ID,
            self::KEY,
            certificate: $simulator->certFile,
            privateKey: $simulator->keyFile,
        );
        $gateway = $this->gateway();
        $this->unifiedOrder = new UnifiedOrder($this->merchant, $gateway);
        $this->query = new OrderQuery($this->merchant, $gateway);
        $this->closeOrder = new CloseOrder($this->merchant, $gateway);
    }

    /**
     * The same merchant in APIv3; named arguments replace its settings.
     *
     * @param array<string, mixed> $settings
     */
    public function v3(mixed ...$settings): Merchant
    {
        return Merchant::v3(...$settings + $this->settingsOfV3());
    }

    /** @return array<string, mixed> */
    private function settingsOfV3(): array
    {
        return [
            'appid' => self::APPID,
            'mchId' => self::MCH_ID,
            'apiV3Key' => $this->simulator->v3['api_v3_key'],
            'privateKey' => $this->simulator->v3['private_key_file'],
            'certificate' => $this->simulator->v3['certificate_file'],
            'publicKeyId' => $this->simulator->v3['public_key_id'],
            'publicKey' => $this->simulator->v3['public_key_file'],
        ];
    }

    /** The shop's notify endpoint, started when first needed. */
    public function endpoint(): Endpoint
    {
        return $this->endpoint ??= Endpoint::start($this->settingsOfV3());
    }

    /** Ends what the shop has started. */
    public function close(): void
    {
        $this->endpoint?->stop();
    }

    /** Where the simulator is; a real shop leaves the addresses to php.ini. */
    public function gateway(?callable $onAttempt = null): Gateway
    {
        return new Gateway(
            url: $this->simulator->url,
            backupUrl: $this->simulator->backupUrl,
            caFile: $this->simulator->caFile,
            onAttempt: $onAttempt,
        );
    }

    /** Places an order for somebody to scan, without showing anything. */
    public function place(string $outTradeNo, int $totalFee, string $body): \WechatPay\Prepay
    {
        return $this->unifiedOrder->native(
            outTradeNo: $outTradeNo,
            totalFee: $totalFee,
            body: $body,
            notifyUrl: 'https://shop.example/notify',
            spbillCreateIp: '127.0.0.1',
            attach: 'table 7',
        );
    }

    /** The demo proves what it tells: ends it if something is not as it says. */
    public function expect(mixed $expected, mixed $seen, string $what): void
    {
        if ($seen !== $expected) {
            $shown = fn (mixed $value): string => $value instanceof \UnitEnum ? $value->name : get_debug_type($value)
                . (\is_scalar($value) ? ' ' . var_export($value, true) : '');
            throw new Unexpected("$what: expected {$shown($expected)}, saw {$shown($seen)}");
        }
    }
}

/** Something was not as the demo says. */
final class Unexpected extends \RuntimeException
{
}
