<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * The XML that WeChat Pay v2 speaks, and no more of it: one root `xml`, flat, no attributes. Reading is strict, takes
 * time in proportion to the length, and never touches a file or the network.
 *
 * ```php
 * use WechatPay\MalformedMessageException;
 * use WechatPay\Xml;
 *
 * $xml = Xml::encode(['body' => 'coffee & <cake>', 'total_fee' => 1230, 'attach' => null]);
 * $fields = Xml::decode($xml);
 * echo $fields['body'], ' ', $fields['total_fee'], "\n";   // prints: coffee & <cake> 1230
 *
 * try {
 *     Xml::decode('<!DOCTYPE xml [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><a>&f;</a></xml>');
 * } catch (MalformedMessageException $e) {
 *     echo $e->getMessage(), "\n";   // prints: DOCTYPE
 * }
 * ```
 */
final class Xml
{
    /** Not to be constructed: all methods are static. */
    private function __construct()
    {
        throw new \Error('WechatPay\\Xml is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Writes fields as a document, in their order; null is left out.
     *
     * @param array<string, string|int|\Stringable|null> $fields by name: `[A-Za-z_][A-Za-z0-9_.-]*`
     *
     * @throws \TypeError  if a value is neither string, int, Stringable nor null
     * @throws \ValueError if a name is no element name, or a text is no UTF-8, has a control character or a character
     *                     of 4 bytes; the message names the field
     */
    public static function encode(array $fields): string
    {
        throw new \Error('WechatPay\\Xml is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Reads a document: at most 1 MiB and 4,096 fields. CDATA, the five entities and character references become one
     * text. Refuses DOCTYPE, attributes, nesting, names that come twice, comments inside a value, and what is no XML.
     *
     * Nothing is verified here: these are a stranger's words.
     *
     * @param string $xml the bytes as they came
     *
     * @return array<string, string> in the order of the document; an empty element is ''
     *
     * @throws MalformedMessageException if it is anything else
     */
    public static function decode(string $xml): array
    {
        throw new \Error('WechatPay\\Xml is provided by the wechatpay extension, which is not loaded.');
    }
}
