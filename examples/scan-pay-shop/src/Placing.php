<?php

declare(strict_types=1);

namespace Shop;

use WechatPay\LedgerEntry;
use WechatPay\Merchant;
use WechatPay\UnifiedOrder;

/** Tells WeChat about an order. The same order again gets a fresh code: every argument is what was stored. */
final class Placing
{
    public function __construct(private readonly Settings $settings, private readonly Merchant $merchant) {}

    /**
     * A QR code (SVG) for a screen, an address for a phone's browser, parameters (JSON) inside WeChat.
     *
     * @param array<string, mixed> $order
     */
    public function code(array $order, LedgerEntry $entry): string
    {
        $place = new UnifiedOrder($this->merchant);
        $with = [
            'outTradeNo' => $order['number'],
            'totalFee' => (int) $order['fen'],
            'body' => $order['body'],
            'notifyUrl' => $this->settings->url . $this->settings->noticePath(),
            'spbillCreateIp' => $order['address'],
            'timeExpire' => $entry->expiresAt,
        ];
        $scene = ['h5_info' => ['type' => 'Wap', 'wap_url' => $this->settings->url, 'wap_name' => '小店']];
        return match ($order['trade_type']) {
            'NATIVE' => $place->native(...$with)->qrSvg(280),
            // WeChat sends the payer back here, paid or not: the page asks, it does not believe.
            'MWEB' => $place->h5(...$with, sceneInfo: $scene)->h5Url . '&redirect_url=' . rawurlencode("{$this->settings->url}/orders/{$order['number']}?timed_out=1"),
            'JSAPI' => json_encode($place->jsapi(...$with, openid: self::openid($order))->jsapiParams(), JSON_THROW_ON_ERROR),
        };
    }

    /**
     * Who pays inside WeChat. A stand-in: your shop sends the payer through OAuth (snsapi_base) once and keeps the openid
     * with the member. Never take it from a form.
     *
     * @param array<string, mixed> $order
     */
    private static function openid(array $order): string
    {
        return 'o' . substr(strtr(base64_encode(hash('sha256', $order['member_id'], true)), '+/=', '-_0'), 0, 27);
    }
}
