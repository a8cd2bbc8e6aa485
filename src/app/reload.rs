//! Reads the configuration anew: for new incidents, and only if it checks clean. Gateways, mirrors and signs of life change at
//! once; open incidents keep what they began with until somebody adopts the new one on record (invariant 5).

use std::sync::Arc;

use super::term::{House, Outwards};
use crate::api::Reloaded;
use crate::config::diff;
use crate::config::{Source, load_checked};
use crate::dispatch::engine::Swap;
use crate::dispatch::recover::frozen;
use crate::domain::plan::Plan;
use crate::gateways::Boxed;
use crate::web::reload::{Mistake, NotReloaded, Reload};

/// What a reload needs.
pub struct Reloader {
    source: Option<Source>,
    house: Arc<House>,
    /// One at a time: what runs at the end is what was recorded last.
    turn: tokio::sync::Mutex<()>,
}

impl Reloader {
    /// `source`: where the configuration lies; `None`: it was made up for a demo.
    pub fn new(source: Option<Source>, house: Arc<House>) -> Self {
        Self { source, house, turn: tokio::sync::Mutex::default() }
    }

    async fn anew(&self) -> Result<Reloaded, NotReloaded> {
        let _turn = self.turn.lock().await;
        let Some(source) = self.source.clone() else {
            return Err(NotReloaded::Failed("the configuration of a demo is made up".into()));
        };
        let loaded = tokio::task::spawn_blocking(move || load_checked(&source))
            .await
            .map_err(|e| NotReloaded::Failed(e.to_string()))?
            .map_err(|list| {
                let told = |d: &crate::yaml::diagnostics::Diagnostic| Mistake {
                    place: format!("{}:{}:{}", d.file, d.line, d.column),
                    why: d.message.clone(),
                };
                NotReloaded::Mistakes(list.iter().map(told).collect())
            })?;
        let handle = &self.house.handle;
        let before: Arc<Plan> =
            handle.query(|state, _| state.plan.clone()).await.map_err(|e| NotReloaded::Failed(e.to_string()))?;
        let warnings = loaded.warnings.len();
        let (_, after) = frozen(loaded.plan.clone());
        let mut changes = diff::lines(&before, &after);
        let Some(Outwards { workers, outside }) = self.house.outwards() else {
            // Another node decides, with its own: this is what this node would go on with.
            let done = handle.config(loaded, Swap::default()).await.map_err(|e| NotReloaded::Failed(e.to_string()))?;
            return Ok(Reloaded { on_record: done.on_record, warnings, changes, gateways: Vec::new() });
        };
        let wanted = outside.wanted(&loaded);
        let (swap, replaced) = workers.reconcile(&loaded);
        let mut gateways: Vec<_> = swap.workers.keys().cloned().collect();
        let done = handle.config(loaded, swap).await.map_err(|e| NotReloaded::Failed(e.to_string()))?;
        let changed = outside.reconcile(wanted);
        gateways.extend(changed.mirrors);
        if changed.heartbeat {
            changes.push("heartbeat: as it is configured now".into());
        }
        changes.extend(changed.webhooks.iter().map(|id| format!("webhook {id}: as it is configured now")));
        changes.extend(changed.printers.iter().map(|id| format!("printer {id}: as it is configured now")));
        // Waiting for what is on their wires must not keep the answer: they end beside it.
        replaced.end();
        Ok(Reloaded { on_record: done.on_record, warnings, changes, gateways })
    }
}

impl Reload for Reloader {
    fn reload(&self) -> Boxed<'_, Result<Reloaded, NotReloaded>> {
        Box::pin(self.anew())
    }

    fn changes(&self, from: &Plan, to: &Plan) -> Vec<String> {
        diff::lines(from, to)
    }
}
