//! One line of a report, to be laid beside those of others.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::curve::Curve;
use super::objective::Rating;
use super::shown::AfterReport;
use crate::domain::drills::DrillKind;
use crate::domain::ids::IncidentNo;
use crate::domain::lang::L10n;
use crate::domain::plan::Channel;
use crate::domain::time::At;

/// What is looked at where a drill has no objective: so many seconds.
pub const TREND_WITHIN_S: u32 = 15 * 60;

/// What came of one, in short.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct Trend {
    pub no: IncidentNo,
    pub title: L10n,
    /// None: it was real.
    pub drill: Option<DrillKind>,
    pub begun: At,
    pub ended: Option<At>,
    /// Functions that were asked.
    pub asked: u32,
    pub answered: u32,
    /// Answered within so many seconds: its first objective's, or 900.
    pub within_s: u32,
    pub within: u32,
    /// What its first objective asks for, in percent.
    pub target_percent: Option<u8>,
    /// How its first objective is rated.
    pub rating: Option<Rating>,
    /// Seconds until half of those who were asked had answered; none: that never came.
    pub half_s: Option<u32>,
    /// What the middle one of the answers took; none: nobody answered.
    pub median_s: Option<u32>,
    /// By channel: what the middle one of the texts took to be handed over, and how many were.
    pub channels: BTreeMap<Channel, TrendChannel>,
    /// Improvements that were planned after it.
    #[serde(default)]
    pub improvements: u32,
    /// Of these: still to be made.
    #[serde(default)]
    pub improvements_open: u32,
    /// Of those: their day has passed.
    #[serde(default)]
    pub improvements_overdue: u32,
}

/// One channel of it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct TrendChannel {
    /// Texts at addresses.
    pub of: u32,
    pub accepted: u32,
    /// None: no gateway of those that were used tells.
    pub delivered: Option<u32>,
    pub median_s: Option<u32>,
}

impl Trend {
    /// Of a report.
    pub fn of(report: &AfterReport) -> Self {
        let first = report.objectives.first();
        let within_s = first.map_or(TREND_WITHIN_S, |o| o.within_s);
        let answered = &report.reached.answered;
        let channel = |c: &super::ChannelResult| {
            let delivered = c.delivered.as_ref().map(Curve::total);
            let (of, accepted, median_s) = (c.accepted.of, c.accepted.total(), c.accepted.median_s());
            (c.channel, TrendChannel { of, accepted, delivered, median_s })
        };
        let (improvements, improvements_open, improvements_overdue) = report.written.counts();
        Self {
            no: report.no,
            title: report.identity.title.clone(),
            drill: report.identity.drill,
            begun: report.identity.begun,
            ended: report.identity.ended,
            asked: report.totals.asked,
            answered: report.totals.answered,
            within_s,
            // Counted from the rows: a curve with many points puts some together.
            within: super::curve::count(
                report.functions.iter().filter(|f| f.answered_s.is_some_and(|s| s <= within_s)).count(),
            ),
            target_percent: first.map(|o| o.percent),
            rating: first.and_then(|o| o.rating),
            half_s: answered.half_s(),
            median_s: answered.median_s(),
            channels: report.channels.iter().map(channel).collect(),
            improvements,
            improvements_open,
            improvements_overdue,
        }
    }
}
