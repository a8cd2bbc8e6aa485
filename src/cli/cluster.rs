//! Several nodes with one journal: founds the cluster, shows how its nodes stand, takes one out.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::context::Context;
use super::serve::{runtime, start_error};
use super::table::{self, Said, hued, said};
use super::terminal::Hue;
use crate::api::{ClusterView, calls};
use crate::app::StartError;
use crate::app::cluster::Settings;
use crate::error::{Error, Kind};
use crate::journal::etcd::{Act, Client, Keys, Kv, KvError, Txn, check_version, found};
use crate::journal::{Journal, OpenOptions, cluster_id, join_cluster};
use crate::words::cli as words;

/// Found a cluster of nodes with one journal, see how its nodes stand, take one out.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase cluster status                                which node decides, how far each is\n  \
    vardkase cluster found --cluster /etc/vardkase/cluster.yaml --state /var/lib/vardkase\n  \
    vardkase cluster remove oskarshamn --cluster /etc/vardkase/cluster.yaml")]
pub struct ClusterArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Show which node decides, how far each is, and how etcd stands.
    Status,
    /// Begin a cluster with the journal of this node, which must not run. Every other node is a restored backup of one that is in it.
    Found {
        /// The file that `serve --cluster` gets.
        #[arg(long, value_name = "FILE")]
        cluster: PathBuf,
    },
    /// Take a node out for good: it holds nothing back any more, and takes no turn when it comes back.
    Remove {
        /// Its name.
        node: String,
        /// The file that `serve --cluster` gets.
        #[arg(long, value_name = "FILE")]
        cluster: PathBuf,
    },
}

impl ClusterArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        match self.what {
            What::Status => status(cx),
            What::Found { cluster } => begin(cx, &cluster),
            What::Remove { node, cluster } => remove(cx, &node, &cluster),
        }
    }
}

fn reach(cx: &Context<'_>, file: &std::path::Path) -> Result<(Settings, Client, Keys), Error> {
    let lang = cx.term.lang();
    let settings = Settings::load(file).map_err(|list| start_error(&StartError::Config(list), lang))?;
    let client = Client::new(&settings.etcd)
        .map_err(|bad| Error::new(Kind::Configuration, bad.to_string(), words::MEND_CLUSTER_FILE.say(lang)))?;
    let keys = Keys::new(&settings.etcd.prefix);
    Ok((settings, client, keys))
}

fn failed(cx: &Context<'_>, error: &KvError) -> Error {
    Error::new(Kind::Journal, error.to_string(), words::LOOK_AT_ETCD.say(cx.term.lang()))
}

fn begin(cx: &mut Context<'_>, file: &std::path::Path) -> Result<(), Error> {
    let lang = cx.term.lang();
    let state = cx.global.state.clone();
    if let Some(id) = cluster_id(&state)? {
        let why = words::cluster_already(lang, state.display(), &id);
        return Err(Error::new(Kind::Configuration, why, words::CLUSTER_START.say(lang)));
    }
    let id = new_id()?;
    let runtime = runtime(lang)?;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (head, version) = runtime.block_on(async {
        let (_, client, keys) = reach(cx, file)?;
        let status = client.status().await.map_err(|e| failed(cx, &e))?;
        check_version(&status)
            .map_err(|why| Error::new(Kind::Configuration, why.to_string(), words::LOOK_AT_ETCD.say(lang)))?;
        let dir = state.clone();
        let journal = tokio::task::spawn_blocking(move || Journal::open(&dir, OpenOptions::default()))
            .await
            .map_err(|e| Error::other(e.to_string(), String::new()))??;
        let head = journal.head();
        // First here: a node that is in etcd and does not know it would never take a turn.
        join_cluster(&state, &id)?;
        if let Err(error) = found(&client, &keys, &id, head).await {
            let _ = std::fs::remove_file(state.join("cluster-id"));
            return Err(error.into());
        }
        let _ = tokio::task::spawn_blocking(move || journal.close()).await;
        Ok::<_, Error>((head, status.version))
    })?;
    if cx.json() {
        cx.term.json(&json!({ "cluster": id, "records": head.seq, "etcd": version }));
        return Ok(());
    }
    cx.term.line_in(Hue::Good, &words::cluster_founded(lang, head.seq, version));
    cx.term.line(words::CLUSTER_NEXT.say(lang));
    Ok(())
}

fn new_id() -> Result<String, Error> {
    let mut id = [0; 8];
    getrandom::fill(&mut id).map_err(|e| Error::other(e.to_string(), String::new()))?;
    Ok(hex::encode(id))
}

fn remove(cx: &mut Context<'_>, node: &str, file: &std::path::Path) -> Result<(), Error> {
    let lang = cx.term.lang();
    let runtime = runtime(lang)?;
    let _ = rustls::crypto::ring::default_provider().install_default();
    runtime.block_on(async {
        let (_, client, keys) = reach(cx, file)?;
        let (from, to) = keys.nodes();
        let all = client.range(from, to, 1000).await.map_err(|e| failed(cx, &e))?;
        if !all.pairs.iter().any(|pair| pair.key == keys.node(node)) {
            let names: Vec<&str> = all.pairs.iter().filter_map(|p| Keys::name_in(&keys.nodes(), &p.key)).collect();
            let why = words::no_such_node(lang, node, names.join(", "));
            return Err(Error::new(Kind::Refused, why, words::CLUSTER_SEE.say(lang)));
        }
        let acts = vec![Act::Delete(keys.node(node)), Act::Put(keys.gone(node), Vec::new(), None)];
        client.commit(Txn { when: Vec::new(), acts }).await.map_err(|e| failed(cx, &e))?;
        Ok(())
    })?;
    cx.term.line_in(Hue::Good, &words::node_removed(lang, node));
    Ok(())
}

fn status(cx: &mut Context<'_>) -> Result<(), Error> {
    let answer = cx.call(&calls::cluster())?;
    if cx.json() {
        cx.term.json(&answer);
        return Ok(());
    }
    let ClusterView { cluster } = answer.read()?;
    let lang = cx.term.lang();
    let Some(state) = cluster else {
        cx.term.line(words::NODE_ALONE.say(lang));
        return Ok(());
    };
    match (&state.cut_off, &state.leader) {
        (Some(since), _) => cx.term.line_in(Hue::Bad, &words::cut_off_since(lang, since)),
        (None, Some(leader)) => cx.term.line_in(Hue::Good, &words::node_decides(lang, leader)),
        (None, None) => cx.term.line_in(Hue::Bad, words::NO_NODE_DECIDES.say(lang)),
    }
    let rows = state.members.iter().map(|m| {
        let hue = if m.away {
            Hue::Bad
        } else if m.behind > 0 || !m.same_plan {
            Hue::Wait
        } else {
            Hue::Good
        };
        let word = if m.away {
            words::NODE_AWAY
        } else if m.behind > 0 {
            words::NODE_BEHIND
        } else {
            words::NODE_WELL
        };
        let own = if m.name == state.node { format!("{} *", m.name) } else { m.name.clone() };
        vec![
            said(own),
            said(m.site.clone()),
            hued(hue, word.say(lang)),
            said(m.holds.to_string()),
            said(format!("{:+.1} s", m.clock_ms as f64 / 1000.0)),
            said(m.version.clone()),
            said(m.console.clone()),
        ]
    });
    let rows: Vec<Vec<Said>> = rows.collect();
    let head = [
        words::COLUMN_NODE,
        words::COLUMN_SITE,
        words::COLUMN_STANDS,
        words::COLUMN_RECORDS,
        words::COLUMN_CLOCK,
        words::COLUMN_PROGRAM,
        words::COLUMN_CONSOLE,
    ];
    table::show(cx.term, &head.map(|word| word.say(lang)), rows);
    cx.term.line(&words::etcd_is(lang, &state.etcd_version, state.etcd_bytes / 1024 / 1024));
    if !state.trouble.is_empty() {
        cx.term.line_in(Hue::Bad, &state.trouble);
    }
    Ok(())
}
