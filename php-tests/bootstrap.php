<?php

declare(strict_types=1);

namespace WechatPayTests;

if (!extension_loaded('wechatpay')) {
    fwrite(STDERR, "These tests need the extension: run `make test`, or `tools/php` after `make build`.\n");
    exit(1);
}

require __DIR__ . '/autoload.php';
