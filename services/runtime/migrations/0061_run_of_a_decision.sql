-- A decision is about the run whose card the reviewer saw: a newer run may have another verdict.

-- That run; null for decisions of a service of the version before, which are carried out whatever the run.
alter table held_decisions add column run int;
