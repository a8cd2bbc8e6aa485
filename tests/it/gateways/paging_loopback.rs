//! Every way to a pager from its YAML, against a far end of its kind on this machine, as `demo` starts them.

use std::path::Path;
use std::sync::Arc;

use vardkase::app::gateways::build;
use vardkase::app::loopback::{self, Opts};
use vardkase::config::{Source, load};
use vardkase::gateways::protocol::Env;

use super::paging_rig::{TEXT, job, outgoing, read_by_hand, send_all};

const PAGING: &str = r#"gateways:
  page-fs:
    charset: iso646-se
    chars_max: 80
    pages_max: 9
    espa: { line: { device: /dev/ttyS0, baud: 9600 }, role: polled, own: "3", system: "1" }
  page-hs:
    charset: iso646-fi
    chars_max: 80
    pages_max: 9
    tap: { line: { device: /dev/ttyS1, baud: 1200 }, password: { env: VARDKASE_TAP } }
  page-ls:
    charset: iso646-se
    chars_max: 80
    pages_max: 9
    pocsag: { command: [transmit], baud: 512, inverted: true }
"#;

/// The shipped region with other transmitters.
fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["channels", "contacts", "playbooks"] {
        for file in std::fs::read_dir(root.join(folder)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            if !name.ends_with(".yaml") {
                continue;
            }
            let text = match (folder, name.as_str()) {
                ("channels", "paging.yaml") => PAGING.to_owned(),
                _ => std::fs::read_to_string(root.join(folder).join(&name)).unwrap(),
            };
            files.push((format!("{folder}/{name}"), text));
        }
    }
    files
}

#[tokio::test]
async fn each_reaches_its_far_end() {
    let mut loaded = load(&Source::Files(files())).unwrap_or_else(|all| panic!("{all:#?}"));
    let loopback = loopback::start(&mut loaded, &Opts::default()).await.unwrap();
    let now = || "2008-12-18T09:45:00Z".parse().expect("a time");
    let around = Env { now: Arc::new(now), public_url: None, mail_key: [14; 32] };
    let all = build(&loaded, &around, &vardkase::app::training::Ends::of(vardkase::app::Operation::Real), &|_| true);
    for id in ["page-fs", "page-hs", "page-ls"] {
        let built = all.iter().find(|b| b.id.as_str() == id).unwrap();
        let gateway = built.gateway.clone().unwrap_or_else(|why| panic!("{id}: {why}"));
        let (outcomes, downs) =
            send_all(gateway.as_ref(), vec![job(0, "1234567", outgoing(TEXT, Some("ÖVNING")))]).await;
        assert!(outcomes[&0].is_ok() && downs.is_empty(), "{id}: {outcomes:?} {downs:?}");
        let pages: Vec<String> = loopback.far.all().into_iter().filter(|s| s.gateway == id).map(|s| s.text).collect();
        assert_eq!(read_by_hand(&pages, Some("ÖVNING"), "Ö-3-1"), TEXT, "{id}");
        let health = gateway.probe().await;
        assert!(health.ok, "{id}: {}", health.detail);
    }
}
