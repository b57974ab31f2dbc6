<?php

declare(strict_types=1);

namespace WechatPayTests;

/**
 * A reference client in plain PHP, written from docs/protocol.md alone: it shares no code with the extension, so that
 * what both agree on is the protocol and not a common mistake. The letters in brackets name that page's sections.
 *
 * Answers are arrays of texts, result_code FAIL included (verified as well). A return_code that is not SUCCESS throws a
 * \DomainException, whatever cannot be believed an \UnexpectedValueException, no answer a \RuntimeException.
 */
final class ReferenceClient
{
    public const SUCCESS = '<xml><return_code><![CDATA[SUCCESS]]></return_code>'
        . '<return_msg><![CDATA[OK]]></return_msg></xml>';

    public function __construct(
        private readonly string $url,
        private readonly string $caFile,
        private readonly string $appid,
        private readonly string $mchId,
        private readonly string $key,
        private readonly string $algorithm = 'MD5',
        private readonly string $subMchId = '',
        private readonly string $subAppid = '',
        private readonly string $certFile = '',
        private readonly string $keyFile = '',
    ) {
    }

    /** @param array<string, string|int> $order C.1 */
    public function unifiedOrder(array $order): array
    {
        return $this->call('/pay/unifiedorder', $order);
    }

    /** D.1: by out_trade_no or transaction_id, never by both. */
    public function orderQuery(array $number): array
    {
        return $this->call('/pay/orderquery', $number);
    }

    /** C.3 */
    public function closeOrder(string $outTradeNo): array
    {
        return $this->call('/pay/closeorder', ['out_trade_no' => $outTradeNo]);
    }

    /** C.6: one request; what its answer means is the caller's affair. */
    public function micropay(array $order): array
    {
        return $this->call('/pay/micropay', $order);
    }

    /** C.7 */
    public function reverse(array $number): array
    {
        return $this->call('/secapi/pay/reverse', $number, certificate: true);
    }

    /** C.4 */
    public function refund(array $refund): array
    {
        return $this->call('/secapi/pay/refund', $refund, certificate: true);
    }

    /** C.5: one page; `offset` asks for a later one. */
    public function refundQuery(array $number): array
    {
        return $this->call('/pay/refundquery', $number);
    }

    /** C.0: the fields of every request, then the sign. */
    public function call(string $path, array $fields, bool $certificate = false): array
    {
        $fields += $this->common() + ['sign_type' => $this->algorithm];
        $fields['sign'] = self::sign($fields, $this->key, $this->algorithm);
        return $this->believed($this->post($path, self::xml($fields), $certificate));
    }

    /** Who we are, and a nonce. */
    public function common(): array
    {
        return array_filter([
            'appid' => $this->appid,
            'mch_id' => $this->mchId,
            'sub_appid' => $this->subAppid,
            'sub_mch_id' => $this->subMchId,
            'nonce_str' => bin2hex(random_bytes(16)),
        ], static fn (string $text): bool => $text !== '');
    }

    /** A.1, A.2: names sorted as bytes, empty values and `sign` left out, everything else as it stands. */
    public static function sign(array $fields, string $key, string $algorithm): string
    {
        ksort($fields, SORT_STRING);
        $text = '';
        foreach ($fields as $name => $value) {
            if ($name !== 'sign' && (string) $value !== '') {
                $text .= "$name=$value&";
            }
        }
        $text .= "key=$key";
        return strtoupper($algorithm === 'MD5' ? md5($text) : hash_hmac('sha256', $text, $key));
    }

    /** B: flat, escaped or CDATA; the sign is over the value itself. */
    public static function xml(array $fields, string $root = 'xml'): string
    {
        $document = new \DOMDocument('1.0', 'UTF-8');
        $top = $document->appendChild($document->createElement($root));
        foreach ($fields as $name => $value) {
            $field = $top->appendChild($document->createElement((string) $name));
            // An integer stands bare; a text that would end its own CDATA is escaped instead.
            $bare = \is_int($value) || str_contains($value, ']]>');
            $field->appendChild(
                $bare ? $document->createTextNode((string) $value) : $document->createCDATASection($value),
            );
        }
        return $document->saveXML($top);
    }

    /** B, B.1: a document of flat fields, without DOCTYPE, each name once. */
    public static function fields(string $xml, string $root = 'xml'): array
    {
        if (stripos($xml, '<!DOCTYPE') !== false) {
            throw new \UnexpectedValueException('a DOCTYPE');
        }
        $document = new \DOMDocument();
        $quiet = libxml_use_internal_errors(true);
        $read = $xml !== '' && $document->loadXML($xml, LIBXML_NONET);
        libxml_clear_errors();
        libxml_use_internal_errors($quiet);
        if (!$read || $document->documentElement->nodeName !== $root) {
            throw new \UnexpectedValueException("no document <$root>");
        }
        $fields = [];
        foreach ($document->documentElement->childNodes as $field) {
            if (!$field instanceof \DOMElement) {
                continue;
            }
            if (isset($fields[$field->nodeName]) || $field->getElementsByTagName('*')->length > 0) {
                throw new \UnexpectedValueException("$field->nodeName is there twice or not flat");
            }
            $fields[$field->nodeName] = $field->textContent;
        }
        return $fields;
    }

    /** A.6: return_code, then the sign by the request's algorithm, then that it is for us. */
    private function believed(string $body): array
    {
        $answer = self::fields($body);
        $this->succeeded($answer);
        $this->proven($answer, $this->algorithm);
        return $this->ours($answer, ['sub_appid' => $this->subAppid, 'sub_mch_id' => $this->subMchId]);
    }

    /** C.13: a payment notice that is signed and ours. */
    public function paymentNotice(string $body): array
    {
        $notice = self::fields($body);
        $this->succeeded($notice);
        // An order placed with HMAC-SHA256 is never told of by MD5; the length tells when it is the other way round.
        $algorithm = \strlen($notice['sign'] ?? '') === 64 ? 'HMAC-SHA256' : $this->algorithm;
        if (($notice['sign_type'] ?? $algorithm) !== $algorithm) {
            throw new \UnexpectedValueException('sign_type is not what was used');
        }
        $this->proven($notice, $algorithm);
        return $this->ours($notice, $this->sub());
    }

    /** C.14: what a refund notice says inside; nothing in it is signed. */
    public function refundNotice(string $body): array
    {
        $notice = self::fields($body);
        $this->succeeded($notice);
        $this->ours($notice, $this->sub());
        $sealed = base64_decode($notice['req_info'] ?? '', true);
        $plain = openssl_decrypt((string) $sealed, 'aes-256-ecb', md5($this->key), OPENSSL_RAW_DATA);
        if ($plain === false) {
            throw new \UnexpectedValueException('req_info is not for our key');
        }
        return self::fields($plain, 'root');
    }

    /** A payment notice as WeChat would send it to this merchant. */
    public function signedNotice(array $fields, bool $named = true): string
    {
        $fields += ['return_code' => 'SUCCESS', 'result_code' => 'SUCCESS'] + $this->common();
        $fields += $named ? ['sign_type' => $this->algorithm] : [];
        $fields['sign'] = self::sign($fields, $this->key, $this->algorithm);
        return self::xml($fields);
    }

    /** A refund notice as WeChat would send it to this merchant. */
    public function sealedNotice(array $inside): string
    {
        $plain = self::xml($inside, 'root');
        $sealed = openssl_encrypt($plain, 'aes-256-ecb', md5($this->key), OPENSSL_RAW_DATA);
        return self::xml(['return_code' => 'SUCCESS', 'req_info' => base64_encode($sealed)] + $this->common());
    }

    /** A.7: what the app is given to pay with. */
    public function appParams(string $prepayId, string $time, string $nonce): array
    {
        $set = ['appid' => $this->subAppid ?: $this->appid, 'partnerid' => $this->subMchId ?: $this->mchId];
        $set += ['prepayid' => $prepayId, 'package' => 'Sign=WXPay', 'noncestr' => $nonce, 'timestamp' => $time];
        return $set + ['sign' => self::sign($set, $this->key, $this->algorithm)];
    }

    /** A.7: what the page in WeChat is given to pay with. */
    public function jsapiParams(string $prepayId, string $time, string $nonce): array
    {
        $set = ['appId' => $this->subAppid ?: $this->appid, 'timeStamp' => $time, 'nonceStr' => $nonce];
        $set += ['package' => "prepay_id=$prepayId", 'signType' => $this->algorithm];
        return $set + ['paySign' => self::sign($set, $this->key, $this->algorithm)];
    }

    /** A.7: the link of Native mode 1, MD5 always (A.5). */
    public function productUrl(string $productId, string $time, string $nonce): string
    {
        $set = ['appid' => $this->appid, 'mch_id' => $this->mchId, 'product_id' => $productId];
        $set += ['time_stamp' => $time, 'nonce_str' => $nonce];
        $link = 'weixin://wxpay/bizpayurl?sign=' . self::sign($set, $this->key, 'MD5');
        foreach ($set as $name => $value) {
            $link .= "&$name=$value";
        }
        return $link;
    }

    /** Sends bytes and gives bytes; only HTTP 200 is an answer. */
    public function post(string $path, string $body, bool $certificate = false): string
    {
        $curl = curl_init($this->url . $path);
        curl_setopt_array($curl, [
            CURLOPT_POSTFIELDS => $body,
            CURLOPT_HTTPHEADER => ['Content-Type: text/xml; charset=utf-8'],
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_CAINFO => $this->caFile,
            CURLOPT_SSL_VERIFYPEER => true,
            CURLOPT_SSL_VERIFYHOST => 2,
            CURLOPT_TIMEOUT => 10,
        ]);
        if ($certificate) {
            curl_setopt_array($curl, [CURLOPT_SSLCERT => $this->certFile, CURLOPT_SSLKEY => $this->keyFile]);
        }
        $answer = curl_exec($curl);
        $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
        if (!\is_string($answer) || $status !== 200) {
            throw new \RuntimeException("$path: " . (curl_error($curl) ?: "status $status"));
        }
        return $answer;
    }

    private function succeeded(array $message): void
    {
        if (($message['return_code'] ?? '') !== 'SUCCESS') {
            throw new \DomainException($message['return_msg'] ?? '');
        }
    }

    private function proven(array $message, string $algorithm): void
    {
        if (!hash_equals(self::sign($message, $this->key, $algorithm), $message['sign'] ?? '')) {
            throw new \UnexpectedValueException('sign');
        }
    }

    /** A notice is pushed: a provider who names no sub-merchant hears about all of his (C.18). */
    private function sub(): array
    {
        return array_filter(['sub_appid' => $this->subAppid, 'sub_mch_id' => $this->subMchId]);
    }

    /** @param array<string, string> $sub what the sub-merchant's numbers must be, where the message has them */
    private function ours(array $message, array $sub): array
    {
        foreach (['appid' => $this->appid, 'mch_id' => $this->mchId] as $name => $value) {
            if (($message[$name] ?? '') !== $value) {
                throw new \UnexpectedValueException("$name is not ours");
            }
        }
        foreach ($sub as $name => $value) {
            if (($message[$name] ?? '') !== '' && $message[$name] !== $value) {
                throw new \UnexpectedValueException("$name is not ours");
            }
        }
        return $message;
    }
}
