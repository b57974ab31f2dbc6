<?php

declare(strict_types=1);

namespace WechatPayBench;

/*
 * The same checked work in plain PHP, written as lean as PHP allows: no framework, no classes on the way, native
 * functions wherever there is one. Loaded by the bench and by the pages that php-fpm serves.
 */

/** The sign of fields: empty values and `sign` take no part. */
function plain_sign(array $fields, string $key, bool $hmac): string
{
    ksort($fields, SORT_STRING);
    $text = '';
    foreach ($fields as $name => $value) {
        if ($value !== '' && $name !== 'sign') {
            $text .= "$name=$value&";
        }
    }
    $text .= "key=$key";
    return strtoupper($hmac ? hash_hmac('sha256', $text, $key) : md5($text));
}

/** A message as a map, by one regular expression; the document must be nothing but flat elements. */
function plain_decode_regex(string $xml): array
{
    if (preg_match_all('~<([A-Za-z_][\w.-]*)>(?|<!\[CDATA\[(.*?)]]>|([^<&]*))</\1>~s', $xml, $found) < 1) {
        throw new \RuntimeException('not our XML');
    }
    $fields = array_combine($found[1], $found[2]);
    if (\count($fields) !== \count($found[1])) {
        throw new \RuntimeException('a name comes twice');
    }
    return $fields;
}

/** A message as a map, by libxml, as most SDKs do it. */
function plain_decode_simplexml(string $xml): array
{
    $root = simplexml_load_string($xml, \SimpleXMLElement::class, LIBXML_NONET | LIBXML_NOCDATA);
    if ($root === false || $root->getName() !== 'xml') {
        throw new \RuntimeException('not our XML');
    }
    return (array) $root;
}

/** A message as XML: digits bare, all else in CDATA. */
function plain_encode(array $fields): string
{
    $xml = '<xml>';
    foreach ($fields as $name => $value) {
        $xml .= ctype_digit($value)
            ? "<$name>$value</$name>"
            : "<$name><![CDATA[" . str_replace(']]>', ']]]]><![CDATA[>', $value) . "]]></$name>";
    }
    return $xml . '</xml>';
}

/** The fields, verified. */
function plain_verify(array $fields, string $key, bool $hmac): array
{
    if (!hash_equals(plain_sign($fields, $key, $hmac), $fields['sign'] ?? '')) {
        throw new \RuntimeException('the sign is wrong');
    }
    return $fields;
}

/** A signed orderquery. */
function plain_request(string $appid, string $mchId, string $key, string $outTradeNo): string
{
    $fields = [
        'out_trade_no' => $outTradeNo,
        'version' => '1.0',
        'appid' => $appid,
        'mch_id' => $mchId,
        'nonce_str' => bin2hex(random_bytes(16)),
        'sign_type' => 'HMAC-SHA256',
    ];
    $fields['sign'] = plain_sign($fields, $key, true);
    return plain_encode($fields);
}

/** The answer to it: verified, for us, about this order. */
function plain_answer(string $body, string $appid, string $mchId, string $key, string $outTradeNo): PlainOrder
{
    $fields = plain_decode_regex($body);
    if (($fields['return_code'] ?? '') !== 'SUCCESS') {
        throw new \RuntimeException('return_code');
    }
    plain_verify($fields, $key, true);
    if (($fields['result_code'] ?? '') !== 'SUCCESS') {
        throw new \RuntimeException('result_code');
    }
    if ($fields['appid'] !== $appid || $fields['mch_id'] !== $mchId || $fields['out_trade_no'] !== $outTradeNo) {
        throw new \RuntimeException('not what was asked');
    }
    return PlainOrder::from($fields);
}

/** A curl handle for the gateway; a shop makes one a request, a clever worker keeps it. */
function plain_handle(string $url, string $caFile): \CurlHandle
{
    $handle = curl_init("$url/pay/orderquery");
    curl_setopt_array($handle, [
        CURLOPT_POST => true,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_CAINFO => $caFile,
        CURLOPT_TIMEOUT_MS => 8000,
        CURLOPT_CONNECTTIMEOUT_MS => 3000,
        CURLOPT_HTTPHEADER => ['Content-Type: text/xml; charset=utf-8', 'Expect:'],
    ]);
    return $handle;
}

/** Asks for one order over this handle. */
function plain_query(\CurlHandle $handle, string $appid, string $mchId, string $key, string $outTradeNo): PlainOrder
{
    curl_setopt($handle, CURLOPT_POSTFIELDS, plain_request($appid, $mchId, $key, $outTradeNo));
    $body = curl_exec($handle);
    if ($body === false || curl_getinfo($handle, CURLINFO_RESPONSE_CODE) !== 200) {
        throw new \RuntimeException(curl_error($handle));
    }
    return plain_answer($body, $appid, $mchId, $key, $outTradeNo);
}

/**
 * Asks for many orders over a fixed number of handles.
 *
 * @param list<\CurlHandle> $handles
 * @param list<string>      $outTradeNos
 *
 * @return array<string, PlainOrder>
 */
function plain_many(array $handles, string $appid, string $mchId, string $key, array $outTradeNos): array
{
    $multi = curl_multi_init();
    $answers = array_fill_keys($outTradeNos, null);
    $asked = [];
    $next = 0;
    $ask = static function (\CurlHandle $handle) use (&$asked, &$next, $multi, $outTradeNos, $appid, $mchId, $key): void {
        if (isset($outTradeNos[$next])) {
            $asked[spl_object_id($handle)] = $number = $outTradeNos[$next++];
            curl_setopt($handle, CURLOPT_POSTFIELDS, plain_request($appid, $mchId, $key, $number));
            curl_multi_add_handle($multi, $handle);
        }
    };
    array_map($ask, $handles);
    do {
        curl_multi_exec($multi, $running);
        while ($done = curl_multi_info_read($multi)) {
            $handle = $done['handle'];
            $number = $asked[spl_object_id($handle)];
            if ($done['result'] !== CURLE_OK || curl_getinfo($handle, CURLINFO_RESPONSE_CODE) !== 200) {
                throw new \RuntimeException(curl_strerror($done['result']));
            }
            $answers[$number] = plain_answer(curl_multi_getcontent($handle), $appid, $mchId, $key, $number);
            curl_multi_remove_handle($multi, $handle);
            $ask($handle);
            $running = 1;
        }
        if ($running > 0) {
            curl_multi_select($multi, 1.0);
        }
    } while ($running > 0);
    return $answers;
}
