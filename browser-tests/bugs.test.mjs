// Bugs that real shops had, each under the name of who reported it; hostile.test.mjs and shop.test.mjs have some more.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { World, headed, root } from './world.mjs';

const KEY = '0123456789abcdefghijKLMNOPQRSTUV';

let world;
before(async () => { world = await World.start(); });
after(async () => { assert.equal(await world?.stop(), 0, 'Ctrl-C ends it cleanly'); });

const booked = async number => (await world.control('GET', '/orders')).filter(order => order.out_trade_no === number);
const refundsOf = async number => (await world.control('GET', '/refunds')).filter(refund => refund.out_trade_no === number);

/** What a member has: balance, gift, points. */
async function account(page) {
    await page.goto(world.shop);
    return page.locator('dd').allTextContents();
}

/** Somebody who has topped 100 yuan up, and the number of that order. */
async function toppedUp() {
    const page = await world.visitor();
    await page.goto(world.shop);
    await page.click('form[action="/topups"] button');
    await headed(page, '等待支付');
    const number = new URL(page.url()).pathname.split('/').pop();
    await world.control('POST', '/pay', { out_trade_no: number });
    await headed(page, '支付成功');
    await page.goto(world.shop);
    await world.has(page, '¥100.00');
    return { page, number };
}

/** Buys tea from the balance. */
async function spend(page) {
    await page.goto(world.shop);
    await page.fill('[name="quantity[tea]"]', '1');
    await page.click('[formaction="/purchases"]');
    await page.locator('[role="status"]', { hasText: '完成' }).waitFor();
}

/** Looks at a page again and again until it has this heading: one that is over does not change by itself. */
async function comesTo(page, heading) {
    for (let tries = 0; tries < 40 && await page.locator('h1').textContent() !== heading; tries++) {
        await page.waitForTimeout(500);
        await page.reload();
    }
    await headed(page, heading);
}

test('Xboard #362: nothing, and less than nothing, is not sold', async () => {
    const page = await world.visitor();
    for (const quantity of ['0', '-1']) {
        await page.goto(world.shop);
        await page.locator('[name="quantity[tea]"]').evaluate(input => input.removeAttribute('min'));
        await page.fill('[name="quantity[tea]"]', quantity);
        await page.click('form[action="/orders"] button');
        await headed(page, '无法下单');
    }
    assert.deepEqual(await world.control('GET', '/orders'), []);
});

test('new-api #4353: what another merchant was paid under the same number pays nothing here', async () => {
    const page = await world.visitor();
    const number = await world.buy(page, { sku: 'coffee' });
    await headed(page, '等待支付');
    for (const merchant of ['10000200', '10000300']) {
        await world.control('POST', '/orders', { mch_id: merchant, out_trade_no: number, total_fee: 2660, trade_state: 'SUCCESS', notify_url: world.noticePage });
        await world.control('POST', '/notify', { out_trade_no: number, mch_id: merchant });
    }
    await page.reload();
    await headed(page, '等待支付');
    assert.deepEqual(await account(page), ['¥0.00', '¥0.00', '0']);
});

test('juejin 7169202353500454925: a notice under a leaked key delivers nothing that WeChat Pay does not know of', async () => {
    const page = await world.visitor();
    const number = await world.buy(page, { sku: 'coffee' });
    await headed(page, '等待支付');
    const payment = { out_trade_no: number, transaction_id: '4200000000202611220000000009', total_fee: 2660, cash_fee: 2660, time_end: '20261122103000' };
    assert.match(await world.forge('10000100', KEY, payment), /SUCCESS/, 'the sign is right');
    await comesTo(page, '人工核对中');
    const clerk = await world.clerk();
    await clerk.goto(`${world.shop}/office/orders/${number}`);
    await clerk.locator('dd', { hasText: '微信支付没有这笔付款' }).waitFor();
    assert.doesNotMatch(readFileSync(join(world.folder, 'worker.log'), 'utf8'), new RegExp(`${number} PAID`), 'nothing left the house');
});

test('wechatpay-php #78, v2board #374: two clerks who send the same money back at once send it once', async () => {
    const { page, number } = await world.bought('coffee', 1);
    const clerks = [await world.clerk('anna'), await world.clerk('bo')];
    for (const clerk of clerks) {
        await clerk.goto(`${world.shop}/office/orders/${number}`);
        await clerk.check('[name="sku[]"]');
        await clerk.fill('#refund [name="note"]', 'broken');
    }
    await Promise.all(clerks.map(clerk => Promise.all([clerk.waitForNavigation(), clerk.click('#refund button')])));
    const headings = await Promise.all(clerks.map(clerk => clerk.locator('h1').textContent()));
    assert.deepEqual(headings.sort(), [number, '未能完成'].sort());
    assert.equal((await refundsOf(number)).length, 1);
    await page.reload();
    await headed(page, '已全额退款');
    assert.deepEqual(await account(page), ['¥0.00', '¥0.00', '0'], 'the points went back once');
});

test('dujiaoka #198: an unpaid order holds no stock, and what is paid without stock waits for a person', async () => {
    world.sql("UPDATE goods SET stock = 1 WHERE sku = 'tea'");
    const [first, second] = [await world.visitor(), await world.visitor()];
    const numbers = [await world.buy(first), await world.buy(second)];
    for (const page of [first, second]) await headed(page, '等待支付');
    for (const number of numbers) {
        await world.control('POST', '/state', { out_trade_no: number, trade_state: 'SUCCESS' });
        await world.control('POST', '/notify', { out_trade_no: number });
    }
    await headed(first, '支付成功');
    await headed(second, '人工核对中');
    world.sql("UPDATE goods SET stock = 100 WHERE sku = 'tea'");
});

test('Xboard #876, #1020: what is paid from the balance brings no points', async () => {
    const { page } = await toppedUp();
    await spend(page);
    assert.deepEqual(await account(page), ['¥87.70', '¥10.00', '0']);
});

test('sub2api #5191: a top-up that is spent does not go back until a person has settled it', async () => {
    const { page, number } = await toppedUp();
    const [anna, bo] = [await world.clerk('anna'), await world.clerk('bo')];
    await anna.goto(`${world.shop}/office/orders/${number}`);
    await anna.fill('#refund [name="note"]', 'by mistake');
    await anna.click('#refund button');
    await spend(page);
    await bo.goto(`${world.shop}/office/orders/${number}`);
    await bo.click('text="同意"');
    await headed(bo, '未能完成');
    await bo.click('text="返回"');
    await headed(bo, number);
    assert.deepEqual(await refundsOf(number), []);
    assert.deepEqual(await account(page), ['¥87.70', '¥10.00', '0'], 'nothing less');
});

test('SyliusGiftCardPlugin #284: what was paid from the balance goes back to it', async () => {
    const { page } = await toppedUp();
    const before = await account(page);
    await spend(page);
    const clerk = await world.clerk();
    await clerk.goto(`${world.shop}/office/orders`);
    await clerk.locator('main td a[href^="/office/orders/B"]').first().click();
    await clerk.fill('#refund [name="note"]', 'returned');
    await clerk.click('#refund button');
    await clerk.locator('h2', { hasText: '退款记录' }).waitFor();
    assert.deepEqual(await account(page), before);
});

test('a refund that WeChat Pay gives up later is booked back, and a person decides', async () => {
    const { page, number } = await world.bought('coffee', 1);
    const clerk = await world.clerk();
    await clerk.goto(`${world.shop}/office/orders/${number}`);
    await clerk.check('[name="sku[]"]');
    await clerk.fill('#refund [name="note"]', 'broken');
    await clerk.click('#refund button');
    await clerk.locator('h2', { hasText: '退款记录' }).waitFor();
    const [{ out_refund_no }] = await refundsOf(number);
    await world.control('POST', '/refunds', { out_refund_no, status: 'REFUNDCLOSE' });
    await page.reload();
    await headed(page, '已全额退款');
    world.sql(`UPDATE wechatpay_order SET due_at = 0 WHERE out_trade_no = '${number}'`);   // the minute that the worker waits
    await comesTo(page, '支付成功');
    for (let tries = 0; tries < 40 && await clerk.locator('td', { hasText: '微信支付未能退款' }).count() === 0; tries++) {
        await clerk.waitForTimeout(500);
        await clerk.reload();
    }
    assert.deepEqual(await account(page), ['¥0.00', '¥0.00', '26'], 'the points are there again');
    await clerk.click('text="已线下处理"');
    await clerk.locator('td', { hasText: '未退款' }).waitFor();
});

test('every bug that is known has a test that names it', () => {
    const known = ['mall #998', 'vmqphp #7', 'card-system #197', 'waimai #5', 'own-pay #330', 'Xboard #362', 'new-api #4353', 'juejin 7169202353500454925',
        'dujiaoka #328, #97', 'card-system #4', 'ProxyPanel #277', 'mycncart #136', 'SSPanel-UIM #938', 'ruoyi-vue-pro #1152, #1156', 'wechatpay-php #78',
        'dujiao-next #108', 'dujiaoka #198', 'slimkit/plus #448', 'mall #299', 'v2board #374', 'Xboard #876, #1020', 'sub2api #5191', 'SyliusGiftCardPlugin #284',
        'most tutorials'];
    const folder = join(root, 'browser-tests');
    const texts = readdirSync(folder).filter(file => file.endsWith('.test.mjs')).map(file => readFileSync(join(folder, file), 'utf8'));
    const names = texts.flatMap(text => [...text.matchAll(/^test\('(.*?)', /gm)].map(found => found[1]));
    assert.deepEqual(known.filter(bug => !names.some(name => name.split(': ')[0].includes(bug))), []);
});
