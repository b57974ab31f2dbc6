<?php

declare(strict_types=1);

namespace WechatPayTests;

/** What arrived at a ScriptedGateway. */
final class ScriptedRequest
{
    /** @param array<string, string> $headers by their names in lower case */
    private function __construct(public readonly string $method, public readonly string $target, private readonly array $headers, public readonly string $body)
    {
    }

    public static function of(string $bytes): self
    {
        [$head, $body] = explode("\r\n\r\n", $bytes, 2);
        $lines = explode("\r\n", $head);
        [$method, $target] = explode(' ', array_shift($lines));
        $headers = [];
        foreach ($lines as $line) {
            [$name, $value] = explode(': ', $line, 2);
            $headers[strtolower($name)] = $value;
        }
        return new self($method, $target, $headers, $body);
    }

    public function header(string $name): ?string
    {
        return $this->headers[$name] ?? null;
    }

    /** Was it signed by this key, as APIv3 wants it, in the last minute? */
    public function isSignedBy(string $publicKey): bool
    {
        preg_match_all('~(\w+)="([^"]*)"~', (string) $this->header('authorization'), $found, PREG_SET_ORDER);
        $said = array_column($found, 2, 1);
        $message = "$this->method\n$this->target\n{$said['timestamp']}\n{$said['nonce_str']}\n$this->body\n";
        return abs(time() - (int) $said['timestamp']) < 60
            && openssl_verify($message, base64_decode($said['signature'], true), $publicKey, OPENSSL_ALGO_SHA256) === 1;
    }

    /** @return array<string, mixed> */
    public function json(): array
    {
        return json_decode($this->body, true, 512, JSON_THROW_ON_ERROR);
    }
}
