// SPDX-License-Identifier: GPL-3.0-or-later
//! Asks the person through the window process (`io.github.usher.Prompter1`), one question at a time; equal questions
//! become one.

mod details;
mod key;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::{StreamExt, future::OptionFuture, stream::FuturesUnordered};
use tokio::{
    sync::{OnceCell, mpsc, watch},
    time::Instant,
};
use usher_core::{
    binding::Binding,
    dismissals::{self, DismissalFile},
    names::{ACCOUNTS_NAME, PROMPTER_INTERFACE, PROMPTER_PATH},
    patience::{self, within},
    prompt::{Outcome, result},
};
use zbus::{
    Connection, MatchRule, MessageStream,
    fdo::DBusProxy,
    names::{OwnedUniqueName, WellKnownName},
    zvariant::OwnedValue,
};

use self::{details::details, key::QuestionKey};
use crate::{
    activity::{Activity, Busy},
    flow::{Clock, Ending, Prompts, Question},
    notify::windows,
    prompt_budget::Budget,
};

/// The daemon's side of the window process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct PromptClient {
    inner: Arc<Inner>,
}

struct Inner {
    connection: Connection,
    activity: Activity,
    clock: Arc<dyn Clock>,
    limits: PromptLimits,
    /// What the person put off in the window.
    dismissals: Option<DismissalFile>,
    state: Mutex<State>,
    /// Held by the question in progress.
    turn: tokio::sync::Mutex<()>,
}

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PromptLimits {
    /// For the window process to start, and then for a window on the screen. Silence means that there is none.
    pub(crate) window: Duration,
    /// For a person, from then on.
    pub(crate) person: Duration,
}

struct State {
    budget: Budget,
    open_questions: HashMap<QuestionKey, OpenQuestion>,
    count: u64,
    /// When a question last found that no window can be shown.
    last_failure: Option<Instant>,
}

/// A question in progress.
struct OpenQuestion {
    ending: Arc<watch::Sender<Option<Ending>>>,
    /// Requests that joined it for another app, or from another client.
    joined: mpsc::UnboundedSender<Question>,
    app_ids: BTreeSet<String>,
    clients: BTreeSet<String>,
}

impl OpenQuestion {
    /// Adds a request with the same question. Passes it to the window if it names a new app or client.
    fn join(&mut self, question: Question) -> watch::Receiver<Option<Ending>> {
        let has_news = !question.app_ids.is_subset(&self.app_ids) || !self.clients.contains(&question.client);
        if has_news {
            self.app_ids.extend(question.app_ids.iter().cloned());
            self.clients.insert(question.client.clone());
            // If nobody listens any more the question is ending.
            let _ = self.joined.send(question);
        }
        self.ending.subscribe()
    }
}

/// The calls of one question to the window, with what it takes to cancel them.
#[derive(Default)]
struct WindowCalls {
    number: u64,
    owner: OnceCell<OwnedUniqueName>,
    /// The calls without an answer.
    open: Mutex<Vec<String>>,
}

impl WindowCalls {
    fn open(&self) -> MutexGuard<'_, Vec<String>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PromptClient {
    /// Asks nothing that `dismissals` silences.
    pub(crate) fn new(
        connection: Connection,
        activity: Activity,
        clock: Arc<dyn Clock>,
        limits: PromptLimits,
        dismissals: Option<DismissalFile>,
    ) -> Self {
        let state = State { budget: Budget::default(), open_questions: HashMap::new(), count: 0, last_failure: None };
        let inner = Inner {
            connection,
            activity,
            clock,
            limits,
            dismissals,
            state: Mutex::new(state),
            turn: tokio::sync::Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }
}

#[async_trait]
impl Prompts for PromptClient {
    async fn ask(&self, question: Question) -> Ending {
        let key = QuestionKey::of(&question);
        let is_open = self.inner.state().open_questions.contains_key(&key);
        let is_silent = !is_open && self.inner.is_silent(&key).await;
        let mut ending = match self.join_or_begin(question, is_silent) {
            Ok(ending) => ending,
            Err(ending) => return ending,
        };
        let ending = ending.wait_for(Option::is_some).await.ok().and_then(|ending| *ending);
        ending.unwrap_or(Ending::Failed)
    }
}

impl PromptClient {
    fn join_or_begin(&self, question: Question, is_silent: bool) -> Result<watch::Receiver<Option<Ending>>, Ending> {
        let key = QuestionKey::of(&question);
        let mut state = self.inner.state();
        if state.open_questions.keys().any(|open| key.is_part_of(open)) {
            // It is being asked already, and this question waits for no answer.
            return Err(Ending::Deferred);
        }
        if let Some(open) = state.open_questions.get_mut(&key) {
            return Ok(open.join(question));
        }
        if is_silent {
            return Err(Ending::Withheld);
        }
        state.count += 1;
        let calls = WindowCalls { number: state.count, ..WindowCalls::default() };
        let (sender, receiver) = watch::channel(None);
        let (ending, (joined, joining)) = (Arc::new(sender), mpsc::unbounded_channel());
        let (app_ids, clients) = (question.app_ids.clone(), BTreeSet::from([question.client.clone()]));
        state.open_questions.insert(key.clone(), OpenQuestion { ending: ending.clone(), joined, app_ids, clients });
        let (inner, busy) = (self.inner.clone(), self.inner.activity.begin());
        tokio::spawn(async move { inner.run(key, question, joining, calls, &ending, busy).await });
        Ok(receiver)
    }
}

/// Why no window is on the screen.
#[derive(Debug, thiserror::Error)]
enum NoWindow {
    #[error("the window process does not start")]
    Start,
    #[error("no window has appeared")]
    Mute,
    #[error(transparent)]
    Bus(#[from] zbus::Error),
}

impl Inner {
    /// Asks one question to its end.
    async fn run(
        &self,
        key: QuestionKey,
        question: Question,
        joining: mpsc::UnboundedReceiver<Question>,
        calls: WindowCalls,
        sender: &watch::Sender<Option<Ending>>,
        _busy: Busy,
    ) {
        let ending = tokio::select! {
            ending = self.show(&question, joining, &calls) => Some(ending),
            () = self.abandoned(&key, sender) => None,
        };
        if let Some(ending) = ending {
            self.state().open_questions.remove(&key);
            sender.send_replace(Some(ending));
        }
        // A call that joined too late may have become a prompt by itself.
        self.take_back(&calls).await;
    }

    /// Returns when nobody waits for the answer any more, and makes sure that nobody joins after that.
    async fn abandoned(&self, key: &QuestionKey, sender: &watch::Sender<Option<Ending>>) {
        loop {
            sender.closed().await;
            let mut state = self.state();
            if sender.receiver_count() == 0 {
                state.open_questions.remove(key);
                return;
            }
        }
    }

    /// Waits for its turn, asks, and waits for the outcome.
    async fn show(
        &self,
        question: &Question,
        joining: mpsc::UnboundedReceiver<Question>,
        calls: &WindowCalls,
    ) -> Ending {
        let asked = Instant::now();
        let Ok(_turn) = within(self.limits.person, self.turn.lock()).await else {
            return Ending::TimedOut;
        };
        if self.state().last_failure.is_some_and(|failure| failure >= asked) {
            // The question before this one has waited long enough for both.
            return Ending::Failed;
        }
        if !self.may_show(&question.ground.binding).await {
            return Ending::Withheld;
        }
        self.ask_window(question, joining, calls).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "cannot ask through the window process");
            self.state().last_failure = Some(Instant::now());
            Ending::Failed
        })
    }

    /// Starts the window process, asks, and waits for the outcome. An error if no window appears on the screen.
    async fn ask_window(
        &self,
        question: &Question,
        mut joining: mpsc::UnboundedReceiver<Question>,
        calls: &WindowCalls,
    ) -> Result<Ending, NoWindow> {
        // Ask the present owner of the name, and trust only that one until the end.
        let owner = within(self.limits.window, self.window_process()).await.map_err(|_| NoWindow::Start)??;
        let owner = calls.owner.get_or_init(async || owner).await;
        let token = format!("usher{}", calls.number);
        let mut presented = self.presentations(owner, &token).await?;
        let first = self.call(owner, question, token, calls);
        tokio::pin!(first);
        let deadline = patience::passed(self.limits.window);
        tokio::pin!(deadline);
        let (mut joined, mut count, mut is_presented) = (FuturesUnordered::new(), 0, false);
        loop {
            tokio::select! {
                biased;
                ending = &mut first => return Ok(ending?),
                // Take them all: as long as signals wait to be taken, nothing more is read from the bus.
                Some(_) = presented.next() => if !std::mem::replace(&mut is_presented, true) {
                    deadline.set(patience::passed(self.limits.person));
                },
                () = &mut deadline => return if is_presented { Ok(Ending::TimedOut) } else { Err(NoWindow::Mute) },
                Some(question) = joining.recv() => {
                    count += 1;
                    let token = format!("usher{}_{count}", calls.number);
                    joined.push(async move { self.call(owner, &question, token, calls).await });
                }
                // The first call decides how the question ends.
                Some(_) = joined.next() => {}
            }
        }
    }

    /// The signals that this call's window is on the screen.
    async fn presentations(&self, owner: &OwnedUniqueName, token: &str) -> Result<MessageStream, NoWindow> {
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .sender(owner)?
            .path(PROMPTER_PATH)?
            .interface(PROMPTER_INTERFACE)?
            .member("Presented")?
            .arg(0, token)?
            .build();
        let stream = MessageStream::for_match_rule(rule, &self.connection, None);
        Ok(within(self.limits.window, stream).await.map_err(|_| NoWindow::Mute)??)
    }

    /// Whether the window process may be called: no window may open by itself too often (rule R25). One that is on the
    /// screen costs nothing: the question joins it, or waits in it.
    async fn may_show(&self, binding: &Binding) -> bool {
        if !windows::shown(&self.connection).await.is_empty() {
            return true;
        }
        let opened = OptionFuture::from(self.dismissals.as_ref().map(DismissalFile::last_opened)).await.flatten();
        let mut state = self.state();
        state.budget.note_opening(opened);
        state.budget.take(binding, self.clock.elapsed())
    }

    /// Calls the window process once, for a request that asks or joins.
    async fn call(
        &self,
        owner: &OwnedUniqueName,
        question: &Question,
        token: String,
        calls: &WindowCalls,
    ) -> zbus::Result<Ending> {
        calls.open().push(token.clone());
        let arguments = (&token, details(question), &question.parent_window);
        let reply = self
            .connection
            .call_method(Some(owner), PROMPTER_PATH, Some(PROMPTER_INTERFACE), question.kind.as_str(), &arguments)
            .await;
        calls.open().retain(|open| *open != token);
        let reply = reply?;
        let (outcome, results): (u32, HashMap<String, OwnedValue>) = reply.body().deserialize()?;
        let said = results.get(result::MESSAGE).and_then(|message| message.downcast_ref::<&str>().ok());
        Ok(match Outcome::from_code(outcome) {
            Outcome::Done => Ending::Done,
            Outcome::Dismissed => Ending::Dismissed,
            Outcome::Deferred if said == Some(result::QUEUED) => Ending::Queued,
            Outcome::Deferred => Ending::Deferred,
            Outcome::Failed if said == Some(result::NOT_OFFERED) => Ending::NotOffered,
            Outcome::Failed => Ending::Failed,
        })
    }

    /// The owner of the window process's name. Starts one if there is none.
    async fn window_process(&self) -> zbus::Result<OwnedUniqueName> {
        let bus = DBusProxy::new(&self.connection).await?;
        let name = WellKnownName::try_from(ACCOUNTS_NAME)?;
        // The bus starts only programs with a service file, so first look for a running one without it.
        if let Ok(owner) = bus.get_name_owner(name.clone().into()).await {
            return Ok(owner);
        }
        bus.start_service_by_name(name.clone(), 0).await?;
        Ok(bus.get_name_owner(name.into()).await?)
    }

    /// Cancels the calls without an answer.
    async fn take_back(&self, calls: &WindowCalls) {
        let Some(owner) = calls.owner.get() else { return };
        let open = std::mem::take(&mut *calls.open());
        for token in open {
            let cancel =
                self.connection.call_method(Some(owner), PROMPTER_PATH, Some(PROMPTER_INTERFACE), "Cancel", &token);
            match within(self.limits.window, cancel).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::debug!(%error, "cannot cancel a prompt"),
                // It reads that when it goes on.
                Err(_) => return tracing::debug!("the window process does not answer"),
            }
        }
    }

    /// Whether the person put off the question and does not want to see it now.
    async fn is_silent(&self, key: &QuestionKey) -> bool {
        let now = self.clock.now();
        let put_off = match &self.dismissals {
            Some(file) => file.read(now).await,
            None => Vec::new(),
        };
        dismissals::is_silent(&put_off, &key.remote_url, key.kind, now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
