//! Members of a real etcd on loopback, which a test starts, stops, freezes and ends by their own pids.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use vardkase::journal::etcd::{Client, Kv, Settings};

use super::said;

/// Longest wait until members know a leader.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Some members, each with a client's and a peer's port.
pub struct Cluster {
    pub dir: PathBuf,
    ports: Vec<(u16, u16)>,
    members: Vec<Option<Child>>,
    tls: bool,
    more: Vec<String>,
}

impl Cluster {
    /// Starts members of a new cluster, and waits for their leader. With `tls`: certificates of `$ETCD_TLS`, for members and clients.
    pub async fn start(name: &str, count: usize, tls: bool, more: &[&str]) -> Self {
        let dir = PathBuf::from(said("ETCD_DIR")).join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let ports: Vec<u16> = said("ETCD_PORTS").split_whitespace().map(|p| p.parse().unwrap()).collect();
        let ports: Vec<_> = ports.chunks_exact(2).take(count).map(|p| (p[0], p[1])).collect();
        assert_eq!(ports.len(), count, "two ports a member");
        let more = more.iter().map(|m| (*m).to_owned()).collect();
        let mut cluster = Self { dir, ports, members: Vec::new(), tls, more };
        for n in 0..count {
            let child = cluster.spawn(n);
            cluster.members.push(Some(child));
        }
        cluster.until_led().await;
        cluster
    }

    fn spawn(&self, n: usize) -> Child {
        let (client, peer) = self.ports[n];
        let scheme = if self.tls { "https" } else { "http" };
        let all = self.ports.iter().enumerate().map(|(n, (_, peer))| format!("n{n}=http://127.0.0.1:{peer}"));
        let (client, peer) = (format!("{scheme}://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
        let log = std::fs::File::options().create(true).append(true).open(self.dir.join(format!("n{n}.log"))).unwrap();
        let mut command = Command::new(said("ETCD"));
        command.arg("--name").arg(format!("n{n}")).arg("--data-dir").arg(self.dir.join(format!("n{n}")));
        command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &all.collect::<Vec<_>>().join(","), "--initial-cluster-token", "vardkase"]);
        command.args(["--initial-cluster-state", "new", "--heartbeat-interval", "100", "--election-timeout", "1000"]);
        command.args(["--logger", "zap", "--snapshot-count", "5000"]).args(&self.more);
        if self.tls {
            let file = |name: &str| Path::new(&said("ETCD_TLS")).join(name);
            command.arg("--client-cert-auth").arg("--trusted-ca-file").arg(file("ca.pem"));
            command.arg("--cert-file").arg(file("member.pem")).arg("--key-file").arg(file("member.key"));
        }
        let errors = log.try_clone().unwrap();
        command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn().expect("etcd starts")
    }

    /// How its clients reach it, with the certificate of that name when it has TLS.
    pub fn settings(&self, certificate: Option<&str>) -> Settings {
        let scheme = if self.tls { "https" } else { "http" };
        let endpoints = self.ports.iter().map(|(client, _)| format!("{scheme}://127.0.0.1:{client}")).collect();
        let file = |name: String| Path::new(&said("ETCD_TLS")).join(name);
        Settings {
            endpoints,
            ca: self.tls.then(|| file("ca.pem".into())),
            cert: certificate.map(|name| file(format!("{name}.pem"))),
            key: certificate.map(|name| file(format!("{name}.key"))),
            prefix: "/vardkase/".into(),
            insecure: false,
        }
    }

    /// A client without a certificate, or with the one of root.
    pub fn client(&self) -> Client {
        Client::new(&self.settings(self.tls.then_some("root"))).expect("good settings")
    }

    /// Until a question that needs a quorum is answered.
    pub async fn until_led(&self) {
        let client = self.client();
        let led = async {
            while client.range(b"a".to_vec(), b"b".to_vec(), 1).await.is_err() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(PATIENCE, led).await.expect("etcd has a quorum (its logs are in its folder)");
    }

    /// Which member leads.
    pub async fn leader(&self) -> usize {
        let client = self.client();
        let found = async {
            loop {
                let all = client.statuses().await;
                let leads = |s: &vardkase::journal::etcd::Status| s.leader != 0 && s.member == s.leader;
                if let Some(n) = all.iter().position(|(_, status)| status.as_ref().is_ok_and(leads)) {
                    return n;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("a leader")
    }

    fn signal(&self, n: usize, signal: Signal) {
        let child = self.members[n].as_ref().expect("it runs");
        kill_process(Pid::from_child(child), signal).expect("our own child");
    }
    /// As a machine that loses its power.
    pub fn kill(&mut self, n: usize) {
        if let Some(mut child) = self.members[n].take() {
            child.kill().expect("our own child");
            child.wait().expect("ended");
        }
    }
    pub fn restart(&mut self, n: usize) {
        self.members[n] = Some(self.spawn(n));
    }
    /// As a machine that hangs: connections stay, nothing is answered.
    pub fn freeze(&self, n: usize) {
        self.signal(n, Signal::STOP);
    }
    pub fn thaw(&self, n: usize) {
        self.signal(n, Signal::CONT);
    }

    /// What an administrator does by hand.
    pub fn etcdctl(&self, args: &[&str]) {
        let settings = self.settings(self.tls.then_some("root"));
        let mut command = Command::new(said("ETCDCTL"));
        command.env("ETCDCTL_API", "3").arg("--endpoints").arg(settings.endpoints.join(","));
        if let (Some(ca), Some(cert), Some(key)) = (settings.ca, settings.cert, settings.key) {
            command.arg("--cacert").arg(ca).arg("--cert").arg(cert).arg("--key").arg(key);
        }
        let out = command.args(args).output().expect("etcdctl runs");
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        (0..self.members.len()).for_each(|n| self.kill(n));
    }
}
