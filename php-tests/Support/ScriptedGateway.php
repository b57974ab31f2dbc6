<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Gateway;

/**
 * A gateway in plain PHP that says what a test tells it to: real TLS, any status, any headers, any bytes.
 *
 *     $scripted = ScriptedGateway::start();
 *     $scripted->says(200, $body, V3Platform::signs($body));
 *     (new OrderQuery($merchant, $scripted->gateway()))->byOutTradeNo('T100001');
 *     $scripted->requests()[0]->header('wechatpay-serial');
 */
final class ScriptedGateway
{
    public readonly string $url;
    private int $answers = 100_000;

    /**
     * @param resource $process
     * @param resource $stdin
     */
    private function __construct(public readonly string $folder, int $port, private $process, private $stdin)
    {
        $this->url = "https://127.0.0.1:$port";
    }

    public static function start(): self
    {
        $folder = sys_get_temp_dir() . '/wechatpay-scripted-' . bin2hex(random_bytes(6));
        array_map('mkdir', [$folder, "$folder/answers", "$folder/requests"]);
        self::certify($folder);
        $command = [PHP_BINARY, '-n', __DIR__ . '/../scripted-gateway.php', $folder];
        $process = proc_open($command, [['pipe', 'r'], ['pipe', 'w'], STDERR], $pipes);
        return new self($folder, (int) fgets($pipes[1]), $process, $pipes[0]);
    }

    /** Queues an answer. @param array<string, string|list<string>> $headers */
    public function says(int $status, string $body = '', array $headers = []): void
    {
        $headers += ['Content-Type' => 'application/json'] + ($status === 204 ? [] : ['Content-Length' => (string) \strlen($body)]);
        $head = "HTTP/1.1 $status Said\r\nConnection: close\r\n";
        foreach ($headers as $name => $values) {
            foreach ((array) $values as $value) {
                $head .= "$name: $value\r\n";
            }
        }
        file_put_contents("$this->folder/.answer", "$head\r\n$body");
        rename("$this->folder/.answer", "$this->folder/answers/" . $this->answers++);
    }

    /** Forgets what was asked and what is still to be said. */
    public function forget(): void
    {
        array_map('unlink', [...glob("$this->folder/answers/*"), ...glob("$this->folder/requests/*")]);
    }

    /** @return list<ScriptedRequest> what has arrived */
    public function requests(): array
    {
        return array_map(static fn (string $file) => ScriptedRequest::of(file_get_contents($file)), glob("$this->folder/requests/*"));
    }

    /** The way to it; named arguments are settings of Gateway. */
    public function gateway(mixed ...$settings): Gateway
    {
        return new Gateway(...$settings + ['url' => $this->url, 'caFile' => "$this->folder/ca.pem"]);
    }

    /** @return array<string, string> the settings that lead calls without a Gateway here */
    public function ini(): array
    {
        return ['wechatpay.url' => $this->url, 'wechatpay.ca_file' => "$this->folder/ca.pem"];
    }

    public function stop(): void
    {
        if (\is_resource($this->process)) {
            fclose($this->stdin);
            proc_close($this->process);
            PhpProcess::command(['rm', '-rf', $this->folder]);
        }
    }

    private static function certify(string $folder): void
    {
        file_put_contents("$folder/openssl.cnf", "[req]\ndistinguished_name = name\n[name]\n[page]\nbasicConstraints = CA:FALSE\nsubjectAltName = IP:127.0.0.1\n");
        $key = openssl_pkey_new(['private_key_bits' => 2048]);
        $how = ['config' => "$folder/openssl.cnf", 'x509_extensions' => 'page', 'digest_alg' => 'sha256'];
        $request = openssl_csr_new(['commonName' => 'scripted gateway'], $key, $how);
        openssl_x509_export(openssl_csr_sign($request, null, $key, 2, $how, random_int(1, PHP_INT_MAX)), $certificate);
        openssl_pkey_export($key, $private);
        file_put_contents("$folder/ca.pem", $certificate);
        file_put_contents("$folder/tls.pem", $certificate . $private);
    }
}
