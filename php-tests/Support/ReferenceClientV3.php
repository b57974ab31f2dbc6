<?php

declare(strict_types=1);

namespace WechatPayTests;

/**
 * A reference client of APIv3 in plain PHP (openssl, json, curl), written from docs/protocol-v3.md alone: it shares no code
 * with the extension, so that what both agree on is the protocol and not a common mistake. The letters in brackets name that
 * page's sections. It can play WeChat Pay too: signedHeaders() and notice() with the platform's private key.
 *
 * Answers are arrays. A refusal throws a \DomainException with its code as message, whatever cannot be believed an
 * \UnexpectedValueException, no answer a \RuntimeException.
 */
final class ReferenceClientV3
{
    private const SCHEME = 'WECHATPAY2-SHA256-RSA2048';
    private const WINDOW = 300;

    /** @param array<string, string> $platformKeys WeChat Pay's public keys or certificates in PEM, by serial or PUB_KEY_ID */
    public function __construct(
        private readonly string $url,
        private readonly string $caFile,
        private readonly string $appid,
        private readonly string $mchId,
        private readonly string $privateKey,
        private readonly string $serial,
        private readonly string $apiV3Key,
        private readonly array $platformKeys,
        private readonly string $subMchId = '',
    ) {
    }

    /** C.1: `native`, `jsapi`, `app` or `h5`. */
    public function order(string $product, array $order): array
    {
        return $this->call('POST', $this->transactions($product), $order + $this->ids());
    }

    /** C.2 */
    public function query(string $outTradeNo): array
    {
        $query = http_build_query($this->mchIds(), '', '&', PHP_QUERY_RFC3986);
        return $this->call('GET', $this->transactions('out-trade-no/' . rawurlencode($outTradeNo)) . "?$query");
    }

    /** C.3: 204 says nothing. */
    public function close(string $outTradeNo): array
    {
        return $this->call('POST', $this->transactions('out-trade-no/' . rawurlencode($outTradeNo) . '/close'), $this->mchIds());
    }

    /** C.5 */
    public function refund(array $refund): array
    {
        return $this->call('POST', '/v3/refund/domestic/refunds', $refund + $this->sub());
    }

    /** C.6 */
    public function refundQuery(string $outRefundNo): array
    {
        $sub = $this->sub() === [] ? '' : '?' . http_build_query($this->sub());
        return $this->call('GET', '/v3/refund/domestic/refunds/' . rawurlencode($outRefundNo) . $sub);
    }

    /** C.8: the link is signed, the file is not; its SHA-1 decides, of the text or of the file. */
    public function bill(string $date): string
    {
        $link = $this->call('GET', "/v3/bill/tradebill?bill_date=$date&bill_type=ALL&tar_type=GZIP");
        $target = preg_replace('~^https://[^/]+~', '', $link['download_url']);
        [$status, , $file] = $this->send('GET', $target, '', '*/*');
        $text = str_starts_with($file, "\x1f\x8b") ? (string) gzdecode($file) : $file;
        if ($status !== 200 || !\in_array($link['hash_value'], [sha1($text), sha1($file)], true)) {
            throw new \UnexpectedValueException('the file is another');
        }
        return $text;
    }

    /**
     * B.2, B.3: opened, then verified with a certificate that was inside.
     *
     * @return array<string, string> PEM by serial
     */
    public function certificates(): array
    {
        [$status, $headers, $body] = $this->send('GET', '/v3/certificates', '');
        $answer = self::json($body);
        if ($status !== 200) {
            throw new \DomainException($answer['code']);
        }
        $certificates = [];
        foreach ($answer['data'] as ['serial_no' => $serial, 'encrypt_certificate' => $sealed]) {
            $pem = self::opened($sealed, $this->apiV3Key);
            if (self::folded(openssl_x509_parse($pem)['serialNumberHex']) !== self::folded($serial)) {
                throw new \UnexpectedValueException('another serial');
            }
            $certificates[$serial] = $pem;
        }
        self::proven($headers, $body, $certificates);
        return $certificates;
    }

    /** E.2: what a notice says inside, verified. */
    public function notice(array $headers, string $body): array
    {
        self::proven($headers, $body, $this->platformKeys);
        return self::json(self::opened(self::json($body)['resource'], $this->apiV3Key));
    }

    /** A.1, A.6: signed, sent, verified. */
    public function call(string $method, string $target, ?array $body = null): array
    {
        $text = $body === null ? '' : json_encode($body, JSON_THROW_ON_ERROR);
        [$status, $headers, $answer] = $this->send($method, $target, $text);
        self::proven($headers, $answer, $this->platformKeys);
        if ($status === 204) {
            return [];
        }
        $said = self::json($answer);
        return $status === 200 ? $said : throw new \DomainException($said['code']);
    }

    /** A.2 */
    public function authorization(string $method, string $target, string $body): string
    {
        [$time, $nonce] = [(string) time(), bin2hex(random_bytes(16))];
        $signature = self::signature("$method\n$target\n$time\n$nonce\n$body\n", $this->privateKey);
        return self::SCHEME . " mchid=\"$this->mchId\",nonce_str=\"$nonce\",signature=\"$signature\",timestamp=\"$time\",serial_no=\"$this->serial\"";
    }

    /** A.1, A.2 from the other side: did this key sign the request? */
    public static function isAuthorized(string $authorization, string $method, string $target, string $body, \OpenSSLAsymmetricKey $key): bool
    {
        $parts = [];
        if (!str_starts_with($authorization, self::SCHEME . ' ') || !preg_match_all('~(\w+)="([^"]*)"~', $authorization, $found, PREG_SET_ORDER)) {
            return false;
        }
        foreach ($found as [, $name, $value]) {
            $parts[$name] = $value;
        }
        $message = "$method\n$target\n{$parts['timestamp']}\n{$parts['nonce_str']}\n$body\n";
        return abs(time() - (int) $parts['timestamp']) <= self::WINDOW
            && openssl_verify($message, (string) base64_decode($parts['signature'], true), $key, OPENSSL_ALGO_SHA256) === 1;
    }

    /** C.9: four lines. */
    public static function clientText(string $appid, string $time, string $nonce, string $package): string
    {
        return "$appid\n$time\n$nonce\n$package\n";
    }

    /**
     * A.5: what WeChat Pay sends with a body.
     *
     * @return array<string, string>
     */
    public static function signedHeaders(string $body, \OpenSSLAsymmetricKey|string $key, string $serial): array
    {
        [$time, $nonce] = [(string) time(), bin2hex(random_bytes(16))];
        return [
            'Wechatpay-Timestamp' => $time,
            'Wechatpay-Nonce' => $nonce,
            'Wechatpay-Serial' => $serial,
            'Wechatpay-Signature' => self::signature("$time\n$nonce\n$body\n", $key),
            'Wechatpay-Signature-Type' => self::SCHEME,
        ];
    }

    /** E.1: a notice as WeChat Pay would post it. */
    public static function sealedNotice(array $inside, string $event, string $apiV3Key): string
    {
        $kind = str_starts_with($event, 'REFUND') ? 'refund' : 'transaction';
        return json_encode([
            'id' => vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex(random_bytes(16)), 4)),
            'create_time' => date(DATE_ATOM),
            'resource_type' => 'encrypt-resource',
            'event_type' => $event,
            'summary' => '通知',
            'resource' => self::sealed(json_encode($inside, JSON_THROW_ON_ERROR), $kind, $apiV3Key) + ['original_type' => $kind],
        ], JSON_THROW_ON_ERROR);
    }

    /** B.2: AES-256-GCM, the tag behind the text. */
    public static function sealed(string $text, string $associated, string $apiV3Key): array
    {
        $nonce = bin2hex(random_bytes(6));
        $cipher = openssl_encrypt($text, 'aes-256-gcm', $apiV3Key, OPENSSL_RAW_DATA, $nonce, $tag, $associated);
        return ['algorithm' => 'AEAD_AES_256_GCM', 'nonce' => $nonce, 'associated_data' => $associated, 'ciphertext' => base64_encode($cipher . $tag)];
    }

    private static function opened(array $sealed, string $apiV3Key): string
    {
        $bytes = (string) base64_decode($sealed['ciphertext'], true);
        [$cipher, $tag] = [substr($bytes, 0, -16), substr($bytes, -16)];
        $text = openssl_decrypt($cipher, 'aes-256-gcm', $apiV3Key, OPENSSL_RAW_DATA, $sealed['nonce'], $tag, $sealed['associated_data'] ?? '');
        return $text === false ? throw new \UnexpectedValueException('not sealed with our key') : $text;
    }

    private static function signature(string $message, \OpenSSLAsymmetricKey|string $key): string
    {
        openssl_sign($message, $signature, $key, OPENSSL_ALGO_SHA256);
        return base64_encode($signature);
    }

    /**
     * A.6, in its order.
     *
     * @param array<string, string> $headers
     * @param array<string, string> $keys
     */
    private static function proven(array $headers, string $body, array $keys): void
    {
        $headers = array_change_key_case($headers);
        foreach (['timestamp', 'nonce', 'serial', 'signature'] as $name) {
            $$name = $headers["wechatpay-$name"] ?? throw new \UnexpectedValueException("no Wechatpay-$name");
        }
        $named = array_filter($keys, static fn (string $id): bool => self::folded($id) === self::folded($serial), ARRAY_FILTER_USE_KEY);
        $isRight = abs(time() - (int) $timestamp) <= self::WINDOW && $named !== []
            && openssl_verify("$timestamp\n$nonce\n$body\n", (string) base64_decode($signature, true), reset($named), OPENSSL_ALGO_SHA256) === 1;
        if (!$isRight) {
            throw new \UnexpectedValueException('the signature is wrong');
        }
    }

    /** A.6.4: hex without case and leading zeros, a PUB_KEY_ID as it stands. */
    private static function folded(string $serial): string
    {
        return ctype_xdigit($serial) ? ltrim(strtoupper($serial), '0') : $serial;
    }

    /** @return array{int, array<string, string>, string} */
    private function send(string $method, string $target, string $body, string $accept = 'application/json'): array
    {
        $headers = [];
        $lines = ["Accept: $accept", 'User-Agent: reference', 'Content-Type: application/json'];
        $public = array_filter(array_keys($this->platformKeys), static fn (string $id): bool => str_starts_with($id, 'PUB_KEY_ID'));
        foreach ($public as $id) {
            $lines[] = "Wechatpay-Serial: $id";
        }
        $curl = curl_init($this->url . $target);
        curl_setopt_array($curl, [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_HTTPHEADER => [...$lines, 'Authorization: ' . $this->authorization($method, $target, $body)],
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_CAINFO => $this->caFile,
            CURLOPT_TIMEOUT => 10,
            CURLOPT_HEADERFUNCTION => function ($curl, string $line) use (&$headers): int {
                [$name, $value] = explode(':', $line, 2) + [1 => ''];
                $headers[strtolower(trim($name))] = trim($value);
                return \strlen($line);
            },
        ] + ($body === '' ? [] : [CURLOPT_POSTFIELDS => $body]));
        $answer = curl_exec($curl);
        if (!\is_string($answer)) {
            throw new \RuntimeException("$target: " . curl_error($curl));
        }
        return [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $headers, $answer];
    }

    private static function json(string $text): array
    {
        return json_decode($text, true, 64, JSON_THROW_ON_ERROR);
    }

    private function transactions(string $rest): string
    {
        return '/v3/pay/' . ($this->subMchId === '' ? '' : 'partner/') . "transactions/$rest";
    }

    /** @return array<string, string> C.10 */
    private function mchIds(): array
    {
        return $this->subMchId === '' ? ['mchid' => $this->mchId] : ['sp_mchid' => $this->mchId, 'sub_mchid' => $this->subMchId];
    }

    /** @return array<string, string> */
    private function ids(): array
    {
        return [$this->subMchId === '' ? 'appid' : 'sp_appid' => $this->appid] + $this->mchIds();
    }

    /** @return array<string, string> */
    private function sub(): array
    {
        return array_filter(['sub_mchid' => $this->subMchId]);
    }
}
