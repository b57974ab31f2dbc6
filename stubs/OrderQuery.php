<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Asks WeChat Pay what became of an order. A service; one object serves any number of queries.
 *
 * Queries change nothing, so they may be repeated freely, and `maybeProcessed` of their exceptions is always false.
 *
 * Besides what it names itself, each call may throw TransportException (no complete answer within the time limit),
 * MalformedMessageException (an answer that is not what WeChat Pay says), GatewayException (`return_code` is not
 * SUCCESS; says nothing about the order), SignatureException (the answer's signature is missing, wrong or of another
 * algorithm), MismatchException (a genuine answer about another merchant or order) and PayException itself with
 * Advice::FixConfiguration (a file named in the settings cannot be used).
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\OrderQuery;
 * use WechatPay\TradeState;
 * use WechatPay\UnifiedOrder;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * (new UnifiedOrder($merchant))
 *     ->native('T20261122-0001', 1230, 'A large coffee', 'https://shop.example/notify', '127.0.0.1');
 *
 * $query = new OrderQuery($merchant);
 * $order = $query->byOutTradeNo('T20261122-0001');
 * if ($order->tradeState === TradeState::Success && $order->totalFee === 1230) {
 *     echo "deliver\n";
 * } else {
 *     echo $order->tradeState->value, ': ', $order->tradeState->label('en'), "\n";   // prints: NOTPAY: not paid
 * }
 *
 * foreach ($query->many(['T20261122-0001', 'T20261122-0002']) as $number => $seen) {
 *     echo $number, ': ', $seen instanceof \Throwable ? $seen->getMessage() : $seen->tradeState->value, "\n";
 * }   // prints: T20261122-0002: ORDERNOTEXIST
 * ```
 */
final class OrderQuery
{
    /**
     * @param Merchant     $merchant whose orders
     * @param Gateway|null $gateway  where to ask; null for the INI settings
     */
    public function __construct(Merchant $merchant, ?Gateway $gateway = null)
    {
        throw new \Error('WechatPay\\OrderQuery is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Asks for an order by the shop's number. Works from the moment the order was placed, paid or not.
     *
     * `ORDERNOTEXIST` right after placing may only mean "not visible yet": ask again before giving the number up.
     *
     * @param string $outTradeNo `out_trade_no`, 1 to 32 characters of 0-9A-Za-z_-|*@
     *
     * @return Order the verified order; what the answer lacks is null
     *
     * @throws ServiceException `result_code` FAIL: ORDERNOTEXIST, SYSTEMERROR ...
     * @throws PayException     of every kind that the class names
     * @throws \ValueError      if the number cannot be one
     */
    public function byOutTradeNo(string $outTradeNo): Order
    {
        throw new \Error('WechatPay\\OrderQuery is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Asks for an order by WeChat's number, which it has once it was paid.
     *
     * @param string $transactionId `transaction_id`, 1 to 32 characters of 0-9A-Za-z
     *
     * @return Order the verified order
     *
     * @throws ServiceException `result_code` FAIL: ORDERNOTEXIST, INVALID_TRANSACTIONID ...
     * @throws PayException     of every kind that the class names
     * @throws \ValueError      if the number cannot be one
     */
    public function byTransactionId(string $transactionId): Order
    {
        throw new \Error('WechatPay\\OrderQuery is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Asks for many orders, several at once over the pooled connections. One order's fault is its own value, not the
     * batch's; each order has the gateway's `timeoutMs` for itself. A number given twice is asked once.
     *
     * As in every PHP array, a key of digits only (such as '20261122') is an int in the result.
     *
     * exit() or a fatal error in the gateway's `$onAttempt` ends the script when all answers are there. A child forked
     * in it has none of the threads: exit() ends it at once, and a callback that returns there gets a LogicException.
     *
     * @param array<array-key, string> $outTradeNos numbers, as for byOutTradeNo()
     * @param int                      $concurrency queries at once, 1 to 64
     *
     * @return array<array-key, Order|PayException> by `out_trade_no`, in the order of the input
     *
     * @throws \TypeError  if a number is no string; nothing was sent
     * @throws \ValueError if a number cannot be one (the message names its key), or $concurrency is out of range;
     *                     nothing was sent
     */
    public function many(array $outTradeNos, int $concurrency = 16): array
    {
        throw new \Error('WechatPay\\OrderQuery is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Asks again and again until the order's state is final, `$timeoutMs` is over or `$onPoll` says stop.
     *
     * Goes on after faults that pass: TransportException, MalformedMessageException, SYSTEMERROR, FREQUENCY_LIMITED
     * (the interval doubles), ORDERNOTEXIST in the first 60 seconds, PARAM_ERROR and INVALID_TRANSACTIONID once an
     * order was seen. Ctrl-C and pcntl signals are honoured within 100 ms while it waits. Whatever ends the script in
     * a callback ends the asking at once; a Fiber cannot be suspended in one (FiberError). A child forked in one asks on
     * connections of its own.
     *
     * @param string        $outTradeNo `out_trade_no`, as for byOutTradeNo()
     * @param int           $timeoutMs  milliseconds in all
     * @param int           $intervalMs milliseconds between the queries
     * @param (callable(Order|PayException $seen, int $question): mixed)|null $onPoll called after each query with what was
     *                                                                seen and the number of the query, from 1; false
     *                                                                stops; what it throws is thrown on; a
     *                                                                Generator is a LogicException
     *
     * @return Order the last order seen: final, unless the time was over or $onPoll stopped
     *
     * @throws UndecidedException        no order was seen until the end; the last fault is its previous
     * @throws GatewayException          `return_code` is not SUCCESS and will not become so
     * @throws SignatureException        the answer's sign is missing, wrong or of another algorithm
     * @throws MismatchException         a genuine answer about another merchant or order
     * @throws ServiceException          a `result_code` FAIL that will not pass
     * @throws PayException              with Advice::FixConfiguration: a file named in the settings cannot be used
     * @throws \ValueError               if the number or a time cannot be one
     */
    public function untilFinal(
        string $outTradeNo,
        int $timeoutMs,
        int $intervalMs = 5000,
        ?callable $onPoll = null,
    ): Order {
        throw new \Error('WechatPay\\OrderQuery is provided by the wechatpay extension, which is not loaded.');
    }
}
