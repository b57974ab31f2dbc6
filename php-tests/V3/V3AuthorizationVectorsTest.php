<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;

/**
 * The requests of the vectors that a gateway lets in or refuses, sent to the simulator by curl: rightly signed ones and such
 * with every fault that a client of its own has been seen to make.
 */
final class V3AuthorizationVectorsTest extends SimulatorTestCase
{
    public static function setUpBeforeClass(): void
    {
        $keys = V3Vectors::keys();
        self::$simulator = SimulatorProcess::start('--merchant', "{$keys['appid']}:{$keys['mchid']}:" . SimulatorProcess::KEY);
    }

    protected function setUp(): void
    {
        parent::setUp();
        // Nobody has to name a public key here: the vectors do not.
        self::$simulator->control('POST', '/platform', ['mode' => 'certificates']);
    }

    /** @dataProvider vectors */
    #[DataProvider('vectors')]
    public function testTheSimulatorLetsARequestInOrRefusesItInTheWordsOfTheVector(array $vector): void
    {
        $inputs = $vector['inputs'];
        preg_match('~out-trade-no/(\w+)~', $inputs['target'], $number);
        if ($number !== []) {
            self::order($number[1], ['total_fee' => 1230]);
        }
        [$status, $body] = self::sent($inputs['method'], $inputs['target'], self::headersToday($inputs), $inputs['body']);
        $said = json_decode($body, true);
        if (!V3Vectors::isGood($vector)) {
            self::assertSame($vector['expected']['refuse'], ['status' => $status, 'code' => $said['code'] ?? null, 'message' => $said['message'] ?? null]);
            self::assertSame($vector['expected']['refuse']['code'] === null, $body === '');
            self::assertCount(\count($number) > 0 ? 1 : 0, self::$simulator->control('GET', '/orders'), 'nothing was placed');
            return;
        }
        self::assertSame(200, $status, $body);
        if ($inputs['method'] === 'POST') {
            self::assertStringStartsWith('weixin://', $said['code_url']);
            self::assertSame(json_decode($inputs['body'], true)['out_trade_no'], self::$simulator->control('GET', '/orders')[0]['out_trade_no']);
            return;
        }
        self::assertSame([$vector['expected']['accept']['mchid'], $number[1]], [$said['mchid'], $said['out_trade_no']]);
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function vectors(): iterable
    {
        foreach (V3Vectors::group('request_verify') as $vector) {
            yield $vector['id'] => [$vector];
        }
    }

    /** @return array{int, string} status and body */
    private static function sent(string $method, string $target, array $headers, string $body): array
    {
        $curl = curl_init(self::$simulator->url . $target);
        curl_setopt_array($curl, [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_HTTPHEADER => $headers,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_CAINFO => self::$simulator->caFile,
            CURLOPT_TIMEOUT => 10,
        ] + ($body === '' ? [] : [CURLOPT_POSTFIELDS => $body]));
        $answer = curl_exec($curl);
        self::assertIsString($answer, curl_error($curl));
        return [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $answer];
    }

    /**
     * The vector's headers, and no others: the time as far from now as it was, the simulator's merchant in place of the
     * vectors', and what was signed signed anew, be it what is sent or not.
     *
     * @param array<string, mixed> $inputs
     *
     * @return list<string>
     */
    private static function headersToday(array $inputs): array
    {
        $headers = ['Accept' => 'Accept:', 'User-Agent' => 'User-Agent:', 'Content-Type' => 'Content-Type: application/json'];
        foreach ($inputs['headers'] as [$name, $value]) {
            $headers[$name] = "$name: " . ($name === 'Authorization' ? self::authorizedToday($value, $inputs) : $value);
        }
        return array_values($headers);
    }

    /** @param array<string, mixed> $inputs */
    private static function authorizedToday(string $header, array $inputs): string
    {
        if (!preg_match_all('~(\w+)=["\']([^"\']*)["\']~', $header, $found)) {
            return $header;
        }
        // Of a part that is there twice the first one counts, for us.
        $parts = array_combine(array_reverse($found[1]), array_reverse($found[2]));
        $keys = V3Vectors::keys();
        $time = V3Vectors::moved($parts['timestamp'], $inputs['now']);
        $today = [$parts['timestamp'] => $time, $keys['merchant']['serial'] => self::$simulator->ready['v3']['serial']];
        $signature = base64_decode($parts['signature'], true);
        if ($signature !== 'fake') {
            $today[$parts['signature']] = self::signedToday($signature, $inputs, [$parts['timestamp'], $parts['nonce_str']], $time);
        }
        return strtr($header, $today);
    }

    /**
     * Finds out what was signed and by whom, and signs that again.
     *
     * @param array<string, mixed>  $inputs
     * @param array{string, string} $said   time and nonce
     */
    private static function signedToday(string $signature, array $inputs, array $said, string $time): string
    {
        [$was, $nonce] = $said;
        $keys = V3Vectors::keys();
        $privates = ['merchant' => file_get_contents(self::$simulator->ready['v3']['private_key_file']), 'stranger' => $keys['stranger']['private_pem']];
        foreach ($privates as $name => $private) {
            $then = self::texts($inputs, $was, $nonce);
            foreach (self::texts($inputs, $time, $nonce) as $what => $text) {
                if (openssl_verify($then[$what], $signature, $keys[$name]['public_pem'] ?? $keys[$name]['certificate_pem'], OPENSSL_ALGO_SHA256) === 1) {
                    openssl_sign($text, $anew, $private, OPENSSL_ALGO_SHA256);
                    return base64_encode($anew);
                }
            }
        }
        self::fail('Nobody has signed that.');
    }

    /**
     * What clients sign, rightly and wrongly.
     *
     * @param array<string, mixed> $inputs
     *
     * @return array<string, string>
     */
    private static function texts(array $inputs, string $time, string $nonce): array
    {
        ['method' => $method, 'target' => $target, 'body' => $body] = $inputs;
        $path = strtok($target, '?');
        $compact = $body === '' ? '' : json_encode(json_decode($body), JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
        return [
            'what is sent' => "$method\n$target\n$time\n$nonce\n$body\n",
            'the query left out' => "$method\n$path\n$time\n$nonce\n$body\n",
            'the method in lower case' => strtolower($method) . "\n$target\n$time\n$nonce\n$body\n",
            'the last line feed left out' => "$method\n$target\n$time\n$nonce\n$body",
            'the whole URL' => "$method\nhttps://api.mch.weixin.qq.com$target\n$time\n$nonce\n$body\n",
            'another form of the body' => "$method\n$target\n$time\n$nonce\n$compact\n",
            'the order of an answer' => "$time\n$nonce\n$method\n$target\n$body\n",
        ];
    }
}
