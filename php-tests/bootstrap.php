<?php

declare(strict_types=1);

namespace WechatPayTests;

if (!extension_loaded('wechatpay')) {
    fwrite(STDERR, "These tests need the extension: run `make test`, or `tools/php` after `make build`.\n");
    exit(1);
}

require __DIR__ . '/FpmServer.php';
require __DIR__ . '/PhpProcess.php';
require __DIR__ . '/Http.php';
require __DIR__ . '/Lists.php';
require __DIR__ . '/DatabaseServer.php';
require __DIR__ . '/Database.php';
require __DIR__ . '/LedgerTestCase.php';
require __DIR__ . '/Page.php';
require __DIR__ . '/Promises.php';
require __DIR__ . '/SecondClient.php';
require __DIR__ . '/SecondReading.php';
require __DIR__ . '/SimulatorProcess.php';
require __DIR__ . '/LedgerSimulatorTestCase.php';
require __DIR__ . '/LedgerIntentsTestCase.php';
require __DIR__ . '/ShopProcesses.php';
require __DIR__ . '/SimulatorTestCase.php';
require __DIR__ . '/WebServer.php';
require __DIR__ . '/Chance.php';
require __DIR__ . '/RandomXml.php';
require __DIR__ . '/BillWriter.php';
require __DIR__ . '/TradeTestCase.php';
require __DIR__ . '/Endpoint.php';

/** The root of the project. */
const ROOT = __DIR__ . '/..';
