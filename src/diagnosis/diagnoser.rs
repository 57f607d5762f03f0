//! Follows exchanges, remembers what matters of them, and explains those that were refused.

use std::sync::Arc;
use std::time::Duration;

use crate::auth::AuthFacts;
use crate::auth::proof::Prover;
use crate::counters::{Counters, Limit};
use crate::diagnosis::choice::{Rulebook, choose};
use crate::diagnosis::history::{History, Noted, Sequence, Successes};
use crate::diagnosis::observer::{Observation, Observer};
use crate::diagnosis::rule::Awaiting;
use crate::diagnosis::rules::{RULES, begins_token_flow, is_disguised_refusal, probes};
use crate::diagnosis::waiting::{LookedAt, Pending, Refused, Waiting};
use crate::diagnosis::{Case, Diagnosis, Note, NoteId, Verdict, View, note, proving, reply};
use crate::exchange::Exchange;
use crate::limits::Limits;
use crate::secret::FingerprintKey;
use crate::time::Timestamp;

/// How long to wait for the other leg of a proxied request: the outer one is answered right after
/// the inner one.
const OTHER_LEG: Duration = Duration::from_secs(1);

/// Steps of a handshake before the one that decides.
const HANDSHAKE_STEPS: usize = 4;

/// Exchanges that wait at once; more settle the one that is due first. Each keeps what was sent and answered, some
/// kibibytes (docs/PERFORMANCE.md).
const WAITING: usize = 3000;

/// Follows exchanges and explains those that were refused.
///
/// A case is emitted when its exchange is complete, again whenever its verdict changes, and a last
/// time, settled, when nothing can change it any more. Cases without a verdict are settled at once.
#[derive(Debug)]
pub struct Diagnoser {
    prover: Option<Prover>,
    rules: Rulebook,
    history: History,
    successes: Successes,
    waiting: Waiting,
    replies: reply::Memo,
    observer: Observer,
    room: usize,
    /// Whether somebody wants provisional verdicts, too, and accepted exchanges to compare with.
    followed: bool,
    /// Whether any rule covers a status, by status.
    covered: Box<[bool]>,
}

/// One evaluation.
struct Assessment {
    verdict: Option<Verdict>,
    /// Until when a rule wants to be asked again.
    until: Option<Timestamp>,
    awaiting: Awaiting,
}

impl Diagnoser {
    /// With nothing remembered.
    pub fn new(limits: &Limits, key: FingerprintKey) -> Self {
        let rules = Rulebook::new(RULES);
        let history = History::new(limits);
        Self {
            observer: Observer::new(key, history.summariser()),
            prover: None,
            covered: (0..1000).map(|status| rules.covers(status)).collect(),
            rules,
            history,
            successes: Successes::default(),
            waiting: Waiting::default(),
            replies: reply::Memo::default(),
            room: limits.diagnosis_window.clamp(1, WAITING),
            followed: true,
        }
    }

    /// Holds refused credentials against the user's keys and passwords, too.
    #[must_use]
    pub fn with_prover(self, prover: Option<Prover>) -> Self {
        Self { prover, ..self }
    }

    /// Whether cases are emitted with provisional verdicts, too, and with the most similar accepted
    /// exchange, as a screen wants them; otherwise each is emitted once, settled.
    pub fn follow(&mut self, followed: bool) {
        self.followed = followed;
    }

    /// Another one like its own, for another thread.
    pub fn observer(&self) -> Observer {
        self.observer.another(self.history.summariser())
    }

    /// Takes one exchange; emits its case and those that it changes.
    pub fn observe(
        &mut self,
        exchange: Arc<Exchange>,
        counters: &mut Counters,
        out: &mut Vec<Arc<Case>>,
    ) {
        let observation = self.observer.observe(exchange);
        self.take(observation, counters, out);
    }

    /// The same for an exchange that was looked at already.
    pub fn take(
        &mut self,
        observation: Observation,
        counters: &mut Counters,
        out: &mut Vec<Arc<Case>>,
    ) {
        let Observation { exchange, auth, record, findings } = observation;
        counters.exchanges += 1;
        counters.unauthorized += u64::from(exchange.status() == Some(401));
        self.look_before_it_is_too_late(counters, out);
        let noted = self.history.note(&exchange, &auth, record, counters);
        let sequence = noted.sequence;
        if self.is_covered(&exchange) {
            let refused = Refused { exchange, auth, sequence, findings, looked_at: None };
            match self.may_be_looked_at_later(&refused) {
                Some(until) => self.postpone(refused, until, counters, out),
                None => self.explain(refused, counters, out),
            }
        } else {
            self.pass(exchange, auth, sequence, out);
        }
        self.wake(noted, counters, out);
        self.settle_due(counters, out);
    }

    /// Packet time has come this far: settles what waited only for time.
    pub fn advance(&mut self, now: Timestamp, counters: &mut Counters, out: &mut Vec<Arc<Case>>) {
        self.history.advance(now);
        self.settle_due(counters, out);
    }

    /// The input has ended: settles everything.
    pub fn finish(&mut self, counters: &mut Counters, out: &mut Vec<Arc<Case>>) {
        for id in self.waiting.all() {
            self.settle(id, counters, out);
        }
    }

    fn is_covered(&self, exchange: &Exchange) -> bool {
        let Some(status) = exchange.status() else { return false };
        let covered = self.covered.get(usize::from(status)).copied().unwrap_or_default();
        covered && (status >= 400 || is_disguised_refusal(exchange))
    }

    /// A case that needs no explanation.
    fn pass(
        &mut self,
        exchange: Arc<Exchange>,
        auth: Arc<AuthFacts>,
        sequence: Sequence,
        out: &mut Vec<Arc<Case>>,
    ) {
        let case = Arc::new(Case { exchange, auth, verdict: None, settled: true });
        // What only a screen compares with is kept for a screen only.
        if self.followed
            && let Some(record) = self.history.record(sequence)
            && record.accepted()
        {
            self.successes.keep(record, &case);
        }
        out.push(case);
    }

    /// Until when a refusal may go without a first look: as long as it waits for its other leg anyway,
    /// where nobody follows what is thought of it meanwhile.
    fn may_be_looked_at_later(&self, refused: &Refused) -> Option<Timestamp> {
        if self.followed { None } else { self.leg_until(refused, None) }
    }

    /// Lets a refusal wait for its first look.
    fn postpone(
        &mut self,
        refused: Refused,
        until: Timestamp,
        counters: &mut Counters,
        out: &mut Vec<Arc<Case>>,
    ) {
        let mut awaiting = Awaiting::RETRY;
        if begins_token_flow(&refused.exchange, &refused.auth) {
            awaiting = awaiting.and(Awaiting::VISIT);
        }
        let record = self.history.record(refused.sequence);
        if record.is_some_and(|own| self.history.may_be_accepted(own)) {
            awaiting = awaiting.and(Awaiting::CREDENTIAL);
        }
        let pending = Pending {
            keys: self.history.keys(refused.sequence),
            refused,
            verdict: None,
            only_leg: false,
            until,
            awaiting,
        };
        self.wait(pending, counters, out);
    }

    fn wait(&mut self, pending: Pending, counters: &mut Counters, out: &mut Vec<Arc<Case>>) {
        self.waiting.insert(pending);
        if self.waiting.len() > self.room
            && let Some((_, id)) = self.waiting.first()
        {
            counters.hit(Limit::DiagnosisWindow);
            self.settle(id, counters, out);
        }
    }

    /// A refusal is looked at while what came before it is remembered. Where no rule waits for more,
    /// only its other leg can still change that.
    fn look_before_it_is_too_late(&mut self, counters: &mut Counters, out: &mut Vec<Arc<Case>>) {
        while let Some(id) = self.waiting.unseen_up_to(self.history.middle()) {
            self.look_again(id, true, counters, out);
        }
    }

    fn explain(&mut self, mut refused: Refused, counters: &mut Counters, out: &mut Vec<Arc<Case>>) {
        self.hear(&mut refused);
        let assessment = self.assess(&mut refused, false);
        let sequence = refused.sequence;
        let Some(verdict) = assessment.verdict else {
            self.pass(refused.exchange, refused.auth, sequence, out);
            return;
        };
        // Without a record nothing can be linked to it later.
        let until = assessment.until.or_else(|| self.leg_until(&refused, Some(&verdict)));
        let settled = until.is_none() || sequence == 0;
        let verdict = Verdict { provisional: verdict.provisional && !settled, ..verdict };
        match until {
            Some(until) if !settled => {
                if self.followed {
                    out.push(emit(&refused, verdict.clone(), false));
                }
                let pending = Pending {
                    keys: self.history.keys(sequence),
                    refused,
                    verdict: Some(Box::new(verdict)),
                    only_leg: false,
                    until,
                    awaiting: assessment.awaiting,
                };
                self.wait(pending, counters, out);
            }
            _ => {
                count(&verdict, &refused.exchange, counters);
                out.push(emit(&refused, verdict, true));
            }
        }
    }

    /// Finds out once about a refusal what holds whatever comes later.
    fn hear(&mut self, refused: &mut Refused) {
        let (exchange, auth, LookedAt { heard, .. }) = refused.parts();
        let prover = self.prover.as_mut();
        heard.proof =
            prover.and_then(|prover| proving::prove(prover, exchange, auth).map(Box::new));
        if heard.proof.is_some() {
            // It tells this one from others that look the same.
            heard.findings = Arc::default();
        }
        let response = exchange.response.as_ref();
        heard.findings.reply.get_or_init(|| self.replies.read(response, auth));
    }

    /// Until when the other leg of a refused request may turn up, or somebody guess on or log in; `None`
    /// when that is of no use, or when what came later was seen already.
    fn leg_until(&self, refused: &Refused, verdict: Option<&Verdict>) -> Option<Timestamp> {
        if verdict.is_some_and(|verdict| verdict.diagnosis.benign) {
            return None;
        }
        let record = self.history.record(refused.sequence)?;
        // A client that does not back off: what else the time brings was waited for with those before.
        if refused.exchange.alone && self.history.storm(record).is_some() {
            return None;
        }
        let refusal = record.refusal.as_ref()?;
        let until = record.answered + OTHER_LEG;
        (refusal.outer == 0 && refusal.inner == 0 && self.history.now() < until).then_some(until)
    }

    fn assess(&self, refused: &mut Refused, ended: bool) -> Assessment {
        let sequence = refused.sequence;
        let (exchange, auth, LookedAt { heard, answers }) = refused.parts();
        let now = self.history.now();
        let view = View::new(exchange, auth, heard, &self.history, sequence, now, ended);
        let choice = choose(&self.rules, &view, answers);
        let verdict = choice.diagnosis.map(|mut diagnosis| {
            let record = view.record();
            let legs = record.map(|record| self.history.legs(record)).unwrap_or_default();
            for leg in &legs.others {
                if !diagnosis.related.contains(leg) {
                    Arc::make_mut(&mut diagnosis).related.push(*leg);
                }
            }
            proving::add_evidence(&mut diagnosis, &view);
            let mut notes = note::notes(&view, &diagnosis);
            if diagnosis.entry.id == "no-credentials-sent"
                && let Some(reason) = probes::expected(&view)
            {
                Arc::make_mut(&mut diagnosis).benign = true;
                notes.push(Note::new(NoteId::Probe, reason));
            }
            notes.extend(probes::storm(&view));
            let refusal = record.and_then(|record| record.refusal.as_ref());
            Verdict {
                notes,
                diagnosis,
                also: choice.also,
                provisional: choice.until.is_some(),
                was: None,
                repeat: refusal.map_or(1, |refusal| refusal.repeat),
                leg_of: legs.outermost,
                nearest_success: record.and_then(|record| self.successes.nearest(record)),
            }
        });
        Assessment { verdict, until: choice.until, awaiting: choice.awaiting }
    }

    /// Asks again about the exchanges that a new one may change.
    fn wake(&mut self, noted: Noted, counters: &mut Counters, out: &mut Vec<Arc<Case>>) {
        let own = self.history.record(noted.sequence);
        let accepted = own.is_some_and(|own| own.accepted() && own.has_credentials());
        // Refused once more, and no step of a negotiation: that can wait for the first look.
        let plain =
            own.and_then(|own| own.refusal.as_ref()).is_some_and(|refusal| !refusal.is_step());
        let mut next = noted.repeats;
        for _ in 0..HANDSHAKE_STEPS {
            let Some(id) = next else { break };
            // What came before matters only in a negotiation: its first request waits for the last.
            next = self.history.step_before(id, noted.sequence);
            // The leg behind a proxy waits for the repeat of the one in front, too.
            let behind = self.history.behind(id, noted.sequence);
            for id in [Some(id), behind].into_iter().flatten() {
                let early = plain && self.waiting.is_unseen(id);
                if self.waiting.awaits(id, Awaiting::RETRY) && !early {
                    self.reconsider(id, counters, out);
                }
            }
        }
        if let Some(id) = noted.other_leg {
            self.reconsider(id, counters, out);
        }
        if accepted {
            for id in self.waiting.interested(self.history.keys(noted.sequence)) {
                self.reconsider(id, counters, out);
            }
        }
    }

    /// Asks (again) what the memory knows, and says so if the answer is another.
    fn reconsider(&mut self, id: u64, counters: &mut Counters, out: &mut Vec<Arc<Case>>) {
        self.look_again(id, false, counters, out);
    }

    /// The same; `early`: for want of room.
    fn look_again(
        &mut self,
        id: u64,
        early: bool,
        counters: &mut Counters,
        out: &mut Vec<Arc<Case>>,
    ) {
        let Some(mut pending) = self.waiting.take(id) else { return };
        let Some(new) = self.assess_again(&mut pending, false) else {
            self.waiting.insert(pending);
            return;
        };
        pending.only_leg = early && new.until.is_none();
        let until = new.until.or_else(|| self.leg_until(&pending.refused, new.verdict.as_ref()));
        let changed = self.update(&mut pending.verdict, new.verdict);
        let Some(until) = until else {
            last_word(pending, counters, out);
            return;
        };
        if changed
            && self.followed
            && let Some(verdict) = pending.verdict.as_deref()
        {
            out.push(emit(&pending.refused, verdict.clone(), false));
        }
        pending.until = until;
        pending.awaiting = new.awaiting;
        self.waiting.insert(pending);
    }

    /// `None` when the exchange itself was forgotten meanwhile: nothing can be linked to it any more,
    /// and what was concluded while it was remembered stays.
    fn assess_again(&mut self, pending: &mut Pending, ended: bool) -> Option<Assessment> {
        if pending.verdict.is_none() {
            self.hear(&mut pending.refused);
        } else {
            self.history.record(pending.refused.sequence)?;
        }
        Some(self.assess(&mut pending.refused, ended))
    }

    fn settle_due(&mut self, counters: &mut Counters, out: &mut Vec<Arc<Case>>) {
        while let Some(id) = self.waiting.due(self.history.now()) {
            if self.waiting.is_unseen(id) {
                self.reconsider(id, counters, out);
            } else {
                self.settle(id, counters, out);
            }
        }
    }

    /// The last word on an exchange.
    fn settle(&mut self, id: u64, counters: &mut Counters, out: &mut Vec<Arc<Case>>) {
        let Some(mut pending) = self.waiting.take(id) else { return };
        // Its leg would have had it looked at again.
        if !pending.only_leg
            && let Some(new) = self.assess_again(&mut pending, true)
        {
            self.update(&mut pending.verdict, new.verdict);
        }
        last_word(pending, counters, out);
    }

    /// Puts the new verdict in place of the old one, which it remembers for who follows; whether they
    /// differ for a reader.
    fn update(&self, old: &mut Option<Box<Verdict>>, new: Option<Verdict>) -> bool {
        let Some(mut new) = new else { return false };
        let Some(last) = old else {
            *old = Some(Box::new(new));
            return true;
        };
        let known = self.followed && new.diagnosis.entry.id != last.diagnosis.entry.id;
        new.was = if known { Some(last.diagnosis.entry.id.as_str()) } else { last.was };
        let changed = differ(last, &new);
        **last = new;
        changed
    }
}

fn emit(refused: &Refused, verdict: Verdict, settled: bool) -> Arc<Case> {
    Arc::new(Case {
        exchange: Arc::clone(&refused.exchange),
        auth: Arc::clone(&refused.auth),
        verdict: Some(verdict),
        settled,
    })
}

/// Emits what waits no longer.
fn last_word(pending: Pending, counters: &mut Counters, out: &mut Vec<Arc<Case>>) {
    let Pending { refused: Refused { exchange, auth, .. }, verdict, .. } = pending;
    let verdict = verdict.map(|verdict| Verdict { provisional: false, ..*verdict });
    if let Some(verdict) = &verdict {
        count(verdict, &exchange, counters);
    }
    out.push(Arc::new(Case { exchange, auth, verdict, settled: true }));
}

/// Counts a settled verdict.
fn count(verdict: &Verdict, exchange: &Exchange, counters: &mut Counters) {
    counters.benign += u64::from(verdict.diagnosis.benign && exchange.status() == Some(401));
}

/// Whether two verdicts differ for a reader.
fn differ(old: &Verdict, new: &Verdict) -> bool {
    let priority = |diagnosis: &Arc<Diagnosis>| diagnosis.entry.priority;
    let gist = |verdict: &Verdict| {
        let diagnosis = &verdict.diagnosis;
        (diagnosis.entry.priority, diagnosis.confidence, diagnosis.benign, verdict.leg_of)
    };
    gist(old) != gist(new)
        || old.diagnosis.related != new.diagnosis.related
        || old.provisional != new.provisional
        || !old.also.iter().map(priority).eq(new.also.iter().map(priority))
}
