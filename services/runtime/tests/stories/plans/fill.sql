-- Fills the tables that grow with works `growth.first` to `growth.last`, in the ratios of a contest that is nearly over: of a hundred works
-- ten wait to be screened, seventy-five are published. A work has 8.8 parts, 6.8 deliveries and 16 rows of history. Each work was entered
-- 20 seconds after the one of the next higher number: those of the next step are older. Nothing here fits together further than the
-- statements that are measured look. Wants a superuser: triggers and foreign keys rest meanwhile. Statistics are the caller's: `vacuum analyze`.
set session_replication_role = replica;
set synchronous_commit = off;

create temporary table works as
select g, now() - g * interval '20 s' as entered, g % 100 as lot,
    encode(int8send((extract(epoch from now() - g * interval '20 s') * 1000)::bigint << 16 | 28672 | g % 4096), 'hex') as stem,
    case when g % 10 = 0 then 'demo' when g % 10 < 7 then 'large' else 'small' end as contest,
    case g % 100
        when 1 then 'uploading' when 2 then 'probe' when 3 then 'awaiting_review' when 4 then 'transcode' when 5 then 'assemble'
        when 6 then 'awaiting_release' when 7 then 'publish' when 8 then 'withdrawn'
        else case when g % 100 between 10 and 19 then 'screen' when g % 100 between 20 and 24 or g % 100 in (0, 9) then 'rejected' else 'published' end
    end as state
from generate_series(current_setting('growth.first')::bigint, current_setting('growth.last')::bigint) as g
order by g desc;
alter table works add column id uuid;
update works set id = (stem || '8000' || lpad(to_hex(g), 12, '0'))::uuid;
create index on works (g);
analyze works;

insert into submissions (id, contest, machine, state, run, title, theme, synopsis, recommending_unit, declarations, token_sha256,
    mezzanine_upload, mezzanine_bytes, mezzanine_sha256, media_info, verdict, created_at, updated_at, has_deliveries, receipt)
select id, contest,
    jsonb_build_object('run', 1, 'gates', '{"review": "automatic", "release": "manual"}'::jsonb,
        'work', '{"segments": 2, "audio": true, "renditions": ["main"], "partners": ["bilibili", "cctv", "douyin"]}'::jsonb,
        'state', case
            when state in ('probe', 'screen', 'transcode', 'assemble', 'publish')
                then jsonb_build_object('state', 'at', 'stage', state, 'pending', '[]'::jsonb)
            when state = 'rejected' then '{"state": "rejected", "stage": "probe", "reason": {"code": "no_video"}}'
            else jsonb_build_object('state', state) end),
    state, 1, '作品 ' || g, 'theme ' || g % 8, repeat('一分钟的短片。', 20), case when g % 4 = 0 then 'unit ' || g % 200 else '' end, '{}',
    sha256(int8send(g)), id, 100000000 + g, case when state <> 'uploading' then sha256(int8send(-g)) end,
    nullif(current_setting('growth.media_info', true), '')::jsonb,
    case when state not in ('uploading', 'probe', 'screen') then
        case when g % 300 = 3 then '{"rules": [{"rule": "duplicate", "outcome": "warn"}]}'::jsonb else '{"rules": []}' end end,
    entered, entered + interval '1 h', lot >= 25 or lot in (6, 7), 'T-' || lpad((g / 100000000)::text, 4, '0') || '-' ||
        lpad((g / 10000 % 10000)::text, 4, '0') || '-' || lpad((g % 10000)::text, 4, '0')
from works;

insert into entrants (submission, key_id, nonce, ciphertext) select id, 'k', '\x00', repeat('x', 300)::bytea from works;

insert into parts (submission, run, stage, part, status, attempt, not_before, rank, output, created_at, started_at, finished_at, effort_ms,
    fence, lease_until, holder, last_error)
select id, 1, stage, part, status::part_status, attempt, entered, 0, case when status = 'done' then jsonb_build_object('made', repeat('x', 200)) end,
    entered, entered, case when status in ('done', 'parked') then entered + interval '1 min' end, 1000,
    case when status = 'claimed' then g end, case when status = 'claimed' then now() + interval '1 h' end, 'worker-' || g % 8,
    case when status = 'parked' then 'quality control failed' end
from works cross join lateral (
    select stage, part, case
            when works.state = stage and g % 400 = 4 then 'parked'
            when works.state = stage and g % 2000 = 7 then 'claimed'
            when works.state = stage then 'pending'
            when stage = 'publish' and g % 1000 = 30 then 'waiting'
            else 'done' end as status, 0 as attempt
    from (values (1, 'probe', 'mezzanine'), (2, 'screen', 'mezzanine'), (3, 'transcode', 'segment/0'), (3, 'transcode', 'audio'),
        (4, 'assemble', 'rendition/main'), (5, 'publish', 'partner/bilibili'), (5, 'publish', 'partner/cctv'),
        (5, 'publish', 'partner/douyin'), (5, 'publish', 'partner/kuaishou'), (5, 'publish', 'partner/wechat')) as line (step, stage, part)
    where step <= case state when 'uploading' then 0 when 'probe' then 1 when 'screen' then 2 when 'rejected' then 2
        when 'withdrawn' then 2 when 'awaiting_review' then 2 when 'transcode' then 3 when 'assemble' then 4
        when 'awaiting_release' then 4 else 5 end
) as made;

insert into attempts (submission, run, stage, part, started_at, ended_at, outcome, holder)
select id, 1, 'transcode', 'audio', entered, entered + n * interval '1 min', 'failed', 'worker-1' from works, generate_series(1, 2) as n;

insert into deliveries (submission, partner, machine, state, run, updated_at, recall_due)
select id, partner,
    jsonb_build_object('run', 1, 'confirmed', true, 'desired', case when state like 'recall%' then 'gone' else 'live' end,
        'observed', case state when 'planned' then '{"state": "planned"}'::jsonb
            else jsonb_build_object('state', state, 'receipt', partner || g, 'public_url', 'https://partner.example/' || g, 'by', 'operator',
                'words', 'no', 'intent', id) end),
    state, 1, entered + interval '2 h', case when state like 'recall%' then now() + interval '1 day' end
from (
    select g, id, entered, partner, case
            when works.state in ('publish', 'awaiting_release') then 'planned'
            when g % 1000 = 30 then 'in_review' when g % 1000 = 31 then 'awaiting_operator' when g % 1000 = 32 then 'unknown'
            when g % 1000 = 33 then 'recalling' when g % 100 = 34 then 'refused' when g % 100 = 35 then 'recalled' else 'live' end as state
    from works, unnest(array['bilibili', 'cctv', 'douyin', 'kuaishou', 'mrss', 'toutiao', 'wechat', 'xuexi']) as partner
    where lot >= 25 or lot in (6, 7)
) as made;

insert into history (submission, at, actor, what, detail)
select id, entered + n * interval '1 min', 'worker', case n when 1 then 'created' else 'moved' end, '{"to": "screen"}'
from works, generate_series(1, 16) as n;

insert into renditions (submission, run, name, object_key, bytes, sha256, width, height, duration_ms, qc, engine, in_force, artefact)
select id, 1, name, 'r/' || id || '/' || name, 50000000, sha256(int8send(g)), 1920, 1080, 60000, '[]', 'engine-' || g % 3,
    lot <> 99 or name = 'main', sha256(int8send(g))
from works, unnest(array['main', 'vertical']) as name where lot >= 25 or lot in (6, 7);

insert into uploads (id, submission, length, "offset", state, metadata, filename, part_size, expires_at, created_at, updated_at)
select id, id, 100000000, case when state = 'uploading' then 0 else 100000000 end,
    case when g % 100 = 1 then 'open' when g % 1000 = 8 then 'expired' else 'finished' end, '', 'film.mp4', 8388608,
    entered + interval '1 day', entered, entered from works;
insert into upload_parts (upload, number, etag, bytes, sha256) select id, n, 'e', 8388608, sha256(int8send(g)) from works, generate_series(1, 4) as n;

insert into fingerprints (submission, contest, picture, sound, tokens, probes, seat)
select id, contest, repeat('x', 1200)::bytea, repeat('x', 480)::bytea,
    (select array_agg(hashint8(g * 16 + n)) from generate_series(1, 16) as n),
    case when state = 'screen' then (select array_agg(hashint8(g * 32 + n)) from generate_series(1, 32) as n) else '{}' end,
    case when lot >= 25 or lot in (3, 4, 5, 6, 7) then 1000000000 - g end
from works where state not in ('uploading', 'probe', 'withdrawn');
insert into fingerprint_words (submission, words)
select f.submission, array(select token # contest_salt(f.contest) from unnest(f.tokens) as token)
from fingerprints f join works w on w.id = f.submission where f.seat is not null;
do $$ begin perform setval('fingerprint_seats', 1000000000); end $$;

insert into exchanges (submission, partner, intent, step, request, outcome, at)
select id, 'cctv', id, 'submit', '{}', 'done', entered from works where lot >= 25;
insert into choices (submission, run, name, artefact) select id, 1, 'main', sha256(int8send(g)) from works where lot >= 25;
insert into previews (submission, run, files) select id, 1, '[]' from works where lot > 9;
insert into estimates (submission, run, work_s) select id, 1, 540 from works where state in ('screen', 'transcode', 'assemble', 'awaiting_review');
insert into progress (submission, run, done, remaining_s, at) select id, 1, 0.5, 60, now() from works where lot between 3 and 19;
insert into partner_texts (submission, partner, texts) select id, 'cctv', '{}' from works where lot >= 25;
insert into feed_items (partner, submission, run, intent, content, created_at) select 'mrss', id, 1, id, '{}', entered from works where lot >= 25;
insert into feed_pulls (item, file, bytes) select i.id, 'main', 50000000 from feed_items i join works w on w.id = i.submission;
insert into proofs (id, submission, partner, shows, seen_at, by_whom, file_key) select id, id, 'xuexi', 'live', entered, 'operator', 'proofs/' || id from works where lot >= 25;
insert into former_films (submission, run, state, replaced_at) select id, 0, '{}', entered from works where lot % 10 = 4;
insert into link_mails (submission, token_sha256, lang, expires_at) select id, sha256(int8send(g)), 'zh', entered + interval '90 d' from works;
insert into unit_works (submission, contest, unit, row_hmac, key_id, nonce, ciphertext)
select id, contest, 'unit ' || g % 200, sha256(int8send(g)), 'k', '\x00', '\x00' from works where g % 4 = 0;
insert into drafts (id, contest, token_sha256, key_id, nonce, ciphertext, updated_at)
select id, contest, sha256(int8send(g)), 'k', '\x00', repeat('x', 300)::bytea, entered from works;
insert into idempotency (lookup, fingerprint, created_at) select sha256(int8send(g)), sha256(int8send(g)), entered from works;
insert into sign_in_failures (name_hmac, failures, failed_at) select sha256(int8send(g)), 1, entered from works;
insert into garbage (prefix, due) select 'r/' || id || '/' || n, now() + interval '1 day' from works, generate_series(1, 3) as n;

insert into persons (id, name, login) select md5(g::text)::uuid, '王芳', 'person-' || g from works where lot = 50;
insert into sessions (id, secret_sha256, person, created_at, factors, ended_at)
select id, sha256(int8send(g)), md5(((g - 1) / 100 * 100 + 50)::text)::uuid, entered, 'totp', case when lot > 0 then entered end from works;
insert into review_later (submission, person, at) select id, md5(((g - 1) / 1000 * 1000 + 50)::text)::uuid, entered from works where lot < 50;
insert into held_decisions (submission, person, actor, name, decision, created_at, due_at, failed_at)
select id, md5(((g - 1) / 100 * 100 + 50)::text)::uuid, 'screener', '王芳', 'accept', entered, entered, case when g % 1000 <> 3 then entered end
from works where lot < 30;

insert into audit (seq, at, actor, name, act, submission, contest, before, after, prev_hash, hash, person)
select 1000000000 - g * 3 + n, entered, 'organiser', '王芳', case n when 0 then 'released' when 1 then 'accepted' else 'read' end, id, contest,
    '{}', '{}', '\x00', '\x00', md5(((g - 1) / 100 * 100 + 50)::text)::uuid
from works, generate_series(0, 2) as n;

insert into webhook_messages (endpoint, type, submission, body, status, due, created_at, finished_at)
select md5((g % 4)::text)::uuid, 'submission.published', id, '{}', case when g % 500 = 60 then 'pending' else 'delivered' end, entered, entered,
    case when g % 500 <> 60 then entered end
from works where lot >= 25;
insert into webhook_attempts (message, attempt, status)
select m.id, 1, 200 from webhook_messages m join works w on w.id = m.submission;

insert into bulk_items (job, submission, state, run)
select md5((g / 1000)::text)::uuid, id, case when g % 1000 = 60 then 'waiting' when g % 1000 = 70 then 'started' else 'done' end, 1
from works where lot >= 50;
insert into bulk_jobs (id, actor, name, selection, from_stage, state, rank)
select distinct job, 'organiser', '王芳', 'all', 'screen', 'running', 100 from bulk_items on conflict (id) do nothing;

drop table works;
set session_replication_role = origin;
truncate settled, settled_changes;
insert into settled (what, state, detail, count)
select 'submission', state, case state when 'rejected' then coalesce(machine #>> '{state,reason,code}', 'unknown') else '' end, count(*)
from submissions where submission_is_settled(state) group by 2, 3
union all
select 'delivery', state, partner, count(*) from deliveries where delivery_is_settled(state) group by 2, 3;
