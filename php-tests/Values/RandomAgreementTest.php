<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\TestCase;
use WechatPay\MalformedMessageException;
use WechatPay\SignatureException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\Xml;

/**
 * Random maps and documents: signs agree with PHP's own digests, and what we read, libxml reads alike. SEED=n repeats a
 * run, ROUNDS=n makes it longer.
 */
final class RandomAgreementTest extends TestCase
{
    private Chance $chance;

    protected function setUp(): void
    {
        $this->chance = new Chance();
    }

    protected function onNotSuccessfulTest(\Throwable $t): never
    {
        fwrite(STDERR, "\nAgain: SEED={$this->chance->seed}\n");
        parent::onNotSuccessfulTest($t);
    }

    private static function rounds(int $usual): int
    {
        return (int) (getenv('ROUNDS') ?: $usual);
    }

    public function testTheSignsOfTenThousandRandomMapsAreThoseOfMd5AndHashHmac(): void
    {
        for ($n = self::rounds(10_000); $n > 0; $n--) {
            $fields = $this->map();
            $key = $this->chance->exactly(32);
            $canonical = self::canonical($fields, $key);
            $md5 = strtoupper(md5($canonical));
            $hmac = strtoupper(hash_hmac('sha256', $canonical, $key));
            if (Signer::sign($fields, $key, SignType::Md5) !== $md5 || Signer::sign($fields, $key, SignType::HmacSha256) !== $hmac) {
                self::fail('Another sign than plain PHP for ' . var_export($fields, true));
            }
            $this->verified($fields, $key, $this->chance->in(2) ? [$md5, SignType::Md5] : [$hmac, SignType::HmacSha256]);
        }
        $this->addToAssertionCount(1);
    }

    /**
     * @param array<array-key, mixed>   $fields
     * @param array{string, SignType} $signed
     */
    private function verified(array $fields, string $key, array $signed): void
    {
        [$sign, $type] = $signed;
        unset($fields['sign_type']);
        $fields['sign'] = Signer::sign($fields, $key, $type);
        try {
            Signer::verify($fields, $key, $type);
        } catch (MalformedMessageException $e) {
            // What decides about an order is refused if it could be cut, or is no id; nothing else of these maps is.
            $deciding = array_filter($fields, static fn ($name): bool => \in_array($name, ['appid', 'key'], true), ARRAY_FILTER_USE_KEY);
            if (preg_grep('~^[0-9A-Za-z]{0,32}$~D', $deciding, PREG_GREP_INVERT) === []) {
                throw $e;
            }
            return;
        }
        $at = $this->chance->int(0, \strlen($sign) - 1);
        $fields['sign'][$at] = $fields['sign'][$at] === 'A' ? 'B' : 'A';
        try {
            Signer::verify($fields, $key, $type);
        } catch (SignatureException) {
            return;
        }
        self::fail('A wrong sign was accepted for ' . var_export($fields, true));
    }

    /** @return array<array-key, string|int|null> */
    private function map(): array
    {
        $names = ['appid', 'sign', 'sign_type', 'key', 'a', 'A', 'aa', 'a1', 'a10', 'a2', '_', '', '0', '00', '-1', '中'];
        $fields = [];
        for ($n = $this->chance->int(0, 12); $n > 0; $n--) {
            $name = $this->chance->in(3) ? $this->chance->bytes(6) : $this->chance->one($names);
            $fields[$name] = match ($this->chance->int(1, 6)) {
                1 => $this->chance->bytes(80),
                2 => $this->chance->int(-100, 100),
                3 => $this->chance->one(['', '0', '00', ' ', '0.0', '支付', '&', '=', 'a=b&c=d', '%26', '+']),
                4 => null,
                default => bin2hex($this->chance->bytes(16)),
            };
        }
        return $fields;
    }

    /** @param array<array-key, string|int|null> $fields */
    private static function canonical(array $fields, string $key): string
    {
        uksort($fields, static fn ($a, $b): int => strcmp((string) $a, (string) $b));
        $canonical = '';
        foreach ($fields as $name => $value) {
            if ((string) $name !== 'sign' && (string) $value !== '') {
                $canonical .= "$name=$value&";
            }
        }
        return "{$canonical}key=$key";
    }

    public function testWhatWeReadLibxmlReadsAlikeAndWhatLibxmlRefusesWeRefuse(): void
    {
        $random = new RandomXml($this->chance);
        $read = 0;
        for ($n = self::rounds(30_000); $n > 0; $n--) {
            $document = $random->document();
            $ours = self::ours($document);
            if ($ours === null) {
                continue;
            }
            $read++;
            $libxml = self::libxml($document);
            if ($libxml !== $ours) {
                self::fail("We read another thing than libxml:\n" . var_export([$document, $ours, $libxml], true));
            }
        }
        self::assertGreaterThan(1000 * self::rounds(30_000) / 30_000, $read, 'enough documents were right');
    }

    /** @return array<array-key, string>|null */
    private static function ours(string $document): ?array
    {
        try {
            return Xml::decode($document);
        } catch (MalformedMessageException) {
            return null;
        }
    }

    /**
     * Names and texts by libxml; null if it refuses, or if there is more than a flat list of texts.
     *
     * @return array<array-key, string>|null
     */
    private static function libxml(string $document): ?array
    {
        $before = libxml_use_internal_errors(true);
        $dom = new \DOMDocument();
        $read = $document !== '' && $dom->loadXML($document, LIBXML_NONET) && libxml_get_errors() === [];
        libxml_clear_errors();
        libxml_use_internal_errors($before);
        if (!$read || $dom->doctype !== null || $dom->documentElement->nodeName !== 'xml') {
            return null;
        }
        $fields = [];
        foreach ($dom->documentElement->childNodes as $node) {
            if ($node instanceof \DOMElement) {
                if (\array_key_exists($node->nodeName, $fields) || $node->attributes->length > 0) {
                    return null;
                }
                $fields[$node->nodeName] = $node->textContent;
            } elseif (!$node instanceof \DOMComment && trim($node->nodeValue, " \t\r\n") !== '') {
                return null;
            }
        }
        return $fields;
    }

    public function testWhatWeWriteLibxmlReadsAsItWasMeant(): void
    {
        $words = ['SUCCESS', '0', ' ', "\n", "\r", "\r\n", "\t", '支付', ']]>', ']]', ']', '<![CDATA[', '&amp;', '&', '<', '>', '"', '中'];
        for ($n = self::rounds(5_000); $n > 0; $n--) {
            $fields = [];
            for ($count = $this->chance->int(0, 8); $count > 0; $count--) {
                $fields[$this->chance->one(['a', 'b_1', '_', 'x.y-z', 'Total', 'sign'])] = $this->chance->join($words, 6);
            }
            $document = Xml::encode($fields);
            if (self::libxml($document) !== $fields || Xml::decode($document) !== $fields) {
                self::fail("It reads another way:\n" . var_export([$fields, $document, self::libxml($document)], true));
            }
        }
        $this->addToAssertionCount(1);
    }
}
