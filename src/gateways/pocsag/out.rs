//! Hands a transmission over: a file, a program, a connection. Limits on every wait.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::timeout;

use super::audio;
use super::config::{Audio, PocsagConfig};
use crate::domain::delivery::SendError;

/// Bytes of what a far end says over the connection that are read at most: it has nothing to say.
const CHATTER_BYTES_MAX: usize = 64 * 1024;
/// The name of a file that is not whole yet ends so; a transmitter's program leaves it alone.
const PART: &str = "part";

/// One transmission. `name`: unique, without anything of the text or the address in it.
pub(super) async fn put(to: &PocsagConfig, name: &str, samples: Vec<i16>, within: Duration) -> Result<(), SendError> {
    match (&to.folder, &to.command, &to.host, to.port) {
        (Some(folder), ..) => {
            let (bytes, ending) = match to.format {
                Audio::Wav => (audio::wav(&samples), "wav"),
                Audio::Raw => (audio::raw(&samples), "s16"),
            };
            let (folder, name, files_max) = (folder.clone(), name.to_owned(), to.files_max);
            let job = tokio::task::spawn_blocking(move || drop_in(&folder, &name, ending, &bytes, files_max));
            match timeout(within, job).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err(SendError::unknown("writing the file broke off")),
                Err(_) => Err(SendError::unknown("the folder does not answer in time")),
            }
        }
        (None, Some(argv), ..) => run(argv, &audio::raw(&samples), within).await,
        (None, None, Some(host), Some(port)) => stream(host, port, &audio::raw(&samples), within).await,
        _ => Err(SendError::permanent("its sound goes nowhere")),
    }
}

/// Writes beside, then renames: whoever looks into the folder sees whole files only.
fn drop_in(folder: &Path, name: &str, ending: &str, bytes: &[u8], files_max: u32) -> Result<(), SendError> {
    let temporary = |what: &str, e: std::io::Error| SendError::temporary(format!("{what}: {}", e.kind()));
    let mut waiting = 0;
    for entry in std::fs::read_dir(folder).map_err(|e| temporary("folder", e))? {
        let entry = entry.map_err(|e| temporary("folder", e))?;
        waiting += u32::from(Path::new(&entry.file_name()).extension().is_some_and(|e| e == ending));
    }
    if waiting >= files_max {
        return Err(SendError::temporary(format!("{waiting} files lie there: the transmitter takes none")));
    }
    let part = folder.join(format!(".{name}.{PART}"));
    let written = std::fs::File::create(&part).and_then(|mut file| {
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()
    });
    let whole = written.and_then(|()| std::fs::rename(&part, folder.join(format!("{name}.{ending}"))));
    whole.map_err(|e| {
        let _ = std::fs::remove_file(&part);
        temporary("writing the file", e)
    })
}

async fn run(argv: &[String], bytes: &[u8], within: Duration) -> Result<(), SendError> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(SendError::permanent("there is no program"));
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|e| SendError::temporary(format!("program: {}", e.kind())))?;
    let feeding = async {
        if let Some(mut stdin) = child.stdin.take() {
            // A program may stop reading when it has what it wants; its exit code tells.
            let _ = stdin.write_all(bytes).await;
            let _ = stdin.shutdown().await;
        }
        child.wait().await
    };
    match timeout(within, feeding).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(SendError::temporary(match status.code() {
            Some(code) => format!("program: exit code {code}"),
            None => "program: killed by a signal".into(),
        })),
        Ok(Err(e)) => Err(SendError::unknown(format!("program: {}", e.kind()))),
        // It may be on the air.
        Err(_) => Err(SendError::unknown("program: not ready in time")),
    }
}

async fn stream(host: &str, port: u16, bytes: &[u8], within: Duration) -> Result<(), SendError> {
    let mut tcp = timeout(within, TcpStream::connect((host, port)))
        .await
        .map_err(|_| SendError::temporary("connect: no answer in time"))?
        .map_err(|e| SendError::temporary(format!("connect: {}", e.kind())))?;
    let _ = tcp.set_nodelay(true);
    let handing = async {
        tcp.write_all(bytes).await?;
        tcp.shutdown().await?;
        let mut chatter = vec![0; 1024];
        let mut read = 0;
        while read < CHATTER_BYTES_MAX {
            match tcp.read(&mut chatter).await? {
                0 => return Ok(()),
                n => read += n,
            }
        }
        Err(std::io::Error::from(std::io::ErrorKind::InvalidData))
    };
    match timeout(within, handing).await {
        Ok(Ok(())) => Ok(()),
        // Sound that was begun may be on the air.
        Ok(Err(e)) => Err(SendError::unknown(format!("stream: {}", e.kind()))),
        Err(_) => Err(SendError::unknown("stream: not taken in time")),
    }
}

/// Whether it can be handed over, without a sound.
pub(super) async fn probe(to: &PocsagConfig, within: Duration) -> Result<String, String> {
    match (&to.folder, &to.command, &to.host, to.port) {
        (Some(folder), ..) => {
            let folder = folder.clone();
            let job = tokio::task::spawn_blocking(move || {
                let probe = folder.join(format!(".probe.{PART}"));
                std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe))
            });
            match timeout(within, job).await {
                Ok(Ok(Ok(()))) => Ok("the folder can be written".into()),
                Ok(Ok(Err(e))) => Err(format!("folder: {}", e.kind())),
                Ok(Err(_)) | Err(_) => Err("the folder does not answer in time".into()),
            }
        }
        (None, Some(argv), ..) => {
            let program = argv.first().map(String::as_str).unwrap_or_default();
            match found(program) {
                true => Ok("the program is there".into()),
                false => Err("program: not found".into()),
            }
        }
        (None, None, Some(host), Some(port)) => {
            match timeout(within, TcpStream::connect((host.as_str(), port))).await {
                Ok(Ok(_)) => Ok("connected".into()),
                Ok(Err(e)) => Err(format!("connect: {}", e.kind())),
                Err(_) => Err("connect: no answer in time".into()),
            }
        }
        _ => Err("its sound goes nowhere".into()),
    }
}

/// As a shell looks for it.
fn found(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    !program.is_empty() && std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
