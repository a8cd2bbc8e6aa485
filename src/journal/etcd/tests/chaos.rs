//! Anything in any order: what was acknowledged is there once, and all nodes have the same.

use proptest::prelude::*;

use super::*;

const NODES: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Append(usize, usize),
    Lead(usize),
    /// It believes that its term goes on, as a clock that stood still would have it.
    Believe(usize),
    Follow(usize),
    Mishap(usize, Mishap),
    Cut(usize, bool),
    Pass(u64),
    Quorum(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let mishap = prop_oneof![
        Just(Mishap::AnswerLost),
        Just(Mishap::Lost),
        (1..20_000u64).prop_map(|ms| Mishap::Late(Duration::from_millis(ms))),
    ];
    prop_oneof![
        8 => (0..NODES, 1..4usize).prop_map(|(n, batches)| Step::Append(n, batches)),
        3 => (0..NODES).prop_map(Step::Lead),
        1 => (0..NODES).prop_map(Step::Believe),
        3 => (0..NODES).prop_map(Step::Follow),
        4 => (0..NODES, mishap).prop_map(|(n, mishap)| Step::Mishap(n, mishap)),
        2 => (0..NODES, any::<bool>()).prop_map(|(n, so)| Step::Cut(n, so)),
        2 => (1..5_000u64).prop_map(Step::Pass),
        1 => any::<bool>().prop_map(Step::Quorum),
    ]
}

async fn run(steps: Vec<Step>) {
    let (cluster, mut sites) = sites(NODES).await;
    let (mut acknowledged, mut tried, mut terms) = (Vec::new(), 0, [None; NODES]);
    for step in steps {
        match step {
            Step::Append(n, batches) => {
                let from = sites[n].store.head().seq;
                let group: Vec<_> = (0..batches as u64)
                    .map(|k| Append { expected_seq: from + k, batch: batch(&[&format!("{}", tried + k)]) })
                    .collect();
                for answer in sites[n].store.append(&group) {
                    if let Ok(head) = answer {
                        acknowledged.push((head.seq, tried.to_string()));
                    }
                    tried += 1;
                }
            }
            Step::Lead(n) => {
                if cluster.node().status().await.is_ok() {
                    sites[n].lead(&cluster).await;
                    terms[n] = sites[n].fence.held();
                }
            }
            Step::Believe(n) => {
                if let Some(term) = terms[n] {
                    sites[n].fence.hold(Held { until: Instant::now() + TERM, ..term });
                }
            }
            Step::Follow(n) => {
                if let Err(error) = sites[n].store.caught_up() {
                    assert!(matches!(error, JournalError::CutOff { .. }), "{error}");
                }
            }
            Step::Mishap(n, mishap) => sites[n].kv.mishap(mishap),
            Step::Cut(n, so) => sites[n].kv.cut(so),
            Step::Pass(ms) => advance(Duration::from_millis(ms)).await,
            Step::Quorum(so) => cluster.without_quorum(!so),
        }
    }
    cluster.without_quorum(false);
    sites.iter().for_each(|site| site.kv.cut(false));
    advance(Duration::from_secs(60)).await;
    let heads: Vec<_> = sites.iter_mut().map(|site| site.store.caught_up().unwrap()).collect();
    assert!(heads.iter().all(|head| *head == heads[0]), "{heads:?}");
    let all = texts(sites[0].path());
    for site in &sites {
        assert_eq!(texts(site.path()), all);
        whole_chain(site.path());
    }
    for (seq, text) in acknowledged {
        assert_eq!(all.get(seq as usize - 1), Some(&text), "record {seq}");
    }
    let mut once = all.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), all.len(), "nothing twice: {all:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn one_chain_whatever_happens(steps in prop::collection::vec(step(), 1..50)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(run(steps));
    }
}
