<?php

declare(strict_types=1);

/*
 * SHOP_MERCHANTS for the three merchants of a simulator, from the line that it prints when it is ready: one of v2 that sells
 * everything, another one that sells tea, and one of APIv3 that sells sweets.
 *
 *     php tools/shop-merchants.php LINE
 */

$ready = json_decode($argv[1], true, flags: JSON_THROW_ON_ERROR);
$folder = dirname($ready['cert_file']);
$certificate = static fn (string $mchId): array => ['certificate' => "$folder/{$mchId}_cert.pem", 'privateKey' => "$folder/{$mchId}_key.pem"];
$appid = 'wx2421b1c4370ec43b';
echo json_encode([
    ['appid' => $appid, 'mchId' => '10000100', 'key' => '0123456789abcdefghijKLMNOPQRSTUV', ...$certificate('10000100')],
    ['appid' => $appid, 'mchId' => '10000200', 'key' => 'abcdefghijklmnopqrstuvwxyz012345', 'sells' => 'tea', ...$certificate('10000200')],
    [
        'appid' => $appid, 'mchId' => '10000300', 'sells' => 'candy', 'apiV3Key' => $ready['v3']['api_v3_key'],
        'privateKey' => $ready['v3']['private_key_file'], 'certificate' => $ready['v3']['certificate_file'],
        'publicKeyId' => $ready['v3']['public_key_id'], 'publicKey' => $ready['v3']['public_key_file'],
    ],
], JSON_THROW_ON_ERROR);
