<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Gateway;
use WechatPay\Merchant;

/** A test of the ledger with a simulator beside it, for a merchant who has a certificate. */
abstract class LedgerSimulatorTestCase extends LedgerTestCase
{
    protected static SimulatorProcess $simulator;
    protected Gateway $gateway;

    public static function setUpBeforeClass(): void
    {
        self::$simulator = SimulatorProcess::start();
    }

    public static function tearDownAfterClass(): void
    {
        self::$simulator->stop();
    }

    protected function setUp(): void
    {
        parent::setUp();
        self::$simulator->reset();
        $this->merchant = new Merchant(
            SimulatorProcess::APPID,
            SimulatorProcess::MCH_ID,
            SimulatorProcess::KEY,
            certificate: self::$simulator->ready['cert_file'],
            privateKey: self::$simulator->ready['key_file'],
        );
        $this->gateway = new Gateway(self::$simulator->url, caFile: self::$simulator->caFile);
    }
}
