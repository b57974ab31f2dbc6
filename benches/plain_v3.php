<?php

declare(strict_types=1);

namespace WechatPayBench;

/*
 * APIv3 in plain PHP, as lean as PHP allows: openssl with keys that are parsed once, json_decode, one regular expression for
 * the headers. The same checks as ours but one: a name that stands twice is not looked for.
 */

/** What both sides are given. */
final class PlainKeys
{
    public readonly \OpenSSLAsymmetricKey $private;
    public readonly \OpenSSLAsymmetricKey $public;

    /** @param array<string, mixed> $v3 the arguments of Merchant::v3() */
    public function __construct(public readonly array $v3)
    {
        $this->private = openssl_pkey_get_private(file_get_contents($v3['privateKey']));
        $this->public = openssl_pkey_get_public(file_get_contents($v3['publicKey']));
    }
}

/** What the page inside WeChat is given to pay with. */
function plain_v3_params(PlainKeys $keys, string $prepayId): array
{
    [$time, $nonce] = [(string) time(), bin2hex(random_bytes(16))];
    $package = "prepay_id=$prepayId";
    openssl_sign("{$keys->v3['appid']}\n$time\n$nonce\n$package\n", $signature, $keys->private, OPENSSL_ALGO_SHA256);
    return ['appId' => $keys->v3['appid'], 'timeStamp' => $time, 'nonceStr' => $nonce, 'package' => $package, 'signType' => 'RSA', 'paySign' => base64_encode($signature)];
}

/** The head of a request. */
function plain_v3_head(PlainKeys $keys, string $target): array
{
    [$time, $nonce, $v3] = [time(), bin2hex(random_bytes(16)), $keys->v3];
    openssl_sign("GET\n$target\n$time\n$nonce\n\n", $signature, $keys->private, OPENSSL_ALGO_SHA256);
    $signature = base64_encode($signature);
    return [
        'Accept: application/json',
        'User-Agent: plain',
        "Wechatpay-Serial: {$v3['publicKeyId']}",
        "Authorization: WECHATPAY2-SHA256-RSA2048 mchid=\"{$v3['mchId']}\",nonce_str=\"$nonce\",signature=\"$signature\",timestamp=\"$time\",serial_no=\"{$v3['certificate']}\"",
    ];
}

/** A body that WeChat Pay has signed now, or an exception. */
function plain_v3_verified(PlainKeys $keys, array $signed, string $body): array
{
    ['Timestamp' => $time, 'Nonce' => $nonce, 'Serial' => $serial, 'Signature' => $signature] = $signed;
    $signature = base64_decode($signature, true);
    if (abs(time() - (int) $time) > 300 || $serial !== $keys->v3['publicKeyId'] || $signature === false
        || openssl_verify("$time\n$nonce\n$body\n", $signature, $keys->public, OPENSSL_ALGO_SHA256) !== 1) {
        throw new \RuntimeException('the signature is wrong');
    }
    return json_decode($body, true, 64, JSON_THROW_ON_ERROR);
}

/** An order that is ours. */
function plain_v3_order(PlainKeys $keys, array $told): PlainOrder
{
    if ($told['appid'] !== $keys->v3['appid'] || $told['mchid'] !== $keys->v3['mchId']) {
        throw new \RuntimeException('not ours');
    }
    return PlainOrder::fromV3($told);
}

/** A notice, verified, opened and read. */
function plain_v3_notice(PlainKeys $keys, array $signed, string $body): PlainOrder
{
    $sealed = plain_v3_verified($keys, $signed, $body)['resource'];
    $bytes = base64_decode($sealed['ciphertext'], true);
    $text = $sealed['algorithm'] === 'AEAD_AES_256_GCM' ? openssl_decrypt(substr($bytes, 0, -16), 'aes-256-gcm', $keys->v3['apiV3Key'], OPENSSL_RAW_DATA, $sealed['nonce'], substr($bytes, -16), $sealed['associated_data']) : false;
    if ($text === false) {
        throw new \RuntimeException('not sealed for us');
    }
    return plain_v3_order($keys, json_decode($text, true, 64, JSON_THROW_ON_ERROR));
}

/** A curl handle for the gateway. */
function plain_v3_handle(string $caFile): \CurlHandle
{
    $handle = curl_init();
    curl_setopt_array($handle, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_HEADER => true,
        CURLOPT_CAINFO => $caFile,
        CURLOPT_TIMEOUT_MS => 8000,
        CURLOPT_CONNECTTIMEOUT_MS => 3000,
    ]);
    return $handle;
}

/** Asks for one order over this handle. */
function plain_v3_query(\CurlHandle $handle, PlainKeys $keys, string $url, string $number): PlainOrder
{
    $target = "/v3/pay/transactions/out-trade-no/$number?mchid={$keys->v3['mchId']}";
    curl_setopt_array($handle, [CURLOPT_URL => $url . $target, CURLOPT_HTTPHEADER => plain_v3_head($keys, $target)]);
    $answer = curl_exec($handle);
    if ($answer === false || curl_getinfo($handle, CURLINFO_RESPONSE_CODE) !== 200) {
        throw new \RuntimeException(curl_error($handle) ?: 'status');
    }
    [$head, $body] = explode("\r\n\r\n", $answer, 2);
    preg_match_all('~^wechatpay-(timestamp|nonce|serial|signature): *(.*)\r?$~mi', $head, $found);
    $signed = array_combine(array_map(ucfirst(...), array_map(strtolower(...), $found[1])), array_map(trim(...), $found[2]));
    $order = plain_v3_order($keys, plain_v3_verified($keys, $signed, $body));
    return $order->outTradeNo === $number ? $order : throw new \RuntimeException('not what was asked');
}
