-- Texts for one partner can be written before a work is released there, when no delivery exists yet; so they have a table of their own.

create table partner_texts (
    submission uuid not null references submissions on delete cascade,
    -- The partner's id in the catalogue.
    partner    text not null,
    -- Title, text and tags as an organiser wrote them; what is absent is as the entry has it. Kept as long as the submission.
    texts      jsonb not null,
    -- When they were last written, by the database's clock.
    updated_at timestamptz not null default clock_timestamp(),
    primary key (submission, partner)
);

insert into partner_texts (submission, partner, texts)
select submission, partner, texts from deliveries where texts is not null;

alter table deliveries drop column texts;
