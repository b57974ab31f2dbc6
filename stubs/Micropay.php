<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Charges the code that a payer shows on the phone. A service. One call sells: it pays, asks while the payer types a
 * password, and reverses what does not end in time. It always ends, and never reports an undone payment as paid.
 *
 * - Paid: the `Order`, to be delivered if its tradeState is TradeState::Success.
 * - Refused for good (`ServiceException`): nothing was charged; Advice::AskPayer means that a new code helps.
 * - Anything else (password, system error, no answer, a broken one) is asked about every `$intervalMs`; when the
 *   payer's time is up, the sale is reversed, and asked about until the reverse shows: the `Order` is then REVOKED,
 *   CLOSED or PAYERROR.
 * - `UndecidedException` if even that gets no answer: neither deliver nor charge again before OrderQuery has told more.
 *
 * Each code is good once, each try wants a fresh `$outTradeNo`. There is no notice for these payments. The merchant
 * needs a client certificate, since the sale may have to be reversed: without a usable one nothing is sent at all. In
 * APIv3 it needs none.
 *
 * ```php
 * use WechatPay\Advice;
 * use WechatPay\Merchant;
 * use WechatPay\Micropay;
 * use WechatPay\Order;
 * use WechatPay\PayException;
 * use WechatPay\TradeState;
 * use WechatPay\UndecidedException;
 *
 * $merchant = new Merchant(
 *     'wx2421b1c4370ec43b',
 *     '10000100',
 *     '0123456789abcdefghijKLMNOPQRSTUV',
 *     certificate: getenv('WECHATPAY_CERTIFICATE'),   // path of apiclient_cert.pem
 *     privateKey: getenv('WECHATPAY_PRIVATE_KEY'),    // path of apiclient_key.pem
 * );
 * try {
 *     $order = (new Micropay($merchant))->pay(
 *         outTradeNo: 'M20261122-0001',
 *         authCode: '134567890123456789',             // what the scanner read
 *         totalFee: 1230,
 *         body: 'A large coffee',
 *         spbillCreateIp: '127.0.0.1',
 *         onPoll: function (Order|PayException $seen, int $number): void {
 *             echo "waiting for the payer\n";
 *         },
 *     );
 *     echo $order->tradeState === TradeState::Success ? "deliver\n" : "not paid, and undone\n";   // prints: deliver
 * } catch (UndecidedException $e) {
 *     echo "ask later what became of {$e->outTradeNo}\n";
 * } catch (PayException $e) {
 *     echo $e->advice === Advice::AskPayer ? "show a new code, please\n" : $e->getMessage();
 * }
 * ```
 */
final class Micropay
{
    /**
     * @param Merchant     $merchant who sells; with a client certificate, or of APIv3 with `codePay: true`
     * @param Gateway|null $gateway  where to ask; null for the INI settings
     *
     * @throws \LogicException for a merchant of APIv3 that was made without `codePay: true`; the message says what to do
     */
    public function __construct(Merchant $merchant, ?Gateway $gateway = null)
    {
        throw new \Error('WechatPay\\Micropay is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Sells. Takes until the payer has paid, at most `$timeoutMs` and 30 seconds more to reverse.
     *
     * No reverse goes out earlier than 15 seconds after the payment call, for WeChat takes none. When `$onPoll` returns
     * false, the sale is reversed first, and only then ended. So it is whatever ends the script in `$onPoll`, in the
     * gateway's `$onAttempt` or in a pcntl signal handler: an exception (not one of `$onAttempt`'s), exit(), a fatal
     * error, max_execution_time, memory_limit, a browser that hung up while they printed. Reversing takes up to 30
     * seconds: call `ignore_user_abort(true)` if the till's page may go away, and leave php-fpm's
     * `request_terminate_timeout`, which kills, longer than `$timeoutMs` and those 30 seconds.
     *
     * A Fiber cannot be suspended in these callbacks (FiberError); one that is begun and ended in them can. A process
     * forked in them has no part in the payment: exit() in the child leaves it to the parent, and if the callback
     * returns there, pay() throws a LogicException in the child.
     *
     * The number was used before (ORDERPAID, OUT_TRADE_NO_USED): the order is asked for, and given if it is paid with
     * this very `$totalFee`.
     *
     * @param string                                          $outTradeNo     `out_trade_no`: 6 to 32 characters of
     *                                                                        0-9A-Za-z_-, a fresh one for each code
     * @param string                                          $authCode       `auth_code`: the 18 digits behind the
     *                                                                        payer's code, beginning with 10 to 15
     * @param int                                             $totalFee       `total_fee`: fen, at least 1
     * @param string                                          $body           `body`: what is bought, 1 to 127 bytes, no
     *                                                                        characters of 4 UTF-8 bytes
     * @param string                                          $spbillCreateIp `spbill_create_ip`: address of the till,
     *                                                                        IPv4 or IPv6
     * @param int                                             $timeoutMs      milliseconds for the payer, 15000 to 120000
     * @param int                                             $intervalMs     milliseconds between queries, 100 to 60000
     * @param (callable(Order|PayException $seen, int $question): mixed)|null $onPoll called after each question with
     *                                                                        what was seen and the number of the
     *                                                                        question, from 1; false ends the waiting, a
     *                                                                        Generator is a LogicException
     * @param array<string, mixed>                            $options        `device_info`, `detail` (JSON), `attach`,
     *                                                                        `fee_type`, `goods_tag`, `limit_pay`,
     *                                                                        `time_start`, `time_expire`, `receipt`,
     *                                                                        `scene_info` (JSON), `profit_sharing`,
     *                                                                        `deposit`, `version`; in APIv3 also names
     *                                                                        of its own, and `scene_info` with the `id` or
     *                                                                        `out_id` of `store_info` is required
     *
     * @return Order final: paid, or REVOKED, CLOSED or PAYERROR and nothing charged
     *
     * @throws ServiceException   a definite refusal, AUTHCODEEXPIRE, NOTENOUGH, PARAM_ERROR ...: nothing was charged
     * @throws UndecidedException nobody could say how it ended; `lastSeen` is the last order seen, `reversed` says
     *                            whether a reverse was accepted
     * @throws TransportException the payment never left us: nothing was charged
     * @throws GatewayException   `return_code` is not SUCCESS, neither for the payment nor for a query after it
     * @throws SignatureException an answer with a sign that is missing, wrong or of another algorithm; thrown after the
     *                            sale was reversed
     * @throws MismatchException  a genuine answer about another merchant or order, thrown after the sale was reversed;
     *                            or the number belongs to a sale of another amount, which is left alone
     * @throws PayException       with Advice::FixConfiguration: the certificate is missing, unreadable or expired;
     *                            nothing was sent
     * @throws \ValueError        if an argument cannot be used; nothing was sent
     */
    public function pay(
        string $outTradeNo,
        #[\SensitiveParameter] string $authCode,
        int $totalFee,
        string $body,
        string $spbillCreateIp,
        int $timeoutMs = 30000,
        int $intervalMs = 5000,
        ?callable $onPoll = null,
        array $options = [],
    ): Order {
        throw new \Error('WechatPay\\Micropay is provided by the wechatpay extension, which is not loaded.');
    }
}
