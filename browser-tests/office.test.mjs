import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { World, THEMES, headed, isAccessible, isWholeWithLargeText, photograph } from './world.mjs';

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
    const page = await world.clerk('anna', { viewport: { width: 375, height: 811 }, deviceScaleFactor: 2 });
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

test('a line goes back, and the payer sees it', async () => {
    const { page, number } = await world.bought('coffee', 1);
    const clerk = await world.clerk();
    await clerk.goto(`${world.shop}/office/orders?q=${number}`);
    await isAccessible(clerk, 'orders');
    await clerk.click(`text=${number}`);
    await clerk.check('[name="sku[]"][value="coffee"]');
    await clerk.fill('#refund [name="note"]', '<b>spilled</b>');
    await clerk.click('#refund button');
    await clerk.locator('h2', { hasText: '退款记录' }).waitFor();
    await isAccessible(clerk, 'an order');
    await photograph(clerk, 'office-order');
    assert.equal(await clerk.locator('b').count(), 0);
    await page.reload();
    await headed(page, '已全额退款');
    await photograph(page, 'refunded');
    await isAccessible(page, 'refunded');
    assert.deepEqual([...clerk.faults, ...page.faults], []);
});

test('a large refund waits until a second person agrees', async () => {
    const { page, number } = await world.bought('coffee', 19);
    const [anna, bo] = [await world.clerk('anna'), await world.clerk('bo')];
    await anna.goto(`${world.shop}/office/orders/${number}`);
    await anna.check('[name="sku[]"]');
    await anna.fill('#refund [name="note"]', 'returned');
    await anna.click('#refund button');
    await anna.click('text="同意"');
    await headed(anna, '未能完成');
    await bo.goto(`${world.shop}/office/orders`);
    await photograph(bo, 'office-orders');
    await bo.click(`text=${number}`);
    await bo.click('text="同意"');
    await page.reload();
    await headed(page, '已全额退款');
});

test('a late payment is decided by a person', async () => {
    const page = await world.visitor();
    const number = await world.buy(page);
    await page.click('text=取消订单');
    await headed(page, '订单已关闭');
    await world.control('POST', '/state', { out_trade_no: number, trade_state: 'SUCCESS' });
    await world.control('POST', '/notify', { out_trade_no: number });
    const clerk = await world.clerk();
    await clerk.goto(`${world.shop}/office/orders`);
    await clerk.click(`text=${number}`);
    await isAccessible(clerk, 'a late payment');
    await clerk.selectOption('[name="as"]', 'CREDIT');
    await clerk.fill('[action$="/resolve"] [name="note"]', 'delivered');
    await clerk.click('text="确定"');
    await page.reload();
    await headed(page, '支付成功');
});

test('what others wrote is text in the back office', async () => {
    const evil = '"><script>window.isOwned = true</script><img src=x onerror="window.isOwned = true">';
    const clerk = await world.clerk();
    await clerk.goto(`${world.shop}/office/orders?q=${encodeURIComponent(evil)}`);
    assert.equal(await clerk.inputValue('[name="q"]'), evil);
    assert.equal(await clerk.evaluate(() => window.isOwned), undefined);
});

test('a day is reconciled, its report is a page, and a difference is settled', async () => {
    await world.control('POST', '/clock', { advance_ms: -2 * 86400000 });
    await world.bought('coffee', 2, { isClockBack: true });
    await world.control('POST', '/orders', { mch_id: '10000100', out_trade_no: 'nobody-1', total_fee: 500, trade_state: 'SUCCESS' });
    await world.control('POST', '/clock', { advance_ms: 2 * 86400000 });
    const day = new Date(Date.now() - 2 * 86400000 + 8 * 3600000).toISOString().slice(0, 10);
    const today = new Date(Date.now() + 8 * 3600000).toISOString().slice(0, 10);
    const clerk = await world.clerk('anna', { deviceScaleFactor: 2 });
    await clerk.goto(`${world.shop}/office/days/10000100/${day}`);
    await clerk.click('main form button');
    await photograph(clerk, 'office-day');
    await clerk.locator('td', { hasText: 'PaidNotBooked' }).waitFor();
    await isAccessible(clerk, 'a day');
    await photograph(clerk, 'office-day');
    await clerk.fill('[action^="/office/differences/"] [name="note"]', 'sold by telephone');
    await clerk.click('text="标记为已处理"');
    await headed(clerk, '对账');
    await isAccessible(clerk, 'days');
    await photograph(clerk, 'office-days');
    await clerk.goto(`${world.shop}/office/days/10000100/${day}`);
    const [file] = await Promise.all([clerk.waitForEvent('download'), clerk.click('text=下载订单表')]);
    assert.equal(file.suggestedFilename(), `orders-10000100-${day}.csv`);
    await clerk.goto(`${world.shop}/office/days/10000100/${today}`);
    await photograph(clerk, 'office-today');
    await isAccessible(clerk, 'today');
    await clerk.click('th a:has-text("金额")');
    await clerk.locator('th', { hasText: '金额 ↑' }).waitFor();
    for (const theme of ['dark', 'tea']) {
        await clerk.goto(`${world.shop}/office/days/10000100/${today}?theme=${theme}`);
        await isAccessible(clerk, `today, ${theme}`);
        await photograph(clerk, `office-today-${theme}`);
    }
    // As if it had been bought all day long.
    const midnight = Date.parse(`${today}T00:00:00+08:00`) / 1000;
    world.sql(`UPDATE shop_order SET paid_at = ${midnight} + 3600 * (8 + rowid * 5 % 12) WHERE paid_at IS NOT NULL`);
    await clerk.setViewportSize({ width: 375, height: 811 });
    await clerk.goto(`${world.shop}/office/days/10000100/${today}?theme=light`);
    await isAccessible(clerk, 'today on a phone');
    await photograph(clerk, 'office-today-375', false);
});

test('the worker is seen alive, members have journals, in English too', async () => {
    const clerk = await world.clerk('anna', { locale: 'en-GB', viewport: { width: 375, height: 800 } });
    await clerk.goto(`${world.shop}/office`);
    await headed(clerk, 'Back office');
    assert.equal(await clerk.locator('[role="alert"]').count(), 0, 'a worker is alive');
    await isAccessible(clerk, 'office');
    await photograph(clerk, 'office');
    await clerk.goto(`${world.shop}/office/members`);
    await isAccessible(clerk, 'members');
    await clerk.click('main td a');
    await isAccessible(clerk, 'a journal');
    await photograph(clerk, 'office-journal');
    await clerk.click('text=Log out');
    await headed(clerk, 'Log in');
    assert.deepEqual(clerk.faults, []);
});

test('on a phone, with letters twice as large, no page of the back office is cut off or moved sideways, in any look and language', async () => {
    const { number } = await world.bought('coffee', 19);
    const clerk = await world.clerk('anna', { viewport: { width: 375, height: 811 }, deviceScaleFactor: 2 });
    await clerk.goto(`${world.shop}/office/orders/${number}`);
    await clerk.check('[name="sku[]"]');
    await clerk.fill('#refund [name="note"]', 'returned, all nineteen of them');
    await clerk.click('#refund button');
    const today = new Date(Date.now() + 8 * 3600000).toISOString().slice(0, 10);
    await clerk.goto(`${world.shop}/office/members`);
    const journal = await clerk.locator('main td a').first().getAttribute('href');
    const pages = ['', '/counter', '/orders', `/orders/${number}`, '/days', `/days/10000100/${today}`, '/members', journal.slice('/office'.length)];
    for (const language of ['zh', 'en']) {
        for (const [n, path] of pages.entries()) {
            const theme = THEMES[n % THEMES.length];
            await clerk.goto(`${world.shop}/office${path}?language=${language}&theme=${theme}`);
            await isWholeWithLargeText(clerk, `${path} ${language}`);
            if (language === 'zh') await isAccessible(clerk, `${path} ${theme}`);
            await photograph(clerk, `office-375-${language}-${n}`);
        }
    }
    assert.deepEqual(clerk.faults, []);
});
