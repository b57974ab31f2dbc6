<?php

declare(strict_types=1);

/*
 * A gateway of APIv3 in plain PHP, for ReferenceGatewayV3: TLS, one process, kept connections. It answers only what the
 * merchant's key has signed, and signs with openssl. STDIN ends it; its argument is a file of settings in JSON.
 */

use WechatPayTests\ReferenceClientV3;

require __DIR__ . '/Support/ReferenceClientV3.php';

$settings = json_decode(file_get_contents($argv[1]), true, 512, JSON_THROW_ON_ERROR);
$merchant = openssl_pkey_get_public($settings['merchant_public']);
$platform = openssl_pkey_get_private($settings['platform_private']);
$paid = static fn (string $number): array => [
    'appid' => $settings['appid'],
    'mchid' => $settings['mchid'],
    'out_trade_no' => $number,
    'transaction_id' => sprintf('42%026d', crc32($number)),
    'trade_type' => 'NATIVE',
    'trade_state' => 'SUCCESS',
    'trade_state_desc' => '支付成功',
    'success_time' => '2026-11-22T10:30:00+08:00',
    'amount' => ['total' => crc32($number) % 100_000 + 1, 'currency' => 'CNY'],
];
$refunded = static fn (string $number, array $asked): array => [
    'refund_id' => sprintf('50%026d', crc32($number)),
    'out_refund_no' => $number,
    'transaction_id' => '4200000001',
    'out_trade_no' => $asked['out_trade_no'] ?? 'T100001',
    'channel' => 'ORIGINAL',
    'user_received_account' => '支付用户零钱',
    'create_time' => '2026-11-22T10:30:00+08:00',
    'status' => 'PROCESSING',
    'amount' => ($asked['amount'] ?? ['total' => 100, 'refund' => 100, 'currency' => 'CNY']) + ['payer_total' => 100, 'payer_refund' => 100],
];
$bill = gzencode("\u{feff}交易时间,公众账号ID\n总交易单数\n");

/** Status and body of what is asked. @return array{int, mixed} */
$answer = static function (string $method, string $target, string $body) use ($settings, $paid, $refunded): array {
    $asked = $body === '' ? [] : json_decode($body, true, 512, JSON_THROW_ON_ERROR);
    $path = explode('?', $target)[0];
    return match (true) {
        $path === '/v3/certificates' => [200, ['data' => $settings['certificates']]],
        $path === '/v3/pay/transactions/native' => [200, ['code_url' => 'weixin://wxpay/' . md5($asked['description'] . ($asked['attach'] ?? ''))]],
        str_ends_with($path, '/close') => [204, null],
        str_starts_with($path, '/v3/pay/transactions/out-trade-no/') => [200, $paid(rawurldecode(basename($path)))],
        $path === '/v3/refund/domestic/refunds' => [200, $refunded($asked['out_refund_no'], $asked)],
        str_starts_with($path, '/v3/refund/domestic/refunds/') => [200, $refunded(rawurldecode(basename($path)), [])],
        default => [404, ['code' => 'RESOURCE_NOT_EXISTS', 'message' => 'no']],
    };
};

/** The whole answer to a whole request; a number that begins with X has one bit of its answer changed. */
$reply = static function (string $head, string $body) use ($answer, $merchant, $platform, $settings): string {
    [$method, $target] = explode(' ', $head);
    preg_match('~^authorization: (.*)\r$~mi', $head, $found);
    $isOurs = ReferenceClientV3::isAuthorized($found[1] ?? '', $method, $target, $body, $merchant);
    [$status, $said] = $isOurs ? $answer($method, $target, $body) : [401, ['code' => 'SIGN_ERROR', 'message' => '签名错误']];
    $text = $said === null ? '' : json_encode($said, crc32($target) % 2 ? JSON_UNESCAPED_UNICODE : 0);
    $headers = $isOurs ? ReferenceClientV3::signedHeaders($text, $platform, $settings['serial']) : [];
    if (str_contains($target, '/X') && $text !== '') {
        $at = crc32($headers['Wechatpay-Nonce']) % (8 * strlen($text));
        $text[intdiv($at, 8)] = $text[intdiv($at, 8)] ^ chr(1 << $at % 8);
    }
    $headers += $text === '' ? [] : ['Content-Type' => 'application/json; charset=utf-8', 'Content-Length' => strlen($text)];
    $lines = "HTTP/1.1 $status Reference\r\n";
    foreach ($headers as $name => $value) {
        $lines .= "$name: $value\r\n";
    }
    return "$lines\r\n$text";
};

$tls = stream_context_create(['ssl' => ['local_cert' => $settings['tls_file'], 'disable_compression' => true]]);
$server = stream_socket_server('tls://127.0.0.1:0', $code, $why, STREAM_SERVER_BIND | STREAM_SERVER_LISTEN, $tls);
echo json_encode(['url' => 'https://' . stream_socket_get_name($server, false)]), "\n";
for ([$open, $came] = [[], []];;) {
    [$read, $none] = [[$server, STDIN, ...$open], null];
    if (!stream_select($read, $none, $none, 60) || in_array(STDIN, $read, true)) {
        exit(0);
    }
    foreach ($read as $stream) {
        if ($stream === $server) {
            $accepted = @stream_socket_accept($server, 5);
            if ($accepted) {
                stream_set_blocking($accepted, false);
                [$open[(int) $accepted], $came[(int) $accepted]] = [$accepted, ''];
            }
            continue;
        }
        $at = (int) $stream;
        while (($bytes = (string) fread($stream, 65536)) !== '') {
            $came[$at] .= $bytes;
        }
        if (feof($stream)) {
            fclose($stream);
            unset($open[$at], $came[$at]);
            continue;
        }
        while (preg_match('~\A(.*?\r\n\r\n)~s', $came[$at], $found)) {
            $length = preg_match('~^content-length: *(\d+)~mi', $found[1], $number) ? (int) $number[1] : 0;
            $whole = strlen($found[1]) + $length;
            if (strlen($came[$at]) < $whole) {
                break;
            }
            fwrite($stream, $reply($found[1], substr($came[$at], strlen($found[1]), $length)));
            $came[$at] = substr($came[$at], $whole);
        }
    }
}
