// SPDX-License-Identifier: GPL-3.0-or-later
//! Generates completions and the man page from the definition of the commands when Usher is built.

use std::io::{self, Write};

use clap::{Arg, Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::{
    Man,
    roff::{Roff, bold, italic, roman},
};

use usher_core::names;

use crate::{
    cli::{Arguments, Artifact},
    failure::Failure,
};

pub(crate) fn run(artifact: Artifact) -> Result<(), Failure> {
    let shell = match artifact {
        Artifact::Bash => Shell::Bash,
        Artifact::Zsh => Shell::Zsh,
        Artifact::Fish => Shell::Fish,
        Artifact::Man => return Ok(write_man_page(&mut io::stdout())?),
    };
    // clap gives up with a panic if it cannot write.
    let mut script = Vec::new();
    generate(shell, &mut commands(), "usherctl", &mut script);
    Ok(io::stdout().write_all(&script)?)
}

/// The commands for people.
fn commands() -> Command {
    let all = Arguments::command();
    let about = all.get_about().cloned().unwrap_or_default();
    Command::new("usherctl")
        .version(names::VERSION)
        .about(about)
        .disable_help_subcommand(true)
        .args(all.get_arguments().cloned())
        .subcommands(all.get_subcommands().filter(|command| !command.is_hide_set()).cloned())
}

fn write_man_page(out: &mut dyn io::Write) -> io::Result<()> {
    let mut arguments = commands();
    arguments.build();
    let man = Man::new(arguments.clone()).manual("Usher");
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    let mut page = Roff::new();
    page.control("SH", ["COMMANDS"]);
    for command in arguments.get_subcommands_mut() {
        describe(&mut page, command);
    }
    for (title, text) in SECTIONS {
        page.control("SH", [title]);
        for (index, paragraph) in text.split("\n\n").enumerate() {
            if let Some((term, meaning)) = paragraph.split_once(" : ") {
                page.control("TP", []);
                page.text([bold(term.replace('\n', " "))]);
                page.text([roman(meaning.replace('\n', " "))]);
            } else {
                if index > 0 {
                    page.control("PP", []);
                }
                page.text([roman(paragraph.replace('\n', " "))]);
            }
        }
    }
    page.to_writer(out)
}

fn describe(page: &mut Roff, command: &mut Command) {
    let usage = command.render_usage().to_string();
    page.control("SS", [usage.trim_start_matches("Usage: ")]);
    page.text([roman(command.get_about().map(ToString::to_string).unwrap_or_default() + ".")]);
    for argument in command.get_arguments().filter(|argument| !argument.is_global_set() && argument.get_id() != "help")
    {
        page.control("TP", []);
        page.text(name_of(argument));
        page.text([roman(argument.get_help().map(ToString::to_string).unwrap_or_default() + ".")]);
    }
}

fn name_of(argument: &Arg) -> Vec<clap_mangen::roff::Inline> {
    let Some(long) = argument.get_long() else {
        let name = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
        return vec![italic(name.unwrap_or_default())];
    };
    let short = argument.get_short().map(|short| format!("-{short}"));
    let others = argument.get_visible_aliases().unwrap_or_default();
    let names = short.into_iter().chain([long].into_iter().chain(others).map(|name| format!("--{name}")));
    let mut all: Vec<_> = names.flat_map(|name| [roman(", "), bold(name)]).skip(1).collect();
    if argument.get_action().takes_values() {
        let value = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
        all.extend([roman(" "), italic(value.unwrap_or_default())]);
    }
    all
}

/// Sections that the definition does not contain. A paragraph with “ : ” is a term and its meaning.
const SECTIONS: [(&str, &str); 12] = [
    (
        "ACCOUNTS",
        "An account is named by user@host, by its id (usherctl list --json), or by its user or the host of its server if that is the
only one. A name that it was given stands for the user. Where a server is expected, a bare host stands for the server of that host that a remote on this computer names
or an account is at; any other is asked what kind of server it is, once somebody has agreed to it, unless --type says so. A host may be that of a container registry. If two servers have
that host, the remote has to be named.

A remote uses one account, and only once somebody has allowed it: by signing in to it by its name, or with allow. All remotes
at one address are one in this. A remote that names another server than before is blocked. review shows both servers, and
accepts the new one or keeps the remote blocked; sign-in and allow accept it too, after saying what has changed, and all of
them only where somebody can answer. doctor also tells the command that sets the old server back.

A remote that was refused, with Don’t Allow in the window or with revoke --for-good, asks no more: its installs end with a message, its
updates are left out. status and doctor say so. allow, or sign-in with the name of the remote, changes that.

A repository file (.flatpakrepo, .flatpakref) stands for the remote with its address. If there is none, sign-in
prints the command that sets it up. It fetches nothing that a file names, and adds no repository by itself.",
    ),
    (
        "BROWSER AND SSH",
        "Most servers have a page of their own for signing in, and those that sell apps have one for buying. On a desktop usherctl opens it in the browser; elsewhere it prints
the address, and waits for up to 15 minutes until the browser comes back to it.

Over ssh the browser runs on another computer and cannot come back. Where the server has codes, sign-in prints an address
and a code there, which are good on any device, such as a phone, and waits until the code was entered; --code does so
everywhere. Without codes, and with --paste, usherctl asks for the address at which the browser ended, which is pasted
without being shown, or read from standard input. --browser waits for the browser all the same, for example where ssh
forwards the port of the address. An account remembers --code and --browser for the next time. Secrets are never taken from arguments.

An unfinished purchase is remembered. No second one starts before the store was asked and, if it gives no access, somebody
said that nothing was paid.",
    ),
    (
        "SINGLE SIGN-ON",
        "Some account servers leave signing in to another server, such as the one of a company. A remote names both, and sign-in
names both too, with what the account server gets from it, before anything is sent. Without such a remote, --issuer, --client-id
and, where more is wanted, --scope say the same; the people who run the account server know them. The
issuer is written exactly as it calls itself.

A code is not used where the two servers have different hosts, unless --issuer names them or there is an account already.",
    ),
    (
        "ACTIVITY LOG",
        "log answers why Usher asked, and what it did last night. Usher writes down which program asked for the apps of which remote, how many,
and what came of it; and when somebody signed in or out, gave or took back a permission, began or ended a purchase. Whether the
program then installed anything, Usher does not know. The log holds no token, no password, no user name and no address but the
name of the host, and the ids of apps only with settings activity-log-apps on. It stays on this computer, readable only for its owner, for 90 days and up to 256 KiB, and settings activity-log off ends it.
A program that asks the same again within a minute, or more than 100 times in an hour, adds nothing.",
    ),
    (
        "PASSWORDS AND TOKENS",
        "Container registries and some other servers ask for a user name and a password, or for an access token in place of the password; some
repositories want a token alone. usherctl says which host gets it before it asks, and shows neither as it is typed or pasted. After a wrong one it asks
again, three times in all. The password is stored in the keyring, and nowhere else.

Where nobody can type, as in a script, --password-stdin (or --token-stdin, which is the same) reads the password or token from
standard input up to its end, without a line break there; --user gives the user name. An account at a server that was never
agreed to is made without a question then, so name the server with care.

Where Podman, Docker or flatpak has signed in to a container registry on this computer, sign-in asks whether to use that, and
--import uses it without asking. A program that keeps such sign-ins (docker-credential-NAME) must be in /usr/bin or
/usr/local/bin; its path is printed before it runs.",
    ),
    (
        "TOKENS OF OTHERS",
        "verify says whether a token that somebody shows is good for a ref of a remote: for a mirror of a repository, which sees the
tokens of its clients. It reads the token from standard input, without line breaks and spaces around it, or asks for it without
showing it. The token has to be a signed JSON Web Token (RS256, ES256 or EdDSA), and the remote has to name the keys in its
authenticator option verify-key: a JWK set, or an https address at its account server. With a set it needs no account, no
keyring, no session bus and no network. An address is asked only if an account of this computer is linked to the remote.

A token counts up to a minute after its end. It has to be for downloads, for the ref’s app and branch, and for the repository:
its name is the option verify-repo, or the last part of the remote’s address.",
    ),
    (
        "REPORTS",
        "doctor --report prints what helps those who mend Usher: versions, the keyring and whether there is a proxy, the remotes that concern
Usher, what doctor found, the number of accounts at each server, and the end of the activity log. It is in English, and
exits as doctor does.

It is made to be given away: home folder, names of the person and of the computer, users of accounts, e-mail addresses and
whatever looks like a token are taken out, and of addresses only the host and the path are left. Options of a remote are named
without their values, and no app is named but one that could replace Usher. A look at it before it is given to others does no harm.",
    ),
    (
        "LISTS",
        "listing fetches what a repository has as flatpak does: the list for this computer’s architecture that the
repository’s index (summary.idx) names, or its one list (summary) where there is no index; of a container registry the index.
Where one has to sign in to see it, the account that the remote may use is asked for a token, which goes to the address of the
remote alone.

Where flatpak verifies the list of the remote (gpg-verify-summary), so does listing, with the same keys; of a list that nobody with such a
key has signed nothing is shown or saved. Of a remote whose list is not signed it says so.

The names are those that flatpak has read, or else those in the repository itself. States and exit status are as in query.

With --save the list is written to a file and not shown, exactly as the repository wrote it, unpacked: for another program,
or as the file summary of a mirror of this architecture. Its signature, where it has one, is that of the index.",
    ),
    (
        "EXIT STATUS",
        "0 : Done.

1 : Failed; or doctor found a problem; or the token of verify is not good.

2 : The arguments are not valid, or a question needs a terminal.

3 : An account, a sign-in or a permission is needed first.

4 : There is no access without a purchase, none is offered, or the server sells nothing.

5 : The keyring is locked, or none is running.

6 : A server cannot be reached or answered in an unexpected way.

7 : Cancelled.

8 : The token of verify cannot be checked on this computer: it is no signed JSON Web Token, or the remote names no keys.

141 : The output is no longer read, as in a pipe to head(1).",
    ),
    (
        "JSON",
        "With --json the result is one JSON object on standard output; questions, explanations, and the address and code
of a sign-in stay on standard error. Keys are only ever added. Times are seconds since 1970. No output holds a secret.

error : Instead of any result: kind (failed, usage, account-needed, purchase-needed, keyring, network, cancelled or cannot-be-checked), exit (the
exit status) and message.

list, status : accounts, each with id, provider, service, server, signs_in_at (the host at which one signs in), user, name, state (signed-in, expired, signed-out, locked or
unreadable), may_have_ended (whether a sign-in should be made again, although no server has said that it ended), first_signed_in_at, signed_in_at, valid_until, last_used_at, last_used_by and used_by (remote and address of each
remote that may use it), is_unsaved (whether the keyring has not saved what its server renewed: another process of Usher holds it); status adds purchases, their number, and not_allowed, the remotes at the server that were refused. Of an account that is locked or unreadable only part is known.

sign-in, sign-out, allow, rename : account, as in list; sign-out adds at_server, what became of the sign-in there: ended,
not-offered (the server has no way to end it), not-ended, or nothing-to-end.

review : account, as in list, once the new server is accepted; or remote, and changed, which is false.

settings : settings, the value of each.

log : entries, the oldest first; with --follow each is an object in a line of its own; with --clear, removed, their number. Each has
at, host, event, and where known remote and account (an id). The event is request, signed-in (with is_new), sign-in-ended,
signed-out, removed, allowed, disallowed, refused, purchase-begun or purchase-ended (with is_owned, and both with app_id where the log
has the ids of apps). A request has program, purpose (install, update or listing), apps (their number), app_ids, asked (the questions of Usher’s windows: sign-in, permission, purchase or unlock) and result: granted,
account-needed, permission-needed, refused, no-access, locked, server-changed, unusable (the remote’s options), unavailable (the
server), cancelled or failed.

revoke : remotes, the names of those concerned; address; and accounts, those that they no longer use; with --for-good, refused,
which is true, in place of accounts.

remove : removed, the id; and at_server, as in sign-out.

remotes : remotes, each with remote (its name), title, address, server, user_only (whether it is the current user’s alone),
installation (the name of an installation that the administrator made), uses_usher, state (account, no-account, not-allowed, blocked,
locked, or not-used where it could use Usher) and account, an id.

use, stop : remote, address, uses_usher, and commands, those that were run.

purchases : purchases, each with app, state (owned, unfinished or no-access), at, account, remote, address and installed; and
install, a command for all that is not installed.

query : remote, address, apps (id and state of each: free, owned, not-owned, account-needed, link-needed, locked or unknown)
and error.

verify : remote, address, ref, good, and reason, a word, where the token is not good: expired, not-yet-valid, wrong-key,
unknown-key, wrong-algorithm, other-app, other-branch, other-repository, other-purpose (not for downloads) or malformed.

buy : remote, app, account, state (owned) and install, a command.

listing : remote, address, verified (whether the list is signed with a key of the remote), apps (id, name, null where nobody says it,
and state of each, as in query) and error; with --save, remote, file and verified.

export : file, and the numbers of accounts and repositories. What is written to standard output is the file itself, with
format, version, accounts (provider, service, user, name, bought) and repositories (name, title, address, provider, service,
user_only, verified, key, account, apps).

import : accounts (provider, service, server, user, signed_in, and sign_in, a command), repositories (name, title, address,
set_up, verified (whether flatpak can verify what comes from it), and command), apps, their number, and install, a command for all of them.

doctor : problems and notes of this computer; remotes, each with remote, address, problems, all_checked (false where
something else has to be mended first), and waiting_installs and waiting_updates, the numbers of apps that wait for an account or
for sound options, and kept_blocked (whether it stays blocked by decision); and window_installed (null where there is no
session bus to ask). A problem or note has problem, a word, message, fix, a command, and way_back, a command that goes back to what was.
With --report there is report alone, its text.",
    ),
    (
        "EXAMPLES",
        "usherctl sign-in shop : Sign in at the server that the remote shop names, and let the remote use the account.

usherctl sign-in --user robot --password-stdin registry < password : Sign in to a registry from a script, and let the remote registry
use the account.

usherctl sign-in --issuer https://login.example.org --client-id usher https://store.example.org : Sign in to an account server
that leaves signing in to another one.

usherctl use registry && usherctl sign-in registry : Let Usher keep the sign-in of a registry that flatpak asks for anew each time.

usherctl query shop org.example.App && flatpak install shop org.example.App : Install an app only if that needs nothing more.

usherctl verify shop app/org.example.App/x86_64/stable < token : See whether a token that a client has shown is good for an app.

usherctl log --follow : Watch what programs ask for.

usherctl listing shop : Show what a repository has, also one that shows it only to those who are signed in.

usherctl allow shop me@store.example.org : Let the remote shop use this account of several that are here.

usherctl export Accounts.usher : Save what is needed to have the same accounts and apps on another computer.",
    ),
    ("SEE ALSO", "flatpak(1), flatpak-remote-modify(1)"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn people_s_commands() -> Vec<Command> {
        let mut arguments = Arguments::command();
        arguments.build();
        arguments.get_subcommands().filter(|command| !command.is_hide_set()).cloned().collect()
    }

    #[test]
    fn the_man_page_tells_of_every_command_and_every_option() {
        let mut page = Vec::new();
        write_man_page(&mut page).unwrap();
        let page = String::from_utf8(page).unwrap().replace("\\-", "-");
        for command in people_s_commands() {
            assert!(page.contains(&format!(".SS \"usherctl {}", command.get_name())), "{}\n{page}", command.get_name());
            for option in command.get_arguments().filter_map(Arg::get_long) {
                assert!(page.contains(&format!("--{option}")), "{option}");
            }
        }
        assert!(!page.contains("generate"), "{page}");
    }

    #[test]
    fn completions_know_every_command_that_is_there_for_people() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            generate(shell, &mut commands(), "usherctl", &mut script);
            let script = String::from_utf8(script).unwrap();
            for command in people_s_commands() {
                assert!(script.contains(command.get_name()), "{shell} {}", command.get_name());
            }
            assert!(!script.contains("generate"), "{shell}");
        }
    }
}
