-- Some platforms answer 200 for what they have deleted. A person who saw that may insist, with a picture.
alter table proofs add column insists boolean not null default false;
