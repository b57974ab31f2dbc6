<?php

/**
 * One code payment in a process of its own, told as JSON: what it ended with, after how long, and what was seen meanwhile.
 *
 *     tools/php php-tests/sell.php '{"ready": {...}, "number": "M1", "code": "13...", "watch": "stop"}'
 *
 * `watch`: `stop` lets onPoll return false, `throw` lets it throw, `exit` lets it exit(), `signal` lets a signal handler
 * throw, `hide` lets the queries after the reverse show SUCCESS. `v3`: the same in APIv3.
 */

declare(strict_types=1);

use WechatPay\Attempt;
use WechatPay\Gateway;
use WechatPay\Merchant;
use WechatPay\Micropay;
use WechatPay\Order;
use WechatPay\PayException;
use WechatPay\UndecidedException;

['ready' => $ready, 'number' => $number, 'code' => $code] = $asked = json_decode($argv[1], true);
$merchant = new Merchant(
    'wx2421b1c4370ec43b',
    '10000100',
    '0123456789abcdefghijKLMNOPQRSTUV',
    certificate: $ready['cert_file'],
    privateKey: $ready['key_file'],
);
$options = [];
if ($asked['v3'] ?? false) {
    ['api_v3_key' => $key, 'private_key_file' => $own, 'serial' => $serial, 'public_key_id' => $id, 'public_key_file' => $public] = $ready['v3'];
    $merchant = Merchant::v3('wx2421b1c4370ec43b', '10000100', $key, $own, $serial, $id, $public, codePay: true);
    $options = ['scene_info' => ['store_info' => ['out_id' => 'S1']]];
}
$tried = 0;
$onAttempt = static function (Attempt $attempt) use (&$tried): void {
    $tried++;
};
$gateway = new Gateway($ready['url'], caFile: $ready['ca_file'], timeoutMs: 700, onAttempt: $onAttempt);

pcntl_signal(SIGALRM, static fn () => throw new DomainException('the clerk goes home'));

$seen = [];
$onPoll = static function (Order|PayException $what, int $at) use (&$seen, $asked, $ready): mixed {
    $seen[] = $what instanceof Order ? $what->tradeState->value : $what::class;
    if ($asked['watch'] === 'hide') {
        $fault = ['path' => '/pay/orderquery', 'fault' => 'set_field', 'name' => 'trade_state', 'value' => 'SUCCESS'];
        $http = ['method' => 'POST', 'header' => 'Content-Type: application/json'];
        $http['content'] = json_encode($fault + ['times' => 5]);
        file_get_contents("$ready[control]/faults", false, stream_context_create(['http' => $http]));
    }
    return match ($asked['watch']) {
        'stop', 'hide' => false,
        'throw' => throw new DomainException('the till is closed'),
        'exit' => exit('{"class":"exit"}'),
        'signal' => $at === 1 ? pcntl_alarm(1) : null,
        default => null,
    };
};

$start = hrtime(true);
try {
    $order = (new Micropay($merchant, $gateway))
        ->pay($number, $code, 100, 'coffee', '127.0.0.1', timeoutMs: 15_000, intervalMs: 500, onPoll: $onPoll, options: $options);
    $end = ['state' => $order->tradeState->value];
} catch (Throwable $e) {
    $end = ['class' => $e::class, 'message' => $e->getMessage()];
    if ($e instanceof PayException) {
        $end += ['advice' => $e->advice->name, 'maybeProcessed' => $e->maybeProcessed, 'number' => $e->outTradeNo];
    }
    if ($e instanceof UndecidedException) {
        $end += ['lastSeen' => $e->lastSeen?->tradeState->value, 'reversed' => $e->reversed];
        $end += ['previous' => $e->getPrevious() === null ? null : $e->getPrevious()::class];
    }
}
echo json_encode($end + ['tried' => $tried, 'seen' => $seen, 'seconds' => (hrtime(true) - $start) / 1e9]);
