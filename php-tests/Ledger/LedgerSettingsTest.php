<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\LedgerState;

/** What the shop has set on its PDO: refused where the ledger cannot live with it, without effect elsewhere. */
final class LedgerSettingsTest extends LedgerTestCase
{
    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL11ASilentPdoIsRefused(string $database): void
    {
        $silent = $this->database->connect(options: [\PDO::ATTR_ERRMODE => \PDO::ERRMODE_SILENT]);
        $this->expectException(\ValueError::class);
        $this->expectExceptionMessage('($pdo) must have PDO::ATTR_ERRMODE set to PDO::ERRMODE_EXCEPTION');
        $this->shop($silent);
    }

    public function testL11SwitchedOffAutocommitAndAnImpatientSqliteAreRefused(): void
    {
        Database::of('mariadb')->clear();
        foreach ([
            [Database::of('mariadb')->connect(options: [\PDO::ATTR_AUTOCOMMIT => 0]), 'ATTR_AUTOCOMMIT'],
            [$this->database->connect(options: [\PDO::ATTR_TIMEOUT => 0]), 'busy_timeout'],
        ] as [$pdo, $why]) {
            try {
                $this->shop($pdo);
                self::fail($why);
            } catch (\ValueError $e) {
                self::assertStringContainsString($why, $e->getMessage());
            }
        }
    }

    /** @return iterable<string, array{string, mixed, bool}> how PDO may tell that autocommit is off or on */
    public static function answers(): iterable
    {
        yield 'int, until 8.3' => ['mariadb', 0, true];
        yield 'bool, since 8.4' => ['mariadb', false, true];
        yield 'text, where numbers are stringified' => ['mariadb', '0', true];
        yield 'on, int' => ['mariadb', 1, false];
        yield 'on, bool' => ['mariadb', true, false];
        yield 'on, text' => ['mariadb', '1', false];
    }

    /** @dataProvider answers */
    #[DataProvider('answers')]
    public function testL11AutocommitIsReadInEveryFormThatAnyPhpGivesIt(string $database, mixed $answer, bool $isRefused): void
    {
        [$dsn, $user, $password, $options] = Database::of($database)->arguments();
        $pdo = new class ($dsn, $user, $password, $options) extends \PDO {
            public mixed $autocommit = null;

            public function getAttribute(int $attribute): mixed
            {
                return $attribute === self::ATTR_AUTOCOMMIT ? $this->autocommit : parent::getAttribute($attribute);
            }
        };
        $pdo->autocommit = $answer;
        try {
            $this->shop($pdo);
            self::assertFalse($isRefused, 'Autocommit is off, and nobody minded.');
        } catch (\ValueError $e) {
            self::assertTrue($isRefused, $e->getMessage());
            self::assertStringContainsString('ATTR_AUTOCOMMIT', $e->getMessage());
        }
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL9PdosSettingsMakeNoDifference(string $database): void
    {
        $settings = [\PDO::ATTR_CASE => \PDO::CASE_UPPER, \PDO::ATTR_STRINGIFY_FETCHES => true,
            \PDO::ATTR_DEFAULT_FETCH_MODE => \PDO::FETCH_OBJ, \PDO::ATTR_ORACLE_NULLS => \PDO::NULL_TO_STRING];
        $own = match ($database) {
            'mariadb' => [
                Database::settings('mysql', ['ATTR_FOUND_ROWS' => true]),
                [\PDO::ATTR_EMULATE_PREPARES => false],
                Database::settings('mysql', ['ATTR_USE_BUFFERED_QUERY' => false]),
                Database::settings('mysql', ['ATTR_INIT_COMMAND' => "SET sql_mode=''"]),
            ],
            'pgsql' => [
                [\PDO::ATTR_EMULATE_PREPARES => true],
                Database::settings('pgsql', ['ATTR_DISABLE_PREPARES' => true]),
            ],
            default => [[]],
        };
        foreach ($own as $at => $more) {
            $ledger = $this->shop($this->database->connect(options: $more + $settings));
            $this->open($ledger, "T1000$at");
            $this->open($ledger, "T1000$at");
            $order = $this->order(out_trade_no: "T1000$at", transaction_id: "42$at");
            self::assertTrue($ledger->apply($order)->credited);
            $again = $ledger->apply($order);
            self::assertSame([false, LedgerState::Paid], [$again->credited, $again->to]);
            $second = $ledger->apply($this->order(out_trade_no: "T1000$at", transaction_id: "x$at"));
            self::assertSame(LedgerState::Review, $second->to);
            self::assertSame(2, $ledger->outbox(fn () => true));
            self::assertSame([100], $this->booked("T1000$at"));
        }
    }

    /** @return iterable<string, array{string, string, string}> a statement, and what is said of it */
    public static function sessions(): iterable
    {
        yield 'no autocommit' => ['mariadb', 'SET autocommit=0', 'Autocommit is switched off in this session'];
        yield 'a chain' => ['mariadb', 'SET completion_type=1', 'needs completion_type = NO_CHAIN, this session has CHAIN'];
        yield 'one row' => ['mariadb', 'SET sql_select_limit=1', 'needs sql_select_limit = DEFAULT, this session has 1'];
        yield 'no row' => ['mariadb', 'SET sql_select_limit=0', 'needs sql_select_limit = DEFAULT, this session has 0'];
        yield 'a goodbye' => ['mariadb', "SET completion_type='RELEASE'", 'needs completion_type = NO_CHAIN, this session has RELEASE'];
    }

    /** @dataProvider sessions */
    #[DataProvider('sessions')]
    public function testL11ASessionThatKeepsWhatIsWrittenIsRefusedBeforeAnythingIsTold(string $database, string $statement, string $why): void
    {
        $this->open($this->shop($this->pdo));
        $calls = [
            fn ($ledger) => $ledger->find($this->merchant, 'T00001'),
            fn ($ledger) => $ledger->apply($this->order()),
            fn ($ledger) => $this->open($ledger, 'T00002'),
            fn ($ledger) => $ledger->outbox(fn () => true),
            fn ($ledger) => (new \WechatPay\Sync($ledger, $this->merchant))->run(0),
            fn ($ledger) => $ledger->purge(new \DateTimeImmutable()),
            fn ($ledger) => $ledger->install(),
        ];
        foreach ($calls as $at => $call) {
            $pdo = $this->database->connect(options: Database::settings('mysql', ['ATTR_INIT_COMMAND' => $statement]));
            $ledger = $this->shop($pdo);
            try {
                $call($ledger);
                self::fail("call $at");
            } catch (\LogicException $e) {
                self::assertStringContainsString($why, $e->getMessage());
            }
        }
        $pdo = $ledger = null;
        $this->database->clear();
        $bare = $this->database->connect(options: Database::settings('mysql', ['ATTR_INIT_COMMAND' => $statement]));
        try {
            $this->shop($bare)->install();
            self::fail('No tables are made there.');
        } catch (\LogicException $e) {
            self::assertStringContainsString($why, $e->getMessage());
        }
    }
}
