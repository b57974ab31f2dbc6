//! The simulator's command line: starts it, prints one JSON line, waits for the end.

use clap::Parser;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{self, Sender};
use std::thread;
use tokio::signal::unix::{SignalKind, signal};
use wechatpay::simulator::{Account, Options, Simulator};

/// A local WeChat Pay gateway. Prints one JSON line when it is ready; ends on SIGTERM, SIGINT, or
/// when its stdin is a pipe and closes.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Port of the first listener; the backup takes the next, the control the one after. 0: free ports.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Makes ids and nonces reproducible.
    #[arg(long)]
    seed: Option<u64>,
    /// A merchant as appid:mch_id:key; may be given several times.
    #[arg(long = "merchant")]
    merchants: Vec<Account>,
    /// Closes a connection that is idle for so long.
    #[arg(long, default_value_t = 8_000)]
    idle_ms: u64,
    /// Keeps its files in this folder, and takes the CA that is there: started again with the same port it is the
    /// same gateway.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// An order to begin with, as the JSON of POST /orders; may be given several times.
    #[arg(long = "order")]
    orders: Vec<String>,
    /// Encrypts with ChaCha20-Poly1305 only, which valgrind can follow.
    #[arg(long)]
    chacha20: bool,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            let _ = writeln!(io::stderr(), "wechatpay-simulator: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> io::Result<()> {
    let (end, ended) = mpsc::channel();
    end_on_signals(end.clone())?;
    let simulator = Simulator::start(&Options {
        port: arguments.port,
        seed: arguments.seed,
        accounts: arguments.merchants,
        idle_ms: arguments.idle_ms,
        folder: arguments.folder,
        orders: arguments.orders,
        chacha20: arguments.chacha20,
    })?;
    end_with_stdin(end)?;
    writeln!(io::stdout(), "{}", simulator.ready_line())?;
    io::stdout().flush()?;
    let _ = ended.recv();
    Ok(())
}

fn end_on_signals(end: Sender<()>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let guard = runtime.enter();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    drop(guard);
    thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        });
        let _ = end.send(());
    });
    Ok(())
}

/// A pipe that closes ends the simulator; a terminal or /dev/null does not.
fn end_with_stdin(end: Sender<()>) -> io::Result<()> {
    let Ok(stdin) = io::stdin().as_fd().try_clone_to_owned() else {
        return Ok(());
    };
    let mut stdin = File::from(stdin);
    if stdin.metadata()?.file_type().is_fifo() {
        thread::spawn(move || {
            let mut buffer = [0; 256];
            while matches!(stdin.read(&mut buffer), Ok(n) if n > 0) {}
            let _ = end.send(());
        });
    }
    Ok(())
}
