<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * An answer with HTTP 200 that is not what WeChat Pay says: no XML, or outside its subset, a code that is neither
 * SUCCESS nor FAIL, an amount that is no number. A captive portal or a proxy answers so. Says nothing about the order.
 *
 * ```php
 * use WechatPay\MalformedMessageException;
 * use WechatPay\Xml;
 *
 * try {
 *     Xml::decode('<html><body>Please log in to the Wi-Fi</body></html>');
 * } catch (MalformedMessageException $e) {
 *     echo $e->getMessage(), "\n";
 *     echo $e->maybeProcessed ? 'query first' : 'nothing was done', "\n";   // prints: nothing was done
 * }
 * ```
 */
class MalformedMessageException extends PayException
{
}
