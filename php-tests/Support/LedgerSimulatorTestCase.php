<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Gateway;
use WechatPay\Merchant;

/** A test of the ledger with a simulator beside it, for a merchant who has a certificate. */
abstract class LedgerSimulatorTestCase extends LedgerTestCase
{
    use WithSimulator {
        setUp as private resetSimulator;
    }

    protected Gateway $gateway;

    protected function setUp(): void
    {
        $this->resetSimulator();
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
