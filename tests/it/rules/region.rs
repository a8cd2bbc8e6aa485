//! A small region in code: what the timelines of the rules happen in. Small enough to keep in one's head; the shipped region
//! has tests of its own.

use std::collections::BTreeMap;

use vardkase::domain::calendar::{Calendar, Zone};
use vardkase::domain::ids::*;
use vardkase::domain::ladder::*;
use vardkase::domain::lang::{L10n, Lang};
use vardkase::domain::plan::*;
use vardkase::domain::text::Charset;
use vardkase::domain::words::*;

fn l(sv: &str, en: &str) -> L10n {
    L10n::of([(Lang::SV, sv), (Lang::EN, en)])
}

/// Builds a plan by names.
#[derive(Default)]
pub struct Builder {
    pub plan: Plan,
}

impl Builder {
    pub fn function_ix(&self, id: &str) -> FunctionIx {
        self.plan.function_ix(id).unwrap_or_else(|| panic!("no function {id}"))
    }
    fn gx(&self, id: &str) -> GatewayIx {
        GatewayIx(u32::try_from(self.plan.gateways.iter().position(|g| g.id.as_str() == id).unwrap()).unwrap())
    }

    fn function(&mut self, id: &str, site: &str, within_s: u32, points: &[&str]) -> &mut Function {
        let f = FunctionIx(u32::try_from(self.plan.functions.len()).unwrap());
        let points = points.iter().map(|g| self.point(f, g)).collect();
        self.plan.functions.push(Function {
            id: id.into(),
            title: l(&format!("{id}-sv"), &format!("{id}-en")),
            place: Default::default(),
            short: L10n::default(),
            site: site.into(),
            hours: Hours::Always,
            answer_within_s: within_s,
            answers: 1,
            may_own: None,
            deputies: Vec::new(),
            points,
            roster: Default::default(),
            lang: Lang::SV,
            care: false,
            shifts: Vec::new(),
            phone: Some(Phone { number: format!("0980-319 2{:02}", f.0), publishable: true, needs: Vec::new() }),
        });
        self.plan.functions.last_mut().unwrap()
    }

    pub fn point(&mut self, f: FunctionIx, gateways: &str) -> PointIx {
        let gateways: Vec<GatewayIx> = gateways.split('+').map(|g| self.gx(g)).collect();
        let channel = self.plan.gateway(gateways[0]).channel;
        let p = PointIx(u32::try_from(self.plan.points.len()).unwrap());
        self.plan.points.push(DutyPoint {
            channel,
            gateways,
            languages: vec![Lang::SV, Lang::EN],
            functions: vec![f],
            proven: None,
            needs: Vec::new(),
        });
        p
    }

    fn gateway(&mut self, id: &str, channel: Channel, capability: Capability, answers: bool, needs: &[&str]) {
        self.plan.gateways.push(GatewayInfo {
            id: id.into(),
            channel,
            capability,
            answers,
            receipts: channel != Channel::Email,
            needs: needs.iter().map(|n| vec![InfraId::from(*n)]).collect(),
        });
    }

    pub fn deputies(&mut self, of: &str, deputies: &[&str]) {
        let deputies = deputies.iter().map(|d| self.function_ix(d)).collect();
        let f = self.function_ix(of);
        self.plan.functions[f.ix()].deputies = deputies;
    }

    pub fn row(&self, to: &[&str], channels: &[Channel]) -> Row {
        Row {
            to: To::Functions(to.iter().map(|t| self.function_ix(t)).collect()),
            audience: Audience::Internal,
            channels: channels.to_vec(),
            approval: None,
            answer: None,
            answer_within_s: None,
            deputies: None,
            night: NightRule::Page,
            answers: None,
            arrive_within_s: None,
            if_unsafe: false,
        }
    }

    pub fn approval(&self, within_s: u32, then: Then) -> Option<ApprovalRule> {
        Some(ApprovalRule { by: self.function_ix("kib"), within_s, then, finally: Then::Release })
    }
}

pub const ALL: [Channel; 4] = [Channel::Sms, Channel::Paging, Channel::Email, Channel::Fax];

/// The region. Night is 22.00 to 06.30, office hours 07.30 to 16.30 on weekdays.
///
/// | function | site | answers in | deputies | reached over |
/// |---|---|---|---|---|
/// | tib | REG | 5 min | tib-2 | sms, email |
/// | tib-2 | REG | 5 min | cl | sms |
/// | kib | REG | 10 min | press | sms (two gateways), pager |
/// | press | REG, day (night: tib) | 10 min | tib | sms |
/// | it | REG | 5 min | it-led | sms, pager |
/// | it-led | REG | 10 min | tib | sms |
/// | owner | REG, day (night: it) | 15 min | it-led | sms, email |
/// | cl | REG | 10 min | tib | sms |
/// | cl-fs | FS | 10 min | cl | sms |
/// | icu | FS, care | 5 min | ed | sms, fax |
/// | ed | FS, care | 5 min | cl-fs | sms, pager |
/// | lab | REG | 10 min | cl | email |
/// | ward-ls | LS, care | 10 min | cl | pager (ASCII) |
/// | desk | REG (switchboard) | 5 min | it | sms |
/// | town | REG, outside | 30 min | | email |
pub fn plan() -> Builder {
    let mut b = Builder::default();
    let sms = Capability::Sms { charset: Charset::Gsm7, ucs2: true, ref16: false, separate: false, parts_max: 6 };
    let pages = |charset| Capability::Pages { charset, chars_max: 80, pages_max: 12 };
    b.gateway("sms", Channel::Sms, sms.clone(), true, &[]);
    b.gateway("modem", Channel::Sms, sms, true, &[]);
    b.gateway("mail", Channel::Email, Capability::Whole { chars_max: None }, false, &["hall"]);
    b.gateway("fax", Channel::Fax, Capability::Fax { pages_max: 5, chars_max: 3000 }, false, &[]);
    b.gateway("pager", Channel::Paging, pages(Charset::Iso646Se), false, &[]);
    b.gateway("pager-ls", Channel::Paging, pages(Charset::Ascii7), false, &[]);
    b.gateway("page", Channel::Web, Capability::Whole { chars_max: None }, false, &[]);

    b.function("tib", "REG", 300, &["sms+modem", "mail"]);
    b.function("tib-2", "REG", 300, &["sms"]);
    b.function("kib", "REG", 600, &["sms+modem", "pager"]);
    b.function("press", "REG", 600, &["sms"]);
    b.function("it", "REG", 300, &["sms+modem", "pager"]).may_own = Some(true);
    b.function("it-led", "REG", 600, &["sms"]);
    b.function("owner", "REG", 900, &["sms", "mail"]);
    b.function("cl", "REG", 600, &["sms"]);
    b.function("cl-fs", "FS", 600, &["sms"]);
    b.function("icu", "FS", 300, &["sms+modem", "fax"]).care = true;
    b.function("ed", "FS", 300, &["sms", "pager"]).care = true;
    b.function("lab", "REG", 600, &["mail"]);
    b.function("ward-ls", "LS", 600, &["pager-ls"]).care = true;
    b.function("desk", "REG", 300, &["sms"]);
    b.function("town", "REG", 1800, &["mail"]);
    for (of, deputies) in [
        ("tib", &["tib-2"][..]),
        ("tib-2", &["cl"]),
        ("kib", &["press"]),
        ("press", &["tib"]),
        ("it", &["it-led"]),
        ("it-led", &["tib"]),
        ("owner", &["it-led"]),
        ("cl", &["tib"]),
        ("cl-fs", &["cl"]),
        ("icu", &["ed"]),
        ("ed", &["cl-fs"]),
        ("lab", &["cl"]),
        ("ward-ls", &["cl"]),
        ("desk", &["it"]),
    ] {
        b.deputies(of, deputies);
    }
    for (of, by) in [("press", "tib"), ("owner", "it")] {
        let covered_by = b.function_ix(by);
        let f = b.function_ix(of);
        b.plan.functions[f.ix()].hours = Hours::Day { covered_by };
    }

    b.plan.hash = "small".into();
    b.plan.calendar = Calendar {
        zone: Zone::named("Europe/Stockholm").unwrap(),
        day_from_min: 450,
        day_to_min: 990,
        night_from_min: 1320,
        night_to_min: 390,
        holidays: Vec::new(),
    };
    let site = |id: &str| Site { id: id.into(), name: l(id, id) };
    b.plan.region = Region {
        id: "small".into(),
        name: "Region Små".into(),
        languages: vec![Lang::SV, Lang::EN],
        whole: "REG".into(),
        sites: ["REG", "FS", "HS", "LS"].map(site).to_vec(),
        last_resort: vec![b.function_ix("tib"), b.function_ix("cl")],
        command: vec![b.function_ix("tib"), b.function_ix("it-led"), b.function_ix("cl"), b.function_ix("kib")],
        switchboard: b.function_ix("desk"),
        call: "0980-319 200".into(),
        emergency: "112".into(),
        ..Region::default()
    };
    ladders(&mut b);
    systems(&mut b);
    b.plan.words = BTreeMap::from([(Lang::SV, words_sv()), (Lang::EN, words_en())]);
    playbooks(&mut b);
    b.plan.index();
    b
}

fn ladders(b: &mut Builder) {
    let level = |id: &str, alias: &str, beat_s, beside, care| Level {
        id: id.into(),
        alias: alias.into(),
        label: l(id, id),
        beat_s,
        deputies_beside: beside,
        care_at_once: care,
    };
    b.plan.ladders.levels = vec![
        level("degraded", "D1", 7200, false, false),
        level("outage", "D2", 3600, false, false),
        level("major", "D3", 3600, true, false),
        level("critical", "D4", 1800, true, true),
    ];
    let (tib, cl, fs) = (b.function_ix("tib"), b.function_ix("cl"), b.function_ix("cl-fs"));
    let right = |raise_by: Vec<FunctionIx>, sites: &[&str]| Right {
        sites: sites.iter().map(|s| SiteId::from(*s)).collect(),
        raise_by,
        lower_by: vec![tib, cl],
        deputy_after_s: 900,
    };
    let mode = |id: &str, sv: &str, en: &str, tell: Vec<FunctionIx>, rights: Vec<Right>| Mode {
        id: id.into(),
        label: l(sv, en),
        line: l(&format!("Så är {sv}"), &format!("This is {en}")),
        ended: l(&format!("{sv} upphörde"), &format!("{en} ended")),
        tell,
        rights,
    };
    b.plan.ladders.modes = vec![
        mode("normal", "NORMALLÄGE", "NORMAL", vec![], vec![]),
        mode("staff", "STABSLÄGE", "STAFF MODE", vec![], vec![right(vec![], &[])]),
        mode(
            "reinforced",
            "FÖRSTÄRKNINGSLÄGE",
            "REINFORCED MODE",
            vec![b.function_ix("press")],
            vec![right(vec![tib], &[]), right(vec![fs], &["FS"])],
        ),
        mode("disaster", "KATASTROFLÄGE", "DISASTER MODE", vec![], vec![right(vec![cl], &[])]),
    ];
    let least = |level, class, mode, propose: Vec<Propose>, if_unsafe| Least {
        level: LevelIx(level),
        class,
        mode: ModeIx(mode),
        propose,
        if_unsafe,
    };
    b.plan.ladders.least = vec![least(0, Class::A, 1, vec![], true), least(1, Class::A, 1, vec![], false)];
}

fn systems(b: &mut Builder) {
    let routine = |sv: &str, en: &str, urgent| Routine { text: l(sv, en), outside: None, urgent };
    b.plan.routines = BTreeMap::from([
        (
            "paper-record".into(),
            routine("Pappersjournal. Läs i läskopian", "Paper records. Use the read-only copy", false),
        ),
        ("extra-staff".into(), routine("Extra personal vid varje patient", "Extra staff at the bedside", true)),
    ]);
    b.plan.infra = vec![
        Infra { id: "hall".into(), needs: vec![], holds_s: None },
        Infra { id: "net".into(), needs: vec![vec!["hall".into()]], holds_s: None },
    ];
    let (owner, lab) = (b.function_ix("owner"), b.function_ix("lab"));
    let system = |id: &str, class, owner, needs: &[&str], needs_systems: &[&str]| System {
        id: id.into(),
        title: l(id, id),
        aliases: vec![],
        class,
        owner,
        needs: needs.iter().map(|n| vec![InfraId::from(*n)]).collect(),
        needs_systems: needs_systems.iter().map(|n| SystemId::from(*n)).collect(),
        routine: "paper-record".into(),
    };
    b.plan.systems = vec![
        system("journal", Class::A, owner, &["net"], &[]),
        system("lab-system", Class::A, lab, &[], &["journal"]),
        system("monitoring", Class::A, owner, &[], &[]),
        system("dictation", Class::C, owner, &[], &[]),
    ];
}

fn playbooks(b: &mut Builder) {
    use Channel::*;
    let public = |b: &Builder, within_s| Row {
        to: To::Public,
        audience: Audience::Public,
        channels: vec![Web],
        approval: Some(ApprovalRule { by: b.function_ix("kib"), within_s, then: Then::Escalate, finally: Then::Hold }),
        ..b.row(&[], &[])
    };
    let ehr = Playbook {
        id: "ehr-down".into(),
        title: l("Journalen ligger nere", "Records system is down"),
        aliases: vec!["journal nere".into()],
        systems: vec!["journal".into()],
        infra: vec![],
        sites: vec!["FS".into(), "HS".into()],
        what: l("Journalen ligger nere", "Records system is down"),
        scope: l("sjukhusen", "the hospitals"),
        routines: vec!["paper-record".into()],
        after: Afterwards {
            up: l("Journalen fungerar igen", "Records back"),
            keep: l("Fortsätt på papper tills FARAN ÖVER", "Stay on paper until ALL CLEAR"),
            well: l("Journalen fungerar som vanligt", "Records normal"),
            after: l("För in pappersanteckningar", "Enter the paper notes"),
        },
        outside: OutsideWords {
            open: l("remisser dröjer", "referrals are late"),
            restored: l("remisser kommer igen", "referrals are coming again"),
            closed: l("remisser går som vanligt", "referrals go as usual"),
        },
        public_words: Some(PublicWords {
            heading: l("Vårdens journalsystem fungerar inte", "The medical records system is not working"),
            place: l("sjukhusen", "the hospitals"),
            means: l("Vård kan ta längre tid.", "Care may take longer."),
            todo: l("Kom till din bokade tid.", "Come to your appointment as planned."),
            works: l("Akuten är öppen.", "Emergency departments are open."),
            works_needs: vec!["monitoring".into()],
            up: l("Vårdens journalsystem fungerar igen", "The medical records system is working again"),
            still: l("Vissa svar kan dröja.", "Some results may be late."),
            well: l("Vårdens journalsystem fungerar som vanligt", "The medical records system is working as usual"),
            after: l("Du behöver inte göra något.", "You do not need to do anything."),
        }),
        level: LevelIx(2),
        levels: vec![
            LevelPlan {
                level: LevelIx(0),
                mode: None,
                propose: vec![],
                notify: vec![
                    b.row(&["it"], &[Sms, Paging]),
                    Row {
                        night: NightRule::QuietUntil(390),
                        answer: Some(AnswerRule::None),
                        ..b.row(&["tib"], &[Sms])
                    },
                ],
            },
            LevelPlan {
                level: LevelIx(1),
                mode: None,
                propose: vec![],
                notify: vec![b.row(&["tib", "it-led"], &[Sms, Email])],
            },
            LevelPlan {
                level: LevelIx(2),
                mode: None,
                propose: vec![
                    Propose { mode: ModeIx(2), decides: b.function_ix("tib"), within_s: 900 },
                    Propose { mode: ModeIx(3), decides: b.function_ix("cl"), within_s: 900 },
                ],
                notify: vec![
                    Row {
                        approval: b.approval(600, Then::Release),
                        ..b.row(&["icu", "ed", "ward-ls"], &[Sms, Fax, Paging])
                    },
                    public(b, 1200),
                    Row {
                        audience: Audience::Outside,
                        approval: b.approval(900, Then::Release),
                        answer: Some(AnswerRule::None),
                        ..b.row(&["town"], &[Email])
                    },
                ],
            },
        ],
        update_every_s: Some(3600),
        overdue_tell: Some(b.function_ix("tib")),
        public: PublicRule::Approved,
        four_eyes: true,
        steps: Vec::new(),
    };
    let malware = Playbook {
        id: "malware".into(),
        title: l("Skadlig kod i nätet", "Malicious code in the network"),
        aliases: vec![],
        systems: vec!["monitoring".into()],
        what: l("Skadlig kod i nätet", "Malicious code in the network"),
        routines: vec!["extra-staff".into()],
        ..ehr.clone()
    };
    let slow = Playbook {
        id: "dictation-slow".into(),
        title: l("Dikteringen är långsam", "Dictation is slow"),
        systems: vec!["dictation".into()],
        level: LevelIx(0),
        public: PublicRule::Never,
        levels: vec![LevelPlan { level: LevelIx(0), mode: None, propose: vec![], notify: vec![b.row(&["it"], &ALL)] }],
        ..ehr.clone()
    };
    for p in [ehr, malware, slow] {
        b.plan.playbooks.insert(p.id.clone(), p);
    }
}

fn strings(all: &[&str]) -> Vec<String> {
    all.iter().map(|s| (*s).to_owned()).collect()
}

fn notes(lang: &str) -> BTreeMap<NoteWord, String> {
    // Every variable stands in the note, so that tests can read the values.
    NoteWord::ALL
        .iter()
        .map(|w| {
            let vars: Vec<String> = w.vars().iter().map(|v| format!("{v}={{{v}}}")).collect();
            (*w, format!("{} {lang} {}", w.key(), vars.join("; ")))
        })
        .collect()
}

/// The words that are shipped: what texts are made of is theirs.
fn shipped(lang: Lang) -> &'static Words {
    static PLAN: std::sync::LazyLock<Plan> = std::sync::LazyLock::new(|| {
        vardkase::config::load(&vardkase::config::Source::Shipped).expect("the shipped configuration").plan
    });
    &PLAN.words[&lang]
}

fn words_sv() -> Words {
    Words {
        mark: "ÖVNING".into(),
        drill_prefix: "Ö".into(),
        kinds: Kinds {
            alert: "LARM".into(),
            mode: "NU".into(),
            update: "UPPDATERING".into(),
            correction: "RÄTTELSE av {number}".into(),
            restored: "ÅTER I DRIFT".into(),
            all_clear: "FARAN ÖVER".into(),
            redirection: "OMLEDNING".into(),
            redirection_over: "OMLEDNING UPPHÖR".into(),
        },
        labels: Labels {
            do_now: "Gör nu".into(),
            scope: "Gäller".into(),
            since: "Sedan".into(),
            restore: "Åter i drift".into(),
            next: "Nästa besked".into(),
            contact: "Kontakt".into(),
            call: "Ring".into(),
            known: "Vi vet".into(),
            unknown: "Vi vet inte".into(),
            redirection: "Omledning".into(),
            for_you: "För er".into(),
        },
        times: shipped(Lang::SV).times.clone(),
        not_known: "okänt".into(),
        restore_unknown: "okänt, prognos {time}".into(),
        redirection_until: "{text}, till {time}".into(),
        mode_stays: "{mode} kvarstår: {why}".into(),
        mode_until_decided: "tills beslut".into(),
        texts: shipped(Lang::SV).texts.clone(),
        real_not_drill: "SKARPT LÄGE, EJ ÖVNING".into(),
        reminder: "PÅMINNELSE".into(),
        repeated: "UPPREPAS".into(),
        answer_by_reply: "Svara JA {code}".into(),
        answer_by_phone: "Ring {phone} och säg {code}".into(),
        you_answer_for: "DU SVARAR NU FÖR: {functions}".into(),
        deadline: "tidens slut".into(),
        public: "allmänheten".into(),
        weekdays: ["mån", "tis", "ons", "tors", "fre", "lör", "sön"].map(String::from),
        replies: Replies {
            yes: strings(&["ja", "ok", "jag tar det"]),
            no: strings(&["nej"]),
            failed: strings(&["fel"]),
            wait: strings(&["vänta"]),
            real: strings(&["skarpt"]),
            report: strings(&["larm"]),
            arrived: strings(&["framme"]),
            done: strings(&["klar"]),
            stop: strings(&["stopp"]),
            abort: strings(&["avbryt"]),
        },
        notes: notes("sv"),
    }
}

fn words_en() -> Words {
    Words {
        mark: "EXERCISE".into(),
        drill_prefix: "X".into(),
        kinds: Kinds {
            alert: "ALERT".into(),
            mode: "NOW".into(),
            update: "UPDATE".into(),
            correction: "CORRECTION of {number}".into(),
            restored: "RUNNING AGAIN".into(),
            all_clear: "ALL CLEAR".into(),
            redirection: "REDIRECTION".into(),
            redirection_over: "REDIRECTION OVER".into(),
        },
        labels: Labels {
            do_now: "Do now".into(),
            scope: "Affects".into(),
            since: "Since".into(),
            restore: "Expected back".into(),
            next: "Next update".into(),
            contact: "Contact".into(),
            call: "Call".into(),
            known: "Known".into(),
            unknown: "Not known".into(),
            redirection: "Redirection".into(),
            for_you: "For you".into(),
        },
        times: shipped(Lang::EN).times.clone(),
        not_known: "unknown".into(),
        restore_unknown: "unknown, forecast {time}".into(),
        redirection_until: "{text}, until {time}".into(),
        mode_stays: "{mode} stands: {why}".into(),
        mode_until_decided: "until decided".into(),
        texts: shipped(Lang::EN).texts.clone(),
        real_not_drill: "REAL, NOT A DRILL".into(),
        reminder: "REMINDER".into(),
        repeated: "REPEATED".into(),
        answer_by_reply: "Reply YES {code}".into(),
        answer_by_phone: "Call {phone} and say {code}".into(),
        you_answer_for: "YOU NOW ANSWER FOR: {functions}".into(),
        deadline: "the end of the time".into(),
        public: "the public".into(),
        weekdays: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map(String::from),
        replies: Replies {
            yes: strings(&["yes", "ok", "i have it"]),
            no: strings(&["no"]),
            failed: strings(&["failed"]),
            wait: strings(&["wait"]),
            real: strings(&["real"]),
            report: strings(&["alert"]),
            arrived: strings(&["arrived"]),
            done: strings(&["done"]),
            stop: strings(&["stop"]),
            abort: strings(&["abort"]),
        },
        notes: notes("en"),
    }
}
