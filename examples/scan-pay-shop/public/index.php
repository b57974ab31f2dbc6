<?php

declare(strict_types=1);

/*
 * Every page of the shop but the notice page. To look at it: `make shop`. In production nginx sends what is no file
 * here, and /notify/ to notify.php in a pool of its own, so that no crowd of payers keeps WeChat waiting.
 */

require_once \dirname(__DIR__) . '/src/bootstrap.php';

use Shop\Cashier;
use Shop\Office\Desk;
use Shop\Shop;
use Shop\Visitor;

$path = (string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (PHP_SAPI === 'cli-server') {
    if (preg_match('~^/(themes/)?[a-z]+\.(css|js|svg)$~', $path) && is_file(__DIR__ . $path)) {
        return false;   // php -S sends the file
    }
    if (str_starts_with($path, '/notify/')) {
        require __DIR__ . '/notify.php';
        return true;
    }
}
try {
    $shop = new Shop();
    $visitor = Visitor::fromRequest($shop->settings);
    $pages = preg_match('~^/office(/|$)~', $path) === 1 ? new Desk($shop, $visitor) : new Cashier($shop, $visitor);
    $pages->answer($_SERVER['REQUEST_METHOD'], $path);
} catch (Throwable $e) {
    error_log((string) $e);
    http_response_code(500);
    header('Content-Type: text/plain; charset=utf-8');
    echo "小店暂时出错，请稍后再试。 The shop is out of order, please try again soon.\n";
}
return true;
