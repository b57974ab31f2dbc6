<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Places orders that the payer's own client pays. A service.
 *
 * Repeating a call with the very same arguments is safe, after a TransportException too: the order stays one, and comes
 * with a fresh `codeUrl` and `prepayId`. The same number with other arguments is INVALID_REQUEST.
 *
 * Besides what it names itself, each call may throw TransportException (no complete answer within the time limit),
 * MalformedMessageException (an answer that is not what WeChat Pay says), GatewayException (`return_code` is not
 * SUCCESS; says nothing about the order), SignatureException (the answer's signature is missing, wrong or of another
 * algorithm), MismatchException (a genuine answer about another merchant or order) and PayException itself with
 * Advice::FixConfiguration (a file named in the settings cannot be used).
 *
 * ```php
 * use WechatPay\Fen;
 * use WechatPay\Merchant;
 * use WechatPay\UnifiedOrder;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * $orders = new UnifiedOrder($merchant);
 * $prepay = $orders->native(
 *     outTradeNo: 'T20261122-0003',
 *     totalFee: Fen::fromYuan('12.30'),
 *     body: 'A large coffee',
 *     notifyUrl: 'https://shop.example/notify',
 *     spbillCreateIp: '127.0.0.1',
 *     attach: 'table 7',
 *     timeExpire: new \DateTimeImmutable('+15 minutes'),
 * );
 * echo $prepay->codeUrl, "\n";                           // prints: weixin://
 *
 * $prepay = $orders->jsapi(
 *     outTradeNo: 'T20261122-0011',
 *     totalFee: 1230,
 *     body: 'A large coffee',
 *     notifyUrl: 'https://shop.example/notify',
 *     spbillCreateIp: '203.0.113.7',
 *     openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
 * );
 * echo json_encode($prepay->jsapiParams()), "\n";        // prints: "paySign":
 *
 * $prepay = $orders->app('T20261122-0012', 1230, 'A large coffee', 'https://shop.example/notify', '203.0.113.7');
 * echo $prepay->appParams()['package'], "\n";            // prints: Sign=WXPay
 *
 * $prepay = $orders->h5(
 *     outTradeNo: 'T20261122-0013',
 *     totalFee: 1230,
 *     body: 'A large coffee',
 *     notifyUrl: 'https://shop.example/notify',
 *     spbillCreateIp: '203.0.113.7',
 *     sceneInfo: ['h5_info' => ['type' => 'Wap', 'wap_url' => 'https://shop.example', 'wap_name' => 'Coffee']],
 * );
 * echo $prepay->h5Url, "\n";                             // prints: https://
 * ```
 */
final class UnifiedOrder
{
    /**
     * @param Merchant     $merchant who sells
     * @param Gateway|null $gateway  where to ask; null for the INI settings
     */
    public function __construct(Merchant $merchant, ?Gateway $gateway = null)
    {
        throw new \Error('WechatPay\\UnifiedOrder is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Places an order that the payer pays by scanning a QR code (`trade_type` NATIVE). The code is good for two hours.
     *
     * Lengths are bytes of UTF-8. WeChat takes no characters of 4 bytes (emoji), and no control characters.
     *
     * @param string                    $outTradeNo     `out_trade_no`: 6 to 32 characters of 0-9A-Za-z_-, unique for
     *                                                  the merchant; a paid, closed or reversed number is used up
     * @param int                       $totalFee       `total_fee`: fen, at least 1
     * @param string                    $body           `body`: what is bought, shown to the payer, 1 to 127 bytes
     * @param string                    $notifyUrl      `notify_url`: where WeChat tells about the payment; https, no
     *                                                  query (http only to this machine, for tests), at most 256 bytes
     * @param string                    $spbillCreateIp `spbill_create_ip`: address of the machine that asks (v4, v6)
     * @param string|null               $productId      `product_id`: the shop's own number, at most 32 bytes
     * @param string|null               $deviceInfo     `device_info`: number of the terminal, at most 32 bytes
     * @param array<string, mixed>|null $detail         `detail`: sent as JSON, at most 6000 bytes
     * @param string|null               $attach         `attach`: comes back in query and notice, at most 127 bytes
     * @param string|null               $feeType        `fee_type`: CNY when null
     * @param \DateTimeInterface|null   $timeStart      `time_start`: sent in Beijing time, to the second
     * @param \DateTimeInterface|null   $timeExpire     `time_expire`: likewise; at least 1 minute ahead, counts only
     *                                                  the first time
     * @param string|null               $goodsTag       `goods_tag`: chooses coupons, at most 32 bytes
     * @param string|null               $limitPay       `limit_pay`: `no_credit` refuses credit cards
     * @param string|null               $receipt        `receipt`: `Y` offers an electronic invoice
     * @param array<string, mixed>|null $sceneInfo      `scene_info`: sent as JSON, at most 256 bytes; `store_info{id,
     *                                                  name, area_code, address}`
     * @param bool|null                 $profitSharing  `profit_sharing`: freeze the money for profit sharing
     * @param array<string, mixed> $extra any other fields, by their names on the wire; in APIv3 nested:
     *                                    `['settle_info' => ['profit_sharing' => true]]`
     *
     * @return Prepay with codeUrl
     *
     * @throws ServiceException `result_code` FAIL: ORDERPAID, ORDERCLOSED, INVALID_REQUEST ...
     * @throws PayException     of every kind that the class names
     * @throws \ValueError      if an argument cannot be used; nothing was sent
     */
    public function native(
        string $outTradeNo,
        int $totalFee,
        string $body,
        string $notifyUrl,
        string $spbillCreateIp,
        ?string $productId = null,
        ?string $deviceInfo = null,
        ?array $detail = null,
        ?string $attach = null,
        ?string $feeType = null,
        ?\DateTimeInterface $timeStart = null,
        ?\DateTimeInterface $timeExpire = null,
        ?string $goodsTag = null,
        ?string $limitPay = null,
        ?string $receipt = null,
        ?array $sceneInfo = null,
        ?bool $profitSharing = null,
        array $extra = [],
    ): Prepay {
        throw new \Error('WechatPay\\UnifiedOrder is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Places an order that the payer pays inside WeChat, on an account's page or in a mini program (`trade_type`
     * JSAPI). `Prepay::jsapiParams()` gives what the page's JavaScript needs.
     *
     * Lengths are bytes of UTF-8. WeChat takes no characters of 4 bytes (emoji), and no control characters.
     *
     * @param string                    $outTradeNo     `out_trade_no`: 6 to 32 characters of 0-9A-Za-z_-, unique for
     *                                                  the merchant; a paid, closed or reversed number is used up
     * @param int                       $totalFee       `total_fee`: fen, at least 1
     * @param string                    $body           `body`: what is bought, shown to the payer, 1 to 127 bytes
     * @param string                    $notifyUrl      `notify_url`: where WeChat tells about the payment; https, no
     *                                                  query (http only to this machine, for tests), at most 256 bytes
     * @param string                    $spbillCreateIp `spbill_create_ip`: address of the payer's client, IPv4 or IPv6
     * @param string|null               $openid         `openid`: the payer, as seen by appid; at most 128 bytes
     * @param string|null               $subOpenid      `sub_openid`: the payer, as seen by the Merchant's subAppid;
     *                                                  one of both is needed
     * @param string|null               $deviceInfo     `device_info`: number of the terminal, at most 32 bytes
     * @param array<string, mixed>|null $detail         `detail`: sent as JSON, at most 6000 bytes
     * @param string|null               $attach         `attach`: comes back in query and notice, at most 127 bytes
     * @param string|null               $feeType        `fee_type`: CNY when null
     * @param \DateTimeInterface|null   $timeStart      `time_start`: sent in Beijing time, to the second
     * @param \DateTimeInterface|null   $timeExpire     `time_expire`: likewise; at least 1 minute ahead, counts only
     *                                                  the first time
     * @param string|null               $goodsTag       `goods_tag`: chooses coupons, at most 32 bytes
     * @param string|null               $limitPay       `limit_pay`: `no_credit` refuses credit cards
     * @param string|null               $receipt        `receipt`: `Y` offers an electronic invoice
     * @param array<string, mixed>|null $sceneInfo      `scene_info`: sent as JSON, at most 256 bytes; `store_info{id,
     *                                                  name, area_code, address}`
     * @param bool|null                 $profitSharing  `profit_sharing`: freeze the money for profit sharing
     * @param array<string, mixed> $extra any other fields, by their names on the wire; in APIv3 nested:
     *                                    `['settle_info' => ['profit_sharing' => true]]`
     *
     * @return Prepay with prepayId
     *
     * @throws ServiceException `result_code` FAIL: ORDERPAID, ORDERCLOSED, INVALID_REQUEST ...
     * @throws PayException     of every kind that the class names
     * @throws \ValueError      if an argument cannot be used; nothing was sent
     */
    public function jsapi(
        string $outTradeNo,
        int $totalFee,
        string $body,
        string $notifyUrl,
        string $spbillCreateIp,
        ?string $openid = null,
        ?string $subOpenid = null,
        ?string $deviceInfo = null,
        ?array $detail = null,
        ?string $attach = null,
        ?string $feeType = null,
        ?\DateTimeInterface $timeStart = null,
        ?\DateTimeInterface $timeExpire = null,
        ?string $goodsTag = null,
        ?string $limitPay = null,
        ?string $receipt = null,
        ?array $sceneInfo = null,
        ?bool $profitSharing = null,
        array $extra = [],
    ): Prepay {
        throw new \Error('WechatPay\\UnifiedOrder is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Places an order that the payer pays in the shop's own app (`trade_type` APP). `Prepay::appParams()` gives what
     * the app's SDK needs.
     *
     * Lengths are bytes of UTF-8. WeChat takes no characters of 4 bytes (emoji), and no control characters.
     *
     * @param string                    $outTradeNo     `out_trade_no`: 6 to 32 characters of 0-9A-Za-z_-, unique for
     *                                                  the merchant; a paid, closed or reversed number is used up
     * @param int                       $totalFee       `total_fee`: fen, at least 1
     * @param string                    $body           `body`: what is bought, shown to the payer, 1 to 127 bytes
     * @param string                    $notifyUrl      `notify_url`: where WeChat tells about the payment; https, no
     *                                                  query (http only to this machine, for tests), at most 256 bytes
     * @param string                    $spbillCreateIp `spbill_create_ip`: address of the payer's client, IPv4 or IPv6
     * @param string|null               $deviceInfo     `device_info`: number of the terminal, at most 32 bytes
     * @param array<string, mixed>|null $detail         `detail`: sent as JSON, at most 6000 bytes
     * @param string|null               $attach         `attach`: comes back in query and notice, at most 127 bytes
     * @param string|null               $feeType        `fee_type`: CNY when null
     * @param \DateTimeInterface|null   $timeStart      `time_start`: sent in Beijing time, to the second
     * @param \DateTimeInterface|null   $timeExpire     `time_expire`: likewise; at least 1 minute ahead, counts only
     *                                                  the first time
     * @param string|null               $goodsTag       `goods_tag`: chooses coupons, at most 32 bytes
     * @param string|null               $limitPay       `limit_pay`: `no_credit` refuses credit cards
     * @param string|null               $receipt        `receipt`: `Y` offers an electronic invoice
     * @param array<string, mixed>|null $sceneInfo      `scene_info`: sent as JSON, at most 256 bytes; `store_info{id,
     *                                                  name, area_code, address}`
     * @param bool|null                 $profitSharing  `profit_sharing`: freeze the money for profit sharing
     * @param array<string, mixed> $extra any other fields, by their names on the wire; in APIv3 nested:
     *                                    `['settle_info' => ['profit_sharing' => true]]`
     *
     * @return Prepay with prepayId
     *
     * @throws ServiceException `result_code` FAIL: ORDERPAID, ORDERCLOSED, INVALID_REQUEST ...
     * @throws PayException     of every kind that the class names
     * @throws \ValueError      if an argument cannot be used; nothing was sent
     */
    public function app(
        string $outTradeNo,
        int $totalFee,
        string $body,
        string $notifyUrl,
        string $spbillCreateIp,
        ?string $deviceInfo = null,
        ?array $detail = null,
        ?string $attach = null,
        ?string $feeType = null,
        ?\DateTimeInterface $timeStart = null,
        ?\DateTimeInterface $timeExpire = null,
        ?string $goodsTag = null,
        ?string $limitPay = null,
        ?string $receipt = null,
        ?array $sceneInfo = null,
        ?bool $profitSharing = null,
        array $extra = [],
    ): Prepay {
        throw new \Error('WechatPay\\UnifiedOrder is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Places an order that the payer pays from a browser outside WeChat (`trade_type` MWEB). Send the browser to
     * `Prepay::$h5Url` within five minutes.
     *
     * Lengths are bytes of UTF-8. WeChat takes no characters of 4 bytes (emoji), and no control characters.
     *
     * @param string                    $outTradeNo     `out_trade_no`: 6 to 32 characters of 0-9A-Za-z_-, unique for
     *                                                  the merchant; a paid, closed or reversed number is used up
     * @param int                       $totalFee       `total_fee`: fen, at least 1
     * @param string                    $body           `body`: what is bought, shown to the payer, 1 to 127 bytes
     * @param string                    $notifyUrl      `notify_url`: where WeChat tells about the payment; https, no
     *                                                  query (http only to this machine, for tests), at most 256 bytes
     * @param string                    $spbillCreateIp `spbill_create_ip`: address of the payer's client, IPv4 or IPv6
     * @param string|null               $deviceInfo     `device_info`: number of the terminal, at most 32 bytes
     * @param array<string, mixed>|null $detail         `detail`: sent as JSON, at most 6000 bytes
     * @param string|null               $attach         `attach`: comes back in query and notice, at most 127 bytes
     * @param string|null               $feeType        `fee_type`: CNY when null
     * @param \DateTimeInterface|null   $timeStart      `time_start`: sent in Beijing time, to the second
     * @param \DateTimeInterface|null   $timeExpire     `time_expire`: likewise; at least 1 minute ahead, counts only
     *                                                  the first time
     * @param string|null               $goodsTag       `goods_tag`: chooses coupons, at most 32 bytes
     * @param string|null               $limitPay       `limit_pay`: `no_credit` refuses credit cards
     * @param string|null               $receipt        `receipt`: `Y` offers an electronic invoice
     * @param array<string, mixed>|null $sceneInfo      `scene_info`: sent as JSON, at most 256 bytes; WeChat wants
     *                                                  `h5_info{type, wap_url, wap_name}` here
     * @param bool|null                 $profitSharing  `profit_sharing`: freeze the money for profit sharing
     * @param array<string, mixed> $extra any other fields, by their names on the wire; in APIv3 nested:
     *                                    `['settle_info' => ['profit_sharing' => true]]`
     *
     * @return Prepay with h5Url
     *
     * @throws ServiceException `result_code` FAIL: ORDERPAID, ORDERCLOSED, INVALID_REQUEST ...
     * @throws PayException     of every kind that the class names
     * @throws \ValueError      if an argument cannot be used; nothing was sent
     */
    public function h5(
        string $outTradeNo,
        int $totalFee,
        string $body,
        string $notifyUrl,
        string $spbillCreateIp,
        ?string $deviceInfo = null,
        ?array $detail = null,
        ?string $attach = null,
        ?string $feeType = null,
        ?\DateTimeInterface $timeStart = null,
        ?\DateTimeInterface $timeExpire = null,
        ?string $goodsTag = null,
        ?string $limitPay = null,
        ?string $receipt = null,
        ?array $sceneInfo = null,
        ?bool $profitSharing = null,
        array $extra = [],
    ): Prepay {
        throw new \Error('WechatPay\\UnifiedOrder is provided by the wechatpay extension, which is not loaded.');
    }
}
