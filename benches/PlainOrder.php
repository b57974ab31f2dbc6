<?php

declare(strict_types=1);

namespace WechatPayBench;

/** What WechatPay\TradeState is, in plain PHP. */
enum PlainState: string
{
    case Success = 'SUCCESS';
    case Refund = 'REFUND';
    case NotPay = 'NOTPAY';
    case Closed = 'CLOSED';
    case Revoked = 'REVOKED';
    case UserPaying = 'USERPAYING';
    case PayError = 'PAYERROR';
    case Accept = 'ACCEPT';
    case Unknown = 'UNKNOWN';
}

/** What WechatPay\Order is, in plain PHP: the same 24 readonly properties. */
final class PlainOrder
{
    private function __construct(
        public readonly string $appid,
        public readonly string $mchId,
        public readonly ?string $subAppid,
        public readonly ?string $subMchId,
        public readonly ?string $outTradeNo,
        public readonly ?string $transactionId,
        public readonly PlainState $tradeState,
        public readonly ?string $tradeStateDesc,
        public readonly ?string $tradeType,
        public readonly ?int $totalFee,
        public readonly ?int $settlementTotalFee,
        public readonly ?string $feeType,
        public readonly ?int $cashFee,
        public readonly ?string $cashFeeType,
        public readonly ?int $couponFee,
        public readonly array $coupons,
        public readonly ?string $bankType,
        public readonly ?string $openid,
        public readonly ?bool $isSubscribe,
        public readonly ?string $subOpenid,
        public readonly ?string $attach,
        public readonly ?string $deviceInfo,
        public readonly ?\DateTimeImmutable $timeEnd,
        public readonly ?array $promotionDetail,
        private readonly array $fields,
    ) {
    }

    /** @param array<string, string> $f verified fields */
    public static function from(array $f): self
    {
        static $beijing = new \DateTimeZone('+08:00');
        $coupons = [];
        for ($n = 0; isset($f["coupon_id_$n"]); $n++) {
            $coupons[] = [
                'id' => $f["coupon_id_$n"],
                'type' => $f["coupon_type_$n"] ?? null,
                'fee' => self::fen($f["coupon_fee_$n"] ?? null),
            ];
        }
        return new self(
            $f['appid'],
            $f['mch_id'],
            $f['sub_appid'] ?? null,
            $f['sub_mch_id'] ?? null,
            $f['out_trade_no'] ?? null,
            $f['transaction_id'] ?? null,
            PlainState::tryFrom($f['trade_state'] ?? '') ?? PlainState::Unknown,
            $f['trade_state_desc'] ?? null,
            $f['trade_type'] ?? null,
            self::fen($f['total_fee'] ?? null),
            self::fen($f['settlement_total_fee'] ?? null),
            $f['fee_type'] ?? null,
            self::fen($f['cash_fee'] ?? null),
            $f['cash_fee_type'] ?? null,
            self::fen($f['coupon_fee'] ?? null),
            $coupons,
            $f['bank_type'] ?? null,
            $f['openid'] ?? null,
            isset($f['is_subscribe']) ? $f['is_subscribe'] === 'Y' : null,
            $f['sub_openid'] ?? null,
            $f['attach'] ?? null,
            $f['device_info'] ?? null,
            isset($f['time_end']) ? \DateTimeImmutable::createFromFormat('!YmdHis', $f['time_end'], $beijing) : null,
            isset($f['promotion_detail']) ? json_decode($f['promotion_detail'], true)['promotion_detail'] ?? null : null,
            $f,
        );
    }

    /** @param array<string, mixed> $f what a verified message of APIv3 tells */
    public static function fromV3(array $f): self
    {
        static $beijing = new \DateTimeZone('+08:00');
        $kinds = ['NOCASH' => 'NO_CASH'];
        $coupons = array_map(
            static fn (array $c) => ['id' => $c['coupon_id'], 'type' => $kinds[$c['type']] ?? $c['type'], 'fee' => self::whole($c['amount'])],
            $f['promotion_detail'] ?? [],
        );
        $amount = $f['amount'] ?? [];
        return new self(
            $f['appid'],
            $f['mchid'],
            $f['sub_appid'] ?? null,
            $f['sub_mchid'] ?? null,
            $f['out_trade_no'],
            $f['transaction_id'] ?? null,
            PlainState::tryFrom($f['trade_state']) ?? PlainState::Unknown,
            $f['trade_state_desc'] ?? null,
            $f['trade_type'] ?? null,
            self::whole($amount['total'] ?? null),
            null,
            $amount['currency'] ?? null,
            self::whole($amount['payer_total'] ?? null),
            $amount['payer_currency'] ?? null,
            $coupons === [] ? null : array_sum(array_column($coupons, 'fee')),
            $coupons,
            $f['bank_type'] ?? null,
            $f['payer']['openid'] ?? null,
            null,
            $f['payer']['sub_openid'] ?? null,
            $f['attach'] ?? null,
            ($f['scene_info']['device_id'] ?? '') ?: null,
            isset($f['success_time']) ? (new \DateTimeImmutable($f['success_time']))->setTimezone($beijing) : null,
            ($f['promotion_detail'] ?? []) ?: null,
            $f,
        );
    }

    private static function whole(mixed $fen): ?int
    {
        return $fen === null || \is_int($fen) && $fen >= 0 ? $fen : throw new \RuntimeException('no amount');
    }

    private static function fen(?string $digits): ?int
    {
        if ($digits !== null && !ctype_digit($digits)) {
            throw new \RuntimeException('no amount');
        }
        return $digits === null ? null : (int) $digits;
    }

    /** @return array<string, string> */
    public function fields(): array
    {
        return $this->fields;
    }
}

/**
 * An order's properties, ours or plain, in a form that can be compared.
 *
 * @return array<string, mixed>
 */
function told(object $order): array
{
    $told = get_object_vars($order);
    unset($told['fields']);
    $told['timeEnd'] = $told['timeEnd']?->format(DATE_ATOM);
    $told['tradeState'] = $told['tradeState']->value;
    $told['coupons'] = array_map(static fn ($coupon) => (array) $coupon, $told['coupons']);
    return $told + ['fields()' => array_diff_key($order->fields(), ['nonce_str' => 0, 'sign' => 0])];
}
