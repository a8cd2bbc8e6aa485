//! Proof of addresses over the API: how each stands, and an export that `check` reads.

use axum::Json;
use axum::extract::State;

use super::Ctx;
use super::problem::Problem;
use crate::api::{AddressProofView, ExportedProof, PROOFS_FORM, ProofExport};
use crate::dispatch::engine::Meta;
use crate::domain::ids::PointIx;
use crate::domain::incident::state::State as Domain;
use crate::domain::view::{AddressView, addresses};

fn one(a: AddressView) -> AddressProofView {
    AddressProofView {
        waits: a.waits(),
        functions: a.functions,
        channel: a.channel,
        nth: a.nth,
        proven_by: a.proven.map(|p| p.by),
        proven_on: a.proven.map(|p| p.date.to_string()),
        proven_at: a.proven.and_then(|p| p.at),
        age_days: a.proven.map(|p| p.age_days),
        failed_at: a.failed,
        asked_at: a.asked,
    }
}

pub(super) async fn list(State(ctx): State<Ctx>) -> Result<Json<Vec<AddressProofView>>, Problem> {
    Ok(Json(ctx.handle.query(|s, m| addresses(s, m.now).into_iter().map(one).collect()).await?))
}

fn export_of(state: &Domain, meta: &Meta) -> ProofExport {
    let marks = (0..).map(PointIx).zip(meta.marks.of.iter());
    let proofs = marks.filter_map(|(p, mark)| {
        let proven = state.proven(p, meta.now)?;
        Some(ExportedProof { mark: mark.clone(), proven_by: proven.by, proven_on: proven.date.to_string() })
    });
    ProofExport { form: PROOFS_FORM, made: meta.now, salt: meta.marks.salt.clone(), proofs: proofs.collect() }
}

pub(super) async fn export(State(ctx): State<Ctx>) -> Result<Json<ProofExport>, Problem> {
    Ok(Json(ctx.handle.query(export_of).await?))
}
