import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { World, THEMES, headed, isAccessible, isWholeWithLargeText, photograph, scanned } from './world.mjs';

let world;
before(async () => { world = await World.start(); });
after(async () => { assert.equal(await world?.stop(), 0, 'Ctrl-C ends it cleanly'); });

for (const theme of THEMES) {
    for (const [width, scale] of [[375, 2], [1280, 1]]) {
        test(`the code is read from the screen, paid on the phone, and the page shows it: ${theme}, ${width} px, scale ${scale}`, async () => {
            const page = await world.visitor({ viewport: { width, height: 800 }, deviceScaleFactor: scale });
            await page.goto(`${world.shop}/?theme=${theme}`);
            await photograph(page, `goods-${theme}-${width}`);
            await isAccessible(page, 'goods');
            await isWholeWithLargeText(page, 'goods');

            const number = await world.buy(page, { theme, sku: 'coffee' });
            await page.locator('.code').evaluate(image => image.decode());
            await photograph(page, `waiting-${theme}-${width}`);
            await isAccessible(page, 'waiting');
            if (width === 375) await isWholeWithLargeText(page, 'waiting');
            const orders = await world.control('GET', '/orders');
            assert.ok(orders.some(order => order.out_trade_no === number));
            assert.match(scanned(await page.screenshot()), /^weixin:\/\/wxpay\/bizpayurl\?pr=/);

            await page.evaluate(() => { window.isSamePage = true; });
            const phone = await world.visitor();
            await phone.goto(world.phone);
            await phone.locator(`#${number} button`, { hasText: '扫码 Scan' }).click();
            await phone.locator(`#${number} button`, { hasText: '支付 Pay' }).click();
            await headed(page, '支付成功');
            assert.ok(await page.evaluate(() => window.isSamePage), 'without a reload');
            assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
            assert.match(await page.title(), /^支付成功/);
            await photograph(page, `paid-${theme}-${width}`);
            await isAccessible(page, 'paid');
            if (width === 375) await isWholeWithLargeText(page, 'paid');
            await page.reload();
            await headed(page, '支付成功');
            assert.deepEqual([...page.faults, ...phone.faults], []);
        });
    }
}

test('a password that is being typed is shown, and then the payment', async () => {
    const page = await world.visitor({ locale: 'en-GB' });
    const number = await world.buy(page);
    await headed(page, 'Waiting for the payment');
    await isAccessible(page, 'English');
    const phone = await world.visitor();
    await phone.goto(world.phone);
    await photograph(phone, 'phone');
    await phone.locator(`#${number} button`, { hasText: '扫码 Scan' }).click();
    await phone.locator(`#${number} button`, { hasText: 'Type the password' }).click();
    await phone.locator(`#${number} button`, { hasText: 'Confirm' }).click();
    await headed(page, 'Paid');
    assert.deepEqual([...page.faults, ...phone.faults], []);
});

test('after a minute it says so, asks on demand, and survives a reload', async () => {
    const page = await world.visitor();
    await page.clock.install();
    const number = await world.buy(page);
    for (let n = 0; n < 40 && !page.url().endsWith('timed_out=1'); n++) {
        await page.clock.runFor(2100);
        await new Promise(done => setTimeout(done, 60));
    }
    await headed(page, '还没有收到付款');
    await photograph(page, 'timed-out');
    await isAccessible(page, 'timed out');
    await page.reload();
    await headed(page, '还没有收到付款');
    await page.click('text=我已支付');
    await headed(page, '还没有收到付款');
    await world.control('POST', '/state', { out_trade_no: number, trade_state: 'SUCCESS' });
    await page.click('text=我已支付');
    await headed(page, '支付成功');
    assert.deepEqual(page.faults, []);
});

test('nobody who does not look asks, and who looks again sees at once', async () => {
    const page = await world.visitor();
    await page.clock.install();
    const number = await world.buy(page);
    const hide = isHidden => page.evaluate(hidden => {
        Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
        document.dispatchEvent(new Event('visibilitychange'));
    }, isHidden);
    await hide(true);
    let asked = 0;
    page.on('request', request => { asked += request.url().endsWith('/state') ? 1 : 0; });
    await page.clock.runFor(20000);
    assert.equal(asked, 0);
    await world.control('POST', '/pay', { out_trade_no: number });
    await world.control('POST', '/settle');
    await hide(false);
    await headed(page, '支付成功');
});

test('a page that is offline says so and goes on by itself', async () => {
    const page = await world.visitor();
    const number = await world.buy(page);
    await page.context().setOffline(true);
    await page.locator('#offline').waitFor({ state: 'visible' });
    await photograph(page, 'offline');
    await page.context().setOffline(false);
    await world.control('POST', '/pay', { out_trade_no: number });
    await headed(page, '支付成功');
});

test('dujiao-next #108: an order that is cancelled is closed, and a payment that comes afterwards is shown', async () => {
    const page = await world.visitor();
    const number = await world.buy(page);
    await page.click('text=取消订单');
    await headed(page, '订单已关闭');
    await photograph(page, 'closed');
    await isAccessible(page, 'closed');
    await world.control('POST', '/state', { out_trade_no: number, trade_state: 'SUCCESS' });
    await world.control('POST', '/notify', { out_trade_no: number });
    await page.reload();
    await headed(page, '关闭后收到付款');
    await photograph(page, 'paid-late');
    await isAccessible(page, 'paid late');
    assert.deepEqual(page.faults, []);
});

test('a payment that is faster than the cancelling counts', async () => {
    const page = await world.visitor();
    const number = await world.buy(page);
    await world.control('POST', '/state', { out_trade_no: number, trade_state: 'SUCCESS' });
    await page.click('text=取消订单');
    await headed(page, '支付成功');
});

test('without JavaScript the page looks again by itself', async () => {
    const page = await world.visitor({ javaScriptEnabled: false });
    const number = await world.buy(page);
    await world.control('POST', '/pay', { out_trade_no: number });
    await page.locator('h1', { hasText: '支付成功' }).waitFor({ timeout: 15000 });
});

test('on a phone there is a link and a button, and no code to scan with itself', async () => {
    const page = await world.visitor({ viewport: { width: 375, height: 800 }, userAgent: 'Mozilla/5.0 (iPhone) Mobile Safari' });
    await world.buy(page);
    assert.equal(await page.locator('.code').count(), 0);
    assert.match(await page.locator('a.button').getAttribute('href'), /^https?:/);
    await photograph(page, 'h5');
    await isAccessible(page, 'H5');
    await isWholeWithLargeText(page, 'H5');
});

test('SSPanel-UIM #938: a top-up is credited once however often it is told', async () => {
    const page = await world.visitor();
    await page.goto(world.shop);
    await page.click('form[action="/topups"] button');
    await page.waitForURL('**/orders/*');
    const number = new URL(page.url()).pathname.split('/').pop();
    await world.control('POST', '/pay', { out_trade_no: number });
    await world.control('POST', '/notify', { out_trade_no: number, copies: 10 });
    await headed(page, '支付成功');
    await page.goto(world.shop);
    await world.has(page, '¥100.00');
    assert.deepEqual(await page.locator('dd').allTextContents(), ['¥100.00', '¥10.00', '0']);
});

test('with twenty cashier pages open a notice is answered within a second', async () => {
    const pages = await Promise.all(Array.from({ length: 20 }, () => world.visitor()));
    const numbers = [];
    for (const page of pages) numbers.push(await world.buy(page, { sku: 'candy' }));
    for (const number of numbers) {
        await world.control('POST', '/state', { out_trade_no: number, trade_state: 'SUCCESS' });
        const { sent } = await world.control('POST', '/notify', { out_trade_no: number });
        assert.ok(sent[0].accepted && sent[0].took_ms < 1000, JSON.stringify(sent));
    }
    await Promise.all(pages.map(page => headed(page, '支付成功')));
    await Promise.all(pages.map(page => page.context().close()));
});
