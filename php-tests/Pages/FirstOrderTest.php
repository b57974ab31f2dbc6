<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/**
 * Somebody who knows PHP and PDO, and has README, comes to a paid order in a shop of their own: three scripts that are
 * README's snippets and a table.
 */
final class FirstOrderTest extends TestCase
{
    use WithSimulator;

    /** What README leaves to the reader: a connection, the table that its snippets speak of, the tables of the ledger. */
    private const OWN = <<<'PHP'
        $pdo = new PDO('sqlite:FOLDER/shop.sqlite');
        $pdo->exec('CREATE TABLE IF NOT EXISTS shop_order (number TEXT PRIMARY KEY, paid INTEGER)');
        ledger($pdo)->install();

        PHP;

    /** @return iterable<string, array{string}> */
    public static function readmes(): iterable
    {
        yield 'English' => ['README.md'];
        yield 'Chinese' => ['README.zh-CN.md'];
    }

    /** @dataProvider readmes */
    #[DataProvider('readmes')]
    public function testReadmeAloneLeadsToAPaidOrder(string $readme): void
    {
        $page = new Page($readme);
        $folder = sys_get_temp_dir() . '/first-order-' . bin2hex(random_bytes(6));
        mkdir($folder);
        try {
            $shared = self::merchant($page) . self::snippet($page, 'function ledger(') . str_replace('FOLDER', $folder, self::OWN);
            file_put_contents("$folder/notify.php", "<?php\n" . $shared . self::snippet($page, 'applyNotification('));
            $notices = Endpoint::ofFile("$folder/notify.php");
            $order = $shared . self::snippet($page, "ledger(\$pdo)->open(");
            $run = $this->php(str_replace('https://shop.example/notify', $notices->url, $order));
            self::assertStringContainsString('weixin://', $run->output, $run->errors);
            self::assertMatchesRegularExpression('~^\$ curl -d \'\{"out_trade_no":"[a-z0-9-]+"\}\' http://127\.0\.0\.1:8442/pay$~m', $page->text());
            self::$simulator->control('POST', '/pay', ['out_trade_no' => 'cake-0001']);
            self::$simulator->control('POST', '/settle');
            $paid = new \PDO("sqlite:$folder/shop.sqlite");
            self::assertSame(1, (int) $paid->query("SELECT paid FROM shop_order WHERE number = 'cake-0001'")->fetchColumn());
            $worker = $this->php($shared . str_replace('seconds: 55', 'seconds: 0', self::snippet($page, 'new Sync(')));
            self::assertStringContainsString('0 faults', $worker->output, $worker->errors);
        } finally {
            array_map(unlink(...), glob("$folder/*"));
            rmdir($folder);
        }
    }

    private function php(string $code): PhpProcess
    {
        return PhpProcess::code($code, self::$simulator->ini() + ['error_log' => '/dev/null']);
    }

    private static function snippet(Page $page, string $with): string
    {
        return current(array_filter($page->snippets(), static fn (string $snippet) => str_contains($snippet, $with))) ?: self::fail("README shows no $with");
    }

    private static function merchant(Page $page): string
    {
        preg_match('~^\$merchant = .*$~m', $page->text(), $found);
        return "use WechatPay\\Merchant;\n$found[0]\n";
    }
}
