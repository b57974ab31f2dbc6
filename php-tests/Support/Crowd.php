<?php

declare(strict_types=1);

namespace WechatPayTests;

/**
 * Many browsers at the same time. Each is a generator that yields a request as [path, fields of a form or null] and is
 * sent the answer as [status, body, where it leads to]; an address of its own on the loopback tells it from the others.
 */
final class Crowd
{
    private readonly \CurlMultiHandle $all;
    /** @var array<int, array{\Generator, int}> by the handle's id */
    private array $waiting = [];
    /** @var array<int, string> cookies by visitor */
    private array $cookies = [];

    public function __construct(private readonly string $url)
    {
        $this->all = curl_multi_init();
    }

    /** @param list<\Generator> $visitors */
    public function run(array $visitors): void
    {
        foreach ($visitors as $n => $visitor) {
            $this->send($visitor, $n, $visitor->current());
        }
        while ($this->waiting !== []) {
            curl_multi_exec($this->all, $running);
            while (($done = curl_multi_info_read($this->all)) !== false) {
                $this->answered($done['handle']);
            }
            curl_multi_select($this->all, 0.05);
        }
    }

    /** @param array{string, array<string, mixed>|null}|null $request null: this visitor has gone */
    private function send(\Generator $visitor, int $n, ?array $request): void
    {
        if ($request === null) {
            return;
        }
        [$path, $fields] = $request;
        $handle = curl_init($this->url . $path);
        curl_setopt_array($handle, [
            CURLOPT_RETURNTRANSFER => true, CURLOPT_HEADER => true, CURLOPT_INTERFACE => 'host!127.0.' . (1 + intdiv($n, 200)) . '.' . (1 + $n % 200),
            CURLOPT_COOKIE => $this->cookies[$n] ?? '', CURLOPT_USERAGENT => 'Mozilla/5.0 (X11; Linux x86_64) Chrome/120', CURLOPT_TIMEOUT => 120,
        ] + ($fields === null ? [] : [CURLOPT_POSTFIELDS => http_build_query($fields)]));
        $this->waiting[spl_object_id($handle)] = [$visitor, $n];
        curl_multi_add_handle($this->all, $handle);
    }

    private function answered(\CurlHandle $handle): void
    {
        [$visitor, $n] = $this->waiting[spl_object_id($handle)];
        unset($this->waiting[spl_object_id($handle)]);
        [$head, $body] = explode("\r\n\r\n", (string) curl_multi_getcontent($handle), 2) + ['', ''];
        if (preg_match('~^Set-Cookie: (shop_visitor=[0-9a-f]+)~mi', $head, $found)) {
            $this->cookies[$n] = $found[1];
        }
        $leadsTo = preg_match('~^Location: (\S+)~mi', $head, $found) ? $found[1] : '';
        $status = curl_getinfo($handle, CURLINFO_RESPONSE_CODE);
        curl_multi_remove_handle($this->all, $handle);
        $this->send($visitor, $n, $visitor->send([$status, $body, $leadsTo]));
    }
}
