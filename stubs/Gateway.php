<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Where WeChat Pay is and how long a call may take. A service; without one, calls use the INI settings
 * `wechatpay.url`, `wechatpay.backup_url`, `wechatpay.ca_file`, `wechatpay.proxy`,
 * `wechatpay.connect_timeout_ms` and `wechatpay.timeout_ms`. (`wechatpay.cache_dir` is no address: it is the folder in
 * which downloaded certificates of APIv3 outlive the process; none by default.)
 *
 * TLS connections live in one pool per process: they outlive the object and, under FPM, the request. An idle one is
 * kept for 7 seconds. Verification of the gateway's certificate cannot be switched off, redirects are not followed.
 *
 * Calls that only ask are tried up to 3 times, 200 and 400 ms apart, on both addresses, within `timeoutMs`. Calls that
 * act are sent once; only if no byte of one left us may it go to the other address.
 *
 * ```php
 * use WechatPay\Attempt;
 * use WechatPay\Gateway;
 * use WechatPay\Merchant;
 * use WechatPay\OrderQuery;
 * use WechatPay\ServiceException;
 *
 * $gateway = new Gateway(
 *     timeoutMs: 5000,
 *     onAttempt: function (Attempt $a): void {
 *         echo "{$a->path} try {$a->number}: {$a->outcome}\n";   // prints: /pay/orderquery try 1: service
 *     },
 * );
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * try {
 *     (new OrderQuery($merchant, $gateway))->byOutTradeNo('T20261122-nobody');
 * } catch (ServiceException $e) {
 *     echo $e->errCode, "\n";   // prints: ORDERNOTEXIST
 * }
 * ```
 */
final class Gateway
{
    /** `https://host[:port]` of the gateway. */
    public readonly string $url;

    /** The same in another city, asked when the first does not answer; null if there is none. */
    public readonly ?string $backupUrl;

    /** PEM file whose certificates replace the built-in roots; null for the built-in ones. */
    public readonly ?string $caFile;

    /** Milliseconds for name, connection and TLS handshake together. */
    public readonly int $connectTimeoutMs;

    /** Milliseconds for a whole call: all tries and the pauses between them. */
    public readonly int $timeoutMs;

    /** `http://host:port` of the HTTP proxy that leads to the gateway, without user and password; null if there is none. */
    public readonly ?string $proxy;

    /**
     * For each argument that is null the INI setting of its name counts. Whoever sets `$url` without `$backupUrl` has
     * no backup, so that a test never reaches the real gateway.
     *
     * `$proxy` opens a tunnel (CONNECT) to the gateway, and TLS runs inside: the proxy sees the gateway's name and
     * nothing else, and the gateway's certificate is verified as without it. It resolves the gateway's name. HTTP_PROXY
     * and its like in the environment are never read. What the proxy refuses (407, 403) is Advice::FixConfiguration;
     * a proxy that cannot be reached, or cannot reach the gateway, is a connect fault with nothing sent.
     *
     * `$onAttempt` runs on the PHP thread after each try. It only observes: an exception in it, or a Generator that
     * it gives (a yield in it, none of it has run), becomes a PHP warning and never replaces a result. exit() and fatal
     * errors in it end the script, once what is under way has ended in order: a code payment is reversed first, also one
     * that was just paid, and what acts and was not sent yet is not sent. It may use the same objects, but cannot suspend a
     * Fiber (FiberError). A child forked in it asks on connections of its own, and cannot go on with what acts,
     * `OrderQuery::many()`, or a ledger of its parent's: a LogicException says so.
     *
     * @param string|null                   $url              `https://host[:port]`, no path, user or query
     * @param string|null                   $backupUrl        likewise
     * @param string|null                   $caFile           path (or `file://` path) of a PEM file with one or many
     *                                                        certificates, under open_basedir
     * @param int|null                      $connectTimeoutMs milliseconds, at least 1
     * @param int|null                      $timeoutMs        milliseconds, at least 1
     * @param (callable(Attempt $attempt): void)|null $onAttempt called after each try, for logs and metrics
     * @param string|null                   $proxy            `http://[user:password@]host:port`, user and password
     *                                                        percent-encoded; shown nowhere
     *
     * @throws \ValueError if an address, a proxy, a path or a time limit cannot be one
     */
    public function __construct(
        ?string $url = null,
        ?string $backupUrl = null,
        ?string $caFile = null,
        ?int $connectTimeoutMs = null,
        ?int $timeoutMs = null,
        ?callable $onAttempt = null,
        #[\SensitiveParameter]
        ?string $proxy = null,
    ) {
        throw new \Error('WechatPay\\Gateway is provided by the wechatpay extension, which is not loaded.');
    }
}
