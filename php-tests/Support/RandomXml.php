<?php

declare(strict_types=1);

namespace WechatPayTests;

/** Makes documents by chance: right ones, nearly right ones, and nasty ones. */
final class RandomXml
{
    private const NAMES = ['a', 'appid', 'total_fee', 'sign', 'coupon_fee_0', '_x', 'a.b-c', 'Z9', 'xml', 'root', 'b', 'c'];

    private const WORDS = ['SUCCESS', '100', '0', ' ', "\n", '支付成功', 'é', "\u{FFFD}", ']', ']]', '-', '&amp;', '&lt;',
        '&#20013;', '&#x4E2d;', '&#13;', '<![CDATA[]]>', '<![CDATA[<a>&b]]>', "<![CDATA[x]\r\n]]>", "\t", "\r", "\r\n", '"', '>'];

    private const BETWEEN = ['', '', "\n", "\r\n  ", '<!-- c -->', "\t", '<!---->', '<!-- - -->'];

    /** What a parser may stumble over. */
    private const BITS = [
        '<', '>', '&', ';', '"', "'", '/', '=', ' ', "\n", "\r", "\t", ']]>', ']]', '<![CDATA[', '<!--', '-->', '--', '<?',
        '?>', '<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-8"?>', "<?xml version='1.1'?>", '<!DOCTYPE xml>',
        '&#65;', '&#0;', '&#8;', '&#xD800;', '&#xFFFE;', '&#x1F600;', '&#00000000000000000065;', '&nbsp;', '&x', '&#;',
        '&#x;', '<a>', '</a>', '<a/>', '<a />', '</a >', '< a>', '<a b="1">', '<xml>', '</xml>', '<xml/>', '<b><c>1</c></b>',
        '<a:b>1</a:b>', '<中>1</中>', "\0", "\x01", "\x7F", "\x80", "\xC0\x80", "\xED\xA0\x80", "\xEF\xBF\xBE",
        "\xEF\xBB\xBF", "\xF0\x9F\x98\x80", '中', "\u{85}", "\u{2028}", '<!ELEMENT a ANY>', '<![INCLUDE[', '<!ENTITY x "y">',
        '<!', '</', '<>', '</>', '<a', '<!-- a--b -->', '<!-- a --->', '<?pi x?>', '<?xml?>', '<?XML x?>', 'x',
        '<?xml version="1.0" standalone="yes"?>', '<?xml version="1.0" encoding="gbk"?>', '<?xml encoding="UTF-8"?>',
    ];

    public function __construct(private readonly Chance $chance)
    {
    }

    /** Two of five are as WeChat may write them, the rest are damaged more or less. */
    public function document(): string
    {
        $document = $this->right();
        return match ($this->chance->int(1, 5)) {
            1, 2 => $document,
            3 => $this->damaged($document, 1),
            4 => $this->damaged($document, $this->chance->int(2, 6)),
            5 => $this->chance->in(3) ? $this->chance->join(self::BITS, 12) : $this->wrapped(),
        };
    }

    private function right(): string
    {
        $names = self::NAMES;
        shuffle($names);
        $fields = '';
        foreach (\array_slice($names, 0, $this->chance->int(0, 8)) as $name) {
            $text = $this->chance->join(self::WORDS, 4);
            $fields .= $this->chance->one(self::BETWEEN)
                . ($text === '' && $this->chance->in(2) ? "<$name/>" : "<$name>$text</$name>");
        }
        $prolog = $this->chance->one(['', '', '', "\xEF\xBB\xBF", '<?xml version="1.0" encoding="UTF-8"?>', "\n", '<!-- x -->']);
        return $prolog . '<xml>' . $fields . $this->chance->one(self::BETWEEN) . '</xml>' . $this->chance->one(self::BETWEEN);
    }

    private function wrapped(): string
    {
        return '<xml><a>' . $this->chance->join(self::BITS, 5) . '</a>' . $this->chance->join(self::BITS, 1) . '</xml>';
    }

    private function damaged(string $document, int $times): string
    {
        while ($times-- > 0) {
            $at = $this->chance->int(0, \strlen($document));
            $length = $this->chance->in(2) ? 0 : $this->chance->int(1, 4);
            $bit = $this->chance->in(4) ? $this->chance->bytes(1) : $this->chance->one(self::BITS);
            $document = substr_replace($document, $this->chance->in(4) ? '' : $bit, $at, $length);
        }
        return $document;
    }
}
