//! The courier's round: looks what is due on the virtual clock and sends it out.

use super::super::hub::SharedState;
use super::{DeliveryAttempt, DeliveryTask, Target, courier};
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
    let attempt = run(&hub, &errand.target, &errand.body).await;
    hub.world().outbox.returned(&errand, attempt);
    hub.stirred.notify_one();
}

/// One try.
pub async fn run(hub: &SharedState, target: &Target, body: &str) -> DeliveryAttempt {
    let (at_ms, request_id) = {
        let mut world = hub.world();
        (world.clock.now(), world.own_dice.hex(32))
    };
    let begun = Instant::now();
    let reply = courier::post(target, body, &request_id).await;
    DeliveryAttempt { at_ms, took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX), reply }
}
