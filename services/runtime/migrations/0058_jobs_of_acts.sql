-- Jobs release and recall works too, not only reprocess them.

alter table bulk_jobs
    -- reprocess: each work begins a new run. release, recall: the act of that name on each work.
    add column kind text not null default 'reprocess' check (kind in ('reprocess', 'release', 'recall')),
    -- Of a release: nothing is sent before this instant. Null: at once.
    add column release_at timestamptz,
    -- Of a recall: seconds within which a removal has to be proven, by partner, as the catalogue had them when the job was made.
    add column recall_within_s jsonb,
    -- A service of the version before cannot read a job without a stage, and so never takes it for new runs.
    alter column from_stage drop not null,
    add constraint bulk_jobs_from check ((from_stage is not null) = (kind = 'reprocess'));
comment on column bulk_jobs.from_stage is 'Stage at which each run begins; null for a release or a recall';
comment on column bulk_jobs.partners is 'Partners that the runs publish to, or that the works are released to or recalled from; null: all';

alter table bulk_items
    -- The job's.
    add column kind text not null default 'reprocess' check (kind in ('reprocess', 'release', 'recall')),
    -- Of a release: the work's run, and what was desired at each partner, when the job was made. A work that differs when its turn comes
    -- is refused: it is not the one that was decided about.
    add column seen text;

-- A work is in one job of each kind at a time: a recall does not wait until a new run has ended.
drop index bulk_items_open;
create unique index bulk_items_open on bulk_items (submission, kind) where state in ('waiting', 'started');
