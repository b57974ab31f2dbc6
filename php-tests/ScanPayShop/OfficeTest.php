<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\Group;

/**
 * The back office: who gets in, and what a form can do.
 *
 * @group slow
 */
#[Group('slow')]
final class OfficeTest extends ShopTestCase
{
    public function testNobodyGetsInWithoutAPassword(): void
    {
        $stranger = $this->visitor();
        foreach (['/office', '/office/', '/office/counter', '/office/counter/T' . str_repeat('0', 28), '/office/counter/T' . str_repeat('0', 28) . '/state'] as $page) {
            self::assertStringContainsString('name="password"', $stranger->get($page), $page);
        }
        foreach (['/office/counter', '/office/logout', '/office/counter/T' . str_repeat('0', 28)] as $form) {
            $stranger->post($form, ['quantity' => ['tea' => 1], 'code' => '134567890123456789']);
            self::assertStringContainsString('name="password"', $stranger->body, $form);
        }
        self::assertSame([], $this->rows('SELECT number FROM shop_order'));
    }

    public function testAWrongPasswordIsRefusedAndAfterFiveTheDoorStaysShut(): void
    {
        $guesser = $this->visitor();
        $guesser->login('anna', 'coffee and tea');
        self::assertSame(403, $guesser->status);
        self::assertStringContainsString('姓名或密码不对', $guesser->body);
        $guesser->login('nobody', '');
        self::assertSame(403, $guesser->status, 'nobody learns which names there are');
        for ($n = 0; $n < 4; $n++) {
            $guesser->login('anna', "guess $n");
        }
        $guesser->login('anna');
        self::assertSame(429, $guesser->status, 'the right one now comes too late');
        $other = $this->visitor();
        $other->login('bo');
        self::assertSame(200, $other->status, 'the colleague goes on working');
        $this->database->connect()->exec('UPDATE office_attempt SET tried_at = tried_at - 901');
        $guesser->login('anna');
        self::assertSame(200, $guesser->status);
    }

    public function testASessionThatWasPlantedOpensNothing(): void
    {
        $victim = $this->visitor();
        $victim->cookies['shop_office'] = $planted = str_repeat('ab', 32);
        $victim->login('anna');
        self::assertSame(200, $victim->status);
        self::assertNotSame($planted, $victim->cookies['shop_office']);
        $attacker = $this->visitor();
        $attacker->cookies['shop_office'] = $planted;
        self::assertStringContainsString('name="password"', $attacker->get('/office/counter'));
        $row = $this->rows('SELECT token, clerk FROM office_session')[0];
        self::assertSame([hash('sha256', $victim->cookies['shop_office']), 'anna'], array_values($row), 'what is stored lets nobody in');
    }

    public function testTheSessionCookieIsSeenByTheBackOfficeOnlyAndEndsWithTheLogout(): void
    {
        $clerk = $this->visitor();
        $clerk->get('/office');
        $clerk->post('/office', ['name' => 'anna', 'password' => ShopServer::STAFF['anna']]);
        self::assertMatchesRegularExpression('~path=/office; HttpOnly; SameSite=Strict$~', $clerk->headers['set-cookie']);
        $cookie = $clerk->cookies['shop_office'];
        $clerk->get('/office/counter');
        preg_match('~name="token" value="([0-9a-f]+)"~', $clerk->body, $found);
        $clerk->post('/office/logout', ['token' => $found[1]], hasToken: false);
        $clerk->cookies['shop_office'] = $cookie;
        self::assertStringContainsString('name="password"', $clerk->get('/office/counter'));
    }

    public function testWhoIsNoLongerStaffOrHasAnotherPasswordIsOutAtOnce(): void
    {
        $hashes = json_decode(ShopServer::staff(ShopServer::STAFF), true);
        foreach ([['bo' => $hashes['bo']], ['anna' => 'another'] + $hashes] as $later) {
            [$anna, $bo] = [$this->loggedIn('anna', $hashes), $this->loggedIn('bo')];
            $this->open($later);
            foreach ([[$anna, true], [$bo, false]] as [$clerk, $isOut]) {
                $here = $this->visitor();
                $here->cookies = $clerk->cookies;
                self::assertSame($isOut, str_contains($here->get('/office/orders'), 'name="password"'));
            }
        }
    }

    /** @param array<string, string>|null $hashes the staff of a shop that is started anew */
    private function loggedIn(string $name, ?array $hashes = null): ShopVisitor
    {
        $hashes === null || $this->open($hashes);
        $clerk = $this->visitor();
        $clerk->login($name);
        self::assertSame(200, $clerk->status);
        return $clerk;
    }

    /** @param array<string, string> $hashes */
    private function open(array $hashes): void
    {
        $this->shop->stop();
        $this->shop = ShopServer::start(self::$simulator, $this->database, settings: ['SHOP_STAFF' => json_encode($hashes)]);
    }

    public function testAFormFromElsewhereDoesNothing(): void
    {
        $clerk = $this->visitor();
        $payersToken = $clerk->token;
        $clerk->login('anna');
        $other = $this->visitor();
        $other->login('bo');
        foreach ([[], ['token' => ''], ['token' => ['x']], ['token' => $payersToken], ['token' => $other->token]] as $fields) {
            $clerk->post('/office/counter', $fields + ['quantity' => ['tea' => 1]], hasToken: false);
            self::assertSame(403, $clerk->status, json_encode($fields));
        }
        self::assertSame([], $this->rows('SELECT number FROM shop_order'));
    }

    public function testACodeIsChargedOnceAndWhatIsPaidIsSold(): void
    {
        [$clerk, $number] = $this->sale(['tea' => 2]);
        foreach (['', '17', '164567890123456789', "134567890123456789\n1", '1345678901234567890'] as $wrong) {
            $clerk->post("/office/counter/$number", ['code' => $wrong]);
            self::assertSame(409, $clerk->status, $wrong);
        }
        self::assertSame("/office/counter/$number", $clerk->post("/office/counter/$number", ['code' => '134567890123456789']));
        self::assertStringContainsString('支付成功', $clerk->get("/office/counter/$number"));
        self::assertSame(98, $this->stock('tea'));
        $clerk->post("/office/counter/$number", ['code' => '134567890123456788']);
        self::assertSame(409, $clerk->status);
        self::assertSame([2337], array_column(self::$simulator->control('GET', '/orders'), 'total_fee'));
    }

    public function testACodeThatIsRefusedChargesNothingAndAnotherOneIsAnotherSale(): void
    {
        [$clerk, $number] = $this->sale();
        self::$simulator->control('POST', '/micropay', ['scenario' => 'auth_code_expired']);
        $clerk->post("/office/counter/$number", ['code' => '134567890123456789']);
        self::assertSame(303, $clerk->status, $clerk->body);
        $clerk->get("/office/counter/$number");
        self::assertStringContainsString('AUTHCODEEXPIRE', $clerk->body);
        self::assertStringContainsString('没有扣款', $clerk->body);
        self::assertSame(100, $this->stock('tea'));
    }

    public function testASaleThatIsOverChargesNothing(): void
    {
        foreach ([0, (time() + 30) * 1000] as $end) {
            [$clerk, $number] = $this->sale();
            $this->database->connect()->exec("UPDATE wechatpay_order SET created_at = 0, expires_at = $end, due_at = 0 WHERE out_trade_no = '$number'");
            $end === 0 && $this->shop->worker('2');
            self::assertSame($end === 0 ? 'CLOSED' : 'CREATED', $this->rows("SELECT state FROM wechatpay_order WHERE out_trade_no = '$number'")[0]['state']);
            $clerk->post("/office/counter/$number", ['code' => '134567890123456789']);
            self::assertSame(409, $clerk->status, $clerk->body);
            self::assertStringContainsString('此单已经结束', $clerk->body);
        }
        self::assertSame([], self::$simulator->control('GET', '/orders'));
    }

    public function testASaleIsNobodyElsesOrder(): void
    {
        [, $number] = $this->sale();
        $payer = $this->visitor();
        $payer->get("/orders/$number");
        self::assertSame(404, $payer->status);
    }

    /** @return array{ShopVisitor, string} */
    private function sale(array $quantities = ['tea' => 1]): array
    {
        $clerk = $this->visitor();
        $clerk->login('anna');
        $number = substr($clerk->post('/office/counter', ['quantity' => $quantities]), \strlen('/office/counter/'));
        self::assertMatchesRegularExpression('~^T[0-9a-f]{28}$~', $number, $clerk->body);
        return [$clerk, $number];
    }
}
