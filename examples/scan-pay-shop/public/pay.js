// Watches one order: asks the shop every two seconds for a minute, rests while nobody looks, and shows what changed. Only
// the shop is asked, and only the shop decides: nothing here says that an order is paid.
'use strict';

(() => {
    const everyMs = 2000, forMs = 60000;
    let tag = null, lookedMs = 0, timer = null;

    const watched = () => document.querySelector('[data-poll]');
    const seen = () => watched()?.dataset.state;

    async function replacePage(address) {
        const page = new DOMParser().parseFromString(await (await fetch(address)).text(), 'text/html');
        document.querySelector('main').replaceWith(page.querySelector('main'));
        document.title = page.title;
        document.querySelector('h1').focus();
        begin();
    }

    async function look() {
        const order = watched();
        if (!order || document.hidden) return;
        const address = `/orders/${order.dataset.order}`;
        try {
            const answer = await fetch(`${address}/state`, { headers: tag ? { 'If-None-Match': tag } : {}, cache: 'no-store' });
            document.getElementById('offline').hidden = true;
            if (answer.status === 200) {
                tag = answer.headers.get('ETag');
                if ((await answer.json()).state !== seen()) return await replacePage(address);
            }
            lookedMs += everyMs;
        } catch {
            document.getElementById('offline').hidden = false;
        }
        if (lookedMs >= forMs) {
            history.replaceState(null, '', `${address}?timed_out=1`);
            return replacePage(`${address}?timed_out=1`);
        }
        timer = setTimeout(look, everyMs);
    }

    function countDown() {
        for (const clock of document.querySelectorAll('[data-left]')) {
            const left = Math.max(0, clock.dataset.left - 1);
            clock.dataset.left = left;
            clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
        }
    }

    function payInWechat() {
        const button = document.getElementById('wechat');
        if (!button) return;
        button.addEventListener('click', () => {
            // What it answers is no proof, so it is not looked at: the shop is asked.
            window.WeixinJSBridge?.invoke('getBrandWCPayRequest', JSON.parse(button.dataset.params), look);
        });
    }

    function begin() {
        clearTimeout(timer);
        tag = null;
        lookedMs = 0;
        if (watched()) timer = setTimeout(look, everyMs);
        payInWechat();
    }

    document.addEventListener('visibilitychange', () => { clearTimeout(timer); if (!document.hidden) look(); });
    setInterval(countDown, 1000);
    begin();
})();
