// Watches one order: asks the shop every two seconds for a minute, rests while nobody looks, and shows what changed. Only
// the shop is asked, and only the shop decides: nothing here says that an order is paid.
'use strict';

(() => {
    const everyMs = 2000, forMs = 60000;
    let tag = null, lookedMs = 0, timer = null;

    const watched = () => document.querySelector('[data-poll]');
    const seen = () => watched()?.dataset.state;

    async function show(answer) {
        const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
        document.querySelector('main').replaceWith(page.querySelector('main'));
        document.title = page.title;
        document.querySelector('h1').focus();
        begin();
    }

    async function look() {
        const order = watched();
        if (!order || document.hidden) return;
        const { address } = order.dataset;
        try {
            const answer = await fetch(`${address}/state`, { headers: tag ? { 'If-None-Match': tag } : {}, cache: 'no-store' });
            document.getElementById('offline').hidden = true;
            if (answer.status === 200) {
                tag = answer.headers.get('ETag');
                if ((await answer.json()).state !== seen()) return await show(await fetch(address));
            }
            lookedMs += everyMs;
        } catch {
            document.getElementById('offline').hidden = false;
        }
        if (lookedMs >= forMs) {
            history.replaceState(null, '', `${address}?timed_out=1`);
            return show(await fetch(`${address}?timed_out=1`));
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
        document.getElementById('wechat')?.addEventListener('click', event => {
            // What it answers is no proof, so it is not looked at: the shop is asked.
            window.WeixinJSBridge?.invoke('getBrandWCPayRequest', JSON.parse(event.currentTarget.dataset.params), look);
        });
    }

    // A code payment takes as long as the payer needs: meanwhile the page shows how it stands.
    function charge() {
        const form = document.querySelector('form[data-charge]');
        form?.addEventListener('submit', async event => {
            event.preventDefault();
            form.querySelector('button').disabled = true;
            form.closest('[data-address]').dataset.poll = '';
            timer = setTimeout(look, everyMs);
            show(await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) }));
        });
    }

    function begin() {
        clearTimeout(timer);
        tag = null;
        lookedMs = 0;
        if (watched()) timer = setTimeout(look, everyMs);
        payInWechat();
        charge();
    }

    document.addEventListener('visibilitychange', () => { clearTimeout(timer); if (!document.hidden) look(); });
    setInterval(countDown, 1000);
    begin();
})();
