<?php

declare(strict_types=1);

namespace WechatPayTests;

/** One simulator for a class of tests: started before the first, emptied before each, ended after the last. */
trait WithSimulator
{
    protected static SimulatorProcess $simulator;

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
    }
}
