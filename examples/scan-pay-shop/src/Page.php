<?php

declare(strict_types=1);

namespace Shop;

use WechatPay\Fen;

/** The frame of every page: head, look, language; and the only way in which values get into HTML. */
final class Page
{
    /** Nothing but our own files: no inline script, nobody else's server. */
    private const POLICY = "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self';"
        . " form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    public function __construct(private readonly Visitor $visitor, private readonly string $token, private readonly string $menu = '') {}

    public static function escape(string|int $value): string
    {
        return htmlspecialchars((string) $value, ENT_QUOTES | ENT_SUBSTITUTE | ENT_HTML5, 'UTF-8');
    }

    /** The text of that name in the visitor's language. */
    public function say(string $name): string
    {
        return Texts::of($name, $this->visitor->language);
    }

    public function yuan(int $fen): string
    {
        return '<span class="sum">¥' . Fen::toYuan($fen) . '</span>';
    }

    /** A button that does something, with the token that makes it this visitor's. */
    public function button(string $path, string $label, string $class = ''): string
    {
        return "<form method=\"post\" action=\"$path\">" . $this->token() . "<button class=\"$class\">$label</button></form>";
    }

    public function token(): string
    {
        return "<input type=\"hidden\" name=\"token\" value=\"$this->token\">";
    }

    /** @param int $refresh seconds until a browser without JavaScript looks again; 0: never */
    public function show(string $title, string $main, int $status = 200, int $refresh = 0): void
    {
        http_response_code($status);
        header('Content-Type: text/html; charset=utf-8');
        header('Content-Security-Policy: ' . self::POLICY);
        header('Referrer-Policy: origin');   // H5 wants to know the shop, and nobody needs to know the order
        header('X-Content-Type-Options: nosniff');
        header('Cache-Control: no-store');
        $meta = $refresh > 0 ? "<noscript><meta http-equiv=\"refresh\" content=\"$refresh\"></noscript>" : '';
        $office = $this->menu === '' ? '' : '<link rel="stylesheet" href="/office.css">';
        $lang = $this->visitor->language === 'en' ? 'en' : 'zh-CN';
        echo <<<HTML
            <!doctype html>
            <html lang="$lang">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            $meta
            <title>$title · {$this->say('shop')}</title>
            <link rel="icon" href="/icon.svg">
            <link rel="stylesheet" href="/shop.css">
            $office
            <link rel="stylesheet" href="/themes/{$this->visitor->theme}.css">
            <script src="/pay.js" defer></script>
            </head>
            <body>
            <header><a class="brand" href="/">{$this->say('shop')}</a>{$this->choices()}</header>
            $this->menu
            <main>
            $main
            </main>
            </body>
            </html>

            HTML;
    }

    /** Something that is not to be had, in a page of its own. */
    public function refuse(int $status, string $title, string $note = '', string $back = '/'): void
    {
        $label = $this->say($back === '/' ? 'back' : 'go_back');
        $this->show($title, "<h1>$title</h1><p>$note</p><p><a href=\"" . self::escape($back) . "\">$label</a></p>", $status);
    }

    /**
     * A table; where there is no room for it, each row is a list, which says the head of each cell.
     *
     * @param list<string>           $heads as HTML, like the cells
     * @param iterable<list<string>> $rows
     */
    public function table(string $name, array $heads, iterable $rows): string
    {
        $html = "<div class=\"table\" role=\"region\" aria-label=\"$name\" tabindex=\"0\"><table><thead><tr><th>" . implode('</th><th>', $heads) . '</th></tr></thead><tbody>';
        $cell = static fn (string $head, string $cell) => '<td data-head="' . strtr(strip_tags($head), [' ↑' => '']) . "\">$cell</td>";
        foreach ($rows as $cells) {
            $html .= '<tr>' . implode('', array_map($cell, $heads, $cells)) . '</tr>';
        }
        return "$html</tbody></table></div>";
    }

    private function choices(): string
    {
        $other = $this->visitor->language === 'en' ? 'zh' : 'en';
        $lang = $other === 'en' ? 'en' : 'zh-CN';
        $links = "<a href=\"?language=$other\" lang=\"$lang\">{$this->say('language')}</a>";
        foreach (Visitor::THEMES as $theme) {
            $current = $theme === $this->visitor->theme ? ' aria-current="true"' : '';
            $links .= " <a href=\"?theme=$theme\"$current>{$this->say($theme)}</a>";
        }
        return "<nav aria-label=\"{$this->say('theme')}\">$links</nav>";
    }
}
