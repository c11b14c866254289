// SPDX-License-Identifier: GPL-3.0-or-later
//! `usher-demo-store`: runs the shop by hand.

use std::{
    env,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tracing::level_filters::LevelFilter;
use usher_demo_store::{
    DEVELOPMENT_AUTHENTICATOR, DemoStore, Failure, Issuer, Progress, Route, SignInKind, StoreError, StoreOptions,
    SummaryAuthenticator, TokenTerms,
};

/// A complete little app shop on this computer, to try Usher out.
///
/// It builds its own Flatpak repository at the first start, which takes flatpak, ostree and some seconds, and prints
/// the command that adds it to flatpak. It ends on Ctrl+C.
#[derive(Parser)]
#[command(version)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
struct Arguments {
    /// Folder for the database and the repository [default: demo-store in the user’s data folder]
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Port of the shop; 0 takes any free port
    #[arg(long, value_name = "PORT", default_value_t = 8765)]
    port: u16,
    /// Port of the control endpoint; 0 takes any free port
    #[arg(long, value_name = "PORT")]
    control_port: Option<u16>,
    /// Sign-in and tokens only, no repository
    #[arg(long)]
    no_repository: bool,
    /// No account server: the repository alone, guarded by an access token to paste, which is printed
    #[arg(long, conflicts_with = "no_repository")]
    token_only: bool,
    /// With --token-only: an id that the token is for, with all ids below it; may be repeated [default: all]
    #[arg(long, value_name = "PREFIX", requires = "token_only")]
    prefix: Vec<String>,
    /// Build the repository, then exit
    #[arg(long, conflicts_with = "no_repository")]
    make_only: bool,
    /// Folder that keeps a new repository, to copy it instead of building it again
    #[arg(long, value_name = "FOLDER")]
    repository_cache: Option<PathBuf>,
    /// Sign the repository with a key that is made for it
    #[arg(long, conflicts_with = "no_repository")]
    sign: bool,
    /// Show what the repository has only to those who are signed in; flatpak cannot list it then
    #[arg(long, conflicts_with = "no_repository")]
    private_listing: bool,
    /// Sign in with user name and password (provider basic) instead of a web page
    #[arg(long, conflicts_with = "token_only")]
    basic: bool,
    /// Take access tokens of this OpenID server, and let the repository name it for signing in (provider oauth2)
    #[arg(long, value_name = "URL", conflicts_with_all = ["token_only", "basic"])]
    issuer: Option<String>,
    /// With --issuer: the name under which that server knows Usher
    #[arg(long, value_name = "NAME", requires = "issuer", default_value = "usher")]
    client_id: String,
    /// Be a shop that cannot end a sign-in
    #[arg(long)]
    no_sign_out: bool,
    /// How long a sign-in, or an access token to paste, lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 30 * 24 * 60 * 60)]
    credential_lifetime: u64,
    /// How long a download token lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 10 * 60)]
    token_lifetime: u64,
    /// Sign download tokens with a key pair, and name its public key in the repository’s options, so that others can check them
    #[arg(long, conflicts_with = "no_repository")]
    signed_tokens: bool,
    /// Authenticator to name in the command that adds the repository
    #[arg(long, value_name = "NAME", default_value = DEVELOPMENT_AUTHENTICATOR)]
    authenticator: String,
    /// Name the authenticator in the repository itself as well
    #[arg(long, conflicts_with = "no_repository")]
    announce_authenticator: bool,
    /// Bring the authenticator along: publish its Flatpak from this repository on disk (branch stable), and let flatpak
    /// install it with the first app
    #[arg(long, value_name = "REPOSITORY", conflicts_with = "no_repository")]
    bring_authenticator: Option<PathBuf>,
    /// Make a part of the shop fail, as in `login={"mode":"hang"}`; the control endpoint lists parts and modes
    #[arg(long, value_name = "ROUTE=FAILURE", value_parser = parse_failure)]
    fail: Vec<(Route, Failure)>,
    /// Expire all earlier sign-ins
    #[arg(long)]
    expire: bool,
    /// Revoke all earlier sign-ins
    #[arg(long)]
    revoke: bool,
    /// Log more
    #[arg(long, short)]
    verbose: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let level = if arguments.verbose { LevelFilter::DEBUG } else { LevelFilter::WARN };
    tracing_subscriber::fmt().with_max_level(level).with_writer(io::stderr).init();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments)),
        Err(error) => Err(StoreError::Runtime(error)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // An error here has no other place to go.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), StoreError> {
    let make_only = arguments.make_only;
    let failures = arguments.fail.clone();
    let (expire, revoke, no_sign_out) = (arguments.expire, arguments.revoke, arguments.no_sign_out);
    let terms = arguments.token_only.then(|| TokenTerms {
        name: String::new(),
        prefixes: arguments.prefix.clone(),
        lifetime: i64::try_from(arguments.credential_lifetime).unwrap_or(i64::MAX),
    });
    let store = DemoStore::start(options(arguments)).await?;
    if make_only {
        say("The repository is built.");
        return Ok(());
    }
    let control = store.control();
    for (route, failure) in failures {
        control.fail(route, failure);
    }
    control.offer_sign_out(!no_sign_out);
    if expire {
        control.expire_credentials(None)?;
    }
    if revoke {
        control.revoke_credentials(None)?;
    }

    say(&format!("Shop:       {}", store.base_url()));
    say(&format!("Repository: {}", store.repository_url()));
    if let Some(url) = store.control_url() {
        say(&format!("Control:    {url}"));
    }
    match terms {
        Some(terms) => say(&format!("Token:      {}", control.hand_out_token(terms)?)),
        None => say("Accounts:   demo and demo2; the password of each is its name"),
    }
    say("Add the repository to flatpak with:");
    say(&format!("    {}", store.remote_add_command()));
    say("Ready.");
    wait_for_the_end().await;
    store.stop().await;
    Ok(())
}

fn options(arguments: Arguments) -> StoreOptions {
    let data_dir = arguments.data_dir.unwrap_or_else(default_data_dir);
    StoreOptions {
        port: arguments.port,
        control_port: arguments.control_port,
        make_repository: !arguments.no_repository,
        repository_cache: arguments.repository_cache,
        sign: arguments.sign,
        private_listing: arguments.private_listing,
        sign_in: match (arguments.basic, arguments.token_only) {
            (true, _) => SignInKind::Basic,
            (false, true) => SignInKind::Token,
            (false, false) => SignInKind::WebPage,
        },
        issuer: arguments.issuer.map(|address| Issuer { address, client_id: arguments.client_id }),
        credential_lifetime: Duration::from_secs(arguments.credential_lifetime),
        token_lifetime: Duration::from_secs(arguments.token_lifetime),
        signed_tokens: arguments.signed_tokens,
        summary_authenticator: (arguments.announce_authenticator || arguments.bring_authenticator.is_some()).then(
            || {
                let name = arguments.authenticator.clone();
                SummaryAuthenticator { name, url: None, brought_from: arguments.bring_authenticator }
            },
        ),
        authenticator: arguments.authenticator,
        progress: Progress::new(say),
        ..StoreOptions::new(data_dir)
    }
}

fn default_data_dir() -> PathBuf {
    let given = env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    given
        .or_else(|| env::home_dir().map(|home| home.join(".local/share")))
        .unwrap_or_else(env::temp_dir)
        .join("usher-demo-store")
}

fn parse_failure(text: &str) -> Result<(Route, Failure), String> {
    let (route, failure) = text.split_once('=').ok_or("a part of the shop and “=” are missing")?;
    let route = serde_json::from_value(route.into()).map_err(|error| error.to_string())?;
    let failure = serde_json::from_str(failure).map_err(|error| error.to_string())?;
    Ok((route, failure))
}

async fn wait_for_the_end() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => drop(signals.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}

/// Prints a line at once, even to a file or a pipe. A closed output is no reason to stop.
fn say(line: &str) {
    let mut output = io::stdout().lock();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}
