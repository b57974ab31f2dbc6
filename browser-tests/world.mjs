// The shop, its worker and the simulator, as `make shop` starts them, and browsers that look at it.
import { execFileSync, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const pictures = join(root, 'target/shop-pictures');
export const THEMES = ['light', 'dark', 'tea'];

/** A port with three free ones behind it, below those that the kernel gives to connections. */
async function freePort() {
    const port = 20000 + 4 * Math.floor(Math.random() * 3000);
    const free = await Promise.all([0, 1, 2, 3].map(next => isFree(port + next)));
    return free.every(Boolean) ? port : freePort();
}

function isFree(port) {
    const server = createServer();
    return new Promise(done => {
        server.once('error', () => done(false));
        server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
    });
}

/** What `make shop` runs. */
export class World {
    static async start() {
        const world = new World();
        world.folder = mkdtempSync(join(tmpdir(), 'wechatpay-shop-'));
        world.secret = randomBytes(32).toString('hex');
        world.staff = execFileSync('php', ['-r', 'echo json_encode(array_fill_keys(["anna", "bo"], password_hash("tea and coffee", PASSWORD_BCRYPT)));'], { encoding: 'utf8' });
        const port = await freePort();
        Object.assign(world, { shop: `http://127.0.0.1:${port}`, phone: `http://127.0.0.1:${port + 3}` });
        const environment = { ...process.env, SHOP_PORT: String(port), SHOP_FOLDER: world.folder, SHOP_STAFF: world.staff, SHOP_SECRET: world.secret };
        world.process = spawn(join(root, 'tools/shop'), { env: environment, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
        process.once('exit', () => world.process.exitCode ?? world.process.kill('SIGINT'));
        world.said = '';
        world.ended = new Promise(done => world.process.once('exit', done));
        await new Promise((done, fail) => {
            world.process.stdout.on('data', bytes => (world.said += bytes).includes('Ctrl-C') && done());
            world.process.once('exit', code => fail(new Error(`tools/shop ended with ${code}`)));
        });
        mkdirSync(pictures, { recursive: true });
        world.browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
        return world;
    }

    /** The same shop deployed once more, with a merchant that is retired: it sells nothing. Gives its address. */
    async withRetired(mchId) {
        const [line] = readFileSync(join(this.folder, 'simulator.log'), 'utf8').split('\n');
        const merchants = JSON.parse(execFileSync('php', [join(root, 'tools/shop-merchants.php'), line]))
            .map(one => one.mchId === mchId ? { ...one, sells: '' } : one);
        const address = `127.0.0.1:${await freePort()}`;
        const site = join(root, 'examples/scan-pay-shop/public');
        const environment = {
            ...process.env, PHP_INI_SCAN_DIR: `${process.env.PHP_INI_SCAN_DIR ?? ''}:${this.folder}/wechat`, PHP_CLI_SERVER_WORKERS: '4',
            SHOP_URL: `http://${address}`, SHOP_STAFF: this.staff, SHOP_SECRET: this.secret, SHOP_DSN: `sqlite:${this.folder}/shop.sqlite`, SHOP_MERCHANTS: JSON.stringify(merchants),
        };
        this.again = spawn(join(root, 'tools/php'), ['-S', address, '-t', site, join(site, 'index.php')], { env: environment, stdio: 'ignore', detached: true });
        for (let tries = 0; tries < 100 && !await fetch(`http://${address}/shop.css`).catch(() => null); tries++) {
            await new Promise(done => setTimeout(done, 100));
        }
        return `http://${address}`;
    }

    /** Ends it as Ctrl-C does; gives the exit code. */
    async stop() {
        await this.browser.close();
        if (this.again) process.kill(-this.again.pid);
        this.process.kill('SIGINT');
        const code = await this.ended;
        rmSync(this.folder, { recursive: true, force: true });
        return code;
    }

    /** A browser of its own, Chinese if nothing else is said. A wrong word on its console or a request to others fails the test. */
    async visitor(options = {}) {
        const context = await this.browser.newContext({ locale: 'zh-CN', viewport: { width: 1280, height: 800 }, ...options });
        context.setDefaultTimeout(60000);   // a machine that is busy with other things is slow, not wrong
        const page = await context.newPage();
        page.faults = [];
        page.on('console', message => message.type() === 'error' && page.faults.push(message.text()));
        page.on('pageerror', error => page.faults.push(String(error)));
        page.on('request', request => new URL(request.url()).hostname === '127.0.0.1' || page.faults.push(request.url()));
        return page;
    }

    /** Waits until the shop's window shows that somebody has so much: the worker asks WeChat Pay first. */
    async has(page, sum) {
        const shown = () => page.locator('dd').allTextContents();
        for (let tries = 0; tries < 40 && !(await shown()).includes(sum); tries++) {
            await page.waitForTimeout(500);
            await page.reload();
        }
    }

    /** Lets somebody buy tea; gives the order's number. */
    async buy(page, { theme = 'light', sku = 'tea', quantity = 1 } = {}) {
        await page.goto(`${this.shop}/?theme=${theme}`);
        await page.fill(`[name="quantity[${sku}]"]`, String(quantity));
        await page.click('form[action="/orders"] button');
        await page.waitForURL('**/orders/*');
        return new URL(page.url()).pathname.split('/').pop();
    }

    /** Somebody who has bought and paid, and the order's number. With WeChat Pay's clock set back the shop would ask a person. */
    async bought(sku, quantity, { isClockBack = false } = {}) {
        const page = await this.visitor();
        const number = await this.buy(page, { sku, quantity });
        await headed(page, '等待支付');
        if (isClockBack) this.sql(`UPDATE shop_order SET asked_at = 0 WHERE number = '${number}'`);
        await this.control('POST', '/pay', { out_trade_no: number });
        await headed(page, '支付成功');
        return { page, number };
    }

    /** Somebody who works there, logged in. */
    async clerk(name = 'anna', options = {}) {
        const page = await this.visitor(options);
        await page.goto(`${this.shop}/office`);
        await page.fill('[name="name"]', name);
        await page.fill('[name="password"]', 'tea and coffee');
        await page.click('main button');
        await page.locator('nav.office').waitFor();
        return page;
    }

    /** Posts a notice of a payment that never was, signed with a key of v2. */
    async forge(merchant, key, fields) {
        const all = { appid: 'wx2421b1c4370ec43b', mch_id: merchant, return_code: 'SUCCESS', result_code: 'SUCCESS', nonce_str: '0123456789abcdef', ...fields };
        const text = Object.keys(all).sort().map(name => `${name}=${all[name]}`).join('&');
        const sign = createHmac('sha256', key).update(`${text}&key=${key}`).digest('hex').toUpperCase();
        const body = `<xml>${Object.entries({ ...all, sign }).map(([name, value]) => `<${name}>${value}</${name}>`).join('')}</xml>`;
        return (await fetch(this.noticePage, { method: 'POST', headers: { 'Content-Type': 'text/xml' }, body })).text();
    }

    /** Where WeChat Pay sends its notices. */
    get noticePage() {
        return `${this.shop}/notify/${createHmac('sha256', this.secret).update('the notice page').digest('hex').slice(0, 32)}`;
    }

    /** Changes the shop's database behind its back: time that passes. */
    sql(statement) {
        execFileSync('php', ['-r', '(new PDO($argv[1], options: [PDO::ATTR_TIMEOUT => 5]))->exec($argv[2]);', `sqlite:${this.folder}/shop.sqlite`, statement]);
    }

    /** A call of the simulator's control. */
    async control(verb, path, body) {
        const answer = await fetch(this.phone + path, { method: verb, body: body && JSON.stringify(body) });
        assert.ok(answer.ok, `${path}: ${answer.status}`);
        return answer.json();
    }
}

/** What a scanner reads in a picture. */
export function scanned(png) {
    const file = join(mkdtempSync(join(tmpdir(), 'wechatpay-scan-')), 'code.png');
    writeFileSync(file, png);
    try {
        return execFileSync('zbarimg', ['--quiet', '--raw', file], { stdio: ['ignore', 'pipe', 'ignore'] }).toString().trim();
    } finally {
        rmSync(dirname(file), { recursive: true });
    }
}

/** Nothing that a reader with a screen reader, or with weak eyes, stumbles over. */
export async function isAccessible(page, what) {
    const { violations } = await new AxeBuilder({ page }).analyze();
    assert.deepEqual(violations.map(v => `${v.id}: ${v.nodes.map(n => n.html).join(' ')}`), [], what);
}

/** With letters twice as large on a phone nothing is cut off, and nothing is to be moved sideways. */
export async function isWholeWithLargeText(page, what) {
    await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
    const cut = await page.evaluate(() => [...document.querySelectorAll('body *')]
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1 || e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible')
        .map(e => e.outerHTML.slice(0, 80)));
    await page.evaluate(() => { document.documentElement.style.fontSize = ''; });
    assert.deepEqual(cut, [], what);
}

/** Waits for a heading. */
export async function headed(page, text, timeout = 30000) {
    await page.waitForFunction(wanted => document.querySelector('h1')?.textContent === wanted, text, { timeout });
}

export async function photograph(page, name, fullPage = true) {
    await page.screenshot({ path: join(pictures, `${name}.png`), fullPage });
}
