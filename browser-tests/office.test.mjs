import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { World, headed, isAccessible, photograph } from './world.mjs';

let world;
before(async () => { world = await World.start(); });
after(async () => { assert.equal(await world?.stop(), 0, 'Ctrl-C ends it cleanly'); });

/** Rings tea up, and types the payer's code. */
async function charge(page, code) {
    await page.goto(`${world.shop}/office/counter`);
    await page.fill('[name="quantity[tea]"]', '1');
    await page.click('main button');
    await headed(page, '请出示付款码');
    await page.fill('[name="code"]', code);
    await page.click('main button');
    return new URL(page.url()).pathname.split('/').pop();
}

test('the door: a wrong password is told, the right one opens, and the pages can be read', async () => {
    const page = await world.visitor();
    await page.goto(`${world.shop}/office/counter`);
    await isAccessible(page, 'the door');
    await page.fill('[name="name"]', 'anna');
    await page.fill('[name="password"]', 'guessed');
    await page.click('main button');
    assert.equal(await page.locator('[role="alert"]').textContent(), '姓名或密码不对。');
    await photograph(page, 'office-door');
    const clerk = await world.clerk('bo');
    await clerk.goto(`${world.shop}/office/counter`);
    await isAccessible(clerk, 'counter');
    await photograph(clerk, 'office-counter');
    assert.deepEqual(clerk.faults, []);
});

test('at the counter the scanner types a code, and it is paid', async () => {
    const page = await world.clerk();
    await charge(page, '134567890123456789');
    await headed(page, '支付成功');
    await photograph(page, 'office-counter-paid');
    await isAccessible(page, 'paid at the counter');
    assert.deepEqual(page.faults, []);
});

test('while the payer types the password the page says so, and then that it is paid', async () => {
    const page = await world.clerk();
    await world.control('POST', '/micropay', { scenario: 'password', pay_after_ms: 6000 });
    await charge(page, '134567890123456788');
    await headed(page, '正在输入密码');
    await photograph(page, 'office-counter-password');
    await isAccessible(page, 'password at the counter');
    await headed(page, '支付成功');
});

test('whoever never answers is not charged: the sale is reversed', async () => {
    const page = await world.clerk();
    await world.control('POST', '/micropay', { scenario: 'password_never' });
    const number = await charge(page, '134567890123456787');
    await headed(page, '正在输入密码');
    await headed(page, '订单已关闭', 60000);
    await photograph(page, 'office-counter-reversed');
    const order = (await world.control('GET', '/orders')).find(one => one.out_trade_no === number);
    assert.equal(order.trade_state, 'REVOKED');
});

test('a code that is refused is told, and the next sale begins anew', async () => {
    const page = await world.clerk();
    await world.control('POST', '/micropay', { scenario: 'auth_code_expired' });
    await charge(page, '134567890123456786');
    await headed(page, '订单已关闭');
    assert.match(await page.locator('.note').textContent(), /AUTHCODEEXPIRE/);
    await page.click('text=下一单');
    await headed(page, '收银台');
});
