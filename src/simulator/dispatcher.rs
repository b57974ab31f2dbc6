//! Looks which notices are due on the virtual clock, and sends them out.

use super::hub::SharedState;
use super::notice::{DeliveryAttempt, DeliveryTask, NoticeProof, Target, post};
use std::sync::Arc;
use std::time::{Duration, Instant};

const GLANCE: Duration = Duration::from_millis(50);

/// Goes round until the runtime ends.
pub async fn serve(hub: Arc<SharedState>) {
    loop {
        let errands = {
            let mut world = hub.world();
            world.pass_time();
            let now = world.clock.now();
            world.outbox.take_due(now)
        };
        for errand in errands {
            tokio::spawn(deliver(Arc::clone(&hub), errand));
        }
        tokio::select! {
            () = hub.stirred.notified() => {}
            () = tokio::time::sleep(GLANCE) => {}
        }
    }
}

async fn deliver(hub: Arc<SharedState>, errand: DeliveryTask) {
    let attempt = run(&hub, &errand.target, &errand.body, errand.proof).await;
    hub.world().outbox.returned(&errand, attempt);
    hub.stirred.notify_one();
}

/// One try.
pub async fn run(hub: &SharedState, target: &Target, body: &str, proof: NoticeProof) -> DeliveryAttempt {
    let (at_ms, headers) = {
        let mut world = hub.world();
        let request_id = ("request-id", world.own_dice.hex(32));
        let headers = world.v3_notices().headers(body, proof);
        (world.clock.now(), [vec![request_id], headers].concat())
    };
    let begun = Instant::now();
    let reply = post(target, body, &headers).await;
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    DeliveryAttempt { at_ms, took_ms, reply, proof }
}
