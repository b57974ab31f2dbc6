<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\TestCase;

/**
 * Objects that refer to each other through the callbacks of ours: PHP's cycle collector finds them (docs/faults.md, R11).
 *
 * @group slow
 */
#[Group('slow')]
final class CollectorTest extends TestCase
{
    private const CLASSES = <<<'PHP'
        use WechatPay\{Attempt, Gateway, Ledger, Merchant, Micropay, Notification, OrderQuery, Sync, Transition};

        $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', str_repeat('k', 32));

        class Owner
        {
            public static int $alive = 0;
            public string $weight;
            public array $held = [];
            function __construct() { self::$alive++; $this->weight = str_repeat('w', 20_000); }
            function __destruct() { self::$alive--; }
            function log(Attempt $a) {}
            function credit(Transition $t, PDO $pdo) {}
            function pdo() { return new PDO('sqlite::memory:', null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]); }
        }

        PHP;

    /** Name => how a service that refers to itself is made. @return array<string, array{string}> */
    public static function services(): array
    {
        return [
            'a Gateway' => ['$o->held[] = new Gateway(onAttempt: $o->log(...));'],
            'a call over a Gateway' => ['$o->held[] = new OrderQuery($merchant, new Gateway(onAttempt: $o->log(...)));'],
            'two calls over one Gateway' => ['
                $gateway = new Gateway(onAttempt: fn () => $o);
                $o->held = [new OrderQuery($merchant, $gateway), new Micropay($merchant, $gateway), $gateway];
                unset($gateway);'],
            'a Ledger' => ['$o->held[] = new Ledger($o->pdo(), $o->credit(...));'],
            'a Ledger with all' => ['$o->held[] = new Ledger($o->pdo(), $o->credit(...), $o->credit(...), new Gateway(onAttempt: $o->log(...)));'],
            'a Ledger over a PDO of the owner' => ['$o->held[] = $o->pdo(); $o->held[] = new Ledger($o->held[0], fn () => $o);'],
            'a Ledger that was used' => ['
                $o->held[] = $ledger = new Ledger($o->pdo(), $o->credit(...));
                $ledger->install();
                $ledger->open($merchant, "T00001", 100);
                unset($ledger);'],
            'a Sync' => ['$o->held[] = new Sync(new Ledger($o->pdo(), $o->credit(...)), $merchant);'],
            'a Sync that ran' => ['
                $ledger = new Ledger($o->pdo(), $o->credit(...), gateway: new Gateway(onAttempt: $o->log(...)));
                $ledger->install();
                $o->held[] = $sync = new Sync($ledger, $merchant);
                $sync->run(0);
                unset($ledger, $sync);'],
        ];
    }

    /** @dataProvider services */
    #[DataProvider('services')]
    public function testR11AServiceThatRefersToItselfIsCollected(string $make): void
    {
        $run = PhpProcess::code(self::CLASSES . <<<PHP
            for (\$n = 0; \$n < 20; \$n++) {
                \$o = new Owner();
                $make
                unset(\$o);
                gc_collect_cycles();
                gc_collect_cycles();
            }
            echo Owner::\$alive, ' ', count(glob('/proc/self/fd/*')) < 30 ? 'closed' : 'open';
            PHP);
        self::assertSame(['0 closed', ''], [$run->output, $run->errors]);
    }

    /** @dataProvider services */
    #[DataProvider('services')]
    public function testR11WhatIsStillReachedOverOursIsKept(string $make): void
    {
        $run = PhpProcess::code(self::CLASSES . <<<PHP
            \$o = new Owner();
            $make
            \$kept = \$o->held;
            unset(\$o);
            for (\$n = 0; \$n < 5; \$n++) {
                gc_collect_cycles();
            }
            echo Owner::\$alive, ' ';
            \$kept[0] instanceof Ledger && \$kept[0]->install();
            unset(\$kept);
            gc_collect_cycles();
            gc_collect_cycles();
            echo Owner::\$alive;
            PHP);
        self::assertSame(['1 0', ''], [$run->output, $run->errors]);
    }

    public function testR11TenThousandServicesLeaveNoConnectionAndNoMemory(): void
    {
        $folder = sys_get_temp_dir() . '/wechatpay-gc-' . bin2hex(random_bytes(4));
        $file = var_export("sqlite:$folder", true);
        $run = PhpProcess::code(self::CLASSES . <<<PHP
            final class Shop extends Owner
            {
                public Ledger \$ledger;
                public Sync \$sync;
                function __construct(Merchant \$m)
                {
                    parent::__construct();
                    \$pdo = new PDO($file, null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
                    \$this->ledger = new Ledger(\$pdo, \$this->credit(...), gateway: new Gateway(onAttempt: \$this->log(...)));
                    \$this->sync = new Sync(\$this->ledger, \$m);
                    \$this->ledger->install();
                    \$this->ledger->find(\$m, 'T00001');
                }
            }
            \$resident = function () {
                preg_match('~VmRSS:\\s+(\\d+)~', file_get_contents('/proc/self/status'), \$found);
                return (int) \$found[1];
            };
            \$most = 0;
            for (\$n = 0; \$n < 10_000; \$n++) {
                \$shop = new Shop(\$merchant);
                unset(\$shop);
                if (\$n % 50 === 49) {
                    gc_collect_cycles();
                    \$before ??= [\$resident(), memory_get_usage()];
                    \$most = max(\$most, count(scandir('/proc/self/fd')));
                }
            }
            gc_collect_cycles();
            echo json_encode([Owner::\$alive, \$most < 20, \$resident() - \$before[0] < 4096, memory_get_usage() - \$before[1] < 65536]);
            PHP, timeout: 120);
        @unlink($folder);
        self::assertSame(['[0,true,true,true]', ''], [$run->output, $run->errors]);
    }
}
