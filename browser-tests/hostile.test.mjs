import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { World, headed } from './world.mjs';

let world;
before(async () => { world = await World.start(); });
after(async () => { assert.equal(await world?.stop(), 0, 'Ctrl-C ends it cleanly'); });

/** The book of the simulated WeChat Pay about one order. */
const booked = async number => (await world.control('GET', '/orders')).filter(order => order.out_trade_no === number);

test('mall #998, vmqphp #7, card-system #197, waimai #5, own-pay #330: a price that is changed in the browser is not what is paid', async () => {
    const page = await world.visitor();
    await page.goto(world.shop);
    await page.evaluate(() => {
        const form = document.querySelector('form[action="/orders"]');
        for (const name of ['fen', 'total_fee', 'price[tea]', 'discount', 'amount']) {
            form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value: '1' }));
        }
    });
    await page.fill('[name="quantity[tea]"]', '1');
    await page.click('form[action="/orders"] button');
    await headed(page, '等待支付');
    assert.equal(await page.locator('.total').textContent(), '¥12.30');
    const number = new URL(page.url()).pathname.split('/').pop();
    assert.deepEqual((await booked(number)).map(order => order.total_fee), [1230]);
});

test('ruoyi-vue-pro #1152, #1156, and most tutorials flood: whoever reloads, goes back and presses again has one order', async () => {
    const page = await world.visitor();
    const number = await world.buy(page);
    for (let n = 0; n < 3; n++) {
        await page.reload();
        assert.equal(await world.buy(page), number);
    }
    assert.equal((await booked(number)).length, 1);
    for (const quantity of [2, 3]) await world.buy(page, { quantity });
    await page.goto(world.shop);
    await page.fill('[name="quantity[tea]"]', '4');
    await page.click('form[action="/orders"] button');
    await headed(page, '无法下单');
});

test('dujiaoka #328, #97, card-system #4, ProxyPanel #277, mycncart #136: a notice that is forged shows nothing, one that is doubled shows the payment once', async () => {
    const page = await world.visitor();
    const number = await world.buy(page);
    await headed(page, '等待支付');
    for (const mutate of ['forged', 'bad_sign', 'other_merchant', 'wrong_amount', 'altered']) {
        await world.control('POST', '/notify', { out_trade_no: number, mutate });
    }
    await page.reload();
    assert.notEqual(await page.locator('h1').textContent(), '支付成功');
    const other = await world.buy(page, { sku: 'coffee' });
    await headed(page, '等待支付');
    await world.control('POST', '/state', { out_trade_no: other, trade_state: 'SUCCESS' });
    await world.control('POST', '/notify', { out_trade_no: other, mutate: 'two_at_once' });
    await world.control('POST', '/notify', { out_trade_no: other, copies: 10 });
    await headed(page, '支付成功');
    await page.goto(world.shop);
    await world.has(page, '26');
    assert.equal(await page.locator('dd').last().textContent(), '26', 'points of one payment');
});

test('slimkit/plus #448, mall #299: two browsers that take the last points at once get one thing', async () => {
    const first = await world.visitor();
    const number = await world.buy(first, { sku: 'coffee', quantity: 5 });
    await headed(first, '等待支付');
    await world.control('POST', '/pay', { out_trade_no: number });
    await headed(first, '支付成功');
    const second = await world.visitor();
    await second.context().addCookies(await first.context().cookies());
    for (const page of [first, second]) {
        await page.goto(world.shop);
        await world.has(page, '133');
    }
    const take = page => Promise.all([page.waitForNavigation(), page.locator('form[action="/exchanges"]', { hasText: 'tea' }).locator('button').click()]);
    await Promise.all([take(first), take(second)]);
    const headings = [await first.locator('h1').textContent(), await second.locator('h1').textContent()];
    assert.deepEqual(headings.sort(), ['商品', '无法下单'].sort());
    await first.goto(world.shop);
    assert.equal(await first.locator('dd').last().textContent(), '13', '133 less 120');
});

test('a form on another page does nothing in the back office', async () => {
    const clerk = await world.clerk();
    await clerk.goto(world.phone);
    await clerk.evaluate(shop => {
        const form = Object.assign(document.createElement('form'), { method: 'post', action: `${shop}/office/counter` });
        form.append(Object.assign(document.createElement('input'), { name: 'quantity[tea]', value: '1' }));
        document.body.append(form);
        form.submit();
    }, world.shop);
    await headed(clerk, '页面已过期，请返回重试');
});

test('a session that was planted before the login opens nothing', async () => {
    const planted = { name: 'shop_office', value: 'ab'.repeat(32), url: `${world.shop}/office` };
    const victim = await world.visitor();
    await victim.context().addCookies([planted]);
    await victim.goto(`${world.shop}/office`);
    await victim.fill('[name="name"]', 'anna');
    await victim.fill('[name="password"]', 'tea and coffee');
    await victim.click('main button');
    await victim.locator('nav.office').waitFor();
    const attacker = await world.visitor();
    await attacker.context().addCookies([planted]);
    await attacker.goto(`${world.shop}/office/orders`);
    await headed(attacker, '登录');
});

test('a code that is stale is asked for again under the same number', async () => {
    const page = await world.visitor();
    const number = await world.buy(page);
    await headed(page, '等待支付');
    world.sql(`UPDATE shop_order SET code_at = 0 WHERE number = '${number}'`);
    await page.reload();
    await headed(page, '等待支付');
    assert.equal((await booked(number)).length, 1);
    const placed = (await world.control('GET', '/requests')).filter(request => request.path === '/pay/unifiedorder');
    assert.ok(placed.length >= 2);
});

test('an order that nobody pays is closed, and the page shows it without a reload', async () => {
    const page = await world.visitor();
    const number = await world.buy(page);
    await headed(page, '等待支付');
    world.sql(`UPDATE wechatpay_order SET created_at = created_at - 7300000, expires_at = created_at - 100000, due_at = 0 WHERE out_trade_no = '${number}'`);
    await headed(page, '订单已关闭', 30000);
});
