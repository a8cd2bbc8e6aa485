//! The two ladders: disruption levels and staff modes. Both are ordered lists in `readiness.yaml`; a position is a rung.

use serde::{Deserialize, Serialize};

use super::ids::{FunctionIx, SiteId};
use super::lang::L10n;

macro_rules! rung {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug, Default)]
        #[serde(transparent)]
        pub struct $name(pub u8);
    };
}

rung!(/** A rung of the disruption ladder, from the mildest (0) up. */ LevelIx);
rung!(/** A rung of the staff-mode ladder; 0 is normal. */ ModeIx);

impl ModeIx {
    /// Normal: nothing is raised.
    pub const NORMAL: ModeIx = ModeIx(0);
}

/// A disruption level.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Level {
    /// `outage`.
    pub id: String,
    /// `D2` (RULES D7).
    pub alias: String,
    /// What people read.
    pub label: L10n,
    /// How often an update is due, in seconds, unless the playbook says otherwise (INCIDENTS lesson 30).
    pub beat_s: u32,
    /// Deputies side by side from here up, unless a row says otherwise (RULES D6, C9).
    pub deputies_beside: bool,
    /// At this level care functions get the first text without approval (RULES B1: `critical`).
    pub care_at_once: bool,
}

/// A staff mode.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Mode {
    /// `staff`.
    pub id: String,
    /// As it stands in texts: `STABSLÄGE`.
    pub label: L10n,
    /// What happens in it: `Staben följer läget`.
    #[serde(default)]
    pub line: L10n,
    /// Says that it ended: `Stabsläget upphörde`.
    #[serde(default)]
    pub ended: L10n,
    /// Told when a site comes into this mode, besides who is addressed already (RULES A9).
    pub tell: Vec<FunctionIx>,
    /// Who may raise to this mode, and lower from it.
    pub rights: Vec<Right>,
}

/// Who may raise into a mode and lower out of it, at some sites (RULES D3).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Right {
    /// At these sites only; empty = everywhere.
    pub sites: Vec<SiteId>,
    /// These may raise; empty = any duty.
    pub raise_by: Vec<FunctionIx>,
    /// These may lower.
    pub lower_by: Vec<FunctionIx>,
    /// A deputy may decide when its function has not answered for that long, in seconds.
    pub deputy_after_s: u32,
}

/// How much a system's loss hurts (INCIDENTS lesson 18).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
pub enum Class {
    /// Care stops or patients are in danger.
    A,
    /// Care is slowed.
    B,
    /// Care goes on.
    C,
}

/// What a level means for a system of a class: the least mode, and what is proposed. A playbook may only raise it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Least {
    /// From this level up.
    pub level: LevelIx,
    /// For systems of this class.
    pub class: Class,
    /// Raised at once (INCIDENTS lesson 12).
    pub mode: ModeIx,
    /// Proposed, in this order.
    pub propose: Vec<Propose>,
    /// It holds only where patient safety is yes or unknown (RULES D15).
    pub if_unsafe: bool,
}

/// A mode that somebody must decide on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Propose {
    pub mode: ModeIx,
    pub decides: FunctionIx,
    /// Asked again, and the deputies beside, after that many seconds.
    pub within_s: u32,
}

/// The ladders with what hangs on them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default)]
pub struct Ladders {
    /// From the mildest.
    pub levels: Vec<Level>,
    /// The staff modes, from normal upwards.
    pub modes: Vec<Mode>,
    /// The least mode of each level.
    pub least: Vec<Least>,
}

impl Ladders {
    /// The level with that id or alias (any case).
    pub fn level(&self, name: &str) -> Option<LevelIx> {
        let at =
            self.levels.iter().position(|l| l.id.eq_ignore_ascii_case(name) || l.alias.eq_ignore_ascii_case(name))?;
        u8::try_from(at).ok().map(LevelIx)
    }
    /// The mode with that id or label (any case, any language).
    pub fn mode(&self, name: &str) -> Option<ModeIx> {
        let low = name.to_lowercase();
        let at = self
            .modes
            .iter()
            .position(|m| m.id.eq_ignore_ascii_case(name) || m.label.0.values().any(|l| l.to_lowercase() == low))?;
        u8::try_from(at).ok().map(ModeIx)
    }
    /// A level by its rung.
    pub fn level_at(&self, at: LevelIx) -> Option<&Level> {
        self.levels.get(usize::from(at.0))
    }
    /// A mode by its rung.
    pub fn mode_at(&self, at: ModeIx) -> Option<&Mode> {
        self.modes.get(usize::from(at.0))
    }

    /// The least mode that a level asks for with these classes, and what it proposes.
    pub fn least_for(&self, level: LevelIx, classes: &[Class], unsafe_for_patients: bool) -> (ModeIx, Vec<Propose>) {
        let mut mode = ModeIx::NORMAL;
        let mut propose: Vec<Propose> = Vec::new();
        let mut best: Option<LevelIx> = None;
        let holds =
            |r: &&Least| r.level <= level && classes.contains(&r.class) && (unsafe_for_patients || !r.if_unsafe);
        for rule in self.least.iter().filter(holds) {
            mode = mode.max(rule.mode);
            if !rule.propose.is_empty() && best.is_none_or(|b| rule.level > b) {
                best = Some(rule.level);
                propose = rule.propose.clone();
            }
        }
        (mode, propose)
    }

    /// Whether somebody who holds `who` may raise a site into `mode`. The first matching right that names the site wins over
    /// one for everywhere.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
    pub fn may_raise(&self, who: FunctionIx, site: &SiteId, mode: ModeIx) -> bool {
        self.rights(site, mode).any(|r| r.raise_by.is_empty() || r.raise_by.contains(&who))
    }

    /// Whether somebody who holds `who` may lower a site out of `mode`.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
    pub fn may_lower(&self, who: FunctionIx, site: &SiteId, mode: ModeIx) -> bool {
        self.rights(site, mode).any(|r| r.lower_by.contains(&who))
    }

    /// The rights that hold for a mode at a site.
    pub fn rights<'a>(&'a self, site: &'a SiteId, mode: ModeIx) -> impl Iterator<Item = &'a Right> {
        self.mode_at(mode)
            .into_iter()
            .flat_map(|m| &m.rights)
            .filter(move |r| r.sites.is_empty() || r.sites.contains(site))
    }
}
