<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\TestCase;

/**
 * Order, notice and worker, copied out and nothing else: they sell.
 *
 * @group slow
 */
#[Group('slow')]
final class ThreeFilesTest extends TestCase
{
    use WithSimulator {
        setUp as private setUpSimulator;
    }

    private string $folder;
    private string $url;
    /** @var resource */
    private $process;

    protected function setUp(): void
    {
        $this->setUpSimulator();
        $this->folder = sys_get_temp_dir() . '/three-files-' . bin2hex(random_bytes(6));
        mkdir($this->folder);
        foreach (['order', 'notify', 'worker'] as $file) {
            copy(ROOT . "/examples/scan-pay-shop/start/$file.php", "$this->folder/$file.php");
        }
        $socket = stream_socket_server('tcp://127.0.0.1:0');
        $address = stream_socket_get_name($socket, false);
        fclose($socket);
        $this->url = "http://$address";
        $null = ['file', '/dev/null', 'w'];
        $command = [...$this->php(), '-S', $address, '-t', $this->folder];
        $this->process = proc_open($command, [['file', '/dev/null', 'r'], $null, $null], $pipes, null, ['SHOP_URL' => $this->url] + getenv());
        for ($tries = 0; $tries < 500 && @stream_socket_client("tcp://$address") === false; $tries++) {
            usleep(10_000);
        }
    }

    protected function tearDown(): void
    {
        proc_terminate($this->process, SIGKILL);
        proc_close($this->process);
        array_map(unlink(...), glob("$this->folder/*"));
        rmdir($this->folder);
    }

    public function testAnOrderIsPaidAndReloadedAndTheNoticeCreditsItOnce(): void
    {
        $number = $this->placed();
        self::assertStringContainsString('<svg', $this->page($number));
        self::assertCount(1, self::$simulator->control('GET', '/orders'), 'a reload is no new order');
        self::$simulator->control('POST', '/pay', ['out_trade_no' => $number]);
        self::$simulator->control('POST', '/settle');
        self::$simulator->control('POST', '/notify', ['out_trade_no' => $number, 'copies' => 5]);
        self::assertStringContainsString('here is your tea', $this->page($number));
        self::assertSame(1, $this->delivered($number));
    }

    public function testTheWorkerFindsAPaymentWhoseNoticeWasLost(): void
    {
        $number = $this->placed();
        self::$simulator->control('POST', '/state', ['out_trade_no' => $number, 'trade_state' => 'SUCCESS']);
        (new \PDO("sqlite:$this->folder/shop.sqlite"))->exec('UPDATE wechatpay_order SET due_at = 0');
        $run = PhpProcess::command([...$this->php(), "$this->folder/worker.php", '1'], environment: getenv());
        self::assertSame("asked 1, credited 1\n", $run->output, $run->errors);
        self::assertSame(1, $this->delivered($number));
    }

    public function testThePageSaysOfMoneyOnlyWhatIsKnown(): void
    {
        $number = $this->placed();
        $as = function (string $state, string $more) use ($number): string {
            (new \PDO("sqlite:$this->folder/shop.sqlite"))->exec("UPDATE wechatpay_order SET state = '$state', $more");
            return strip_tags($this->page($number));
        };
        foreach (['USERPAYING', 'CLOSING', 'CLOSED', 'REVIEW'] as $state) {
            self::assertStringContainsString("No payment is known: $state", $as($state, 'credited = 0'));
        }
        $paid = "transaction_id = '4200', paid = 1230";
        foreach (['PAID_LATE', 'REVIEW'] as $state) {
            self::assertStringContainsString('A person deals with your payment', $as($state, $paid));
        }
        self::assertStringContainsString('here is your tea', $as('PART_REFUNDED', "credited = 1, refunded = 1, $paid"));
        self::assertStringNotContainsString('tea.', $as('REFUNDED', "refunded = 1230, $paid"));
        $settled = "credited = 0, refunded = 0, transaction_id = NULL, paid = NULL, suspect_id = '4200', suspect_fee = 1230";
        self::assertStringContainsString('A person deals with your payment', $as('CLOSED', $settled), 'a person settled a late one by hand');
    }

    public function testAForgedNoticeDeliversNothing(): void
    {
        $number = $this->placed();
        $sent = self::$simulator->control('POST', '/notify', ['out_trade_no' => $number, 'mutate' => 'forged'])['sent'];
        self::assertFalse($sent[0]['accepted']);
        self::assertSame(0, $this->delivered($number));
    }

    /** An order whose code was shown. */
    private function placed(): string
    {
        [$head] = Http::ask("$this->url/order.php", ['follow_location' => 0]);
        preg_match('~order=(tea-[0-9a-f]{16})~', implode("\n", $head), $found);
        self::assertStringContainsString('<svg', $this->page($found[1]));
        return $found[1];
    }

    private function page(string $number): string
    {
        return Http::ask("$this->url/order.php?order=$number", [])[1];
    }

    private function delivered(string $number): int
    {
        return (int) (new \PDO("sqlite:$this->folder/shop.sqlite"))->query("SELECT delivered FROM tea_order WHERE number = '$number'")->fetchColumn();
    }

    /** @return list<string> */
    private function php(): array
    {
        $php = [PHP_BINARY, '-d', 'extension=' . PhpProcess::extension(), '-d', 'error_log=/dev/null'];
        foreach (self::$simulator->ini() as $name => $value) {
            array_push($php, '-d', "$name=$value");
        }
        return $php;
    }
}
