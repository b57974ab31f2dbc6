<?php

declare(strict_types=1);

namespace WechatPayTests;

/** A browser without JavaScript: keeps cookies, sends forms with their token. */
final class ShopVisitor
{
    public int $status = 0;
    public string $body = '';
    /** @var array<string, string> names in small letters */
    public array $headers = [];
    /** @var array<string, string> */
    public array $cookies = [];
    public string $token = '';

    public function __construct(private readonly string $url, private readonly string $agent = 'Mozilla/5.0 (X11; Linux x86_64) Chrome/120')
    {
        $this->get('/');
        $this->takeToken();
    }

    /** Opens the back office; from here on its forms carry its token. */
    public function login(string $name, ?string $password = null): void
    {
        $this->get('/office');
        $this->takeToken();
        $this->post('/office', ['name' => $name, 'password' => $password ?? ShopServer::STAFF[$name]]);
        if ($this->status === 303) {
            $this->get('/office/counter');
            $this->takeToken();
        }
    }

    private function takeToken(): void
    {
        preg_match('~name="token" value="([0-9a-f]+)"~', $this->body, $found);
        $this->token = $found[1];
    }

    /** @param list<string> $headers */
    public function get(string $path, array $headers = []): string
    {
        return $this->ask('GET', $path, '', $headers);
    }

    /**
     * Sends a form; gives where it leads to.
     *
     * @param array<string, mixed> $fields
     */
    public function post(string $path, array $fields = [], bool $hasToken = true): string
    {
        $body = http_build_query($fields + ($hasToken ? ['token' => $this->token] : []));
        $this->ask('POST', $path, $body, ['Content-Type: application/x-www-form-urlencoded']);
        return $this->headers['location'] ?? '';
    }

    /**
     * Buys; gives the order's number.
     *
     * @param array<string, int> $quantities
     */
    public function buy(array $quantities): string
    {
        return substr($this->post('/orders', ['quantity' => $quantities]), \strlen('/orders/'));
    }

    /**
     * Sends forms all at once; gives how many got each status.
     *
     * @param list<array<string, mixed>> $forms
     *
     * @return array<int, int>
     */
    public function together(string $path, array $forms): array
    {
        $all = curl_multi_init();
        $sent = [];
        foreach ($forms as $fields) {
            $sent[] = $one = curl_init($this->url . $path);
            curl_setopt_array($one, [CURLOPT_RETURNTRANSFER => true, CURLOPT_COOKIE => $this->cookies(), CURLOPT_USERAGENT => $this->agent,
                CURLOPT_POSTFIELDS => http_build_query($fields + ['token' => $this->token])]);
            curl_multi_add_handle($all, $one);
        }
        do {
            curl_multi_exec($all, $running);
            curl_multi_select($all, 0.1);
        } while ($running > 0);
        $statuses = array_count_values(array_map(static fn (\CurlHandle $one) => curl_getinfo($one, CURLINFO_RESPONSE_CODE), $sent));
        ksort($statuses);
        return $statuses;
    }

    public function state(string $number): string
    {
        return json_decode($this->get("/orders/$number/state"), true)['state'];
    }

    /** @param list<string> $headers */
    private function ask(string $verb, string $path, string $body, array $headers): string
    {
        [$head, $this->body] = Http::ask($this->url . $path, [
            'method' => $verb, 'content' => $body, 'follow_location' => 0,
            'header' => [...$headers, "User-Agent: $this->agent", 'Cookie: ' . $this->cookies()],
        ]);
        $this->status = (int) substr($head[0] ?? '', 9, 3);
        $this->headers = [];
        foreach (\array_slice($head, 1) as $line) {
            [$name, $value] = explode(': ', $line, 2) + ['', ''];
            $this->headers[strtolower($name)] = $value;
            if (strcasecmp($name, 'Set-Cookie') === 0) {
                [$cookie, $content] = explode('=', strtok($value, ';'), 2);
                $this->cookies[$cookie] = $content;
            }
        }
        return $this->body;
    }

    private function cookies(): string
    {
        return implode('; ', array_map(static fn ($name, $value) => "$name=$value", array_keys($this->cookies), $this->cookies));
    }
}
