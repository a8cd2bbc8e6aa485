//! Another level or other sites.

use clap::Args;

use super::context::Context;
use super::news;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::input::{Action, News};
use crate::error::Error;

/// Change the disruption level, or which sites are concerned.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase level 14 D4 --as tib\n  \
    vardkase level 14 major --sites FS,LS,NS")]
pub struct LevelArgs {
    /// The incident.
    incident: IncidentNo,
    /// The level, by its id or alias (`major`, `D3`).
    #[arg(required_unless_present = "sites")]
    level: Option<String>,
    /// All sites that are concerned now, with commas.
    #[arg(long, value_name = "SITES", value_delimiter = ',')]
    sites: Vec<String>,
}

impl LevelArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let sites = Some(news::sites(&self.sites)).filter(|s| !s.is_empty());
        let news = News { level: self.level, sites, ..News::default() };
        cx.act(&Action::Update { incident: self.incident, news })
    }
}
