<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\LedgerState;
use WechatPay\Resolution;
use WechatPay\UndecidedException;

/** The connection ends at a COMMIT: what is thrown says whether the ledger may carry the wish on, and so it does or does not. */
final class LedgerLostCommitTest extends LedgerIntentsTestCase
{
    /** Which COMMIT of a refund is lost, and is it stored? @return iterable<string, array{string, int, bool}> */
    public static function losses(): iterable
    {
        foreach (['mariadb', 'pgsql'] as $kind) {
            foreach ([1 => 'before the call', 2 => 'after the call'] as $commit => $when) {
                yield "$kind, $when, stored" => [$kind, $commit, true];
                yield "$kind, $when, not stored" => [$kind, $commit, false];
            }
        }
    }

    private function dying(): DiesAtCommit
    {
        $pdo = $this->database->connect(DiesAtCommit::class);
        $pdo->other = $this->database->connect();
        return $pdo;
    }

    private function lost(callable $call): UndecidedException
    {
        $e = $this->fault($call);
        self::assertInstanceOf(UndecidedException::class, $e);
        self::assertInstanceOf(\PDOException::class, $e->getPrevious());
        return $e;
    }

    /** @dataProvider losses */
    #[DataProvider('losses')]
    public function testARefundWhoseCommitIsLostIsWantedStillIfItIsStored(string $database, int $commit, bool $stored): void
    {
        $pdo = $this->dying();
        $ledger = $this->shop($pdo);
        $this->paid($ledger, 'lost-0001');
        [$pdo->lost, $pdo->stored] = [$commit, $stored];
        $e = $this->lost(fn () => $ledger->refund($this->merchant, 'lost-0001', 'R1', 100));
        self::assertSame([true, true], [$e->maybeProcessed, $e->stillWanted]);

        $fresh = $this->shop($this->database->connect());
        $isKnown = $stored || $commit === 2;
        self::assertSame($commit === 2 ? ['R1' => 100] : [], $this->back(), 'nothing leaves before it is stored');
        $entry = $fresh->find($this->merchant, 'lost-0001');
        $isAccepted = $stored && $commit === 2;
        self::assertSame([$isAccepted ? 100 : 0, $isKnown && !$isAccepted ? 100 : 0], [$entry->refundedFee, $entry->pendingRefundFee]);
        $this->settle();
        $this->sync($fresh);
        self::assertSame($isKnown ? ['R1' => 100] : [], $this->back(), 'once, or never');
        self::assertSame([$isKnown ? 100 : 0, 0], [($entry = $fresh->find($this->merchant, 'lost-0001'))->refundedFee, $entry->pendingRefundFee]);
    }

    /** Each decision, and is it stored? @return iterable<string, array{string, Resolution, bool}> */
    public static function decisions(): iterable
    {
        foreach (['mariadb', 'pgsql'] as $kind) {
            foreach (Resolution::cases() as $how) {
                yield "$kind $how->name, stored" => [$kind, $how, true];
                yield "$kind $how->name, not stored" => [$kind, $how, false];
            }
        }
    }

    /** @dataProvider decisions */
    #[DataProvider('decisions')]
    public function testOfAPersonsDecisionsOnlyARefundIsCarriedOn(string $database, Resolution $how, bool $stored): void
    {
        $pdo = $this->dying();
        $ledger = $this->shop($pdo);
        $ledger->open($this->merchant, 'lost-0001', 1000);
        $this->placed('lost-0001', 900);
        $ledger->apply($this->asked('lost-0001'));
        [$pdo->lost, $pdo->stored] = [1, $stored];
        $e = $this->lost(fn () => $ledger->resolve($this->merchant, 'lost-0001', $how, 'paid too little'));
        self::assertSame($how === Resolution::Refund, $e->stillWanted);
        $fresh = $this->shop($this->database->connect());
        $this->sync($fresh);
        self::assertSame($stored && $how === Resolution::Refund ? ['lost-0001-resolved' => 900] : [], $this->back());
        self::assertSame($stored && $how === Resolution::Credit ? [900] : [], $this->booked('lost-0001'));
        self::assertSame(!$stored, $fresh->find($this->merchant, 'lost-0001')->state === LedgerState::Review);
    }

    /** @dataProvider servers */
    #[DataProvider('servers')]
    public function testNothingIsWantedStillOfAnApplicationOrAnOpeningWhoseCommitIsLost(string $database): void
    {
        $this->open($this->shop($this->pdo));
        foreach (['open', 'apply'] as $method) {
            $pdo = $this->dying();
            $ledger = $this->shop($pdo);
            [$pdo->lost, $pdo->stored] = [1, false];
            $given = $method === 'open' ? [$this->merchant, 'lost-0002', 100] : [$this->order()];
            self::assertFalse($this->lost(fn () => $ledger->$method(...$given))->stillWanted, $method);
        }
        self::assertSame([], $this->booked());
    }
}

/** A connection that ends at one of its COMMITs, after it was stored or before. */
final class DiesAtCommit extends \PDO
{
    /** Counted from 1; 0: none. */
    public int $lost = 0;
    public bool $stored = true;
    public ?\PDO $other = null;

    public function commit(): bool
    {
        if ($this->lost === 0 || --$this->lost > 0) {
            return parent::commit();
        }
        $isMysql = $this->getAttribute(\PDO::ATTR_DRIVER_NAME) === 'mysql';
        $id = (int) $this->query($isMysql ? 'SELECT CONNECTION_ID()' : 'SELECT pg_backend_pid()')->fetchColumn();
        $kill = $isMysql ? "KILL $id" : "SELECT pg_terminate_backend($id, 5000)";
        if (!$this->stored) {
            $this->other->query($kill);
            return parent::commit();
        }
        parent::commit();
        $this->other->query($kill);
        $e = new \PDOException($isMysql ? 'SQLSTATE[HY000]: General error: 2013 Lost connection' : 'SQLSTATE[08006]: connection failure');
        $e->errorInfo = $isMysql ? ['HY000', 2013, 'Lost connection'] : ['08006', 7, 'connection failure'];
        throw $e;
    }
}
