// An order in each of its states, each with an address that can be reloaded; and the payer's phone, a browser, WeChat itself.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { World, THEMES, headed, isAccessible, isWholeWithLargeText, photograph } from './world.mjs';

let world;
before(async () => { world = await World.start(); });
after(async () => { assert.equal(await world?.stop(), 0, 'Ctrl-C ends it cleanly'); });

const fault = (path, times) => world.control('POST', '/faults', { fault: 'status_502', path, times });
const told = async number => {
    await world.control('POST', '/state', { out_trade_no: number, trade_state: 'SUCCESS' });
    await world.control('POST', '/notify', { out_trade_no: number });
};

/** How a visitor's order comes to each state; what its page is called then. */
const STATES = {
    placing: { zh: '正在下单', en: 'Placing the order', before: () => fault('/pay/unifiedorder', 30), then: () => {} },
    waiting: { zh: '等待支付', en: 'Waiting for the payment', then: () => {} },
    paying: {
        zh: '正在输入密码', en: 'The payer is typing the password', then: async (number, page) => {
            await world.control('POST', '/state', { out_trade_no: number, trade_state: 'USERPAYING' });
            await page.evaluate(address => fetch(`${address}/check`, { method: 'POST', body: new URLSearchParams(new FormData(document.querySelector('main form'))) }), page.url());
        },
    },
    timed_out: { zh: '还没有收到付款', en: 'No payment yet', then: (number, page) => page.goto(`${page.url()}?timed_out=1`) },
    closing: {
        zh: '正在关闭', en: 'Being cancelled', then: async (number, page) => {
            await fault('/pay/closeorder', 30);
            await fault('/pay/orderquery', 60);
            await page.click('button.quiet');
        },
    },
    closed: { zh: '订单已关闭', en: 'Cancelled', then: (number, page) => page.click('button.quiet') },
    paid: { zh: '支付成功', en: 'Paid', then: told },
    paid_late: { zh: '关闭后收到付款', en: 'Paid after it was cancelled', then: async (number, page) => { await page.click('button.quiet'); await headed(page, '订单已关闭'); await told(number); } },
    review: { zh: '人工核对中', en: 'Being checked', then: async number => { await told(number); world.sql(`UPDATE shop_order SET hold = 'sold out' WHERE number = '${number}'`); } },
    refunded_part: { zh: '已部分退款', en: 'Refunded in part', then: number => sendBack(number, ['coffee']) },
    refunded: { zh: '已全额退款', en: 'Refunded', then: number => sendBack(number, ['coffee', 'tea']) },
};

/** A clerk sends lines of a paid order back. */
async function sendBack(number, skus) {
    await told(number);
    const clerk = await world.clerk();
    await clerk.goto(`${world.shop}/office/orders/${number}`);
    for (const sku of skus) await clerk.check(`[name="sku[]"][value="${sku}"]`);
    await clerk.fill('#refund [name="note"]', 'spilled');
    await clerk.click('#refund button');
    await clerk.locator('h2', { hasText: '退款记录' }).waitFor();
}

for (const [n, [state, { zh, en, before: prepare, then }]] of Object.entries(STATES).entries()) {
    test(`${state}: its page is the same after a reload, in each look and language, on a phone with large letters too`, async () => {
        await prepare?.();
        const page = await world.visitor();
        await page.goto(world.shop);
        for (const sku of ['coffee', 'tea']) await page.fill(`[name="quantity[${sku}]"]`, '1');
        await page.click('form[action="/orders"] button');
        await page.waitForURL('**/orders/*');
        const number = new URL(page.url()).pathname.split('/').pop();
        await then(number, page);
        await page.waitForLoadState();
        const address = `${world.shop}/orders/${number}`;
        const more = state === 'timed_out' ? '&timed_out=1' : '';
        for (const [language, title] of [['zh', zh], ['en', en]]) {
            const theme = THEMES[(n + (language === 'en' ? 1 : 0)) % THEMES.length];
            await page.setViewportSize({ width: 1280, height: 811 });
            await page.goto(`${address}?language=${language}&theme=${theme}${more}`);
            await headed(page, title);
            await photograph(page, `state-${state}-${language}-1280`);
            await page.setViewportSize({ width: 375, height: 811 });
            await page.reload();
            await headed(page, title);
            await photograph(page, `state-${state}-${language}-375`);
            await isAccessible(page, `${state} ${language} ${theme}`);
            await isWholeWithLargeText(page, `${state} ${language}`);
        }
        await world.control('DELETE', '/faults', {});
        assert.deepEqual(page.faults, []);
    });
}

test('inside WeChat its own window pays, and what it answers is not believed', async () => {
    const context = { userAgent: 'Mozilla/5.0 (iPhone) Mobile MicroMessenger/8.0', viewport: { width: 375, height: 811 } };
    for (const sku of ['coffee', 'candy']) {
        const page = await world.visitor(context);
        await page.addInitScript(() => {
            window.asked = [];
            window.WeixinJSBridge = { invoke: (name, params, done) => { window.asked.push([name, params]); done({ err_msg: 'get_brand_wcpay_request:ok' }); } };
        });
        const number = await world.buy(page, { sku });
        await page.click('#wechat');
        const [[name, params]] = await page.evaluate(() => window.asked);
        assert.equal(name, 'getBrandWCPayRequest');
        assert.deepEqual(Object.keys(params).sort(), ['appId', 'nonceStr', 'package', 'paySign', 'signType', 'timeStamp']);
        assert.equal(params.signType, sku === 'candy' ? 'RSA' : 'HMAC-SHA256');
        await headed(page, '等待支付');
        await isAccessible(page, 'JSAPI');
        await isWholeWithLargeText(page, 'JSAPI');
        await photograph(page, `jsapi-${sku}`);
        await world.control('POST', '/pay', { out_trade_no: number });
        await headed(page, '支付成功');
        assert.deepEqual(page.faults, []);
    }
});

test('the payer who cancels the password can pay again, and whose payment fails is told', async () => {
    const phone = await world.visitor({ viewport: { width: 375, height: 811 } });
    const page = await world.visitor();
    const number = await world.buy(page, { sku: 'coffee' });
    await headed(page, '等待支付');
    await phone.goto(world.phone);
    await phone.locator(`#${number} button`, { hasText: '扫码 Scan' }).click();
    await phone.locator(`#${number} button`, { hasText: '输入密码' }).click();
    await phone.locator(`#${number} button`, { hasText: '取消' }).click();
    await phone.locator(`#${number} button`, { hasText: '支付 Pay' }).click();
    await headed(page, '支付成功');
    const other = await world.buy(page, { sku: 'tea' });
    await headed(page, '等待支付');
    await phone.locator(`#${other} button`, { hasText: '扫码 Scan' }).click();
    await phone.locator(`#${other} button`, { hasText: '付款失败' }).click();
    await phone.locator(`#${other}`, { hasText: 'PAYERROR' }).waitFor();
    await page.evaluate(() => fetch(`${location.pathname}/check`, { method: 'POST', body: new URLSearchParams(new FormData(document.querySelector('main form'))) }));
    await headed(page, '正在关闭');
    await isAccessible(phone, 'the phone');
    await isWholeWithLargeText(phone, 'the phone');
    await photograph(phone, 'phone-375');
    assert.deepEqual([...page.faults, ...phone.faults], []);
});

test('there is a place for the logo, and a theme that names one shows it', async () => {
    const page = await world.visitor();
    await world.buy(page, { sku: 'coffee' });
    await headed(page, '等待支付');
    const shown = () => page.evaluate(() => getComputedStyle(document.querySelector('.what'), '::before').content);
    assert.equal(await shown(), 'none');
    await page.evaluate(() => document.documentElement.style.setProperty('--brand', 'url("/icon.svg")'));
    assert.match(await shown(), /icon\.svg/);
    assert.deepEqual(page.faults, []);
});

test('what others wrote is text on every page', async () => {
    const evil = '<script>window.isOwned = 1</script><img src=x onerror="window.isOwned = 1">';
    world.sql(`UPDATE goods SET name = '${evil}' WHERE sku = 'tea'`);
    const page = await world.visitor();
    await page.goto(world.shop);
    world.sql(`UPDATE member SET name = '${evil}'`);
    const number = await world.buy(page);
    world.sql(`UPDATE shop_order SET hold = '${evil}' WHERE number = '${number}'`);
    const clerk = await world.clerk();
    const owned = async (browser, address) => {
        await browser.goto(address);
        assert.ok((await browser.locator('main').textContent()).includes('<script>'), address);
        assert.equal(await browser.evaluate(() => window.isOwned), undefined, address);
        assert.equal(await browser.locator('main script, main img[src="x"]').count(), 0, address);
    };
    for (const path of ['/', `/orders/${number}`]) await owned(page, world.shop + path);
    for (const path of ['/counter', '/orders', `/orders/${number}`, '/members']) await owned(clerk, `${world.shop}/office${path}`);
    world.sql("UPDATE goods SET name = '龙井茶 Longjing tea' WHERE sku = 'tea'");
    assert.deepEqual([...page.faults, ...clerk.faults], []);
});
