<?php

/** Finds the classes of examples/scan-pay-shop. */

declare(strict_types=1);

spl_autoload_register(static function (string $class): void {
    if (str_starts_with($class, 'Shop\\')) {
        require \WechatPayTests\ROOT . '/examples/scan-pay-shop/src/' . strtr(substr($class, 5), '\\', '/') . '.php';
    }
});
