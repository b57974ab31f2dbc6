import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { World, headed, isAccessible, photograph, scanned } from './world.mjs';

/** The merchant of APIv3, which sells sweets. */
const SWEETS = '10000300';

let world;
before(async () => { world = await World.start(); });
after(async () => { assert.equal(await world?.stop(), 0, 'Ctrl-C ends it cleanly'); });

/** Who is paid by an order, by WeChat Pay's book. */
const paidTo = async number => (await world.control('GET', '/orders')).find(order => order.out_trade_no === number).mch_id;

/** Two days ago: the bill of that day is there. */
const DAYS_BACK = 2 * 86400000;
const day = new Date(Date.now() - DAYS_BACK + 8 * 3600000).toISOString().slice(0, 10);

/** Sends a line of an order back. */
async function refund(clerk, shop, number, sku) {
    await clerk.goto(`${shop}/office/orders/${number}`);
    await clerk.check(`[name="sku[]"][value="${sku}"]`);
    await clerk.fill('#refund [name="note"]', 'stale');
    await clerk.click('#refund button');
    await clerk.locator('h2', { hasText: '退款记录' }).waitFor();
}

test('three merchants sell, and whoever buys sees no difference: the one of APIv3 is paid by QR code without a reload', async () => {
    for (const [sku, merchant] of [['coffee', '10000100'], ['tea', '10000200'], ['candy', SWEETS]]) {
        const page = await world.visitor();
        const number = await world.buy(page, { sku });
        await page.locator('.code').evaluate(image => image.decode());
        assert.match(scanned(await page.screenshot()), /^weixin:\/\/wxpay\/bizpayurl/);
        assert.equal(await paidTo(number), merchant);
        await page.evaluate(() => { window.isSamePage = true; });
        const phone = await world.visitor();
        await phone.goto(world.phone);
        await phone.locator(`#${number} button`, { hasText: '扫码 Scan' }).click();
        await phone.locator(`#${number} button`, { hasText: '支付 Pay' }).click();
        await headed(page, '支付成功');
        assert.ok(await page.evaluate(() => window.isSamePage), 'without a reload');
        assert.deepEqual([...page.faults, ...phone.faults], []);
    }
    const asked = (await world.control('GET', '/requests')).map(request => request.path);
    assert.ok(asked.includes('/v3/pay/transactions/native') && asked.includes('/pay/unifiedorder'));
});

test('a notice of APIv3 that is forged shows nothing, one that is doubled shows the payment once', async () => {
    const page = await world.visitor();
    const number = await world.buy(page, { sku: 'candy', quantity: 99 });
    await headed(page, '等待支付');
    for (const mutate of ['forged', 'no_sign', 'bad_sign', 'altered', 'other_key_sign', 'stale_sign', 'double_sign', 'other_merchant', 'v2_xml']) {
        const { sent } = await world.control('POST', '/notify', { out_trade_no: number, mutate });
        assert.equal(sent[0].accepted, false, mutate);
    }
    await page.reload();
    await headed(page, '等待支付');
    const other = await world.buy(page, { sku: 'candy', quantity: 98 });
    await headed(page, '等待支付');
    await world.control('POST', '/state', { out_trade_no: other, trade_state: 'SUCCESS' });
    await world.control('POST', '/notify', { out_trade_no: other, mutate: 'two_at_once' });
    const { sent } = await world.control('POST', '/notify', { out_trade_no: other, copies: 10 });
    assert.deepEqual([...new Set(sent.map(reply => reply.status))], [204]);
    await headed(page, '支付成功');
    await page.goto(world.shop);
    await page.locator('.goods li', { hasText: '一颗糖' }).locator('.hint', { hasText: '库存 901' }).waitFor();
});

test('an order of APIv3 goes back, WeChat Pay tells it, and the payer sees it', async () => {
    const { page, number } = await world.bought('candy', 3);
    const clerk = await world.clerk();
    await refund(clerk, world.shop, number, 'candy');
    const [{ out_refund_no }] = (await world.control('GET', '/refunds')).filter(one => one.out_trade_no === number);
    await world.control('POST', '/refunds', { out_refund_no, status: 'SUCCESS' });
    const { sent } = await world.control('POST', '/notify', { out_trade_no: number, kind: 'refund' });
    assert.deepEqual([sent[0].status, sent[0].accepted], [204, true]);
    await page.reload();
    await headed(page, '已全额退款');
    assert.deepEqual([...page.faults, ...clerk.faults], []);
});

test('a merchant of APIv3 that is retired sells nothing, refunds what it was paid, and its day is reconciled', async () => {
    await world.control('POST', '/clock', { advance_ms: -DAYS_BACK });
    const { page, number } = await world.bought('candy', 7, { isClockBack: true });
    await world.control('POST', '/clock', { advance_ms: DAYS_BACK });
    const clerk = await world.clerk();
    const shop = await world.withRetired(SWEETS);
    await page.goto(shop);
    await page.fill('[name="quantity[candy]"]', '7');
    await page.click('form[action="/orders"] button');
    await headed(page, '等待支付');
    assert.equal(await paidTo(new URL(page.url()).pathname.split('/').pop()), '10000100');
    await refund(clerk, shop, number, 'candy');
    await page.goto(`${shop}/orders/${number}`);
    await headed(page, '已全额退款');
    await clerk.goto(`${shop}/office/days/${SWEETS}/${day}`);
    await clerk.click('text="对账" >> nth=-1');
    await clerk.locator('td', { hasText: '1 · ¥0.07' }).first().waitFor();
    assert.equal(await clerk.locator('td', { hasText: '1 · ¥0.07' }).count(), 2, 'both sides have it');
    await isAccessible(clerk, 'a day of APIv3');
    await photograph(clerk, 'office-day-v3');
    await clerk.goto(`${shop}/office/days`);
    await photograph(clerk, 'office-days-merchants');
    assert.deepEqual([...page.faults, ...clerk.faults], []);
});
