<?php

declare(strict_types=1);

namespace WechatPayTests;

/** A running reference-gateway.php: WeChat Pay of APIv3 in plain PHP, with keys of its own. */
final class ReferenceGatewayV3
{
    public const SERIAL = '3E7A1B2C4D5F60718293A4B5C6D7E8F901234567';
    public const API_V3_KEY = 'referenceGatewayKey0123456789ABC';
    public const PUBLIC_KEY_ID = 'PUB_KEY_ID_0110000100202611290001';

    public readonly string $url;
    public readonly string $caFile;

    /**
     * @param resource $process
     * @param resource $stdin
     */
    private function __construct(
        private $process,
        private $stdin,
        array $ready,
        private readonly string $folder,
        public readonly string $merchantKey,
        public readonly string $platformKey,
    ) {
        $this->url = $ready['url'];
        $this->caFile = "$folder/ca.pem";
    }

    /** Starts one; with certificates it proves itself with one, else with a public key. */
    public static function start(bool $hasCertificates = false): self
    {
        $folder = sys_get_temp_dir() . '/wechatpay-reference-' . bin2hex(random_bytes(6));
        mkdir($folder, 0700);
        self::writeTls($folder);
        [$merchant, $platform] = [self::newKey(), self::newKey()];
        $certificate = self::issued('wechatpay', $platform, $folder, 'server');
        $serial = openssl_x509_parse($certificate)['serialNumberHex'];
        $sealed = ReferenceClientV3::sealed($certificate, 'certificate', self::API_V3_KEY);
        file_put_contents("$folder/settings.json", json_encode([
            'appid' => SimulatorProcess::APPID,
            'mchid' => SimulatorProcess::MCH_ID,
            'merchant_public' => self::publicHalf($merchant),
            'platform_private' => $platform,
            'serial' => $hasCertificates ? $serial : self::PUBLIC_KEY_ID,
            'certificates' => [['serial_no' => $serial, 'effective_time' => '2026-11-22T10:30:00+08:00', 'expire_time' => '2031-11-22T10:30:00+08:00', 'encrypt_certificate' => $sealed]],
            'tls_file' => "$folder/tls.pem",
        ], JSON_THROW_ON_ERROR));
        $command = [PHP_BINARY, ROOT . '/php-tests/reference-gateway.php', "$folder/settings.json"];
        $process = proc_open($command, [['pipe', 'r'], ['pipe', 'w'], STDERR], $pipes);
        $ready = json_decode((string) fgets($pipes[1]), true, 512, JSON_THROW_ON_ERROR);
        return new self($process, $pipes[0], $ready, $folder, $merchant, $platform);
    }

    /**
     * The arguments of Merchant::v3() for its merchant; named ones replace them.
     *
     * @return array<string, mixed>
     */
    public function merchant(mixed ...$settings): array
    {
        return $settings + [
            'appid' => SimulatorProcess::APPID,
            'mchId' => SimulatorProcess::MCH_ID,
            'apiV3Key' => self::API_V3_KEY,
            'privateKey' => $this->merchantKey,
            'certificate' => self::SERIAL,
            'publicKeyId' => self::PUBLIC_KEY_ID,
            'publicKey' => self::publicHalf($this->platformKey),
        ];
    }

    public function stop(): void
    {
        fclose($this->stdin);
        proc_close($this->process);
        array_map('unlink', glob("$this->folder/*"));
        rmdir($this->folder);
    }

    public static function newKey(): string
    {
        openssl_pkey_export(openssl_pkey_new(['private_key_bits' => 2048]), $pem);
        return $pem;
    }

    public static function publicHalf(string $private): string
    {
        return openssl_pkey_get_details(openssl_pkey_get_private($private))['key'];
    }

    /** A CA, and what it vouches for: this machine. */
    private static function writeTls(string $folder): void
    {
        file_put_contents("$folder/openssl.cnf", "[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\n"
            . "[server]\nbasicConstraints=CA:FALSE\nsubjectAltName=IP:127.0.0.1\n");
        [$ca, $own] = [self::newKey(), self::newKey()];
        file_put_contents("$folder/ca.pem", self::issued('reference CA', $ca, $folder, 'ca'));
        $vouched = self::issued('127.0.0.1', $own, $folder, 'server', [file_get_contents("$folder/ca.pem"), $ca]);
        file_put_contents("$folder/tls.pem", $vouched . $own);
    }

    /** @param array{string, string}|null $by certificate and key of the issuer; null signs for itself */
    private static function issued(string $name, string $key, string $folder, string $kind, ?array $by = null): string
    {
        $options = ['config' => "$folder/openssl.cnf", 'digest_alg' => 'sha256', 'x509_extensions' => $kind];
        $private = openssl_pkey_get_private($key);
        $request = openssl_csr_new(['commonName' => $name], $private, $options);
        $certificate = openssl_csr_sign($request, $by[0] ?? null, $by[1] ?? $private, 30, $options, random_int(1 << 40, PHP_INT_MAX));
        openssl_x509_export($certificate, $pem);
        return $pem;
    }
}
