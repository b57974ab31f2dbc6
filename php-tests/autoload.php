<?php

/** Finds the classes of these tests, for PHPUnit, the scripts beside this file and the benches. */

declare(strict_types=1);

namespace WechatPayTests;

/** The root of the project. */
const ROOT = __DIR__ . '/..';

spl_autoload_register(static function (string $class): void {
    if (!str_starts_with($class, __NAMESPACE__ . '\\')) {
        return;
    }
    $name = substr($class, \strlen(__NAMESPACE__) + 1);
    foreach (glob(__DIR__ . "/[A-Z]*/$name.php") as $file) {
        require_once $file;
    }
});
