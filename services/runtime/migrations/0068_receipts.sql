-- The number of each entry's receipt. An entry of an earlier release gets one when it is first needed, so processes of that release may
-- go on entering works while this is applied.
alter table submissions add column receipt text constraint submissions_receipt_form check (receipt ~ '^[A-Z][A-Z0-9]{0,7}(-[0-9]{4}){3}$');
create unique index submissions_receipt on submissions (receipt);
comment on column submissions.receipt is 'Number of the receipt: prefix of the contest, eleven random digits, check digit (Damm); null for an entry of an earlier release';
