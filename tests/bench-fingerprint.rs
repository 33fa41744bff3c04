//! `make bench-fingerprint`: how many copies of a work its fingerprint finds, how many unrelated films it mistakes for
//! a copy, and how long a search takes among 100,000 entries. The real probe, the real store, the real rule; films and
//! entries are made.
//!
//! ORIGINALS (200) films of SECONDS (14) are entered, then every variant of each is searched for as screening does it.
//! Then ENTRIES (100000) rows with randomly drawn words are added, and some searches are timed. Needs DATABASE_URL (an
//! empty database). Writes OUT (target/bench/fingerprint.json).
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may fail loudly, and talks to people")]
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use media::protocol::{Limits, ProbeReport};
use pipeline::catalogue::Catalogue;
use pipeline::fingerprint::{Match, compare};
use pipeline::id::SubmissionId;
use pipeline::planner;
use pipeline::receipt::Receipt;
use pipeline::screening::{ContestRules, DuplicateRule, Rule, RuleVerdict, Twin, Verdict, screen_among};
use pipeline::stage::Stage;
use pipeline::submission::{Event, Gate, Gates, Submission};
use runtime::config::Config;
use runtime::metrics::Metrics;
use runtime::outcome::Output;
use runtime::store::submissions::history::Actor;
use runtime::store::submissions::{self, NewSubmission};
use runtime::store::{Policy, Store};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

#[path = "support/films.rs"]
mod films;

use films::Dice;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    config: Config,
    #[arg(long, env = "ORIGINALS", default_value_t = 200)]
    originals: u64,
    #[arg(long, env = "SECONDS", default_value_t = 14)]
    seconds: u64,
    #[arg(long, env = "ENTRIES", default_value_t = 100_000)]
    entries: u64,
    /// Films that are made and probed at the same time.
    #[arg(long, env = "JOBS", default_value_t = 2)]
    jobs: u64,
    #[arg(long, env = "OUT", default_value = "target/bench/fingerprint.json")]
    out: PathBuf,
}

/// A film and its variants, probed.
struct Family {
    original: ProbeReport,
    variants: Vec<(&'static str, ProbeReport)>,
}

/// The result of one variant's search.
#[derive(Default)]
struct Tally {
    searched: u64,
    /// The search returned its original as a candidate.
    candidate: u64,
    /// The rule names its original: by picture, by sound, by either.
    picture: u64,
    sound: u64,
    found: u64,
    /// The rule names a film that the variant was not made from.
    wrong: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let (config, policy) = (&arguments.config, Policy::from(&arguments.config.work));
    let store = Store::new(&config.database, &config.allow_plaintext, policy, Metrics::new()?)?;
    store.migrate().await?;
    let begun = Instant::now();
    let families = families(&arguments);
    println!(
        "{} films and {} variants each, made and probed in {:.0?}",
        families.len(),
        films::VARIANTS.len(),
        begun.elapsed()
    );
    let catalogue = Catalogue::builtin();
    let rule = catalogue.contest(&"demo".into()).and_then(|contest| contest.rules.duplicate);
    let bench = Bench { store, catalogue, rule: rule.context("the demo contest has no rule for duplicates")? };

    let mut originals = Vec::new();
    let mut strangers = Tally::default();
    for family in &families {
        let id = bench.entered(&family.original).await?;
        let (word, candidates, _) = bench.screened(id, &family.original).await?;
        strangers.searched += 1;
        strangers.candidate += u64::from(!candidates.is_empty());
        strangers.wrong += u64::from(!word.others.is_empty());
        bench.let_in(id, &family.original, word).await?;
        originals.push(id);
    }
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for (family, original) in families.iter().zip(&originals) {
        for (name, report) in &family.variants {
            let (word, candidates, _) = bench.search(report).await?;
            tallies.entry(name).or_default().count(bench.rule, *original, &word, &candidates);
        }
    }
    table(&tallies, &strangers);
    let cost = cost();
    let crowd = bench.crowd(&arguments, &families).await?;
    let report = json!({
        "originals": families.len(), "seconds": arguments.seconds, "footage": "synthetic",
        "rule": bench.rule, "variants": tallies.iter().map(|(name, tally)| (*name, tally.json())).collect::<BTreeMap<_, _>>(),
        "originals_taken_for_another": strangers.wrong, "crowd": crowd, "probe_cpu_ms": cost,
    });
    std::fs::create_dir_all(arguments.out.parent().unwrap())?;
    std::fs::write(&arguments.out, serde_json::to_vec_pretty(&report)?)?;
    println!("written to {}", arguments.out.display());
    Ok(())
}

/// Makes and probes all films, several at a time.
fn families(arguments: &Arguments) -> Vec<Family> {
    let mut families: Vec<(u64, Family)> = std::thread::scope(|scope| {
        let jobs: Vec<_> = (0..arguments.jobs)
            .map(|job| {
                scope.spawn(move || {
                    let numbers = (1..=arguments.originals).filter(|number| number % arguments.jobs == job);
                    numbers.map(|number| (number, family(number, arguments.seconds))).collect::<Vec<_>>()
                })
            })
            .collect();
        jobs.into_iter().flat_map(|job| job.join().unwrap()).collect()
    });
    families.sort_by_key(|(number, _)| *number);
    families.into_iter().map(|(_, family)| family).collect()
}

fn family(number: u64, seconds: u64) -> Family {
    let dir = tempfile::tempdir().unwrap();
    let film = dir.path().join("film.mp4");
    films::make(&film, number, seconds);
    let variants = films::vary(&film, seconds, dir.path());
    let variants = variants.into_iter().map(|(name, file)| (name, probed(&file))).collect();
    Family { original: probed(&film), variants }
}

fn probed(file: &Path) -> ProbeReport {
    media::probe::report(file, &Limits::probe(), None, &mut |_| ()).unwrap()
}

/// Processor time of a probe of 20 s of 1080p25 without and with a fingerprint, the two alternating.
fn cost() -> Value {
    let dir = tempfile::tempdir().unwrap();
    let film = dir.path().join("large.mp4");
    films::large(&film);
    let used = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        time.tv_sec as f64 * 1000.0 + time.tv_nsec as f64 / 1e6
    };
    let (mut plain, mut printed) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let begun = used();
        media::probe::probe(&film, &Limits::probe(), &mut |_| ()).unwrap();
        plain.push(used() - begun);
        let begun = used();
        probed(&film);
        printed.push(used() - begun);
    }
    let cost = json!({ "without": spread(plain), "with": spread(printed) });
    println!("processor time of probing 20 s of 1080p25, ms: {cost}");
    cost
}

struct Bench {
    store: Store,
    catalogue: Catalogue,
    rule: DuplicateRule,
}

impl Bench {
    /// Enters a work and records its probe report, as the probe worker does.
    async fn entered(&self, report: &ProbeReport) -> anyhow::Result<SubmissionId> {
        let id = SubmissionId(Uuid::now_v7());
        let new = &NewSubmission {
            id,
            receipt: Receipt::new("T", id.0.as_u64_pair().1),
            contest: "demo".into(),
            machine: Submission::new(Gates { review: Gate::Manual, release: Gate::Manual }),
            title: "bench".into(),
            theme: "digital".into(),
            synopsis: String::new(),
            recommending_unit: String::new(),
            declarations: json!({}),
            token_sha256: vec![0; 32],
        };
        self.store.transaction("enter", |tx, _| Box::pin(submissions::create(tx, new))).await?;
        self.store.apply(id, &Event::Uploaded, Actor::Entrant).await?;
        let claim = self.store.claim(Stage::Probe, "bench").await?.context("no probe to do")?;
        let ProbeReport { media_info, fingerprint } = report.clone();
        let sha256 = hex::encode(Uuid::now_v7().as_bytes().repeat(2));
        let output = Output::Probed { media_info, fingerprint, sha256, bytes: 1, preview: None };
        let _ = self.store.finish(&claim, &output).await?;
        Ok(id)
    }

    /// What the screening rule decides about an entered work, with the candidates and the time of search and
    /// comparison.
    async fn screened(
        &self,
        id: SubmissionId,
        report: &ProbeReport,
    ) -> anyhow::Result<(RuleVerdict, Vec<SubmissionId>, [Duration; 2])> {
        let begun = Instant::now();
        let standing = self.store.earlier_works(id).await?;
        let searched = begun.elapsed();
        let begun = Instant::now();
        let candidates: Vec<SubmissionId> = standing.candidates.iter().map(|(id, _)| *id).collect();
        let like =
            |(submission, other)| Twin { submission, same_file: false, likeness: compare(&standing.own, &other) };
        let twins = standing.candidates.into_iter().map(like).collect();
        let rules = ContestRules { duplicate: Some(self.rule), ..Default::default() };
        let verdict = screen_among(&report.media_info, twins, &rules);
        let word =
            verdict.rules.into_iter().find(|word| word.rule == Rule::Duplicate).context("no word on duplicates")?;
        Ok((word, candidates, [searched, begun.elapsed()]))
    }

    /// Accepts a work, so that later searches find it.
    async fn let_in(&self, id: SubmissionId, report: &ProbeReport, word: RuleVerdict) -> anyhow::Result<()> {
        let claim = self.store.claim(Stage::Screen, "bench").await?.context("nothing to screen")?;
        anyhow::ensure!(claim.submission == id, "screening found another entry");
        let verdict = Verdict { rules: vec![word] };
        let plan = planner::plan(&report.media_info, &[], &self.catalogue.ladders);
        let _ = self.store.finish(&claim, &Output::Screened { verdict, plan: Some(plan), compared: None }).await?;
        Ok(())
    }

    /// Enters a work, searches for similar works, and removes it again.
    async fn search(&self, report: &ProbeReport) -> anyhow::Result<(RuleVerdict, Vec<SubmissionId>, [Duration; 2])> {
        let id = self.entered(report).await?;
        let found = self.screened(id, report).await?;
        self.store.apply(id, &Event::Withdrawn, Actor::Entrant).await?;
        Ok(found)
    }

    /// Adds entries without films, and times searches among them.
    async fn crowd(&self, arguments: &Arguments, families: &[Family]) -> anyhow::Result<Value> {
        let begun = Instant::now();
        let mut connection = PgConnection::connect(&arguments.config.database.database_url).await?;
        let mut dice = Dice::new(1);
        // Built after the rows: inserted into an existing index they would take an hour.
        let definition: String =
            sqlx::query_scalar("select indexdef from pg_indexes where indexname = 'fingerprint_words_by_word'")
                .fetch_one(&mut connection)
                .await?;
        sqlx::query("drop index fingerprint_words_by_word").execute(&mut connection).await?;
        let mut left = arguments.entries;
        while left > 0 {
            let batch = left.min(500);
            let mut transaction = connection.begin().await?;
            insert(&mut transaction, &mut dice, batch).await?;
            transaction.commit().await?;
            left -= batch;
        }
        sqlx::query("set maintenance_work_mem = '1GB'").execute(&mut connection).await?;
        sqlx::query(sqlx::AssertSqlSafe(definition)).execute(&mut connection).await?;
        sqlx::query("vacuum analyze fingerprints, fingerprint_words").execute(&mut connection).await?;
        let filled = begun.elapsed();
        let (mut searches, mut comparisons, mut found) = (Vec::new(), Vec::new(), 0);
        for family in families.iter().take(100) {
            let (_, variant) = &family.variants[searches.len() % family.variants.len()];
            let (word, _, [search, comparison]) = self.search(variant).await?;
            found += u64::from(!word.others.is_empty());
            searches.push(search.as_secs_f64() * 1000.0);
            comparisons.push(comparison.as_secs_f64() * 1000.0);
        }
        let long = self.long_searches(&mut dice, families).await?;
        let size = |what: &'static str| sqlx::query_scalar::<_, i64>(what);
        let index = size("select pg_relation_size('fingerprint_words_by_word')").fetch_one(&mut connection).await?;
        let table = size("select pg_table_size('fingerprints') + pg_table_size('fingerprint_words')")
            .fetch_one(&mut connection)
            .await?;
        let crowd = json!({
            "entries": arguments.entries, "filled_s": filled.as_secs(), "index_bytes": index, "table_bytes": table,
            "searches": searches.len(), "found": found, "search_ms": spread(searches), "compare_ms": spread(comparisons),
            "long_search_ms": spread(long),
        });
        println!("among {} more entries: {crowd:#}", arguments.entries);
        Ok(crowd)
    }

    /// Searches with as many words as an entry of eight minutes has.
    async fn long_searches(&self, dice: &mut Dice, families: &[Family]) -> anyhow::Result<Vec<f64>> {
        let mut times = Vec::new();
        for family in families.iter().take(40) {
            let mut report = family.original.clone();
            // The smallest of twelve times that number, as the selection of words leaves them.
            report.fingerprint.probes = (0..3200).map(|_| (dice.next() >> 32) as u32 / 12).collect();
            let (_, _, [search, _]) = self.search(&report).await?;
            times.push(search.as_secs_f64() * 1000.0);
        }
        Ok(times)
    }
}

/// Entries with the figures of three-minute works: 384 words out of 1800 of the picture and 128 out of 1440 of the
/// sound, each set the smallest of its kind; a fifth of them contain the forty words of a shared intro card. The hashes
/// to compare are those of thirty seconds.
async fn insert(connection: &mut PgConnection, dice: &mut Dice, count: u64) -> anyhow::Result<()> {
    let ids: Vec<Uuid> = (0..count).map(|_| Uuid::now_v7()).collect();
    let machine = serde_json::to_value(Submission::new(Gates { review: Gate::Manual, release: Gate::Manual }))?;
    sqlx::query(
        "insert into submissions (id, contest, machine, state, run, title, theme, synopsis, recommending_unit, declarations,
            token_sha256)
        select id, 'demo', $2, 'awaiting_review', 1, '', '', '', '', '{}', '' from unnest($1::uuid[]) as new (id)",
    )
    .bind(&ids)
    .bind(machine)
    .execute(&mut *connection)
    .await?;
    for id in ids {
        let mut words: Vec<i32> = (0..384).map(|_| ((dice.next() >> 32) as u32 / 5).cast_signed()).collect();
        words.extend((0..128).map(|_| ((dice.next() >> 32) as u32 / 11).cast_signed()));
        if dice.next().is_multiple_of(5) {
            words.extend((0..40).map(|number: i32| number * 1_000_003));
        }
        let bytes =
            |dice: &mut Dice, count: usize| (0..count / 8).flat_map(|_| dice.next().to_le_bytes()).collect::<Vec<u8>>();
        sqlx::query(
            "with seated as (
                insert into fingerprints (submission, contest, picture, sound, tokens, seat)
                values ($1, 'demo', $2, $3, $4, nextval('fingerprint_seats'))
            )
            insert into fingerprint_words (submission, words)
            select $1, array(select token # contest_salt('demo') from unnest($4::integer[]) as token)",
        )
        .bind(id)
        .bind(bytes(dice, 60 * 40))
        .bind(bytes(dice, 240 * 4))
        .bind(words)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

impl Tally {
    fn count(&mut self, rule: DuplicateRule, original: SubmissionId, word: &RuleVerdict, candidates: &[SubmissionId]) {
        self.searched += 1;
        self.candidate += u64::from(candidates.contains(&original));
        self.wrong += u64::from(word.others.iter().any(|twin| twin.submission != original));
        let Some(twin) = word.others.iter().find(|twin| twin.submission == original) else { return };
        let reaches = |found: &Option<Match>, percent: u32| {
            u64::from(found.as_ref().is_some_and(|found| found.covered_percent >= percent))
        };
        self.found += 1;
        self.picture += reaches(&twin.likeness.picture, rule.picture_percent);
        self.sound += reaches(&twin.likeness.sound, rule.sound_percent);
    }

    fn json(&self) -> Value {
        json!({
            "searched": self.searched, "candidate": self.candidate, "found": self.found, "by_picture": self.picture,
            "by_sound": self.sound, "taken_for_another": self.wrong,
        })
    }
}

fn table(tallies: &BTreeMap<&str, Tally>, strangers: &Tally) {
    println!(
        "{:50} {:>8} {:>9} {:>8} {:>8} {:>8} {:>6}",
        "VARIANT", "SEARCHED", "CANDIDATE", "FOUND", "PICTURE", "SOUND", "WRONG"
    );
    for (name, it) in tallies {
        println!(
            "{name:50} {:>8} {:>9} {:>8} {:>8} {:>8} {:>6}",
            it.searched, it.candidate, it.found, it.picture, it.sound, it.wrong
        );
    }
    println!(
        "originals taken for another: {} of {} (candidates to compare with: {})",
        strangers.wrong, strangers.searched, strangers.candidate
    );
}

/// Median, 95th percentile and largest.
fn spread(mut times: Vec<f64>) -> Value {
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times.get(((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1))).copied();
    json!({ "median": at(0.5), "p95": at(0.95), "max": times.last() })
}
