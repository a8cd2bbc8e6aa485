//! Large regions, from a seed: as many duty points as wanted, over SMS and e-mail, added to the shipped region, so that words,
//! ladders and calendar are real ones. The same seed gives the same region.

use crate::config::Contacts;
use crate::config::Loaded;
use crate::domain::ids::{FunctionId, FunctionIx, GatewayId, GatewayIx, PlaybookId, PointIx, SiteId};
use crate::domain::incident::facts::Safety;
use crate::domain::incident::input::{Action, IfShared, Input, Report};
use crate::domain::ladder::LevelIx;
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::{
    AnswerRule, Audience, Capability, Channel, DeputyRule, DutyPoint, Function, GatewayInfo, Hours, LevelPlan,
    NightRule, Playbook, PublicRule, Row, To,
};
use crate::domain::text::Charset;

/// The gateway of all generated SMS points.
pub const SMS: &str = "bench-sms";
/// The gateway of all generated mailboxes.
pub const EMAIL: &str = "bench-email";
/// The generated playbook.
pub const PLAYBOOK: &str = "bench-down";
/// Answer time of a generated duty: longer than any run, so that no reminder falls into a measurement.
const ANSWER_WITHIN_S: u32 = 6 * 3600;

/// How large a region is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Generated duty points; each gets one delivery of the report.
    pub points: u32,
    /// What each generated duty is reached over, one point each.
    pub over: &'static [Channel],
    /// Whether answers are required, as from key functions, or not, as from groups.
    pub answers: bool,
}

/// SMS and e-mail, half and half.
pub const MIXED: &[Channel] = &[Channel::Sms, Channel::Email];

/// Numbers that look random and are not: SplitMix64.
struct Dice(u64);
impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides.max(1)
    }
}

/// The region, and the first of its generated functions.
pub struct Region {
    /// As the program loads one.
    pub loaded: Loaded,
    /// Who reports, and leads.
    pub reporter: FunctionId,
}

/// Adds `size` to the shipped region.
pub fn generate(mut loaded: Loaded, size: Size, seed: u64) -> Region {
    let mut dice = Dice(seed);
    let plan = &mut loaded.plan;
    let (langs, whole) = (plan.region.languages.clone(), plan.region.whole.clone());
    let gx = |n: usize| GatewayIx(u32::try_from(n).unwrap_or(u32::MAX));
    let (sms, email) = (gx(plan.gateways.len()), gx(plan.gateways.len() + 1));
    plan.gateways.push(gateway(SMS, Channel::Sms));
    plan.gateways.push(gateway(EMAIL, Channel::Email));
    let mut addresses: Vec<std::sync::Arc<str>> =
        (0u32..).map_while(|p| loaded.contacts.address(PointIx(p)).cloned()).collect();

    let first = u32::try_from(plan.functions.len()).unwrap_or(u32::MAX);
    let mut told = Vec::new();
    let (mut made, mut n) = (0u32, 0u32);
    while made < size.points {
        let fx = FunctionIx(first + n);
        let mut points = Vec::with_capacity(size.over.len());
        for &over in size.over.iter().take((size.points - made) as usize) {
            points.push(PointIx(u32::try_from(plan.points.len()).unwrap_or(u32::MAX)));
            let (channel, g, address) = match over {
                Channel::Sms => (Channel::Sms, sms, format!("+4670{:07}", 1_000_000 + made)),
                _ => (Channel::Email, email, format!("duty.{made}@fs{}.example", dice.roll(40))),
            };
            // One in eight has English as its first language, so that both bodies leave.
            let mut languages = langs.clone();
            if dice.roll(8) == 0 {
                languages.reverse();
            }
            plan.points.push(DutyPoint {
                channel,
                gateways: vec![g],
                languages,
                functions: vec![fx],
                proven: None,
                needs: Vec::new(),
            });
            addresses.push(address.into());
            made += 1;
        }
        let title = format!("Duty {n} of ward {}", dice.roll(900));
        plan.functions.push(Function {
            id: FunctionId::from(format!("duty-{n}")),
            title: L10n::same(&langs, &title),
            short: L10n::default(),
            site: whole.clone(),
            place: L10n::default(),
            hours: Hours::Always,
            answer_within_s: ANSWER_WITHIN_S,
            answers: 1,
            may_own: None,
            // Two and two stand in for each other.
            deputies: vec![FunctionIx(first + (n ^ 1))],
            points,
            roster: Default::default(),
            lang: langs.first().copied().unwrap_or(Lang::SV),
            care: dice.roll(2) == 0,
            shifts: Vec::new(),
            phone: None,
        });
        told.push(fx);
        n += 1;
    }
    // The deputy of the last, when it stands alone.
    if let Some(last) = plan.functions.last_mut() {
        last.deputies.retain(|d| d.0 < first + n);
    }
    let reporter = plan.functions.get(first as usize).map_or_else(|| FunctionId::from("duty-0"), |f| f.id.clone());
    plan.playbooks.insert(PlaybookId::from(PLAYBOOK), playbook(&langs, vec![whole], told, size.answers));
    plan.hash = format!("bench-{seed}-{}-{}", size.points, size.answers);
    plan.index();
    loaded.contacts = Contacts::new(addresses);
    Region { loaded, reporter }
}

fn gateway(id: &str, channel: Channel) -> GatewayInfo {
    let capability = match channel {
        Channel::Sms => {
            Capability::Sms { charset: Charset::Gsm7, ucs2: true, ref16: false, separate: false, parts_max: 6 }
        }
        _ => Capability::Whole { chars_max: None },
    };
    GatewayInfo {
        id: GatewayId::from(id),
        channel,
        capability,
        answers: channel == Channel::Sms,
        receipts: false,
        needs: Vec::new(),
    }
}

fn playbook(langs: &[Lang], sites: Vec<SiteId>, told: Vec<FunctionIx>, answers: bool) -> Playbook {
    let row = Row {
        to: To::Functions(told),
        audience: Audience::Internal,
        channels: vec![Channel::Sms, Channel::Email],
        approval: None,
        answer: Some(if answers { AnswerRule::Required } else { AnswerRule::None }),
        answer_within_s: None,
        deputies: Some(DeputyRule::After),
        night: NightRule::Page,
        answers: None,
        arrive_within_s: None,
        if_unsafe: false,
    };
    Playbook {
        id: PlaybookId::from(PLAYBOOK),
        title: L10n::same(langs, "Journalsystemet nere"),
        aliases: Vec::new(),
        // No system: nobody but the generated duties is told, and a run measures them alone.
        systems: Vec::new(),
        infra: Vec::new(),
        sites,
        what: L10n::same(langs, "Journalsystemet svarar inte"),
        scope: L10n::same(langs, "alla enheter"),
        routines: Vec::new(),
        after: Default::default(),
        outside: Default::default(),
        public_words: None,
        level: LevelIx(0),
        levels: vec![LevelPlan { level: LevelIx(0), mode: None, propose: Vec::new(), notify: vec![row] }],
        update_every_s: Some(24 * 3600),
        overdue_tell: None,
        public: PublicRule::Never,
        four_eyes: false,
        steps: Vec::new(),
    }
}

/// The report that tells all of them.
pub fn report(reporter: &FunctionId) -> Input {
    let report = Report {
        playbook: PLAYBOOK.to_owned(),
        safety: Safety::No,
        shared: IfShared::Separate,
        confirmed: true,
        ..Report::default()
    };
    Input::Command { who: None, by: reporter.clone(), action: Box::new(Action::Report(report)) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use super::*;
    use crate::config::{Source, load};
    use crate::dispatch::recover::frozen;
    use crate::domain::incident::decide::decide;
    use crate::domain::incident::state::State;
    use crate::domain::time::At;

    #[test]
    fn a_report_makes_one_delivery_for_each_generated_point() {
        for (points, answers) in [(1, true), (7, true), (1_000, true), (1_000, false)] {
            let region = generate(load(&Source::Shipped).unwrap(), Size { points, over: MIXED, answers }, 1);
            let (_, plan) = frozen(region.loaded.plan);
            let mut state = State::new(Arc::new(plan));
            decide(&mut state, &report(&region.reporter), At(1_800_000_000_000), [0; 16]).unwrap();
            let inc = state.incidents.values().next().unwrap();
            let to_them = inc.deliveries.iter().filter(|d| {
                inc.plan.point(d.point).gateways.iter().any(|g| inc.plan.gateway(*g).id.as_str().starts_with("bench-"))
            });
            assert_eq!(to_them.count(), points as usize);
            assert_eq!(inc.asks.len(), if answers { points.div_ceil(2) as usize } else { 0 });
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_region() {
        let size = Size { points: 50, over: MIXED, answers: true };
        let one = |seed| generate(load(&Source::Shipped).unwrap(), size, seed).loaded.plan.functions;
        assert_eq!(one(7), one(7));
        assert_ne!(one(7), one(8));
    }
}
