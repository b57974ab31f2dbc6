<?php

declare(strict_types=1);

/** What every page and the worker begin with: our classes are found, and faults go to the log, not to the payer. */

ini_set('display_errors', '0');
date_default_timezone_set('Asia/Shanghai');   // WeChat's days
ini_set('log_errors', '1');

spl_autoload_register(static function (string $class): void {
    if (str_starts_with($class, 'Shop\\')) {
        require __DIR__ . '/' . strtr(substr($class, 5), '\\', '/') . '.php';
    }
});
